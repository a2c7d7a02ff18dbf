"""Part files: what puts the bytes of one Parquet file together."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.datasets.dataset import Dataset
from closedworld.kernels.parquet import Writer

_ZSTD_LEVEL = 1
_ROWS_PER_PAGE = 1 << 16
"""pyarrow's 20,000 would have zstd set up three times as often, and see each longitude but once or twice."""


def part_writer(dataset: Dataset) -> Writer:
    """Return a writer for a dataset with a row per tile, which is encoded from runs."""
    return Writer(dataset.schema, dataset.key)


class PartEncoder:
    """Puts a part file of any other dataset together in memory, row group by row group.

    A part is a few megabytes, so it is hashed and written in one go and never seen half done.

    Args:
        dataset: The dataset.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._sink = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def write(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Append one row group; its bytes do not depend on how it is cut into batches.

        Args:
            batches: At least one, with the dataset's columns in any order; a text may come as a
                dictionary array.

        Raises:
            ValueError: A column is missing, or one too many.
            TypeError: A column has another type.
        """
        if self._writer is None:
            self._writer = self._open(batches[0].schema)
        schema = self._writer.schema
        table = pa.Table.from_batches(
            [
                pa.RecordBatch.from_arrays([batch[name] for name in schema.names], schema=schema)
                for batch in batches
            ]
        )
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows

    def finish(self) -> pa.Buffer:
        """Return the bytes of the file; without a batch it has the schema and no row group."""
        (self._writer or self._open(self._dataset.schema)).close()
        return self._sink.getvalue()

    def _open(self, given: pa.Schema) -> pq.ParquetWriter:
        """Return a writer of the dataset's columns, dictionary arrays written as they come."""
        dataset, schema = self._dataset, self._dataset.schema
        odd = sorted(set(given.names) ^ set(schema.names))
        if odd:
            raise ValueError(f"{dataset.name}: missing or unknown columns {', '.join(odd)}")
        fields = []
        for field in schema:
            kind = given.field(field.name).type
            plain = kind.value_type if pa.types.is_dictionary(kind) else kind
            if field.type != plain:
                raise TypeError(f"{dataset.name}: column {field.name} is {plain}, not {field.type}")
            fields.append(field.with_type(kind))
        return pq.ParquetWriter(
            self._sink,
            pa.schema(fields),
            version="2.6",
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=[name for name in schema.names if name not in dataset.encodings],
            column_encoding=dataset.encodings,
            write_statistics=True,
            write_page_checksum=True,
            write_batch_size=_ROWS_PER_PAGE,
            max_rows_per_page=_ROWS_PER_PAGE,
            # The Arrow schema would make readers see dictionaries; Parquet's types say it all.
            store_schema=False,
            sorting_columns=pq.SortingColumn.from_ordering(
                schema, [(name, "ascending") for name in dataset.key]
            ),
        )
