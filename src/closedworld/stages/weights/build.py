"""S2 from Python: give every tile of an index an exact weight and publish the weights."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from closedworld.config.stage_options import DEFAULT_DP
from closedworld.execution import DEFAULT_NAME, WorkerPool
from closedworld.execution.events import Observer
from closedworld.execution.observers import logged
from closedworld.execution.progress import Progress
from closedworld.inputs.loading import PopulationRaster
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.weights import Mixture
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages.alone import build_alone
from closedworld.stages.tiles.outcome import TileIndex
from closedworld.stages.weights.outcome import TileWeights
from closedworld.stages.weights.plan import plan_weights


def build_tile_weights(
    index: PublishedIndex | TileIndex,
    out: Path | str,
    *,
    basis: Mixture | str = "area_m2",
    dp: int = DEFAULT_DP,
    population: PopulationRaster | None = None,
    weigh_by_coverage: bool = False,
    workers: int | None = None,
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    task_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
    observer: Observer | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> TileWeights:
    """Weight the tiles of every country and publish ``tile_weights`` and ``span_weights``.

    The weights of a country are integers that add up to exactly ``10**dp``. The files do
    not depend on the executor, number of workers or task size. A result that is already published under
    the same parameters is verified and reused.

    Args:
        index: The tiles, as ``build_tile_index`` or ``open_index`` return them.
        out: Output folder.
        basis: ``uniform``, ``area_m2``, ``population``, ``populated``, or a mixture such as
            ``population:0.9,area_m2:0.1``.
        dp: Decimal places, 0..18.
        population: The raster, when a basis needs one; on the grid of the index.
        weigh_by_coverage: Multiply masses by the share of the tile that lies in its country.
        workers: Number of concurrent tasks; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or your own executor.
        task_tiles: Maximum number of tiles per task, rounded up to whole part files.
        sizes: Where files and row groups end, and how many tiles are weighted at once.
        observer: Receives events, in addition to the log.
        progress: Called with the progress of the work, such as ``print``.

    Raises:
        ConfigError: ``basis-...``, ``dp-range``, ``coverage-missing``, ``workers``, ``unit-size``,
            ``executor-unknown``.
        GridError: ``grids-differ``.
        InputError: ``input-unreadable``, ``raster-value-too-large``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The index, or the published result under the same hash, is damaged.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = logged(observer, progress)
    source = index.opened() if isinstance(index, TileIndex) else index
    plan = plan_weights(
        source,
        basis=Mixture.parse(basis) if isinstance(basis, str) else basis,
        dp=dp,
        population=population,
        weigh_by_coverage=weigh_by_coverage,
        observer=observer,
        task_tiles=task_tiles,
        sizes=sizes,
    )
    return build_alone(plan, out, executor, workers, observer, [source.published])
