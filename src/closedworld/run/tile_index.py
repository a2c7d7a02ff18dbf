"""S1: cut every country into the tiles of the grid and publish them."""

from __future__ import annotations

import time
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld.datasets import Published, Staging
from closedworld.errors import ConfigError
from closedworld.execution import events, open_executor
from closedworld.run.publishing import (
    Nobody,
    find_result,
    identity_of,
    sealed,
    tell_published,
    tell_reused,
    timed,
)
from closedworld.run.stages import TILES
from closedworld.run.tile_files import plan_tile_tasks, write_tiles
from closedworld.run.work import Crew, UnitResult
from closedworld.spans import Rule, border_coverage
from closedworld.text import number_of
from closedworld.tiles import (
    PART_TILES,
    CountrySummary,
    World,
    enumerate_tiles,
    plan_units,
    summarize,
    tile_values,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from closedworld.countries import CountrySet
    from closedworld.execution.events import Observer
    from closedworld.grid import Grid
    from closedworld.spans import Border

FORMAT = 2
"""Raised when the same parameters would give other content or other files."""


@dataclass(frozen=True, slots=True, eq=False)
class TileIndex:
    """A published tile index.

    Attributes:
        published: Its folder and receipt.
        reused: Whether it was there before.
        world: The tiles as row spans.
        summaries: The account of each country, ascending by code.
        shared_tiles: Tiles that several countries own.
    """

    published: Published
    reused: bool
    world: World
    summaries: tuple[CountrySummary, ...]
    shared_tiles: int


def build_tile_index(
    countries: CountrySet,
    grid: Grid,
    out: Path | str,
    *,
    rule: Rule | str = "center",
    keep_small_countries: bool = False,
    coverage: bool = False,
    workers: int = 1,
    executor: Executor | None = None,
    unit_tiles: int = PART_TILES,
    observer: Observer | None = None,
) -> TileIndex:
    """Cut countries into tiles and publish ``tile_index``, ``tile_bounds`` and ``tile_spans``.

    The files are the same for every number of workers, executor and unit size. A result that is
    already published under the same parameters is verified and reused.

    Args:
        countries: The countries.
        grid: The lattice.
        out: Output folder.
        rule: ``center`` or ``any_overlap``.
        keep_small_countries: Give a country without tiles the one of its representative point.
        coverage: Add the share of each tile's area that lies in its country to ``tile_index``, and
            publish ``tile_coverage``: the tiles for which it is below 1. Only with ``any_overlap``.
        workers: Units of work done at once; with an executor of your own, how many it does.
        executor: Where units are done; by default in this thread, or in ``workers`` threads.
        unit_tiles: Tiles of a unit at most, rounded up to whole part files.
        observer: Told what happens.

    Raises:
        ConfigError: ``rule-unknown``, ``coverage-rule``, ``workers``, ``unit-size``, ``world-empty``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The published result under the same hash is damaged.
        UnitError: ``unit-failed``.
    """
    observer = observer or Nobody()
    began = time.perf_counter()
    observer.on_event(events.EnumerationStarted(TILES.number, len(countries), str(grid), str(rule)))
    with timed(TILES, "spans", observer):
        world = enumerate_tiles(countries, grid, rule, keep_small_countries=keep_small_countries)
    _require_tiles(world, grid)
    with timed(TILES, "summaries", observer):
        shared, summaries = summarize(world, countries)
    units = plan_units(world.tile_counts, unit_tiles)
    parameters = _parameters(
        countries, world, keep_small_countries=keep_small_countries, coverage=coverage
    )
    published = find_result(Path(out), TILES, parameters)
    reused = published is not None
    _tell_findings(world, shared, 0 if reused else len(units), began, observer)
    if published is not None:
        tell_reused(TILES, published, time.perf_counter() - began, observer)
    else:
        # An executor that was handed in stays open for its owner.
        opened = nullcontext(executor) if executor is not None else open_executor(workers)
        borders = _borders(world, countries, observer) if coverage else None
        with Staging(Path(out), TILES.name, identity_of(parameters)) as staging, opened as pool:
            tasks = plan_tile_tasks(units, world.spans, world.rule, borders, staging.folder)
            crew = Crew(pool, workers, TILES, observer)
            written = crew.write(write_tiles, tasks, UnitResult, staging)
            with closing(written):
                files = [file for _, result, _ in written for file in result.files]
            values = {
                iso: tile_values(own, world.rule, None if borders is None else borders[iso])
                for iso, own in world.spans.items()
                if own.n_runs
            }
            receipt = sealed(TILES, parameters, _totals(world, shared), files, values)
            with timed(TILES, "publish", observer):
                published = staging.publish(receipt)
        tell_published(published, time.perf_counter() - began, observer)
    return TileIndex(published, reused, world, tuple(summaries), shared)


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


def _borders(world: World, countries: CountrySet, observer: Observer) -> dict[str, Border]:
    """Return ranks and coverage of the tiles that are not wholly in their country.

    Raises:
        ConfigError: ``coverage-rule``.
    """
    if world.rule is not Rule.ANY_OVERLAP:
        raise ConfigError(
            "coverage-rule",
            f"coverage is asked for with rule {world.rule.value}, which leaves out tiles that a "
            "country covers in part.",
            "Take rule any_overlap.",
        )
    with timed(TILES, "coverage", observer):
        return {
            country.iso: border_coverage(country.features, world.spans[country.iso])
            for country in countries
        }


def _require_tiles(world: World, grid: Grid) -> None:
    """Refuse a world in which no country has a tile."""
    if len(world.without_tiles) == len(world.spans):
        raise ConfigError(
            "world-empty",
            f"none of {number_of(len(world.spans), 'country', 'countries')} ({', '.join(list(world.spans)[:10])}) has a tile "
            f"on the grid of {grid} under rule {world.rule.value}.",
            "Take a grid that covers them."
            if len(world.off_grid) == len(world.spans)
            else "Take a finer grid, rule any_overlap, or --keep-small-countries.",
        )


def _tell_findings(world: World, shared: int, units: int, began: float, observer: Observer) -> None:
    """Tell what the enumeration found."""
    counts = world.tile_counts
    observer.on_event(
        events.EnumerationFinished(
            stage=TILES.number,
            countries=len(counts) - len(world.without_tiles),
            tiles=sum(counts.values()),
            runs=sum(spans.n_runs for spans in world.spans.values()),
            units=units,
            seconds=time.perf_counter() - began,
        )
    )
    if world.off_grid:
        observer.on_event(
            events.Warned(
                "countries-off-grid",
                f"{number_of(len(world.off_grid), 'country', 'countries')} outside the grid: "
                f"{', '.join(sorted(world.off_grid))}.",
            )
        )
    small = [iso for iso in world.without_tiles if iso not in world.off_grid]
    if small:
        observer.on_event(
            events.Warned(
                "countries-without-tiles",
                f"{number_of(len(small), 'country', 'countries')} without a tile under rule {world.rule.value}: "
                f"{', '.join(small)}. "
                "Use a finer grid, rule any_overlap, or --keep-small-countries.",
            )
        )
    if world.kept_small:
        observer.on_event(
            events.Warned(
                "countries-kept-small",
                f"{number_of(len(world.kept_small), 'country', 'countries')} given the tile of the representative point: "
                f"{', '.join(sorted(world.kept_small))}.",
            )
        )
    if shared:
        observer.on_event(
            events.Warned("tiles-shared", f"{shared:,} tiles that two countries or more own.")
        )


def _totals(world: World, shared: int) -> dict[str, Any]:
    """Return the totals of the receipt."""
    counts = world.tile_counts
    return {
        "countries": len(counts),
        "countries_without_tiles": list(world.without_tiles),
        "countries_off_grid": sorted(world.off_grid),
        "countries_kept_small": sorted(world.kept_small),
        "tiles": sum(counts.values()),
        "runs": sum(spans.n_runs for spans in world.spans.values()),
        "tiles_shared": shared,
    }
