"""Pages of runs hold what a reader that knows nothing of runs makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.parquet import (
    Encoding,
    Page,
    Writer,
    counted_up,
    index_dtype,
    looked_up,
    numbers,
    packed,
    plain,
    repeated,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.kernels.parquet import Chunk

GAPS = st.one_of(*(st.integers(0, 1 << bits) for bits in (2, 9, 17, 33, 50)))


def read(chunk: Chunk, kind: pa.DataType) -> NDArray[Any]:
    """Return the values that pyarrow reads, checksums verified."""
    writer = Writer(pa.schema([pa.field("x", kind, nullable=False)]), ["x"])
    writer.write({"x": chunk})
    source = pa.BufferReader(writer.finish())
    table = pq.ParquetFile(source, page_checksum_verification=True).read()
    return np.asarray(table["x"].to_numpy())


def counted(starts: list[int], lengths: list[int]) -> NDArray[np.int64]:
    """Return what is read of runs that count up."""
    first, count = np.array(starts), np.array(lengths)
    page = Page.of(counted_up(first, count), int(count.sum()), Encoding.DELTA_BINARY_PACKED)
    last = first[-1] + count[-1] - 1
    return read(numbers(np.int64(first[0]), np.int64(last), page), pa.int64())


def expanded(starts: list[int], lengths: list[int]) -> list[int]:
    """Return the same, one by one."""
    return [
        start + step
        for start, length in zip(starts, lengths, strict=True)
        for step in range(length)
    ]


@given(st.lists(st.tuples(GAPS, st.integers(1, 300)), min_size=1, max_size=60))
def test_runs_that_count_up_are_read_as_all_their_integers(runs: list[tuple[int, int]]) -> None:
    """Whatever lies between two runs, nothing too, and wherever they end within blocks of 32 and 128."""
    starts, at = [], 0
    for gap, length in runs:
        starts.append(at + gap)
        at += gap + length
    lengths = [length for _, length in runs]
    assert counted(starts, lengths).tolist() == expanded(starts, lengths)


@pytest.mark.parametrize("length", [1, 2, 31, 32, 33, 127, 128, 129, 130, 257, 5000])
@pytest.mark.parametrize(
    "gap", [1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**60, 2**61, 2**62]
)
def test_gaps_of_every_width_at_every_place_of_a_block(length: int, gap: int) -> None:
    starts, lengths = [3, 3 + length + gap, 3 + 2 * length + gap + 1], [length] * 3
    assert counted(starts, lengths).tolist() == expanded(starts, lengths)


def test_a_long_run_takes_five_bytes_for_128_integers() -> None:
    content = counted_up(np.array([7]), np.array([1 << 20]))
    assert len(content) < 5 * (1 << 20) / 128 + 16


@pytest.mark.parametrize("count", [1, 2, 128, 129, 130, 256, 257, 258, 1000])
def test_a_run_takes_a_head_and_five_bytes_for_each_block_that_is_begun(count: int) -> None:
    """Of the differences, one less than the integers."""
    content = counted_up(np.array([7]), np.array([count]))
    head = 2 + 1 + (1 if count < 128 else 2) + 1  # 128, 4, how many integers, the first of them
    assert len(content) == head + 5 * -(-(count - 1) // 128)
    assert content[head:] == bytes([2, 0, 0, 0, 0]) * -(-(count - 1) // 128)


def test_a_single_integer_needs_no_block() -> None:
    assert counted([123456789], [1]).tolist() == [123456789]


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=600))
def test_values_that_repeat_are_read_as_often_as_they_come(lengths: list[int]) -> None:
    """Beyond 256 of them their places take two bytes."""
    dictionary = np.linspace(5.0, -7.0, len(lengths))
    page = Page.of(repeated(np.array(lengths)), sum(lengths), Encoding.RLE_DICTIONARY)
    got = read(looked_up(dictionary, page), pa.float64())
    assert (got == np.repeat(dictionary, lengths)).all()


@pytest.mark.parametrize("length", [1, 63, 64, 8191, 8192, 2**20, 2**20 + 1, 2**21])
def test_lengths_of_one_to_four_bytes(length: int) -> None:
    lengths = np.array([length, 1, length])
    page = Page.of(repeated(lengths), int(lengths.sum()), Encoding.RLE_DICTIONARY)
    got = read(looked_up(np.array([1, 2, 3], np.int32), page), pa.int32())
    assert (got == np.repeat([1, 2, 3], lengths)).all()


def test_more_values_than_two_bytes_can_tell_apart() -> None:
    lengths = np.full(70_000, 2)
    page = Page.of(repeated(lengths), 140_000, Encoding.RLE_DICTIONARY)
    dictionary = np.arange(70_000, dtype=np.int64)
    assert (read(looked_up(dictionary, page), pa.int64()) == np.repeat(dictionary, 2)).all()


@pytest.mark.parametrize(
    ("size", "itemsize"),
    [(1, 1), (129, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 4), (1 << 24, 4)],
)
def test_places_take_the_fewest_bytes_that_tell_the_values_apart(size: int, itemsize: int) -> None:
    """Published bytes depend on it."""
    kind = index_dtype(size)
    assert (kind.kind, kind.itemsize) == ("u", itemsize)


@pytest.mark.parametrize("size", [1, 2, 256, 257, 65_536, 65_537])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000, 200_003])
def test_packed_places_are_read_as_they_are(size: int, count: int) -> None:
    """Of one, two and four bytes; also where they do not fill the last group of eight."""
    places = np.random.default_rng(size + count).integers(0, size, count).astype(index_dtype(size))
    dictionary = np.arange(size) * 0.5
    page = Page.of(packed(places), count, Encoding.RLE_DICTIONARY)
    assert (read(looked_up(dictionary, page), pa.float64()) == dictionary[places]).all()


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).normal(size=1001),
        np.random.default_rng(2).integers(-(2**63), 2**63 - 1, 1001),
        np.random.default_rng(3).integers(-(2**31), 2**31 - 1, 17, np.int32),
    ],
    ids=lambda values: str(values.dtype),
)
def test_plain_numbers_are_read_as_they_are(values: NDArray[Any]) -> None:
    chunk = plain(values)
    assert (read(chunk, chunk.type) == values).all()
