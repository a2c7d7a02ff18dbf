"""A whole run: inputs, stages, pictures, report. The only place that knows their order."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from closedworld.errors import PublishError
from closedworld.execution import open_worker_pool
from closedworld.execution.meters import peak_memory_bytes
from closedworld.inputs.loading import (
    BUNDLED_RASTER,
    fits_bundled_raster,
    load_inputs,
    load_population,
)
from closedworld.inputs.lock import InputLock
from closedworld.inputs.reference import bundled
from closedworld.published.tile_index import read_index, root_of
from closedworld.run.logs import log_file
from closedworld.run.memory import StageMemory, capped, memory_of_tiles, memory_of_weights
from closedworld.run.observers import LOGGER, LogObserver, Observers
from closedworld.run.outcome import RunOutcome
from closedworld.run.pictures import PictureTask, drawn_meanwhile
from closedworld.run.rates import measured_rates
from closedworld.run.record.clock import RunClock
from closedworld.run.record.metrics import assess, enforce
from closedworld.run.record.performance import performance_of
from closedworld.run.record.recorder import Recorder
from closedworld.run.record.report import LOG_NAME, WORLD_MAP_NAME, make_report_folder, write_report
from closedworld.stages.stage import TILES, WEIGHTS
from closedworld.stages.tiles.build import publish_tile_index
from closedworld.stages.tiles.plan import plan_run
from closedworld.stages.weights.build import build_tile_weights
from closedworld.stages.weights.plan import mixture_of, mixture_of_run
from closedworld.store.reading import open_published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from closedworld.config import ExecutionConfig, RunConfig, WeightsConfig
    from closedworld.execution import WorkerPool
    from closedworld.execution.events import Observer
    from closedworld.run.record.model import Metric


def run_world(
    config: RunConfig, observers: Sequence[Observer] = (), *, weigh: bool = True
) -> RunOutcome:
    """Run the stages (S0 inputs, S1 tiles, S2 weights) and write the report.

    A run that fails or is interrupted leaves a report that says so; what was published before stays
    as it was.

    Args:
        config: What to build.
        observers: Told what happens, besides the log.
        weigh: Whether to make weights after the tiles.

    Raises:
        ClosedWorldError: As the stages.
    """
    mixture = mixture_of_run(config, weigh=weigh)
    with (
        _reported(config, config.out, observers) as (outcome, observer),
        _pools_by_stage(config) as pools,
    ):
        inputs = load_inputs(config, observer, with_population=weigh and mixture.needs_population)
        plan = plan_run(config, inputs, observer)
        outcome.cell_width = inputs.grid.cell_width
        picture = PictureTask(
            plan.world.spans,
            plan.world.rule,
            inputs.attribution,
            outcome.report_folder / WORLD_MAP_NAME,
        )
        tile_counts = plan.world.tile_counts.values()
        writers = pools(config.stage_workers.get("s1"), memory_of_tiles(tile_counts))
        with drawn_meanwhile(picture, writers, observer):
            outcome.index = publish_tile_index(plan, config.out, writers, observer)
        if weigh:
            layout = None if inputs.population is None else inputs.population.layout
            outcome.weights = build_tile_weights(
                read_index(outcome.index.published, WEIGHTS, observer),
                config.out,
                basis=mixture,
                dp=config.dp,
                population=inputs.population,
                weigh_by_coverage=config.weigh_by_coverage,
                executor=pools(
                    config.stage_workers.get("s2"), memory_of_weights(tile_counts, layout)
                ),
                observer=observer,
            )
    return outcome


def weigh_world(config: WeightsConfig, observers: Sequence[Observer] = ()) -> RunOutcome:
    """Make weights for a published tile index (S2 alone) and write the report.

    Args:
        config: What to weigh, and how.
        observers: Told what happens, besides the log.

    Raises:
        ClosedWorldError: As the stage.
    """
    # What is mistyped fails here, before there is a report.
    mixture_of(config.basis, config.dp, has_raster=True)
    published = open_published(config.index, TILES.name)
    out = config.out or root_of(published)
    with _reported(config, out, observers) as (outcome, observer), _pools_by_stage(config) as pools:
        index = read_index(published, WEIGHTS, observer)
        has_raster = config.raster is not None or fits_bundled_raster(index.grid)
        mixture = mixture_of(config.basis, config.dp, has_raster=has_raster)
        population = None
        if mixture.needs_population and has_raster:
            if config.lock is not None:
                raster = config.raster or bundled(BUNDLED_RASTER).path
                InputLock.read(config.lock).require([raster])
            population = load_population(config.raster, observer)
        layout = None if population is None else population.layout
        outcome.cell_width = index.grid.cell_width
        tile_counts = [own.tile_count for own in index.spans.values()]
        outcome.weights = build_tile_weights(
            index,
            out,
            basis=mixture,
            dp=config.dp,
            population=population,
            weigh_by_coverage=config.weigh_by_coverage,
            executor=pools(config.stage_workers.get("s2"), memory_of_weights(tile_counts, layout)),
            observer=observer,
        )
    return outcome


@contextmanager
def _pools_by_stage(
    config: ExecutionConfig,
) -> Iterator[Callable[[int | None, StageMemory], WorkerPool]]:
    """Yield what opens the executor of a stage, given the stage's own number of workers, if any.

    Stages with as many workers share an executor, which spares starting processes twice.
    """
    config.require_stages([TILES.number, WEIGHTS.number])
    in_processes = config.executor in {"processes", "dask"}
    opened: dict[int | None, WorkerPool] = {}
    # What the run holds before its first stage; a later stage takes over what an earlier one gave back.
    held: list[int] = []
    with ExitStack() as stack:

        def of_stage(workers: int | None, memory: StageMemory) -> WorkerPool:
            """Open the executor of a stage that takes so much memory, or share one that is open."""
            held[:] = held[:1] or [peak_memory_bytes()]
            count = capped(
                memory,
                workers or config.workers,
                config.memory_limit,
                held[0],
                in_processes=in_processes,
            )
            if count not in opened:
                executor = open_worker_pool(config.executor, count, config.dask_address)
                opened[count] = stack.enter_context(executor)
            return opened[count]

        yield of_stage


@contextmanager
def _reported(
    config: RunConfig | WeightsConfig, out: Path, observers: Sequence[Observer]
) -> Iterator[tuple[RunOutcome, Observer]]:
    """Log and observe the block, and write its report, however it ends."""
    clock = RunClock.start()
    outcome = RunOutcome(make_report_folder(out, clock.run_id))
    folder, recorder = outcome.report_folder, Recorder()
    with log_file(folder / LOG_NAME):
        metrics: list[Metric] = []
        try:
            yield outcome, Observers([recorder, LogObserver(), *observers])
            metrics = assess(recorder, performance_of(recorder, clock), config.memory_limit)
            if config.pat == "enforce":
                enforce(metrics)
        except BaseException as error:
            # Ctrl-C and whatever nobody foresaw leave their account, too, and go on.
            LOGGER.debug("run ended early: %s: %s", type(error).__name__, error)
            try:
                write_report(
                    folder, config, clock, recorder, outcome.stages(recorder), metrics, error
                )
            except PublishError as second:
                # The first error is the one to mend; a full disk often causes both.
                error.add_note(f"The report could not be written either: {second.message}")
            raise
        outcome.record = write_report(
            folder, config, clock, recorder, outcome.stages(recorder), metrics, None
        )
        if outcome.cell_width is not None:
            outcome.rates = measured_rates(
                recorder, outcome.written(), outcome.cell_width, clock.run_id
            )
