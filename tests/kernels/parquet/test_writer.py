"""Files around the pages: what every reader sees of them, and that damage shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.kernels.parquet import Encoding, Page, Writer, constant, looked_up, plain, repeated

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.kernels.parquet import Chunk

SCHEMA = pa.schema(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("id", pa.int64(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("dp", pa.int32(), nullable=False),
        pa.field("lat", pa.float64(), nullable=False),
    ]
)


def chunks(text: str, first: int, rows: int, lat: float = 1.5) -> dict[str, Chunk]:
    """Return the columns of a row group, in another order than the schema's."""
    ids = np.arange(first, first + rows, dtype=np.int64)
    half = np.array([rows - rows // 2, rows // 2])
    page = Page.of(repeated(half[half > 0]), rows, Encoding.RLE_DICTIONARY)
    two = np.array([2**31 - 1, 7], np.int32)[: (half > 0).sum()]
    return {
        "lat": looked_up(np.array([lat, -lat])[: len(two)], page),
        "text": constant(text, rows),
        "id": plain(ids),
        "row": looked_up(two, page),
        "dp": constant(np.int32(-255), rows),
    }


def file_of(*groups: dict[str, Chunk]) -> pa.Buffer:
    writer = Writer(SCHEMA, ["text", "id"])
    for group in groups:
        writer.write(group)
    return writer.finish()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "part.parquet"
    path.write_bytes(file_of(chunks("Ä", -5, 5), chunks("Ö", 0, 2)))
    return path


EXPECTED: dict[str, list[Any]] = {
    "text": ["Ä"] * 5 + ["Ö"] * 2,
    "id": list(range(-5, 2)),
    "row": [2**31 - 1] * 3 + [7] * 2 + [2**31 - 1, 7],
    "dp": [-255] * 7,
    "lat": [1.5] * 3 + [-1.5] * 2 + [1.5, -1.5],
}


def test_pyarrow_reads_names_types_and_values(path: Path) -> None:
    table = pq.ParquetFile(path, page_checksum_verification=True).read()
    assert table.schema == SCHEMA
    assert table.to_pydict() == EXPECTED


def test_duckdb_and_polars_read_the_same(path: Path) -> None:
    assert duckdb.read_parquet(str(path)).to_arrow_table().to_pydict() == EXPECTED
    frame = pl.read_parquet(path)
    assert frame.to_dict(as_series=False) == EXPECTED
    assert frame.schema["id"] == pl.Int64
    assert frame.schema["dp"] == pl.Int32


def test_duckdb_finds_rows_by_the_limits_in_the_footer(path: Path) -> None:
    """A reader that took them for unsigned numbers would pass the row group over."""
    found = duckdb.read_parquet(str(path)).filter("id >= 0 AND row > 7")
    assert len(found.fetchall()) == 1


def test_the_footer_counts_what_the_file_holds(path: Path) -> None:
    metadata = pq.read_metadata(path)
    assert metadata.num_rows == 7
    assert [metadata.row_group(i).num_rows for i in range(2)] == [5, 2]
    end = 4
    for number in range(2):
        group = metadata.row_group(number)
        for index in range(len(SCHEMA)):
            column = group.column(index)
            begin = column.dictionary_page_offset or column.data_page_offset
            assert begin == end
            end = begin + column.total_compressed_size
        plain = sum(group.column(i).total_uncompressed_size for i in range(len(SCHEMA)))
        assert group.total_byte_size == plain
    footer = path.stat().st_size - metadata.serialized_size - 8
    assert end == footer


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("form", ["looked up", "plain"])
def test_zero_is_the_limit_of_both_zeros(zero: float, form: str) -> None:
    """A reader that looks for -0.0 must not pass over a chunk of 0.0 alone, and the reverse."""
    page = Page.of(repeated(np.array([2])), 2, Encoding.RLE_DICTIONARY)
    zeros = looked_up(np.array([zero]), page) if form == "looked up" else plain(np.full(2, zero))
    content = file_of({**chunks("x", 0, 2), "lat": zeros})
    limits = pq.read_metadata(pa.BufferReader(content)).row_group(0).column(4).statistics
    assert (limits.min, limits.max) == (0.0, 0.0)
    assert np.signbit(limits.min)
    assert not np.signbit(limits.max)


@pytest.mark.slow
def test_every_flipped_bit_of_a_page_is_noticed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    first = pq.read_metadata(path).row_group(0)
    end = first.column(4).data_page_offset + 8
    silent = []
    for at in range(4, end):
        for bit in range(8):
            content[at] ^= 1 << bit
            try:
                source = pa.BufferReader(bytes(content))
                read = pq.ParquetFile(source, page_checksum_verification=True).read()
                if read.to_pydict() != EXPECTED:
                    silent.append((at, bit))
            except (OSError, ValueError):
                pass
            content[at] ^= 1 << bit
    assert not silent


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"lat": None}, ValueError, "missing or unknown columns: lat"),
        ({"lon": constant(np.float64(1.0), 3)}, ValueError, "missing or unknown columns: lon"),
        ({"lat": constant(np.float64(1.0), 2)}, ValueError, "column lat has 2 rows, not 3"),
        ({"id": plain(np.arange(4))}, ValueError, "column id has 4 rows, not 3"),
        ({"lat": constant(np.float32(1.0), 3)}, TypeError, "column lat is float, not double"),
        ({"id": plain(np.arange(3, dtype=np.uint64))}, TypeError, "column id is uint64, not int64"),
        ({"row": plain(np.arange(3))}, TypeError, "column row is int64"),
        ({"dp": constant("3", 3)}, TypeError, "column dp is string, not int32"),
        (dict.fromkeys(SCHEMA.names), ValueError, "dp, id, lat, row, text"),
    ],
    ids=["missing", "unknown", "short", "long", "narrow", "unsigned", "wide", "text", "nothing"],
)
def test_chunks_that_do_not_fit_are_refused(
    changes: dict[str, Chunk | None], error: type[Exception], message: str
) -> None:
    """The message names the column; nothing is written."""
    group = {name: one for name, one in (chunks("x", 0, 3) | changes).items() if one is not None}
    writer = Writer(SCHEMA, ["id"])
    with pytest.raises(error, match=message):
        writer.write(group)
    assert writer.rows == 0


def test_a_file_without_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one row group"):
        Writer(SCHEMA, ["id"]).finish()


def test_a_nullable_column_is_refused() -> None:
    with pytest.raises(TypeError, match="missing values"):
        Writer(pa.schema([pa.field("id", pa.int64())]), ["id"])
