"""Questions asked of the rows of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from closedworld.verification.runs import IdRuns, RunCollector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from closedworld.verification.files import Parts
    from closedworld.verification.findings import Account


def column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return a column of numbers without copying it."""
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=True))


@dataclass(slots=True)
class RowChecks:
    """Asks questions of the rows of one country in one dataset, and notes what is wrong.

    Attributes:
        account: Where findings go.
        parts: The files.
        ids: The ids seen so far, for datasets that have them.
    """

    account: Account
    parts: Parts
    ids: RunCollector = field(default_factory=RunCollector)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows, the column of the folder's country and the footers checked."""
        iso = self.parts.country_iso
        for batch in self.parts.batches(self.account, columns, with_footers=True):
            self.expect_text(batch, "country_iso", iso, "country-differs", f"not of {iso}.")
            yield batch

    def expect(
        self, batch: pa.RecordBatch, holds: NDArray[np.bool_], code: str, message: str
    ) -> None:
        """Note the rows for which something does not hold, bool (rows,)."""
        if not holds.all():
            self.note(batch, np.flatnonzero(~holds), code, message)

    def expect_text(
        self, batch: pa.RecordBatch, name: str, text: str, code: str, message: str
    ) -> None:
        """Note the rows whose text is another one; the column is a dictionary array."""
        values = batch.column(name)
        same = values.dictionary.cast(pa.binary()).to_numpy(zero_copy_only=False) == text.encode()
        if not np.all(same):
            self.expect(batch, np.asarray(same)[values.indices.to_numpy()], code, message)

    def expect_order(self, batch: pa.RecordBatch) -> None:
        """Note ids that stand twice or do not ascend, and keep all of them as a set."""
        twice, disordered = self.ids.add(column(batch, "tile_id"))
        self.note(batch, twice, "tile-twice", "the same tile_id as the row before.")
        self.note(batch, disordered, "order", "tile_id is smaller than in the row before.")

    def note(self, batch: pa.RecordBatch, rows: NDArray[np.intp], code: str, message: str) -> None:
        """Note rows by their positions."""
        if len(rows):
            self.account.find(
                code,
                message,
                dataset=self.parts.dataset,
                country_iso=self.parts.country_iso,
                example=example_of(batch, int(rows[0])),
                rows=len(rows),
            )

    def expect_same_tiles(self, found: IdRuns, index: IdRuns, n_cols: int) -> None:
        """Note tiles of the index that are missing here, and those that the index does not have."""
        place = self.parts.dataset, self.parts.country_iso
        for code, message, (count, first) in (
            ("tile-missing", "tiles of tile_index are not there.", index.without(found)),
            ("tile-extra", "tiles that tile_index does not have.", found.without(index)),
        ):
            if count:
                row, col = divmod(first, n_cols)
                example = {"tile_id": first, "raster_row": row, "raster_col": col}
                self.account.find(code, message, *place, example=example, rows=count)


def example_of(batch: pa.RecordBatch, row: int) -> dict[str, Any]:
    """Return a row by column; empty when a damaged text cannot be read."""
    try:
        return dict(batch.slice(row, 1).to_pylist()[0])
    except UnicodeDecodeError:
        return {}
