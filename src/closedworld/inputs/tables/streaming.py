"""Tables read batch by batch, however long they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.ipc as paipc
import pyarrow.parquet as pq

from closedworld.errors import InputError
from closedworld.inputs.tables.reading import csv_header, csv_options
from closedworld.sanitize import library_message, listed

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
_SUFFIXES = (*CSV_SUFFIXES, ".parquet", ".arrow", ".feather")
_PICKLES = (".pkl", ".pickle")
_BATCH_ROWS = 1 << 16
BLOCK_BYTES = 1 << 23
"""Bytes of CSV that are read at a time; several blocks are in memory, as threads read ahead."""


@dataclass(frozen=True, slots=True)
class TableStream:
    """A table that is read batch by batch.

    Attributes:
        name: Where it is from, for messages.
        columns: Names of its columns.
        size_bytes: About as many bytes as all its rows have, to divide work by.
        read: Yields batches of the named columns, in the order of the rows.
    """

    name: str
    columns: tuple[str, ...]
    size_bytes: int
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield batches of some columns.

        Raises:
            InputError: ``input-unreadable``.
        """
        try:
            yield from self.read(columns)
        except (OSError, pa.ArrowException, UnicodeError) as error:
            raise _unreadable(self.name, error) from error

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Return all rows of some columns; of a table without rows, as columns of text.

        Raises:
            InputError: ``input-unreadable``.
        """
        batches = list(self.batches(columns))
        empty = pa.schema([(name, pa.string()) for name in columns]).empty_table()
        return pa.Table.from_batches(batches) if batches else empty


def open_stream(path: Path) -> TableStream:
    """Open a CSV, Parquet or Arrow file, or a folder of such files, which are read by name.

    All columns of CSV are text. Pickles are refused: opening one runs code from the file.

    Raises:
        InputError: ``input-missing``, ``input-format``, ``input-pickle``, ``input-unreadable``,
            ``table-column-twice``.
    """
    if not path.exists():
        raise InputError("input-missing", f"{path} does not exist.", "Check the path.")
    files = [path]
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if not one.name.startswith((".", "_")))
    suffixes = {one.suffix.lower() for one in files}
    if suffixes & set(_PICKLES):
        raise _pickled(path)
    if len(suffixes) != 1 or not suffixes <= set(_SUFFIXES) or not all(map(Path.is_file, files)):
        what = "the files in it are" if path.is_dir() else "it is"
        raise InputError(
            "input-format",
            f"{path} cannot be read as purchases: {what} not all {listed(_SUFFIXES)}.",
            "Give a file, or a folder of files of one of these formats.",
        )
    try:
        stream = _open(path, files, suffixes.pop())
    except (OSError, pa.ArrowException, UnicodeError) as error:
        raise _unreadable(str(path), error) from error
    twice = [name for name, count in Counter(stream.columns).items() if count > 1]
    if twice:
        raise InputError(
            "table-column-twice",
            f"{path} has several columns named {listed(tuple(twice))}, and which one is meant cannot be known.",
            "Keep one of each name.",
        )
    return stream


def of_dataset(dataset: pads.Dataset, name: str, size_bytes: int) -> TableStream:
    """Return a dataset of Arrow as a stream, in the order of its files."""

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return dataset.to_batches(  # type: ignore[no-any-return]
            columns=list(columns), batch_size=_BATCH_ROWS, batch_readahead=2, fragment_readahead=1
        )

    return TableStream(name, tuple(dataset.schema.names), size_bytes, read)


def _open(path: Path, files: Sequence[Path], suffix: str) -> TableStream:
    sizes = sum(one.stat().st_size for one in files)
    if suffix in CSV_SUFFIXES:
        names = csv_header(files[0])[2]

        def read_csv(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
            for file in files:
                with pacsv.open_csv(file, **csv_options(file, BLOCK_BYTES, columns)) as reader:
                    yield from reader

        return TableStream(str(path), tuple(names), sizes, read_csv)
    if suffix == ".parquet":
        schema = pq.read_schema(files[0])

        def read_parquet(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
            for file in files:
                with pq.ParquetFile(file) as opened:
                    yield from opened.iter_batches(_BATCH_ROWS, columns=list(columns))

        return TableStream(str(path), tuple(schema.names), 3 * sizes, read_parquet)
    with paipc.open_file(files[0]) as first:
        names = first.schema.names

    def read_arrow(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for file in files:
            with pa.memory_map(str(file)) as source, paipc.open_file(source) as opened:
                for number in range(opened.num_record_batches):
                    yield opened.get_batch(number).select(list(columns))

    return TableStream(str(path), tuple(names), sizes, read_arrow)


def _pickled(path: Path) -> InputError:
    where = "sorted(pathlib.Path(sys.argv[1]).glob('*.pkl'))" if path.is_dir() else "[sys.argv[1]]"
    return InputError(
        "input-pickle",
        f"{path} holds pickles, which closedworld does not open: reading one runs code from the file.",
        "If you trust them, convert them in the environment that wrote them, then give purchases.parquet: "
        'python -c "import pandas, pathlib, sys; '
        f"pandas.concat(map(pandas.read_pickle, {where})).to_parquet('purchases.parquet')\" {path}",
    )


def _unreadable(name: str, error: Exception) -> InputError:
    return InputError(
        "input-unreadable",
        f"{name} cannot be read: {library_message(error)}.",
        "Write it again as Parquet, or as CSV in UTF-8 with as many columns in each row as in the first.",
    )
