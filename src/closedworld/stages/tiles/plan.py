"""The plan of S1: which tiles each country gets, and the units of work to write them; nothing is written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedworld.errors import ConfigError
from closedworld.execution import events
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.spans import Rule
from closedworld.kernels.tiles import (
    CountrySummary,
    Unit,
    World,
    enumerate_tiles,
    plan_units,
    summarize,
)
from closedworld.sanitize import number_of
from closedworld.stages.publishing import timed
from closedworld.stages.stage import TILES

if TYPE_CHECKING:
    from closedworld.config import RunConfig
    from closedworld.execution.events import Observer
    from closedworld.inputs.loading import Inputs
    from closedworld.inputs.regions import CountrySet
    from closedworld.kernels.grid import Grid

FORMAT = 3
"""Raised when the same parameters would give other content or other files."""


@dataclass(frozen=True, slots=True, eq=False)
class TilePlan:
    """All that is known of a tile index before it is written.

    Attributes:
        countries: The countries.
        world: Their tiles, as row spans.
        summaries: The account of each country, ascending by code.
        shared_tiles: Tiles that several countries own.
        units: Units of work, heaviest first.
        coverage: Whether the share of each tile that lies in its country is wanted.
        parameters: Everything that decides the content.
    """

    countries: CountrySet
    world: World
    summaries: tuple[CountrySummary, ...]
    shared_tiles: int
    units: tuple[Unit, ...]
    coverage: bool
    parameters: dict[str, Any]

    @property
    def tile_count(self) -> int:
        """Tiles of all countries."""
        return sum(self.world.tile_counts.values())

    @property
    def run_count(self) -> int:
        """Runs of all countries."""
        return sum(spans.n_runs for spans in self.world.spans.values())

    def totals(self) -> dict[str, Any]:
        """Return the totals of the receipt."""
        world = self.world
        return {
            "countries": len(world.spans),
            "countries_without_tiles": list(world.without_tiles),
            "countries_off_grid": sorted(world.off_grid),
            "countries_kept_small": sorted(world.kept_small),
            "tiles": self.tile_count,
            "runs": self.run_count,
            "tiles_shared": self.shared_tiles,
        }


def plan_run(config: RunConfig, inputs: Inputs, observer: Observer) -> TilePlan:
    """Return the plan of a run's tiles; raises as ``plan_tile_index``."""
    return plan_tile_index(
        inputs.countries,
        inputs.grid,
        rule=config.rule,
        keep_small_countries=config.keep_small_countries,
        coverage=config.coverage,
        observer=observer,
    )


def plan_tile_index(
    countries: CountrySet,
    grid: Grid,
    *,
    rule: Rule | str,
    keep_small_countries: bool,
    coverage: bool,
    observer: Observer,
    unit_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
) -> TilePlan:
    """Find the tiles of all countries and cut them into units of work; see ``build_tile_index``.

    Raises:
        ConfigError: ``rule-unknown``, ``coverage-rule``, ``unit-size``, ``world-empty``.
    """
    rule = Rule.parse(rule)
    if coverage and rule is not Rule.ANY_OVERLAP:
        raise ConfigError(
            "coverage-rule",
            f"coverage is asked for with rule {rule.value}, which leaves out tiles that a country "
            "covers in part.",
            "Take rule any_overlap.",
        )
    began = time.perf_counter()
    observer.on_event(events.EnumerationStarted(TILES.number, len(countries), str(grid), str(rule)))
    with timed(TILES, "spans", observer):
        world = enumerate_tiles(countries, grid, rule, keep_small_countries=keep_small_countries)
    _require_tiles(world)
    with timed(TILES, "summaries", observer):
        shared, summaries = summarize(world, countries)
    parameters = _parameters(
        countries, world, keep_small_countries=keep_small_countries, coverage=coverage
    )
    units = plan_units(world.tile_counts, unit_tiles, sizes)
    plan = TilePlan(countries, world, tuple(summaries), shared, units, coverage, parameters)
    _tell_findings(plan, time.perf_counter() - began, observer)
    return plan


def _parameters(
    countries: CountrySet, world: World, *, keep_small_countries: bool, coverage: bool
) -> dict[str, Any]:
    """Return everything that decides the content."""
    parameters: dict[str, Any] = {
        "format": FORMAT,
        "stage": TILES.name,
        "grid": world.grid.to_dict(),
        "rule": world.rule.value,
        "keep_small_countries": keep_small_countries,
        "countries": list(countries.isos),
        "polygons_sha256": countries.polygons_sha256(),
    }
    # Named only where it is: the hash of an index without it stays what it was.
    return {**parameters, "coverage": True} if coverage else parameters


def _require_tiles(world: World) -> None:
    """Refuse a world in which no country has a tile."""
    if len(world.without_tiles) == len(world.spans):
        raise ConfigError(
            "world-empty",
            f"none of {number_of(len(world.spans), 'country', 'countries')} "
            f"({', '.join(list(world.spans)[:10])}) has a tile on the grid of {world.grid} under "
            f"rule {world.rule.value}.",
            "Take a grid that covers them."
            if len(world.off_grid) == len(world.spans)
            else "Take a finer grid, rule any_overlap, or --keep-small-countries.",
        )


def _tell_findings(plan: TilePlan, seconds: float, observer: Observer) -> None:
    """Tell what the enumeration found."""
    world = plan.world
    observer.on_event(
        events.EnumerationFinished(
            stage=TILES.number,
            countries=len(world.spans) - len(world.without_tiles),
            tiles=plan.tile_count,
            runs=plan.run_count,
            units=len(plan.units),
            seconds=seconds,
        )
    )
    small = [iso for iso in world.without_tiles if iso not in world.off_grid]
    found = {
        "countries-off-grid": (sorted(world.off_grid), "outside the grid", ""),
        "countries-without-tiles": (
            small,
            f"without a tile under rule {world.rule.value}",
            " Use a finer grid, rule any_overlap, or --keep-small-countries.",
        ),
        "countries-kept-small": (
            sorted(world.kept_small),
            "given the tile of the representative point",
            "",
        ),
    }
    for code, (isos, what, hint) in found.items():
        if isos:
            who = number_of(len(isos), "country", "countries")
            message = f"{who} {what}: {', '.join(isos)}.{hint}"
            observer.on_event(events.Warned(code, message))
    if plan.shared_tiles:
        message = f"{plan.shared_tiles:,} tiles that two countries or more own."
        observer.on_event(events.Warned("tiles-shared", message))
