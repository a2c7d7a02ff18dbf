"""Part files: what puts the bytes of one Parquet file together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.datasets.dataset import Dataset
from closedworld.kernels.parquet import Writer

_ZSTD_LEVEL = 1
INDEXED = pa.dictionary(pa.int32(), pa.string())
"""Type of texts that come with a dictionary of their own."""

_ROWS_PER_PAGE = 1 << 16
"""pyarrow's 20,000 would have zstd set up three times as often, and see each longitude but once or twice."""


def part_writer(dataset: Dataset) -> Writer:
    """Return a writer for a dataset with a row per tile, which is encoded from runs."""
    return Writer(dataset.schema, dataset.key)


class PartEncoder:
    """Puts a part file of any other dataset together in memory, row group by row group.

    Columns may be nullable, and of any type that the engines of docs/decisions/0023-files-for-every-engine.md
    read: texts, int32, int64, float64, bool, times in microseconds with UTC or without a zone. A column without an encoding of its own gets a dictionary, and is PLAIN
    from where the dictionary grows beyond a megabyte. A part is a few megabytes, so it is hashed and written in one go and never seen half done.

    Args:
        dataset: The dataset.
        indexed: Texts of which each batch brings a dictionary array with int32 indices, its values those of the rows
            alone, in order of appearance, less than a megabyte of them: the bytes are the same, in half of the time.
    """

    def __init__(self, dataset: Dataset, indexed: Collection[str] = ()) -> None:
        self._dataset, self._indexed = dataset, frozenset(indexed)
        self._schema = pa.schema(
            [one.with_type(INDEXED) if one.name in indexed else one for one in dataset.schema]
        )
        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(
            self._sink,
            self._schema,
            version="2.6",
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=[name for name in self._schema.names if name not in dataset.encodings],
            column_encoding=dataset.encodings,
            write_statistics=True,
            write_page_checksum=True,
            write_batch_size=_ROWS_PER_PAGE,
            max_rows_per_page=_ROWS_PER_PAGE,
            # The Arrow schema would make readers see dictionaries; Parquet's types say it all.
            store_schema=False,
            sorting_columns=pq.SortingColumn.from_ordering(
                self._schema, [(name, "ascending") for name in dataset.key]
            ),
        )
        self.rows = 0

    def write(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Append one row group; its bytes do not depend on how it is cut into batches.

        Args:
            batches: At least one, with the dataset's columns in any order, a single one if texts are indexed; any other
                text may come as a dictionary array as well, which makes no difference either.

        Raises:
            ValueError: A column is missing, or one too many; or a value is, in a column that is not
                nullable; or texts are indexed and there are several batches.
            TypeError: A column has another type.
        """
        if self._indexed and len(batches) > 1:
            raise ValueError(
                f"{self._dataset.name}: indexed texts of a row group have one dictionary"
            )
        table = pa.Table.from_batches([self._checked(batch) for batch in batches])
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows

    def finish(self) -> pa.Buffer:
        """Return the bytes of the file; without a batch it has the schema and no row group."""
        self._writer.close()
        return self._sink.getvalue()

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the columns as the dataset states them."""
        name = self._dataset.name
        odd = sorted(set(batch.schema.names) ^ set(self._schema.names))
        if odd:
            raise ValueError(f"{name}: missing or unknown columns {', '.join(odd)}")
        columns = []
        for field in self._schema:
            values = batch[field.name]
            if pa.types.is_dictionary(values.type) and field.name not in self._indexed:
                values = values.dictionary_decode()
            if values.type != field.type:
                raise TypeError(f"{name}: column {field.name} is {values.type}, not {field.type}")
            if values.null_count and not field.nullable:
                raise ValueError(f"{name}: column {field.name} has missing values")
            columns.append(values)
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)
