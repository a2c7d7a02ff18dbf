"""A whole run: its start, stages in order, pictures, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from operator import methodcaller
from pathlib import Path
from typing import Any

from closedworld.config.options import LATEST
from closedworld.config.run import ExecutionConfig, RunConfig
from closedworld.config.table import IN_PROCESSES
from closedworld.errors import ConfigError, PublishError
from closedworld.execution import DEFAULT_NAME, WorkerPool, open_worker_pool, start_task
from closedworld.execution.events import Observer, Warned
from closedworld.execution.meters import peak_memory_bytes
from closedworld.execution.observers import LOGGER, Observers, logged
from closedworld.execution.progress import Progress
from closedworld.inputs.loading import sources_of
from closedworld.published.names import give_name, read_name
from closedworld.published.stac import write_collections
from closedworld.run.logs import log_file
from closedworld.run.outcome import RunOutcome
from closedworld.run.rates import measured_rates
from closedworld.run.record.metrics import assess, enforce
from closedworld.run.record.model import Metric
from closedworld.run.record.performance import performance_of
from closedworld.run.record.recorder import Recorder
from closedworld.run.record.report import LOG_NAME, make_report_folder, write_report
from closedworld.run.start import Start
from closedworld.sanitize import byte_size
from closedworld.stages import Stage
from closedworld.stages.memory import capped
from closedworld.stages.protocol import PictureTask, RunContext, StagePlan, Upstream
from closedworld.stages.runner import run_stage
from closedworld.stages.task_runner import emit_task
from closedworld.store.local import storage_at

DRAWING = "drawing"
"""What the work is called that draws pictures."""


def run_world(
    config: RunConfig,
    observers: Sequence[Observer] = (),
    *,
    until: str | None = None,
    progress: Callable[[Progress], object] | None = None,
    may_start_processes: bool = False,
) -> RunOutcome:
    """Run the stages, starting with the inputs (S0), or one stage on a published result; write the report.

    A run that fails or is interrupted still writes a report; results that were already published stay
    unchanged.

    Args:
        config: What to build; with ``result`` the one stage ``until`` is run.
        observers: Receive events, in addition to the log.
        until: Name of the last stage, such as ``tiles``; None for the last that is asked for.
        progress: Called with the progress of the work, such as ``print``.
        may_start_processes: Where ``config`` chooses no executor, whether stages of many rows work in processes, as
            those of the command do; a script must then call this under ``if __name__ == "__main__":``.

    Raises:
        ClosedWorldError: As the stages.
    """
    # Wrong options fail here, before there is a report.
    start = Start.of(config, until)
    *_, nearest = (None, *start.published.values())
    out = config.out or (Path("world") if nearest is None else nearest.output)
    # A place that cannot hold results is refused before there is a report, too.
    storage_at(out)
    recorder = Recorder()
    observer = logged(Observers([recorder, *observers]), progress)
    with _reported(replace(config, out=out), out, recorder) as outcome:
        outcome.built_on = tuple(start.published.values())
        context = start.load(observer)
        _require_read_within(config.memory_limit, recorder)
        outcome.cell_width = context.inputs.grid.cell_width
        _run_stages(start.stages, context, out, outcome, may_start_processes=may_start_processes)
        _name_results(config.name, out, context, outcome)
    return outcome


def _require_read_within(limit: int | None, recorder: Recorder) -> None:
    """Refuse inputs whose reading took more memory than allowed, here and in the process that reads.

    Raises:
        ConfigError: ``memory-limit``.
    """
    used = max([peak_memory_bytes(), *recorder.reading_peaks()])
    if limit is not None and used > limit:
        raise ConfigError(
            "memory-limit",
            f"reading the inputs took {byte_size(used)}, but the limit is {byte_size(limit)}.",
            "Give it more, choose fewer --countries, or take simpler polygons.",
        )


def _run_stages(
    stages: Sequence[Stage],
    context: RunContext,
    out: Path,
    outcome: RunOutcome,
    *,
    may_start_processes: bool,
) -> None:
    """Plan and run stages one after another; each gets those that it needs."""
    done = dict(context.upstream)
    with _pools_by_stage(context.config, may_start_processes=may_start_processes) as pool_of:
        for stage in stages:
            needed = {name: done[name] for name in stage.needs}
            plan = stage.plan(replace(context, upstream=needed))
            pool = pool_of(plan)
            path = outcome.report_folder / stage.picture_name
            picture = plan.picture(path, context.inputs.attribution)
            with _drawn_meanwhile(picture, stage, pool, context.observer):
                result = run_stage(plan, out, pool, context.observer)
            outcome.results[stage.name] = result
            done[stage.name] = Upstream(plan, result.published)


def _name_results(name: str | None, out: Path, context: RunContext, outcome: RunOutcome) -> None:
    """Describe the results of a run, and let ``latest`` and the name asked for stand for them.

    Raises:
        PublishError: ``output-not-writable``.
    """
    storage = storage_at(out)
    found = [one.published for one in context.upstream.values() if one.published is not None]
    found += [result.published for result in outcome.results.values()]
    write_collections(storage, found, sources_of(context.config))
    give_name(storage, LATEST, found)
    if name is None:
        return
    before = give_name(storage, name, found)
    moved = [key for key in before.values() if key not in read_name(storage, name).values()]
    if moved:
        message = f"the name {name} stood for {', '.join(moved)} and now stands for this result"
        context.observer.on_event(Warned("name-moved", message))


@contextmanager
def _drawn_meanwhile(
    task: PictureTask | None, stage: Stage, pool: WorkerPool, observer: Observer
) -> Iterator[None]:
    """Draw a picture in a worker while the block runs, and wait for it.

    Raises:
        PublishError: ``output-not-writable``.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    if task is None:
        yield
        return
    drawing = start_task(pool.executor, methodcaller("draw"), task)
    with ExitStack() as on_failure:
        on_failure.callback(drawing.give_up)
        yield
        on_failure.pop_all()
    emit_task(stage, DRAWING, task, drawing.finish(), observer)


@contextmanager
def _pools_by_stage(
    config: ExecutionConfig, *, may_start_processes: bool
) -> Iterator[Callable[[StagePlan[Any, Any, Any]], WorkerPool]]:
    """Yield what opens the worker pool of a stage, with the stage's own number of workers, if any.

    Stages with as many workers share a pool, which spares starting processes twice.
    """
    opened: dict[tuple[str, int | None], WorkerPool] = {}
    # What the run holds before its first stage; a later stage takes over what an earlier one gave back.
    held: list[int] = []
    with ExitStack() as stack:

        def of_stage(plan: StagePlan[Any, Any, Any]) -> WorkerPool:
            """Return the pool of as many workers as the stage gets within the memory limit, opened once."""
            held[:] = held[:1] or [peak_memory_bytes()]
            executor = config.executor_for(plan.executor if may_start_processes else DEFAULT_NAME)
            count = capped(
                plan.memory,
                workers_of(config, plan.stage),
                config.memory_limit,
                held[0],
                in_processes=executor in IN_PROCESSES,
            )
            if (executor, count) not in opened:
                pool = open_worker_pool(executor, count, config.dask_address)
                opened[executor, count] = stack.enter_context(pool)
            return opened[executor, count]

        yield of_stage


@contextmanager
def _reported(config: RunConfig, out: Path, recorder: Recorder) -> Iterator[RunOutcome]:
    """Log the block, and write its report, however it ends."""
    outcome = RunOutcome(make_report_folder(out, recorder.run_id))
    folder = outcome.report_folder
    with log_file(folder / LOG_NAME):
        metrics: list[Metric] = []
        try:
            yield outcome
            metrics = assess(recorder, performance_of(recorder), config.memory_limit)
            if config.pat == "enforce":
                enforce(metrics)
        except BaseException as error:
            # Ctrl-C and unforeseen errors are reported, too, and raised again.
            LOGGER.debug("run ended early: %s: %s", type(error).__name__, error)
            try:
                write_report(folder, config, recorder, outcome.by_stage(), metrics, error)
            except PublishError as second:
                # The first error is the one to fix; a full disk often causes both.
                error.add_note(f"The report could not be written either: {second.message}")
            raise
        outcome.record = write_report(folder, config, recorder, outcome.by_stage(), metrics, None)
        if outcome.cell_width is not None:
            written = {
                stage.number: result.published
                for stage, result in outcome.by_stage()
                if not result.reused
            }
            outcome.rates = measured_rates(recorder, written, outcome.cell_width)


def workers_of(config: ExecutionConfig, stage: Stage) -> int | None:
    """Return how many workers a stage is to have; None for one per core."""
    return config.stage_workers.get(stage.number.lower()) or config.workers
