"""Part files: what puts the bytes of one Parquet file together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.kernels.parquet import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.datasets.schemas import DatasetSpec

_ZSTD_LEVEL = 1
_ROWS_PER_PAGE = 1 << 16
"""pyarrow's 20,000 would have zstd set up three times as often, and see each longitude but once or twice."""


def part_writer(spec: DatasetSpec) -> Writer:
    """Return a writer for a dataset with a row per tile, which is encoded from runs."""
    return Writer(spec.schema, spec.order)


class PartEncoder:
    """Puts a part file of any other dataset together in memory, row group by row group.

    A part is a few megabytes, so it is hashed and written in one go and never seen half done.

    Args:
        spec: The dataset.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        self._spec = spec
        self._sink = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def write(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Append one row group; its bytes do not depend on how it is cut into batches.

        Args:
            batches: At least one, with the dataset's columns in order; a text may come as a
                dictionary array.

        Raises:
            TypeError: When a column is not the dataset's.
        """
        if self._writer is None:
            self._writer = self._open(batches[0].schema)
        schema = self._writer.schema
        table = pa.Table.from_batches(
            [pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches]
        )
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows

    def finish(self) -> pa.Buffer:
        """Return the bytes of the file.

        Raises:
            ValueError: When no batch was written.
        """
        if self._writer is None:
            raise ValueError(f"a part of {self._spec.name} needs at least one batch")
        self._writer.close()
        return self._sink.getvalue()

    def _open(self, given: pa.Schema) -> pq.ParquetWriter:
        """Return a writer of the dataset's columns, dictionary arrays written as they come."""
        spec = self._spec
        fields = []
        for field, column in zip(spec.schema, given, strict=True):
            is_dictionary = pa.types.is_dictionary(column.type)
            plain = column.type.value_type if is_dictionary else column.type
            if field.name != column.name or field.type != plain:
                raise TypeError(f"{spec.name}: expected {field}, got {column}")
            fields.append(field.with_type(column.type))
        return pq.ParquetWriter(
            self._sink,
            pa.schema(fields),
            version="2.6",
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=[name for name in spec.schema.names if name not in spec.encodings],
            column_encoding=spec.encodings,
            write_statistics=True,
            write_page_checksum=True,
            write_batch_size=_ROWS_PER_PAGE,
            max_rows_per_page=_ROWS_PER_PAGE,
            # The Arrow schema would make readers see dictionaries; Parquet's types say it all.
            store_schema=False,
            sorting_columns=pq.SortingColumn.from_ordering(
                spec.schema, [(name, "ascending") for name in spec.order]
            ),
        )
