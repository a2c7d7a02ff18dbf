"""Doing the tasks of a stage on an executor, and telling of each as it is done."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from typing import TypeVar

from closedworld.datasets import Dataset, Partition
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.execution import Done, WorkerPool, emit_log, events, run_tasks, worker_name
from closedworld.execution.events import Observer
from closedworld.execution.worker import TaskUsage
from closedworld.kernels.parquet import Writer
from closedworld.stages import Stage
from closedworld.stages.tasks import Task, TaskResult
from closedworld.store.paths import part_path
from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry
from closedworld.store.staging import Staging, stage_file

LOGGER = logging.getLogger("closedworld.run")

WRITING = "writing"
"""What the work is called that writes the files of a stage."""

TASKS_AHEAD = 2
"""Tasks handed out per worker: one at work, one waiting, so that no worker waits for the next."""


def stage_part(
    folder: Storage,
    dataset: Dataset,
    partition: Partition,
    number: int,
    encoder: PartEncoder | Writer,
) -> FileEntry:
    """Write a finished part file into a staging folder, log it, and return its entry.

    Raises:
        PublishError: ``output-not-writable``.
    """
    path = part_path(dataset.name, partition, number)
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

    def __init__(self, result: TaskResult) -> None:
        self._phases = result.phases
        self._last = time.perf_counter()

    def ends(self, phase: str) -> None:
        """Count the time since the last call as this phase."""
        now = time.perf_counter()
        self._phases[phase] = self._phases.get(phase, 0.0) + now - self._last
        self._last = now


T = TypeVar("T", bound="Task")
R = TypeVar("R", bound="TaskResult")


@dataclass(frozen=True, slots=True, eq=False)
class TaskRunner:
    """Does the tasks of a stage, and tells of each.

    Attributes:
        pool: Where tasks are done.
        stage: The stage.
        observer: Told of each task.
        staging: Where the files of the result wait to be published.
    """

    pool: WorkerPool
    stage: Stage
    observer: Observer
    staging: Staging

    def map(self, work: Callable[[T], R], tasks: Sequence[T], what: str) -> Generator[tuple[T, R]]:
        """Yield ``(task, result)`` as tasks finish.

        Args:
            work: Done once per task.
            tasks: In the order they are handed out.
            what: The work in a word, for progress.

        Raises:
            ClosedWorldError: As ``run_tasks``.
        """
        cost, workers = sum(task.cost for task in tasks), self.pool.workers
        self.observer.on_event(
            events.WorkStarted(
                self.stage.number, what, cost, len(tasks), workers, self.stage.row_name
            )
        )
        results = run_tasks(
            self.pool.executor,
            work,
            tasks,
            in_flight=TASKS_AHEAD * workers,
            has_workers=self.pool.has_workers,
        )
        with closing(results):
            for task, done in results:
                emit_task(self.stage, what, task, done, self.observer)
                yield task, done.result

    def write(
        self, work: Callable[[T], R], tasks: Sequence[T], kind: type[R]
    ) -> Generator[tuple[T, R, bool]]:
        """Yield ``(task, result, is_last)`` of tasks that write, and tell of each partition.

        ``is_last`` says whether all tasks of the partition are done. Tasks that an interrupted run has
        finished come first, and each that finishes is recorded for a run after this one.

        Args:
            work: Writes the files of a task.
            tasks: Each belongs to one partition.
            kind: What the work returns.
        """
        began = time.perf_counter()
        costs: Counter[str] = Counter()
        for task in tasks:
            costs[partition_value(task)] += task.cost
        left, total = costs.copy(), costs.total()
        partitions_done = cost_done = 0
        with closing(self._resumed_and_done(work, tasks, kind)) as results:
            for task, result in results:
                partition = partition_value(task)
                left[partition] -= task.cost
                cost_done += task.cost
                is_last = left[partition] == 0
                yield task, result, is_last
                if is_last:
                    partitions_done += 1
                    self.observer.on_event(
                        events.PartitionFinished(
                            stage=self.stage.number,
                            partition=partition,
                            rows=costs[partition],
                            done=partitions_done,
                            total=len(costs),
                            rows_done=cost_done,
                            rows_total=total,
                            seconds=time.perf_counter() - began,
                            row_name=self.stage.row_name,
                        )
                    )

    def _resumed_and_done(
        self, work: Callable[[T], R], tasks: Sequence[T], kind: type[R]
    ) -> Generator[tuple[T, R]]:
        """Yield what an interrupted run has done of some tasks, then what is left of them."""
        finished = self.staging.resume([str(task) for task in tasks])
        resumed = [task for task in tasks if str(task) in finished]
        if resumed:
            cost = sum(task.cost for task in resumed)
            self.observer.on_event(
                events.TasksResumed(self.stage.number, len(resumed), cost, self.stage.row_name)
            )
        for task in resumed:
            yield task, kind.resumed(finished[str(task)])
        left = [task for task in tasks if str(task) not in finished]
        with closing(self.map(work, left, WRITING)) as results:
            for task, result in results:
                self.staging.record_finished(str(task), result.files, result.metadata())
                yield task, result


def emit_task(stage: Stage, what: str, task: Task, done: Done[R], observer: Observer) -> None:
    """Tell that a task is done, after what its worker has logged."""
    emit_log(done)
    observer.on_event(
        events.TaskFinished(
            stage=stage.number,
            work=what,
            unit=str(task),
            partition=partition_value(task),
            rows=task.cost,
            **{one.name: getattr(done, one.name) for one in fields(TaskUsage)},
            phases=dict(done.result.phases),
            row_name=stage.row_name,
        )
    )


def partition_value(task: Task) -> str:
    """Return the value of a task's partition; empty where it belongs to several."""
    return "" if task.partition is None else task.partition.value
