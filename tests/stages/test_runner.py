"""The runner does for any stage what it does for ours: here a made-up one, cut by date."""

from __future__ import annotations

import errno
import hashlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from effort import ANY_EXECUTOR

from closedworld.datasets import Column, Dataset, Partition
from closedworld.datasets.parameters import Parameters, Stated
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.errors import IntegrityError, PublishError, UnitError
from closedworld.execution import open_worker_pool
from closedworld.execution.events import (
    DatasetPublished,
    NullObserver,
    PhaseFinished,
    StageReused,
    TasksResumed,
)
from closedworld.kernels.records import Records
from closedworld.stages import Stage
from closedworld.stages.memory import StageMemory
from closedworld.stages.protocol import Folded, StageOutcome, StagePlan
from closedworld.stages.runner import run_stage
from closedworld.stages.task_runner import PhaseClock, stage_part
from closedworld.stages.tasks import TaskResult
from closedworld.store.local import LocalStorage
from closedworld.store.paths import STAGING_NAME
from closedworld.store.reading import open_part

NO_MEMORY = StageMemory(0, 0)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from closedworld.execution.events import Event, Observer
    from closedworld.stages.task_runner import TaskRunner
    from closedworld.store.protocol import Storage
    from closedworld.store.reading import Published

DAYS = ("2026-01-07", "2026-01-08", "2026-01-09")
TAKINGS = Dataset(
    "takings", (Column("amount", pa.int64(), "cents"),), key=("amount",), partition="date"
)
LEDGER = Stage("S9", "ledger", (), "takings", "ledger_summaries.jsonl")


@dataclass(frozen=True)
class LedgerParameters(Parameters):
    stage: ClassVar[str] = "ledger"

    days: tuple[str, ...]
    stated: ClassVar[tuple[Dataset, ...]] = (TAKINGS,)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        return self.stated


@dataclass(frozen=True)
class LedgerTotals(Stated):
    rows: int


@dataclass(frozen=True)
class DayTask:
    day: str
    number: int
    folder: Storage
    fails_on: str | None

    @property
    def cost(self) -> int:
        return 5

    @property
    def partition(self) -> Partition:
        return Partition("date", self.day)

    def __str__(self) -> str:
        return f"{self.day} part {self.number}"


def write_day(task: DayTask) -> TaskResult:
    if task.day == task.fails_on:
        raise OSError("no such day")
    first = 10 * task.number + int(task.day[-1]) * 100
    encoder = PartEncoder(TAKINGS)
    encoder.write([pa.record_batch({"amount": pa.array(range(first, first + 5), pa.int64())})])
    return TaskResult([stage_part(task.folder, TAKINGS, task.partition, task.number, encoder)])


@dataclass(frozen=True)
class LedgerOutcome(StageOutcome):
    def summary_lines(self, seconds: Mapping[str, float]) -> list[dict[str, Any]]:
        return [{"date": day, "seconds": seconds.get(day, 0.0)} for day in DAYS]

    def describe(self) -> str:
        return "takings"


@dataclass(frozen=True)
class LedgerPlan(StagePlan[DayTask, TaskResult, LedgerOutcome]):
    """Two parts a day; a partition is done when both are."""

    stage: ClassVar[Stage] = LEDGER
    task_result: ClassVar[type[TaskResult]] = TaskResult

    parameters: LedgerParameters = field(default_factory=lambda: LedgerParameters(1, DAYS))
    fails_on: str | None = None
    ended: list[str] = field(default_factory=list)
    memory: StageMemory = NO_MEMORY
    row_count: int = 30
    task_count: int = 6
    asked: tuple[str, ...] = DAYS

    @property
    def partitions(self) -> tuple[Partition, ...]:
        return tuple(Partition("date", day) for day in self.asked)

    @property
    def write(self) -> Callable[[DayTask], TaskResult]:
        return write_day

    def tasks(self, runner: TaskRunner) -> Sequence[DayTask]:
        folder = runner.staging.folder
        return [DayTask(day, number, folder, self.fails_on) for day in DAYS for number in (0, 1)]

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[DayTask, TaskResult, bool]]
    ) -> Folded:
        del runner
        folded = Folded(totals=LedgerTotals(self.row_count))
        for task, result, is_last in written:
            folded.files += result.files
            if is_last:
                self.ended.append(task.day)
                folded.digests[task.day] = {"takings": hashlib.sha256(task.day.encode()).digest()}
        return folded

    def outcome(self, published: Published, folded: Folded | None) -> LedgerOutcome:
        return LedgerOutcome(published, folded is None, Records())


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)


def published(
    out: Path, plan: LedgerPlan, *, executor: str = "serial", observer: Observer | None = None
) -> LedgerOutcome:
    with open_worker_pool(executor, None if executor == "serial" else 2) as pool:
        return run_stage(plan, out, pool, observer or NullObserver())


def contents(result: LedgerOutcome) -> dict[str, bytes]:
    folder = result.published.folder
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("executor", ANY_EXECUTOR)
def test_any_executor_publishes_the_same_bytes(tmp_path: Path, executor: str) -> None:
    expected = contents(published(tmp_path / "expected", LedgerPlan()))
    assert sorted(path for path in expected if path.startswith("takings/"))[::2] == [
        f"takings/{day}-00000.parquet" for day in DAYS
    ]
    result = published(tmp_path / executor, LedgerPlan(), executor=executor)
    assert not result.reused
    assert contents(result) == expected


def test_a_partition_without_rows_has_a_part_file_without_rows(tmp_path: Path) -> None:
    result = published(tmp_path, LedgerPlan(asked=(*DAYS, "2026-02-28")))
    table = pq.read_table(result.published.folder / "takings" / "2026-02-28-00000.parquet")
    assert table.num_rows == 0
    assert table.schema == TAKINGS.schema
    assert result.published.files("takings").keys() == {*DAYS, "2026-02-28"}


def test_each_partition_ends_once_after_all_of_its_tasks(tmp_path: Path) -> None:
    plan = LedgerPlan()
    published(tmp_path, plan)
    assert plan.ended == list(DAYS)


def test_a_result_is_found_and_verified_and_not_built_again(tmp_path: Path) -> None:
    first = published(tmp_path, LedgerPlan())
    again = LedgerPlan()
    assert published(tmp_path, again).reused
    assert again.ended == []
    part = first.published.folder / first.published.receipt.files[0].path
    part.write_bytes(b"\0" * part.stat().st_size)
    with pytest.raises(IntegrityError) as caught:
        published(tmp_path, LedgerPlan())
    assert caught.value.code == "file-digest"


def test_a_folder_without_a_receipt_is_not_built_over(tmp_path: Path) -> None:
    folder = published(tmp_path, LedgerPlan()).published.folder
    (folder / "_receipt.json").unlink()
    with pytest.raises(IntegrityError) as caught:
        published(tmp_path, LedgerPlan())
    assert caught.value.code == "receipt-missing"
    assert f"{folder} is where the result belongs" in caught.value.message


def test_publishing_and_finding_are_told_with_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.perf_counter", itertools.count(1000.0).__next__)
    first, second = Watcher(), Watcher()
    result = published(tmp_path, LedgerPlan(), observer=first).published
    published(tmp_path, LedgerPlan(), observer=second)
    phases = [event for event in first.events if isinstance(event, PhaseFinished)]
    assert [(one.stage, one.phase, one.seconds) for one in phases] == [
        ("S9", "fsync", 1.0),
        ("S9", "publish", 1.0),
    ]
    (told,) = [event for event in first.events if isinstance(event, DatasetPublished)]
    assert (told.dataset, told.path, told.rows, told.files) == (
        "takings",
        str(result.folder / "takings"),
        30,
        6,
    )
    assert 0 < told.seconds < 1000
    assert second.events == [
        StageReused("S9", str(result.folder), result.receipt.parameter_hash, 1.0)
    ]


def test_a_stage_has_no_temporary_files_sample_or_picture_unless_it_says_so(tmp_path: Path) -> None:
    plan = LedgerPlan()
    assert plan.scratch_bytes == 0
    assert plan.rate_of_sample() is None
    assert plan.picture(tmp_path / "picture.png", "") is None


def test_the_time_of_a_phase_is_the_sum_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 11.0, 15.0, 17.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    result = TaskResult()
    clock = PhaseClock(result)
    for phase in ("read", "write", "read"):
        clock.ends(phase)
    assert result.phases == {"read": 3.0, "write": 4.0}


def test_a_page_that_was_damaged_while_staged_is_noticed(tmp_path: Path) -> None:
    task = DayTask(DAYS[0], 0, LocalStorage(tmp_path), None)
    (entry,) = write_day(task).files
    assert open_part(task.folder, entry).read()["amount"].to_pylist() == list(range(700, 705))
    path = tmp_path / entry.path
    content = bytearray(path.read_bytes())
    content[content.index((704).to_bytes(8, "little"))] ^= 1
    path.write_bytes(content)
    with pytest.raises(OSError, match="CRC"):
        open_part(task.folder, entry).read()


def test_what_a_failed_run_had_finished_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(UnitError):
        published(tmp_path / "out", LedgerPlan(fails_on=DAYS[2]))
    assert not (tmp_path / "out" / "ledger").exists()
    watcher = Watcher()
    result = published(tmp_path / "out", LedgerPlan(), observer=watcher)
    (resumed,) = [event for event in watcher.events if isinstance(event, TasksResumed)]
    assert (resumed.units, resumed.rows) == (4, 20)
    assert contents(result) == contents(published(tmp_path / "whole", LedgerPlan()))


def test_files_of_a_dataset_that_the_stage_does_not_state_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LedgerParameters, "stated", ())
    with pytest.raises(ValueError, match="does not state takings"):
        published(tmp_path, LedgerPlan())
    assert not (tmp_path / "ledger").exists()


@dataclass(frozen=True)
class OddPlan(LedgerPlan):
    """A plan that digests rows of a dataset without files."""

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[DayTask, TaskResult, bool]]
    ) -> Folded:
        folded = LedgerPlan.fold(self, runner, written)
        folded.digests["2026-01-07"] = {"tips": b""}
        return folded


def test_digests_of_a_dataset_that_the_stage_does_not_state_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not state tips"):
        published(tmp_path, OddPlan())


def test_a_folder_that_may_not_be_looked_at_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(self: LocalStorage, folder: str = "") -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied", str(self.root / folder))

    monkeypatch.setattr(LocalStorage, "list", forbidden)
    with pytest.raises(PublishError, match="output-not-writable") as caught:
        published(tmp_path, LedgerPlan())
    assert "You may not write there" in caught.value.hint


def test_what_a_run_left_that_died_after_publishing_goes_with_the_next(tmp_path: Path) -> None:
    """That of another stage stays: its run may resume from it."""
    published(tmp_path, LedgerPlan())
    debris = [tmp_path / STAGING_NAME / f"{stage}-0123456789abcdef" for stage in ("ledger", "tips")]
    for folder in debris:
        folder.mkdir(parents=True)
    assert published(tmp_path, LedgerPlan()).reused
    assert [folder.exists() for folder in debris] == [False, True]
