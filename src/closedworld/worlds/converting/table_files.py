"""Tables as CSV, quoted only where a value needs it, as pandas and spreadsheets write it, or as Parquet."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from closedworld.store.atomic import whole_file

_NEEDS_QUOTES = '[",\r\n]'


def write_tables(out: Path, tables: Iterator[pa.Table]) -> None:
    """Write tables of the same columns, at least one, as a .parquet or .csv file; replaced if there.

    Raises:
        PublishError: ``output-not-writable``.
    """
    first = next(tables)
    names, every = first.column_names, itertools.chain([first], tables)
    with whole_file(out) as staged:
        if out.suffix.lower() == ".parquet":
            with pq.ParquetWriter(staged, first.schema) as writer:
                for table in every:
                    writer.write_table(table)
        else:
            with pa.OSFile(str(staged), "wb") as file:
                file.write(csv_lines(pa.table([pa.array([name]) for name in names], names=names)))
                for table in every:
                    file.write(csv_lines(table))


def csv_lines(table: pa.Table) -> bytes:
    """Return the rows of a table as CSV in UTF-8; what is missing is empty.

    Args:
        table: Columns of text, integers, reals or times; reals are written with the digits they need, times to seconds.
    """
    fields = [_field(column) for column in table.columns]
    last = pc.binary_join_element_wise(fields[-1], "\n", "")
    lines = pc.binary_join_element_wise(*fields[:-1], last, ",") if len(fields) > 1 else last
    lines = pa.chunked_array(lines) if isinstance(lines, pa.Array) else lines
    return b"".join(_bytes_of(chunk) for chunk in lines.chunks)


def decimals(values: NDArray[np.float64], digits: int) -> pa.Array:
    """Return numbers as text with a fixed number of decimals, null for NaN."""
    known = np.isfinite(values)
    scaled = np.rint(np.where(known, values, 0.0) * 10**digits).astype(np.int64)
    whole, part = np.divmod(np.abs(scaled), 10**digits)
    text = pc.binary_join_element_wise(
        pc.if_else(pa.array(scaled < 0), "-", ""), pa.array(whole).cast(pa.string()), ""
    )
    fraction = pc.utf8_lpad(pa.array(part).cast(pa.string()), digits, "0")
    joined = pc.binary_join_element_wise(text, fraction, ".")
    return pc.if_else(pa.array(known), joined, pa.scalar(None, pa.string()))


def _field(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s"), safe=False)
    text = pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return text
    needs = pc.match_substring_regex(text, _NEEDS_QUOTES)
    if not pc.any(needs).as_py():
        return text
    doubled = pc.replace_substring(text, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), text)


def _bytes_of(lines: pa.Array) -> bytes:
    """Return texts one after another: the bytes that Arrow holds them in."""
    large = lines.cast(pa.large_string())
    offsets = np.frombuffer(large.buffers()[1], np.int64)[
        large.offset : large.offset + len(large) + 1
    ]
    if not len(large):
        return b""
    return bytes(memoryview(large.buffers()[2])[int(offsets[0]) : int(offsets[-1])])
