"""Results of tasks that write rows, digest them and check them; and what those of all tasks come to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.datasets import Dataset, Partition
from closedworld.datasets.parameters import Stated
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.kernels.records import Records
from closedworld.stages.checking import CheckCounts, stage_validation
from closedworld.stages.protocol import Folded, Outcome_co, StagePlan
from closedworld.stages.runner import timed
from closedworld.stages.task_runner import TaskRunner, stage_part
from closedworld.stages.tasks import DigestedResult, Task
from closedworld.store.protocol import Storage
from closedworld.store.reading import open_part
from closedworld.store.receipt import FileEntry


@dataclass(slots=True)
class CheckedResult(DigestedResult):
    """What was written.

    Attributes:
        digests: Digest of the rows that it wrote of each dataset, lower-case hex.
        checks: What was counted.
    """

    checks: CheckCounts = field(default_factory=CheckCounts)

    def write(
        self, folder: Storage, dataset: Dataset, partition: Partition, number: int, rows: pa.Table
    ) -> FileEntry:
        """Write a part file of one row group, or of none without rows; keep its entry and the digest of the rows.

        Raises:
            PublishError: ``output-not-writable``.
        """
        batches, encoder = rows.to_batches(), PartEncoder(dataset)
        if rows.num_rows:
            encoder.write(batches)
        self.digests[dataset.name] = dataset.digest_of(batches).hex()
        entry = stage_part(folder, dataset, partition, number, encoder)
        self.files.append(entry)
        return entry


class CheckedTask(Task, Protocol):
    """A task of one partition."""

    @property
    def partition(self) -> Partition:
        """The partition."""

    @property
    def number(self) -> int:
        """Which of the partition's tasks, from 0."""


T = TypeVar("T", bound=CheckedTask)


class CheckedPlan(StagePlan[T, CheckedResult, Outcome_co]):
    """A plan whose tasks check what they have written; a failed check publishes nothing.

    Attributes:
        claims: What each check claims.
        invalid_code: Code of the error when a check has failed.
    """

    task_result: ClassVar[type[CheckedResult]] = CheckedResult
    claims: ClassVar[Mapping[str, str]]
    invalid_code: ClassVar[str]

    @abstractmethod
    def summaries(self) -> Iterable[Any]:
        """Return what is reported of each partition, ascending by its value."""

    @abstractmethod
    def totals(self, summaries: Sequence[Any]) -> Stated:
        """Return the totals of the receipt."""

    def check_written(
        self, folder: Storage, files: Sequence[FileEntry], counts: CheckCounts
    ) -> None:
        """Check what only the files of all tasks together show."""

    def fold(self, runner: TaskRunner, written: Iterable[tuple[T, CheckedResult, bool]]) -> Folded:
        """Return what all results come to, once every check has passed.

        Raises:
            IntegrityError: ``invalid_code``: a check has failed.
        """
        folded, folder = Folded(), runner.staging.folder
        results: dict[str, dict[int, CheckedResult]] = {}
        for task, result, is_last in written:
            partition = task.partition.value
            own = results.setdefault(partition, {})
            own[task.number] = result
            folded.files += result.files
            if is_last:
                # While others are at work, as rows of several files are read again.
                folded.digests[partition] = _digests(folder, self.parameters.datasets, own.values())
        with timed(self.stage, "checks", runner.observer):
            counts = CheckCounts()
            for _, own in sorted(results.items()):
                for _, result in sorted(own.items()):
                    counts.merge(result.checks)
            self.check_written(folder, folded.files, counts)
        validation = stage_validation(
            folder, self.stage.name, counts, self.claims, self.invalid_code
        )
        folded.files.append(validation)
        folded.summaries = Records.of(self.summaries())
        folded.totals = self.totals(folded.summaries.items)
        return folded


def _digests(
    folder: Storage, datasets: Iterable[Dataset], results: Collection[CheckedResult]
) -> dict[str, bytes]:
    """Return the digest of a partition's rows in each dataset.

    Args:
        folder: Staging folder; rows that lie in several files are read again.
        datasets: The datasets of the stage.
        results: Results of the tasks of the partition.
    """
    digests = {}
    for dataset in datasets:
        own = [one.digests[dataset.name] for one in results if dataset.name in one.digests]
        if len(own) == 1:
            digests[dataset.name] = bytes.fromhex(own[0])
        elif own:
            files = [entry for one in results for entry in one.files]
            batches = (
                batch.cast(dataset.schema)
                for file in staged_parts(folder, files, dataset)
                for batch in file.iter_batches(use_threads=False)
            )
            digests[dataset.name] = dataset.digest_of(batches)
    return digests


def staged_parts(
    folder: Storage, files: Iterable[FileEntry], dataset: Dataset
) -> Iterator[pq.ParquetFile]:
    """Yield the staged part files of a dataset, in order."""
    for entry in sorted(files):
        if entry.dataset == dataset.name:
            yield open_part(folder, entry)
