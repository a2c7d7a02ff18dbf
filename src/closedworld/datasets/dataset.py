"""What a dataset is: columns with their types, meanings and encodings, an order of rows, a partition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import pyarrow as pa

from closedworld.kernels.digests import digest_of_column, digest_of_digests


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset; no column has nulls.

    Its Arrow type also says how its values are digested: as integers or as reals
    (docs/decisions/0012-digests.md).

    Attributes:
        name: Its name; it means the same in every dataset that has it.
        type: Arrow type that readers see.
        meaning: What its values are, in Markdown, units and ranges included.
        encoding: Parquet encoding where pyarrow writes the dataset; None for a dictionary. Datasets
            with a row per tile are encoded from runs instead (``closedworld.kernels.parquet``).
    """

    name: str
    type: pa.DataType
    meaning: str
    encoding: str | None = None

    def encoded(self, encoding: str) -> Self:
        """Return the column with a Parquet encoding."""
        return replace(self, encoding=encoding)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset. Encodings were chosen by measuring (docs/decisions/0005-parquet-layout.md).

    Attributes:
        name: Folder name.
        columns: Columns in the order of the files.
        key: Columns that rows are sorted by, ascending, and unique on.
        partition: Column whose values name the files.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: str = "country_iso"

    @property
    def schema(self) -> pa.Schema:
        """Columns as read back."""
        return pa.schema([pa.field(one.name, one.type, nullable=False) for one in self.columns])

    @property
    def encodings(self) -> dict[str, str]:
        """Parquet encoding by column; a column without one is dictionary-encoded."""
        return {one.name: one.encoding for one in self.columns if one.encoding is not None}

    def digest_of(self, rows: pa.RecordBatch) -> bytes:
        """Return the digest of the rows of a partition: that of the digests of its other columns.

        Raises:
            KeyError: A column is missing.
            TypeError: A column has neither integers nor reals.
        """
        names = [one.name for one in self.columns if one.name != self.partition]
        return digest_of_digests(*(digest_of_column(rows[name].to_numpy()) for name in names))
