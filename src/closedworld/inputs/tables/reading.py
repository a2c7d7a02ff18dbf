"""A table from a file or from Python, with the columns of CSV as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from closedworld.errors import InputError
from closedworld.sanitize import library_message

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")

_DELIMITERS = ",;\t|"
_HEADER_BYTES = 1 << 20
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BLOCK_BYTES = 1 << 24


def read_table(path: Path) -> pa.Table:
    """Return the table in a CSV or Parquet file.

    Every column of CSV is text, whatever it looks like: NA is Namibia, 007 is not 7; empty is null. Columns may
    be separated by commas, semicolons, tabs or bars; UTF-8 with or without a byte order mark, or UTF-16.

    Raises:
        InputError: ``input-missing``, ``input-not-a-file``, ``input-format``, ``input-unreadable``.
    """
    if not path.exists():
        raise InputError("input-missing", f"{path} does not exist.", "Check the path.")
    # Not even opened: a pipe would be waited for.
    if not path.is_file():
        raise InputError(
            "input-not-a-file", f"{path} is not a regular file.", "Write it to a file first."
        )
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            "input-format",
            f"{path} is not named {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.",
            "Save it as CSV or Parquet, for example from a spreadsheet by 'CSV UTF-8'.",
        )
    try:
        if suffix == ".parquet":
            return pq.ParquetFile(path).read()
        return pacsv.read_csv(path, **csv_options(path, _BLOCK_BYTES))
    except (OSError, pa.ArrowException, csv.Error) as error:
        what = "'CSV UTF-8', in which every row has as many columns as the first"
        raise InputError(
            "input-unreadable",
            f"{path} cannot be read: {library_message(error)}.",
            f"Save it again as {what if suffix != '.parquet' else 'Parquet'}.",
        ) from error
    except UnicodeError as error:
        raise InputError(
            "input-unreadable",
            f"{path} is not text in UTF-8: {library_message(error)}.",
            "Save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv (or from UTF-16LE)",
        ) from error


def table_of(source: Any) -> pa.Table:
    """Return the table of anything that gives an Arrow stream: pyarrow, pandas, Polars, DuckDB.

    Raises:
        InputError: ``table-kind``.
    """
    if isinstance(source, pa.Table):
        return source
    # The stream that a GeoDataFrame inherits from pandas fails on its geometry.
    stream = source.to_arrow() if hasattr(source, "to_wkb") else source
    if hasattr(stream, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(stream).read_all()
    raise InputError(
        "table-kind",
        f"a {type(source).__name__} is not a table.",
        "Give a path, or a table of pyarrow, pandas, Polars or DuckDB.",
    )


def csv_header(path: Path) -> tuple[str, str, list[str]]:
    """Return encoding, delimiter and names of the columns of a CSV file, from its first line.

    Raises:
        OSError, UnicodeError, csv.Error: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    encoding = "utf-16" if head.startswith(_UTF_16) else "utf-8-sig"
    text = head.decode(encoding, "ignore" if len(head) == _HEADER_BYTES else "strict")
    if "\0" in text:
        raise UnicodeError("it has zero bytes, as UTF-16 without a byte order mark does")
    delimiter = _delimiter_of(text)
    names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    return encoding.removesuffix("-sig"), delimiter, names


def csv_options(
    path: Path, block_bytes: int, columns: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return how pyarrow is to read a CSV file: every column as text, empty as null.

    Args:
        path: The file.
        block_bytes: Bytes that are read at a time.
        columns: Those that are read; None for all.

    Raises:
        OSError, UnicodeError, csv.Error: It cannot be read.
    """
    encoding, delimiter, names = csv_header(path)
    return {
        "read_options": pacsv.ReadOptions(encoding=encoding, block_size=block_bytes),
        "parse_options": pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        "convert_options": pacsv.ConvertOptions(
            include_columns=columns,
            column_types={name: pa.string() for name in columns or names},
            null_values=[""],
            strings_can_be_null=True,
        ),
    }


def _delimiter_of(text: str) -> str:
    """Return what separates the columns: what the first line has most of outside of quotes."""
    lines = text.splitlines()
    bare = "".join((lines[0] if lines else "").split('"')[::2])
    return max(_DELIMITERS, key=bare.count)
