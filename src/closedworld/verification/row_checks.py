"""Checks of rows that every dataset needs: constant columns, order, uniqueness, footers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from closedworld.verification.id_runs import IdRuns, RunCollector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from closedworld.verification.country_files import CountryFiles

_CODES = {"country_iso": "country-differs", "inclusion_rule": "rule"}
"""Codes of findings by column; that of any other constant column is the column's name."""


def column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return a column of numbers without copying it."""
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=True))


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

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows; constant columns, footers and the order of tile ids are checked."""
        constants = {"country_iso": self.files.country_iso, **self.constants}
        for batch in self.files.batches(self.files.columns, with_footers=True):
            for name, value in constants.items():
                message = f"{name} is not {value}."
                self.expect(batch, _equals(batch, name, value), _CODES.get(name, name), message)
            if "tile_id" in self.files.columns:
                twice, disordered = self.ids.add(column(batch, "tile_id"))
                self.note(batch, twice, "tile-twice", "the same tile_id as the row before.")
                self.note(batch, disordered, "order", "tile_id is smaller than in the row before.")
            yield batch

    def whole(self) -> pa.RecordBatch:
        """Return all rows, checked; the order of runs, too. For datasets with few rows."""
        batches = list(self.batches())
        if sum(map(len, batches)) == 0:
            return pa.RecordBatch.from_pylist([], self.files.dataset.schema)
        (batch,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
        if "col_start" in self.files.columns:
            rows, starts = (column(batch, n).astype(np.int64) for n in ("raster_row", "col_start"))
            step = np.diff(rows)
            ascends = np.append(True, (step > 0) | ((step == 0) & (np.diff(starts) > 0)))
            self.expect(batch, ascends, "order", "does not come after the run before.")
        return batch

    def expect(
        self, batch: pa.RecordBatch, holds: NDArray[np.bool_], code: str, message: str
    ) -> None:
        """Find the rows for which something does not hold, bool (rows,)."""
        if not holds.all():
            self.note(batch, np.flatnonzero(~holds), code, message)

    def note(self, batch: pa.RecordBatch, rows: NDArray[np.intp], code: str, message: str) -> None:
        """Add a finding about rows by their positions; none for none."""
        if len(rows):
            example = _example(batch, int(rows[0]))
            self.files.add(code, message, example=example, rows=len(rows))

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


def _example(batch: pa.RecordBatch, row: int) -> dict[str, Any]:
    """Return a row by column; empty when a damaged text cannot be read."""
    try:
        return dict(batch.slice(row, 1).to_pylist()[0])
    except UnicodeDecodeError:
        return {}
