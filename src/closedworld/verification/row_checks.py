"""Checks of rows that every dataset needs: constant columns, order, uniqueness, footers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.verification.country_files import CountryFiles
from closedworld.verification.id_runs import IdRuns, RunCollector

_CODES = {"country_iso": "country-differs", "inclusion_rule": "rule"}
"""Codes of findings by column; that of any other constant column is the column's name."""


def column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return a column of numbers without copying it, integers unsigned: one below 0 is far out of range."""
    values = np.asarray(batch.column(name).to_numpy(zero_copy_only=True))
    return values.view(f"u{values.itemsize}") if values.dtype.kind == "i" else values


@dataclass(slots=True)
class RowChecks:
    """Checks the rows of one country in one dataset.

    Attributes:
        files: The files.
        constants: Columns that hold one value, and which, besides the country.
        ids: The ids seen so far, for datasets that have them.
    """

    files: CountryFiles
    constants: Mapping[str, str | int] = field(default_factory=dict)
    ids: RunCollector = field(default_factory=RunCollector)
    _last_key: list[NDArray[Any]] = field(default_factory=list)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows; constant columns, order, uniqueness and footers are checked."""
        constants = {self.files.dataset.partition: self.files.country_iso, **self.constants}
        for batch in self.files.batches(self.files.columns, with_footers=True):
            for name, value in constants.items():
                message = f"{name} is not {value}."
                wrong = ~_equals(batch, name, value)
                self.files.add_rows(batch, wrong, _CODES.get(name, name), message)
            self._check_order(batch)
            if "tile_id" in self.files.columns:
                self.ids.add(column(batch, "tile_id"))
            yield batch

    def whole(self) -> pa.RecordBatch:
        """Return all rows, checked as ``batches`` does; for datasets with few rows."""
        batches = list(self.batches())
        if sum(map(len, batches)) == 0:
            return pa.RecordBatch.from_pylist([], self.files.dataset.schema)
        (batch,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
        return batch

    def _check_order(self, batch: pa.RecordBatch) -> None:
        """Find rows whose key is not after that of the row before, also of the batch before."""
        names = [name for name in self.files.dataset.key if name != self.files.dataset.partition]
        keys = [column(batch, name) for name in names]
        if self._last_key:
            keys = [np.append(last, key) for last, key in zip(self._last_key, keys, strict=True)]
        same, after = (np.full(max(len(keys[0]) - 1, 0), start) for start in (True, False))
        for key in keys:
            after |= same & (key[1:] > key[:-1])
            same &= key[1:] == key[:-1]
        self._last_key = [key[-1:] for key in keys]
        # The very first row has none before it.
        twice, falls = (
            np.pad(one, (batch.num_rows - len(same), 0)) for one in (same, ~(after | same))
        )
        what = ", ".join(names)
        finding = "tile-twice" if names == ["tile_id"] else "order"
        self.files.add_rows(batch, twice, finding, f"the same {what} as the row before.")
        message = f"{what} is smaller than in the row before."
        self.files.add_rows(batch, falls, "order", message)

    def expect_same_tiles(self, found: IdRuns, index: IdRuns, n_cols: int) -> None:
        """Find tiles of the index that are missing here, and those that the index does not have."""
        for code, message, (count, first) in (
            ("tile-missing", "tiles of tile_index are not there.", index.without(found)),
            ("tile-extra", "tiles that tile_index does not have.", found.without(index)),
        ):
            if count:
                row, col = divmod(first, n_cols)
                example = {"tile_id": first, "raster_row": row, "raster_col": col}
                self.files.add(code, message, example=example, rows=count)


def _equals(batch: pa.RecordBatch, name: str, value: str | int) -> NDArray[np.bool_]:
    """Return which rows hold a value, bool (rows,); texts are dictionary arrays."""
    if not isinstance(value, str):
        return np.asarray(column(batch, name) == value)
    words = batch.column(name)
    texts = words.dictionary.cast(pa.binary()).to_numpy(zero_copy_only=False)
    is_word: NDArray[np.bool_] = np.asarray(texts == value.encode())
    if is_word.all():
        return np.ones(1, np.bool_)
    return np.asarray(is_word[words.indices.to_numpy()])
