"""Doing the units of work of a stage on an executor, and telling of each as it is done."""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from closedworld.datasets import Partition
from closedworld.execution import emit_log, events, run_tasks, worker_name
from closedworld.store.paths import part_path
from closedworld.store.staging import stage_file

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from closedworld.datasets.part_encoder import PartEncoder
    from closedworld.execution import Done, WorkerPool
    from closedworld.execution.events import Observer
    from closedworld.kernels.parquet import Writer
    from closedworld.stages.stage import Stage
    from closedworld.store.journal import FinishedUnit
    from closedworld.store.receipt import FileEntry
    from closedworld.store.staging import Staging

LOGGER = logging.getLogger("closedworld.run")

WRITING = "writing"
"""What the work is called that writes the tiles of a stage."""

UNITS_AHEAD = 2
"""Units handed out per worker: one at work, one waiting, so that no worker waits for the next."""


class Task(Protocol):
    """A piece of work."""

    @property
    def tile_count(self) -> int:
        """How many tiles it is about."""

    @property
    def country_iso(self) -> str:
        """Their country; empty when they belong to several."""


@dataclass(slots=True)
class UnitResult:
    """What became of a task.

    Attributes:
        files: Entries of the files written.
        phases: Wall seconds by phase.
    """

    files: list[FileEntry] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """Return what another run has to know besides the files, as JSON holds it."""
        return {}

    @classmethod
    def resumed(cls, unit: FinishedUnit) -> Self:
        """Return the result of a unit that a run before this one has finished."""
        return cls(files=list(unit.files))


def stage_part(
    folder: Path, dataset: str, country_iso: str, number: int, encoder: PartEncoder | Writer
) -> FileEntry:
    """Write a finished part file into a staging folder, log it, and return its entry.

    Raises:
        PublishError: ``output-not-writable``.
    """
    path = part_path(dataset, Partition.of_country(country_iso), number)
    entry = stage_file(folder, path, encoder.finish(), encoder.rows)
    LOGGER.debug(
        "wrote %s: %s rows in %s bytes",
        entry.path,
        f"{entry.rows:,}",
        f"{entry.size_bytes:,}",
        extra={"worker": worker_name()},
    )
    return entry


class PhaseClock:
    """Adds the time since the last call to a phase of a result."""

    def __init__(self, result: UnitResult) -> None:
        self._phases = result.phases
        self._last = time.perf_counter()

    def ends(self, phase: str) -> None:
        """Count the time since the last call as this phase."""
        now = time.perf_counter()
        self._phases[phase] = self._phases.get(phase, 0.0) + now - self._last
        self._last = now


T = TypeVar("T", bound=Task)
R = TypeVar("R", bound=UnitResult)


@dataclass(frozen=True, slots=True, eq=False)
class TaskRunner:
    """Who does the work of a stage.

    Attributes:
        workforce: Where tasks are done.
        stage: The stage.
        observer: Told of each task.
    """

    pool: WorkerPool
    stage: Stage
    observer: Observer

    def do(self, work: Callable[[T], R], tasks: Sequence[T], what: str) -> Generator[tuple[T, R]]:
        """Yield ``(task, result)`` as tasks finish, and tell of each.

        Args:
            work: Done once per task.
            tasks: In the order they are handed out.
            what: The work in a word, for progress.

        Raises:
            ClosedWorldError: As ``run_tasks``.
        """
        tiles, workers = sum(task.tile_count for task in tasks), self.pool.workers
        self.observer.on_event(
            events.WorkStarted(self.stage.number, what, tiles, len(tasks), workers)
        )
        results = run_tasks(
            self.pool.executor,
            work,
            tasks,
            name=str,
            in_flight=UNITS_AHEAD * workers,
            has_workers=self.pool.has_workers,
        )
        with closing(results):
            for task, done in results:
                emit_unit(self.stage, what, task, done, self.observer)
                yield task, done.result

    def write(
        self, work: Callable[[T], R], tasks: Sequence[T], kind: type[R], staging: Staging
    ) -> Generator[tuple[T, R, bool]]:
        """Yield ``(task, result, is_last)`` of tasks that write units, and tell of each country.

        ``is_last`` says whether all units of the country are done. Units that an interrupted run has
        finished come first, and each that is done is noted for a run after this one.

        Args:
            work: Writes a unit.
            tasks: Units of all countries; each belongs to one.
            kind: What the work returns.
            staging: Where it writes.
        """
        began = time.perf_counter()
        counts: Counter[str] = Counter()
        for task in tasks:
            counts[task.country_iso] += task.tile_count
        left, total = counts.copy(), counts.total()
        countries_done = tiles_done = 0
        with closing(self._done_and_left(work, tasks, kind, staging)) as results:
            for task, result in results:
                left[task.country_iso] -= task.tile_count
                tiles_done += task.tile_count
                is_last = left[task.country_iso] == 0
                yield task, result, is_last
                if is_last:
                    countries_done += 1
                    self.observer.on_event(
                        events.CountryFinished(
                            stage=self.stage.number,
                            country_iso=task.country_iso,
                            tiles=counts[task.country_iso],
                            done=countries_done,
                            total=len(counts),
                            tiles_done=tiles_done,
                            tiles_total=total,
                            seconds=time.perf_counter() - began,
                        )
                    )

    def _done_and_left(
        self, work: Callable[[T], R], tasks: Sequence[T], kind: type[R], staging: Staging
    ) -> Generator[tuple[T, R]]:
        """Yield what an interrupted run has done of some tasks, then what is left of them."""
        finished = staging.resume([str(task) for task in tasks])
        taken = [task for task in tasks if str(task) in finished]
        if taken:
            tiles = sum(task.tile_count for task in taken)
            self.observer.on_event(events.UnitsResumed(self.stage.number, len(taken), tiles))
        for task in taken:
            yield task, kind.resumed(finished[str(task)])
        left = [task for task in tasks if str(task) not in finished]
        with closing(self.do(work, left, WRITING)) as results:
            for task, result in results:
                staging.note(str(task), result.files, result.metadata())
                yield task, result


def emit_unit(stage: Stage, what: str, task: Task, done: Done[R], observer: Observer) -> None:
    """Tell that a task is done, after what its worker has logged."""
    emit_log(done)
    observer.on_event(
        events.UnitFinished(
            stage=stage.number,
            work=what,
            unit=str(task),
            country_iso=task.country_iso,
            tiles=task.tile_count,
            worker=done.worker,
            process=done.process,
            began=done.began,
            seconds=done.seconds,
            cpu_seconds=done.cpu_seconds,
            peak_memory_bytes=done.peak_memory_bytes,
            open_files=done.open_files,
            phases=dict(done.result.phases),
        )
    )
