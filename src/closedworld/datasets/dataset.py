"""What a dataset is: columns with their types, meanings and encodings, an order of rows, a partition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import pyarrow as pa

from closedworld.kernels.digests import ColumnDigest, digest_of_digests


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset.

    Its Arrow type also says how its values are digested: as integers, reals or texts; times are integers, and so
    are truth values (docs/decisions/0012-digests.md).

    Attributes:
        name: Its name; it means the same in every dataset that has it.
        type: Arrow type that readers see.
        meaning: What its values are, in Markdown, units and ranges included.
        encoding: Parquet encoding where pyarrow writes the dataset; None for a dictionary. Datasets
            with a row per tile are encoded from runs instead (``closedworld.kernels.parquet``).
        nullable: Whether a value may be missing, which is not the same as an empty text or NaN. Only texts, reals
            and times may: pandas turns integers with gaps into reals, and truth values into objects.
    """

    name: str
    type: pa.DataType
    meaning: str
    encoding: str | None = None
    nullable: bool = False

    def __post_init__(self) -> None:
        """Refuse integers and truth values with gaps."""
        if self.nullable and (pa.types.is_integer(self.type) or pa.types.is_boolean(self.type)):
            raise ValueError(f"column {self.name}: {self.type} cannot be nullable")

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
        return pa.schema([pa.field(one.name, one.type, one.nullable) for one in self.columns])

    @property
    def encodings(self) -> dict[str, str]:
        """Parquet encoding by column; a column without one is dictionary-encoded."""
        return {one.name: one.encoding for one in self.columns if one.encoding is not None}

    def digest_of(self, batches: Iterable[pa.RecordBatch]) -> bytes:
        """Return the digest of the rows of a partition: that of the digests of its other columns.

        Args:
            batches: The rows, however they are cut; a text may come as a dictionary array.

        Raises:
            KeyError: A column is missing.
            TypeError: A column has another type, or one without a digest.
            ValueError: A value is missing in a column that is not nullable.
        """
        digests = {
            field.name: ColumnDigest(field) for field in self.schema if field.name != self.partition
        }
        for batch in batches:
            for name, digest in digests.items():
                digest.add(batch[name])
        return digest_of_digests(*(digest.finish() for digest in digests.values()))
