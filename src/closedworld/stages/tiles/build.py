"""S1 from Python: cut every country into the tiles of the grid and publish them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from closedworld.execution import DEFAULT_NAME, WorkerPool
from closedworld.execution.events import Observer
from closedworld.execution.observers import logged
from closedworld.execution.progress import Progress
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.grid import Grid
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.spans import Rule
from closedworld.stages.alone import build_alone
from closedworld.stages.tiles.outcome import TileIndex
from closedworld.stages.tiles.plan import plan_tile_index


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
    task_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
    observer: Observer | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> TileIndex:
    """Cut countries into tiles and publish ``tile_index``, ``tile_bounds`` and ``tile_spans``.

    The files do not depend on the executor, number of workers or task size. A result that is
    already published under the same parameters is verified and reused.

    Args:
        countries: The countries.
        grid: The lattice.
        out: Output folder.
        rule: ``center`` or ``any_overlap``.
        keep_small_countries: Give a country without tiles the tile of its representative point.
        coverage: Add the share of each tile's area that lies in its country to ``tile_index``, and
            publish ``tile_coverage``: the tiles for which it is below 1. Only with ``any_overlap``.
        workers: Number of concurrent tasks; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or your own executor.
        task_tiles: Maximum number of tiles per task, rounded up to whole part files.
        sizes: Where files and row groups end.
        observer: Receives events, in addition to the log.
        progress: Called with the progress of the work, such as ``print``.

    Raises:
        ConfigError: ``rule-unknown``, ``fill-coverage``, ``coverage-rule``, ``workers``, ``unit-size``, ``world-empty``,
            ``executor-unknown``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The published result under the same hash is damaged.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = logged(observer, progress)
    plan = plan_tile_index(
        countries,
        grid,
        rule=rule,
        keep_small_countries=keep_small_countries,
        coverage=coverage,
        observer=observer,
        task_tiles=task_tiles,
        sizes=sizes,
    )
    return build_alone(plan, out, executor, workers, observer)
