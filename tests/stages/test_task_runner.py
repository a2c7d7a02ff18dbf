"""Doing tasks: what is handed out at once, what is told and logged of each, and when a partition ends."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from closedworld.datasets import Column, Dataset, Partition
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.execution import SerialExecutor, WorkerPool
from closedworld.execution.events import (
    PartitionFinished,
    TaskFinished,
    TasksResumed,
    WorkStarted,
)
from closedworld.execution.worker import Done
from closedworld.stages import Stage
from closedworld.stages.task_runner import TaskRunner, stage_part
from closedworld.stages.tasks import TaskResult
from closedworld.store.journal import FinishedTask
from closedworld.store.local import LocalStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from closedworld.execution.events import Event

STAGE = Stage("S9", "ledger", (), "takings", "ledger_summaries.jsonl")
DONE = ("worker-1", "host-7", 5.0, 2.0, 1.5, 1024, 3)


@dataclass(frozen=True)
class Task:
    name: str
    cost: int
    partition: Partition | None

    def __str__(self) -> str:
        return self.name


def task(name: str, cost: int, country: str | None) -> Task:
    return Task(name, cost, None if country is None else Partition.of_country(country))


class Journal:
    """A staging folder with some tasks that another run has finished."""

    def __init__(self, *finished: str) -> None:
        self.finished = finished
        self.recorded: list[str] = []

    def resume(self, tasks: Sequence[str]) -> dict[str, FinishedTask]:
        return {name: FinishedTask(name, (), {}) for name in tasks if name in self.finished}

    def record_finished(self, name: str, *_: object) -> None:
        self.recorded.append(name)


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tasks are handed out at once; they are done in their order and log a line."""
    seen: list[int] = []

    def run_tasks(
        executor: object, work: Callable[[Any], Any], tasks: Sequence[Any], **options: Any
    ) -> Iterator[tuple[Any, Done[Any]]]:
        del executor
        seen.append(options["in_flight"])
        for one in tasks:
            message = f"log of {one}"
            record = logging.LogRecord("closedworld.run", logging.INFO, "", 1, message, None, None)
            yield one, Done(*DONE, work(one), (record,))

    monkeypatch.setattr("closedworld.stages.task_runner.run_tasks", run_tasks)
    return seen


def runner_with(journal: Journal, workers: int = 3) -> tuple[TaskRunner, Watcher]:
    staging: Any = journal
    watcher = Watcher()
    return TaskRunner(WorkerPool(SerialExecutor(), workers), STAGE, watcher, staging), watcher


def done(_: Task) -> TaskResult:
    return TaskResult(phases={"encode": 0.5})


def test_a_worker_has_a_task_at_work_and_one_that_waits(
    handed_out: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    runner, watcher = runner_with(Journal(), workers=3)
    tasks = [task("a", 5, "LU"), task("b", 7, None)]
    with caplog.at_level(logging.INFO, "closedworld.run"):
        assert [one for one, _ in runner.map(done, tasks, "reading")] == tasks
    assert handed_out == [2 * 3]
    assert watcher.events[0] == WorkStarted("S9", "reading", 12, 2, 3, "takings")
    assert watcher.events[1:] == [
        TaskFinished(*DONE, "S9", "reading", name, country, cost, {"encode": 0.5}, "takings")
        for name, country, cost in (("a", "LU", 5), ("b", "", 7))
    ]
    assert [record.getMessage() for record in caplog.records] == ["log of a", "log of b"]


@pytest.mark.usefixtures("handed_out")
def test_a_partition_ends_with_its_last_task_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that another run has finished come first and are not done again."""
    monkeypatch.setattr("time.perf_counter", itertools.count(1000.0).__next__)
    journal = Journal("b", "e")
    runner, watcher = runner_with(journal)
    tasks = [
        task("a", 5, "LU"),
        task("b", 1, "LU"),
        task("c", 2, "MT"),
        task("d", 1, "LU"),
        task("e", 10, "FJ"),
    ]
    found = [(str(one), is_last) for one, _, is_last in runner.write(done, tasks, TaskResult)]
    assert found == [("b", False), ("e", True), ("a", False), ("c", True), ("d", True)]
    assert journal.recorded == ["a", "c", "d"]
    (resumed,) = [one for one in watcher.events if isinstance(one, TasksResumed)]
    assert resumed == TasksResumed("S9", 2, 11, "takings")
    (started,) = [one for one in watcher.events if isinstance(one, WorkStarted)]
    assert started == WorkStarted("S9", "writing", 8, 3, 3, "takings")
    ended = [one for one in watcher.events if isinstance(one, PartitionFinished)]
    assert ended == [
        PartitionFinished("S9", "FJ", 10, 1, 3, 11, 19, 1.0, "takings"),
        PartitionFinished("S9", "MT", 2, 2, 3, 18, 19, 2.0, "takings"),
        PartitionFinished("S9", "LU", 7, 3, 3, 19, 19, 3.0, "takings"),
    ]


@pytest.mark.usefixtures("handed_out")
def test_nothing_is_told_of_resuming_where_nothing_was_finished() -> None:
    runner, watcher = runner_with(Journal())
    assert len(list(runner.write(done, [task("a", 5, "LU")], TaskResult))) == 1
    assert not [one for one in watcher.events if isinstance(one, TasksResumed)]


def test_a_part_file_is_logged_with_its_rows_and_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = Dataset("takings", (Column("amount", pa.int64(), "cents"),), key=("amount",))
    encoder = PartEncoder(dataset)
    encoder.write([pa.record_batch({"amount": pa.array(range(1234), pa.int64())})])
    with caplog.at_level(logging.DEBUG, "closedworld.run"):
        entry = stage_part(LocalStorage(tmp_path), dataset, Partition.of_country("LU"), 3, encoder)
    assert Path(entry.path).name == "LU-00003.parquet"
    (record,) = caplog.records
    assert record.getMessage() == (
        f"wrote takings/LU-00003.parquet: 1,234 rows in {entry.size_bytes:,} bytes"
    )
    assert vars(record)["worker"]
