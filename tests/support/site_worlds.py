"""A small published world, merchants in it, and the rows of their sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from closedworld.inputs.loading import load_population
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.stages.sites.build import build_sites
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.execution.events import Event
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.published.tile_index import PublishedIndex
    from closedworld.stages.sites.outcome import PublishedSites
    from closedworld.store.reading import Published


@dataclass
class SiteWorld:
    """A small published world, and what places sites in it."""

    index: PublishedIndex
    weights: Published
    countries: CountrySet
    events: list[Event] = field(default_factory=list)

    def build(self, out: Path, rows: list[dict[str, Any]] | None, **options: Any) -> PublishedSites:
        """Place the outlets of the rows of a table."""
        merchants = None if rows is None else table_from(rows)
        options.setdefault("executor", "serial")
        return build_sites(
            self,
            out,
            merchants=merchants,
            countries=self.countries,
            observer=self,
            **options,
        )

    def on_event(self, event: Event) -> None:
        """Note an event."""
        self.events.append(event)


def small_world(out: Path, isos: tuple[str, ...]) -> SiteWorld:
    """Build the tiles and weights of some bundled countries."""
    countries = read_countries(bundled("countries.parquet").path).select(isos)
    population = load_population()
    index = build_tile_index(countries, population.layout.info.grid, out, executor="serial")
    weights = build_tile_weights(
        index, out, basis="population", population=population, executor="serial"
    )
    return SiteWorld(index.opened(), weights.published, countries)


def table_from(rows: list[dict[str, Any]]) -> pa.Table:
    """Return a table with the columns of any of the rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def sites_of(built: PublishedSites) -> list[dict[str, Any]]:
    """Return all rows of ``sites``."""
    rows: list[dict[str, Any]] = built.published.dataset("sites").to_table().to_pylist()
    return rows
