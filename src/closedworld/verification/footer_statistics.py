"""What a Parquet footer states about its row groups, against the rows themselves.

Readers skip a row group by the smallest and largest value that the footer states, so a wrong one
hides rows that every other check sees.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.sanitize import quoted
from closedworld.verification.findings import Findings

CODE = "statistics"


class GroupRanges:
    """Smallest and largest value of each column of one row group, taken as its batches pass."""

    def __init__(self) -> None:
        self.rows = 0
        self._ranges: dict[str, tuple[Any, Any]] = {}
        self._nulls: Counter[str] = Counter()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the next rows."""
        if batch.num_rows == 0:
            return
        self.rows += batch.num_rows
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            self._nulls[name] += values.null_count
            found = _range(values)
            if found is not None:
                known = self._ranges.get(name, found)
                self._ranges[name] = min(known[0], found[0]), max(known[1], found[1])

    def compare(
        self, group: pq.RowGroupMetaData, number: int, where: tuple[str, str], findings: Findings
    ) -> None:
        """Find what the footer states otherwise.

        Args:
            group: What it states about the row group.
            number: Which row group of its file, from 0.
            where: Dataset and country.
            findings: Where findings go.
        """
        if group.num_rows != self.rows:
            message = f"row group {number} has {self.rows} rows; its footer says {group.num_rows}."
            findings.add("row-count", message, *where)
        checked = 0
        for position in range(group.num_columns):
            chunk = group.column(position)
            name = chunk.path_in_schema
            statistics = chunk.statistics
            extra = chunk.has_column_index or chunk.bloom_filter_offset is not None
            if extra or (statistics is not None and statistics.has_distinct_count):
                findings.add_unchecked(
                    "page indexes, bloom filters and counts of distinct values",
                    "none of them belongs in a published file; readers may go by them",
                    where[1],
                )
            if statistics is None:
                continue
            checked += 1
            for what, stated, real in self._claims(statistics, name):
                if stated != real:
                    findings.add(
                        CODE,
                        f"the footer says that the {what} of {name} is {quoted(stated)}.",
                        *where,
                        example={
                            "row_group": number,
                            "column": name,
                            "what": what,
                            "footer": _plain(stated),
                            "data": _plain(real),
                        },
                    )
        findings.add_check(
            "statistics in the footers: smallest, largest, nulls", checked, "columns"
        )

    def _claims(self, statistics: Any, name: str) -> list[tuple[str, Any, Any]]:
        """Return ``(what, stated, real)`` for everything that the footer claims about a column."""
        claims: list[tuple[str, Any, Any]] = []
        if statistics.has_null_count:
            claims.append(("number of nulls", statistics.null_count, self._nulls[name]))
        if statistics.has_min_max and name in self._ranges:
            least, most = self._ranges[name]
            claims.append(("smallest value", statistics.min_raw, least))
            claims.append(("largest value", statistics.max_raw, most))
        return claims


def _range(values: pa.Array) -> tuple[Any, Any] | None:
    """Return smallest and largest value, texts as bytes; None when all are NaN or null."""
    if values.null_count == len(values):
        return None
    if isinstance(values, pa.DictionaryArray):
        words = values.dictionary.cast(pa.binary()).to_pylist()
        if len(words) > 1:
            indices = values.indices.drop_null().to_numpy()
            used = np.bincount(indices, minlength=len(words)) > 0
            words = [word for word, is_used in zip(words, used, strict=True) if is_used]
        return min(words), max(words)
    present = values.drop_null()
    if pa.types.is_timestamp(present.type):
        present = present.view(pa.int64())
    numbers = present.to_numpy(zero_copy_only=False)
    least, most = numbers.min(), numbers.max()
    if least != least:  # noqa: PLR0124 -- NaN, which statistics leave out
        real = numbers[~np.isnan(numbers)]
        return (real.min().item(), real.max().item()) if len(real) else None
    return least.item(), most.item()


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
