"""Results of tasks that write rows, digest them and check them; and what those of all tasks come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.datasets import Dataset, Partition
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.stages.checking import CheckCounts
from closedworld.stages.task_runner import stage_part
from closedworld.stages.tasks import DigestedResult
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
        self.files.append(stage_part(folder, dataset, partition, number, encoder))
        return self.files[-1]


def partition_digests(
    folder: Storage, datasets: Iterable[Dataset], results: Sequence[CheckedResult]
) -> dict[str, bytes]:
    """Return the digest of a partition's rows in each dataset.

    Args:
        folder: Staging folder; rows that lie in several files are read again.
        datasets: The datasets of the stage.
        results: Results of the tasks of the partition, in order.
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
