"""S1: cut every country into the tiles of the grid and publish them."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from closedworld.execution import DEFAULT_NAME, open_worker_pool
from closedworld.execution.events import NullObserver
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.spans import border_coverage
from closedworld.stages.publishing import (
    emit_published,
    emit_reused,
    find_result,
    identity_of,
    sealed,
    staged_published,
    timed,
)
from closedworld.stages.stage import TILES
from closedworld.stages.task_runner import TaskRunner
from closedworld.stages.tiles.part_files import TileResult, plan_tile_tasks, write_tiles
from closedworld.stages.tiles.plan import plan_tile_index
from closedworld.store.staging import Staging

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from closedworld.execution import WorkerPool
    from closedworld.execution.events import Observer
    from closedworld.inputs.regions import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.kernels.spans import Border, Rule
    from closedworld.kernels.tiles import CountrySummary, World
    from closedworld.stages.tiles.plan import TilePlan
    from closedworld.store.reading import Published
    from closedworld.store.receipt import FileEntry


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
    workers: int | None = None,
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    unit_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
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
        workers: Units of work done at once; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or an executor of your own.
        unit_tiles: Tiles of a unit at most, rounded up to whole part files.
        sizes: Where files and row groups end.
        observer: Told what happens.

    Raises:
        ConfigError: ``rule-unknown``, ``coverage-rule``, ``workers``, ``unit-size``, ``world-empty``,
            ``executor-unknown``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The published result under the same hash is damaged.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = observer or NullObserver()
    plan = plan_tile_index(
        countries,
        grid,
        rule=rule,
        keep_small_countries=keep_small_countries,
        coverage=coverage,
        observer=observer,
        unit_tiles=unit_tiles,
        sizes=sizes,
    )
    with open_worker_pool(executor, workers) as pool:
        return publish_tile_index(plan, Path(out), pool, observer)


def publish_tile_index(
    plan: TilePlan, out: Path, pool: WorkerPool, observer: Observer
) -> TileIndex:
    """Write and publish what is planned, or find it published; see ``build_tile_index``."""
    began = time.perf_counter()
    published = find_result(out, TILES, plan.parameters)
    reused = published is not None
    if published is not None:
        emit_reused(TILES, published, time.perf_counter() - began, observer)
    else:
        borders = _borders(plan, observer) if plan.coverage else None
        with Staging(out, TILES.name, identity_of(plan.parameters)) as staging:
            tasks = plan_tile_tasks(plan.units, plan.world, borders, staging.folder)
            files: list[FileEntry] = []
            values: dict[str, dict[str, bytes]] = {}
            runner = TaskRunner(pool, TILES, observer)
            written = runner.write(write_tiles, tasks, TileResult, staging)
            with closing(written):
                for task, result, _ in written:
                    files += result.files
                    if result.values:
                        values[task.country_iso] = result.values
            receipt = sealed(TILES, plan.parameters, plan.totals(), files, values)
            published = staged_published(staging, receipt, TILES, observer)
        emit_published(published, time.perf_counter() - began, observer)
    return TileIndex(published, reused, plan.world, plan.summaries, plan.shared_tiles)


def _borders(plan: TilePlan, observer: Observer) -> dict[str, Border]:
    """Return the tiles that are not wholly in their country, by country code."""
    with timed(TILES, "coverage", observer):
        return {
            country.iso: border_coverage(country.features, plan.world.spans[country.iso])
            for country in plan.countries
        }
