"""Comparing two published worlds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from closedworld.datasets.parameters import WeightParameters
from closedworld.errors import ConfigError
from closedworld.execution import open_worker_pool
from closedworld.kernels.comparing import TileChanges, Weighed, tile_changes, units_moved
from closedworld.kernels.spans import RowSpans, united_tiles
from closedworld.kernels.tiles import Tiles
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.published.lineage import nouns_of
from closedworld.sanitize import html_table, number_of
from closedworld.store.atomic import require_suffix
from closedworld.worlds.world import PublishedWorld

_DIFFERENCE_COLUMNS = (
    *("country_iso", "tiles_before", "tiles_after", "gained", "lost"),
    *("overlaps_gained", "overlaps_lost", "units_moved", "dp", "weight_moved"),
)


@dataclass(frozen=True, slots=True, eq=False)
class CountryDifference:
    """The difference of one country between two worlds.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        tiles: Its tiles in both worlds and their differences.
        units_moved: Weight that moved to other tiles, in units of ``10**-dp`` of the country; None if a
            world has no weights or lacks the country.
        dp: Decimal places of ``units_moved``.
    """

    country_iso: str
    tiles: TileChanges
    units_moved: int | None
    dp: int

    def __repr__(self) -> str:
        tiles = self.tiles
        counts = f"{tiles.gained.tile_count:,} gained, {tiles.lost.tile_count:,} lost"
        return f"<CountryDifference {self.country_iso}: {counts}>"

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        tiles = self.tiles
        # Overlaps may change because another country's tiles do.
        sets = (tiles.gained, tiles.lost, tiles.overlaps_gained, tiles.overlaps_lost)
        return any(one.n_runs for one in sets) or bool(self.units_moved)

    @property
    def weight_moved(self) -> float | None:
        """Share of the country's weight that moved to other tiles, 0..1, rounded once."""
        return None if self.units_moved is None else self.units_moved / 10**self.dp

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as numbers, for JSON."""
        tiles = self.tiles
        return {
            "country_iso": self.country_iso,
            "tiles_before": tiles.before.tile_count,
            "tiles_after": tiles.after.tile_count,
            "gained": tiles.gained.tile_count,
            "lost": tiles.lost.tile_count,
            "overlaps_gained": tiles.overlaps_gained.tile_count,
            "overlaps_lost": tiles.overlaps_lost.tile_count,
            "units_moved": self.units_moved,
            "dp": self.dp,
            "weight_moved": self.weight_moved,
        }


@dataclass(frozen=True, slots=True, eq=False)
class WorldDifference:
    """The difference between two worlds on one grid.

    Attributes:
        before: The first world.
        after: The second.
        countries: Every country in either world, ascending by code.
    """

    before: PublishedWorld
    after: PublishedWorld
    countries: tuple[CountryDifference, ...]

    def __repr__(self) -> str:
        differing = f"{len(self.differing)} of {number_of(len(self.countries), *nouns_of(self.after.index.published))}"
        return f"<WorldDifference: {differing} differ>"

    def _repr_html_(self) -> str:
        rows = [list(one.to_dict().values()) for one in self.differing]
        return html_table(repr(self), _DIFFERENCE_COLUMNS, rows)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of one row per country of either world, the fields of ``to_dict``."""
        rows = [one.to_dict() for one in self.countries]
        types = dict.fromkeys(_DIFFERENCE_COLUMNS, pa.int64())
        types |= {"country_iso": pa.string(), "weight_moved": pa.float64()}
        table = pa.Table.from_pylist(rows, schema=pa.schema(types))
        return table.__arrow_c_stream__(requested_schema)

    @property
    def differing(self) -> tuple[CountryDifference, ...]:
        """The countries that differ, ascending by code."""
        return tuple(one for one in self.countries if one.differs)

    @property
    def has_weights(self) -> bool:
        """Whether weights were compared."""
        return self.before.weights is not None and self.after.weights is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the difference for JSON; equal countries are only counted."""
        rows = [one.to_dict() for one in self.differing]
        grid = self.before.index.grid
        # Each country that shares a tile counts it; the world counts it once.
        overlaps = {
            name: united_tiles(
                [getattr(one.tiles, name) for one in self.countries], grid
            ).tile_count
            for name in ("overlaps_gained", "overlaps_lost")
        }
        return {
            "same": not rows,
            "before": _named(self.before),
            "after": _named(self.after),
            "weights_compared": self.has_weights,
            "countries": len(self.countries),
            "countries_differing": len(rows),
            "gained": sum(row["gained"] for row in rows),
            "lost": sum(row["lost"] for row in rows),
            **overlaps,
            "differing": rows,
        }


def compare_worlds(
    before: PublishedWorld, after: PublishedWorld, *, workers: int | None = None
) -> WorldDifference:
    """Return how two worlds on one grid differ; weights are read once, country by country.

    Args:
        before: A world.
        after: Another.
        workers: Countries whose weights are compared at once, in threads; None for one per core.

    Raises:
        ConfigError: ``grids-differ``, ``workers``.
        IntegrityError: The files differ from their receipts.
    """
    grid = before.index.grid
    if not grid.is_same_lattice(after.index.grid):
        raise ConfigError(
            "grids-differ",
            f"the worlds lie on two grids: {grid}; and {after.index.grid}.",
            "Only worlds on one grid can be compared: build one of them again on the grid of the other.",
        )
    # Files may state one lattice with more or fewer digits; both worlds are compared on the same.
    moved = {iso: replace(own, grid=grid) for iso, own in after.index.spans.items()}
    changes = tile_changes(before.index.spans, moved, grid)
    units: dict[str, tuple[int | None, int]] = {}
    if before.weights is not None and after.weights is not None:
        old, new = before.cumulative_weights(), after.cumulative_weights()
        both = [iso for iso in old if iso in new]
        with open_worker_pool("threads", workers) as pool:
            pairs = [old[iso] for iso in both], [new[iso] for iso in both]
            units = dict(zip(both, pool.executor.map(_units_moved, *pairs), strict=True))
    return WorldDifference(
        before,
        after,
        tuple(
            CountryDifference(iso, tiles, *units.get(iso, (None, 0)))
            for iso, tiles in changes.items()
        ),
    )


def _units_moved(old: CumulativeWeights, new: CumulativeWeights) -> tuple[int, int]:
    """Return the units of a country that moved, and their decimal places."""
    # With other decimal places each of the coarser units counts several of the finer ones.
    total = max(old.total, new.total)
    moved = 0
    if [file.sha256 for file in old.part_files] != [file.sha256 for file in new.part_files]:
        # Where the tiles are the same, their ranks identify them and cost less than their ids.
        by_rank = replace(old.spans, grid=new.spans.grid) == new.spans
        batches = (
            _batches(weights, total // weights.total, by_rank=by_rank) for weights in (old, new)
        )
        moved = units_moved(*batches)
    return moved, len(str(total)) - 1


def _batches(weights: CumulativeWeights, factor: int, *, by_rank: bool) -> Iterator[Weighed]:
    """Yield the weights of a country in units of which there are ``factor`` to each of its own."""
    for group in weights.all_groups():
        stop = group.rank + len(group.weights)
        ids = (
            np.arange(group.rank, stop, dtype=np.uint64)
            if by_rank
            else Tiles.ranked(weights.spans, group.rank, stop).tile_ids()
        )
        yield Weighed(ids, group.weights * np.uint64(factor))


def _named(world: PublishedWorld) -> dict[str, Any]:
    weights = world.weights
    return {
        "tiles": str(world.index.published.folder),
        "rule": world.index.rule.value,
        "weights": None if weights is None else str(weights.folder),
        "basis": None if weights is None else weights.parameters(WeightParameters).basis,
    }


def changed_tiles(difference: WorldDifference) -> dict[str, RowSpans]:
    """Return the tiles that changed, by kind of change: gained, lost, passed on.

    A tile that one country lost and another gained is passed on, and in neither of the other sets.
    """
    grid = difference.before.index.grid
    gained, lost = (
        united_tiles([getattr(one.tiles, name) for one in difference.countries], grid)
        for name in ("gained", "lost")
    )
    return {"gained": gained - lost, "lost": lost - gained, "passed on": gained & lost}


def draw_changes(difference: WorldDifference, path: Path) -> None:
    """Write a PNG of the changed tiles.

    Raises:
        ConfigError: ``output-format``.
        PublishError: ``output-not-writable``.
    """
    from closedworld.maps.changes_map import draw_changes_map  # noqa: PLC0415 -- slow to import
    from closedworld.maps.world_map import cell_text  # noqa: PLC0415 -- slow to import

    require_suffix(path, (".png",))
    changed = changed_tiles(difference)
    counts = ", ".join(f"{tiles.tile_count:,} {name}" for name, tiles in changed.items())
    grid = difference.before.index.grid
    land = [own for one in difference.countries for own in (one.tiles.before, one.tiles.after)]
    draw_changes_map(
        [united_tiles(land, grid)],
        changed,
        path,
        title="Tiles that changed",
        subtitle=f"{counts} · cells of {cell_text(grid.cell_width)}",
    )
