"""The part files of a country in one dataset: reading what can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import Dataset
from closedworld.sanitize import library_message
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry
from closedworld.verification.findings import Findings
from closedworld.verification.footer_statistics import GroupRanges

BATCH_ROWS = 1 << 17
"""Rows in memory at once, of each column that is read."""

READ_ERRORS = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises over a damaged file."""


@dataclass(slots=True)
class CountryFiles:
    """The part files of one country in one dataset that can be read.

    Attributes:
        published: The result.
        dataset: Dataset.
        country_iso: Country, by the files' names.
        findings: Where findings go.
        entries: Files, by part number.
        is_whole: Whether every file is there and readable; otherwise nothing follows from its rows.
    """

    published: Published
    dataset: Dataset
    country_iso: str
    findings: Findings
    entries: list[FileEntry] = field(default_factory=list)
    is_whole: bool = True

    @property
    def columns(self) -> list[str]:
        """Names of the dataset's columns, in order."""
        return list(self.dataset.schema.names)

    def add(
        self, code: str, message: str, *, example: dict[str, Any] | None = None, rows: int = 0
    ) -> None:
        """Add a finding about this country in this dataset."""
        self.findings.add(
            code, message, self.dataset.name, self.country_iso, example=example, rows=rows
        )

    def add_rows(
        self, rows: pa.RecordBatch | pa.Table, wrong: NDArray[np.bool_], code: str, message: str
    ) -> None:
        """Add a finding about rows, the first of them as its example; none if no row is wrong.

        Args:
            rows: Rows of the dataset.
            wrong: Which of them the finding is about, bool (rows,).
            code: Code of the finding.
            message: What is wrong with them.
        """
        if wrong.any():
            example = _example(rows, int(np.argmax(wrong)))
            self.add(code, message, example=example, rows=int(np.count_nonzero(wrong)))

    def has(self, code: str) -> bool:
        """Return whether there is such a finding about this country in this dataset."""
        return self.findings.has(code, self.dataset.name, self.country_iso)

    def cannot_read(self, entry: FileEntry, error: BaseException) -> None:
        """Add the finding for a damaged file."""
        self.is_whole = False
        name = PurePosixPath(entry.path).name
        self.add("file-unreadable", f"{name} cannot be read: {library_message(error)}.")

    def batches(
        self, columns: Sequence[str], *, with_footers: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, texts as dictionary arrays; damage ends it with a finding.

        Args:
            columns: Names of the columns to read.
            with_footers: Whether the statistics in the footers are compared with the columns read.
        """
        texts = [f.name for f in self.dataset.schema if pa.types.is_string(f.type)]
        # pyarrow 26 can crash the process over damaged statistics; the damage is found already.
        with_footers = with_footers and not self.has("file-digest")
        for entry in self.entries:
            try:
                with self.published.open_parquet(entry, texts) as file:
                    for number in range(file.num_row_groups):
                        ranges = GroupRanges()
                        for batch in file.iter_batches(BATCH_ROWS, [number], list(columns)):
                            if with_footers:
                                ranges.add(batch)
                            yield batch
                        if with_footers:
                            where = self.dataset.name, self.country_iso
                            group = file.metadata.row_group(number)
                            ranges.compare(group, number, where, self.findings)
            except READ_ERRORS as error:
                self.cannot_read(entry, error)
                return
            # Or the pages of every file read so far stay with pyarrow: 80 MiB for a world.
            pa.default_memory_pool().release_unused()


def _example(rows: pa.RecordBatch | pa.Table, row: int) -> dict[str, Any]:
    """Return a row by column; empty when a damaged text cannot be read."""
    try:
        return dict(rows.slice(row, 1).to_pylist()[0])
    except UnicodeDecodeError:
        return {}
