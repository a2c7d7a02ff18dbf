"""Tasks that write: all purchases, stays and labels of a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import PURCHASES, STAYS, TRUTH, Dataset, Partition
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.errors import PublishError
from closedworld.sanitize import library_message
from closedworld.stages.checked_results import CheckedResult
from closedworld.stages.purchases.checks import check_day
from closedworld.stages.purchases.day_rows import (
    INDEXED_TEXTS,
    purchase_rows,
    stay_rows,
    truth_rows,
)
from closedworld.stages.purchases.market import MarketSource, market_of
from closedworld.stages.purchases.scratch import DAY, Rows, read_day
from closedworld.stages.task_runner import PhaseClock, stage_part
from closedworld.store.protocol import Storage
from closedworld.store.reading import open_part

GROUP_ROWS = 1 << 18
"""Rows of a row group, which are decoded at once."""


@dataclass(frozen=True, slots=True, eq=False)
class DayTask:
    """Merges what blocks have written of a day, and writes it: one part file of each dataset.

    Attributes:
        number: Which of the day's tasks: the only one.
        source: What numbers stand for.
        day: Which day, from 0.
        date: Its name.
        purchases: Purchases of it.
        stays: Stays that begin on it.
        blocks: How many blocks there are.
        scratch: Folder of scratch files.
        folder: Staging folder.
    """

    number: ClassVar[int] = 0

    source: MarketSource
    day: int
    date: str
    purchases: int
    stays: int
    blocks: int
    scratch: Path
    folder: Storage

    @property
    def cost(self) -> int:
        """How many purchases; a day without any costs something, too."""
        return max(self.purchases, 1)

    @property
    def partition(self) -> Partition:
        """The day."""
        return Partition(PURCHASES.partition, self.date)

    def __str__(self) -> str:
        return self.date


def write_day(task: DayTask) -> CheckedResult:
    """Write the purchases, stays and labels of a day.

    Raises:
        PublishError: ``output-not-writable``: also where scratch files cannot be read.
        IntegrityError: Sites or cards are damaged.
    """
    result = CheckedResult()
    clock = PhaseClock(result)
    market = market_of(task.source)
    clock.ends("market")
    begin = task.source.period.start + task.day * DAY
    bought, marked, stayed = _read(task)
    marked = _taken(marked, np.argsort(marked["key"], kind="stable"))
    by_key, by_time = _orders(bought)
    clock.ends("merge")
    groups = (
        purchase_rows(_taken(bought, by_time[first : first + GROUP_ROWS]), marked, begin, market)
        for first in range(0, len(by_time), GROUP_ROWS)
    )
    _write(task, PURCHASES, groups, result, INDEXED_TEXTS)
    del by_time
    bought = _taken({name: bought[name] for name in ("key", "fraud", "hard")}, by_key)
    _write(task, TRUTH, [truth_rows(bought, marked, market)] if len(by_key) else [], result)
    del bought, by_key
    _write(task, STAYS, [stay_rows(stayed, begin, market)] if len(stayed["card"]) else [], result)
    clock.ends("encode")
    _check(task, result)
    clock.ends("check")
    return result


def _read(task: DayTask) -> tuple[Rows, ...]:
    """Return the rows of the day from scratch files, by table.

    Raises:
        PublishError: ``output-not-writable``: one cannot be read, as another program has removed it.
    """
    try:
        return read_day(task.scratch, task.blocks, task.day)
    except (OSError, ValueError) as error:
        raise PublishError(
            "output-not-writable",
            f"a temporary file in {task.scratch} cannot be read: {library_message(error)}.",
            "Run again.",
        ) from error


def _orders(rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows by key, and by second and key, int64 (n,) each."""
    by_key = np.argsort(rows["key"])
    count = len(by_key)
    # One sort of integers, second and place by key together, takes a quarter of the time of a lexsort.
    ranked = np.sort(rows["second"].take(by_key).astype(np.int64) * count + np.arange(count))
    return by_key, by_key.take(ranked % count)


def _taken(rows: Rows, which: NDArray[np.int64]) -> Rows:
    return {name: values.take(which) for name, values in rows.items()}


def _write(
    task: DayTask,
    dataset: Dataset,
    batches: Iterable[pa.RecordBatch],
    result: CheckedResult,
    indexed: Sequence[str] = (),
) -> None:
    """Write the part file of a dataset, a row group for each batch; none for no rows."""
    encoder = PartEncoder(dataset, indexed)

    def encoded() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            encoder.write([batch])
            yield batch

    digest = dataset.digest_of(encoded())
    if encoder.rows:
        result.digests[dataset.name] = digest.hex()
        result.files.append(stage_part(task.folder, dataset, task.partition, 0, encoder))


def _check(task: DayTask, result: CheckedResult) -> None:
    """Read back what was written, and count what is wrong with it."""
    begin = task.source.period.start + task.day * DAY
    # With the texts of few values among them.
    names: dict[str, tuple[list[str], list[str]]] = {
        PURCHASES.name: (["purchase_id", "ts_utc", "ts_local", "tzid"], ["tzid"]),
        TRUTH.name: (["purchase_id"], []),
    }
    written = {}
    for entry in result.files:
        if entry.dataset in names:
            columns, texts = names[entry.dataset]
            part = open_part(task.folder, entry, texts)
            written[entry.dataset] = part.read(columns, use_threads=False)
    if written:
        purchases, truth = written[PURCHASES.name], written[TRUTH.name]
        check_day(result.checks, purchases, truth, begin, begin + DAY, task.purchases)
    stays = sum(entry.rows for entry in result.files if entry.dataset == STAYS.name)
    result.checks.add("rows", task.stays, abs(stays - task.stays))
