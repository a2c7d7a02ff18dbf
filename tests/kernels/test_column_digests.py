"""Digests of columns: the law by hand, whatever batches and dictionaries the rows come in."""

from __future__ import annotations

import hashlib
import itertools
import struct
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.datasets import Column, Dataset
from closedworld.kernels.digests import ColumnDigest
from closedworld.verification.value_digests import digest_of_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = ["", "a", "", None, "Zürich", "東京", None, "a"]
REALS = [0.0, -0.0, None, 1.5, float("inf"), -2.0, None, 3.0]


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def integers(values: Sequence[int]) -> bytes:
    return sha(b"".join(struct.pack("<Q", value) for value in values))


def digest(kind: pa.DataType, *arrays: pa.Array, nullable: bool) -> bytes:
    found = ColumnDigest(pa.field("x", kind, nullable))
    for array in arrays:
        found.add(array)
    return found.finish()


def test_texts_are_their_lengths_and_their_bytes() -> None:
    expected = sha(integers([0, 7, 1]) + sha("Zürich!".encode()))
    assert digest(pa.string(), pa.array(["", "Zürich", "!"]), nullable=False) == expected


def test_no_texts_have_no_lengths_even_without_any_buffer() -> None:
    empty = pa.Array.from_buffers(pa.string(), 0, [None, None, pa.py_buffer(b"")])
    for array in (empty, pa.array([], pa.string())):
        assert digest(pa.string(), array, nullable=False) == sha(integers([]) + sha(b""))


def test_missing_values_are_told_apart_from_those_that_are_there() -> None:
    texts = pa.array(TEXTS, pa.string())
    present = [text for text in TEXTS if text is not None]
    column = sha(
        integers([len(text.encode()) for text in present]) + sha("".join(present).encode())
    )
    expected = sha(integers([int(text is not None) for text in TEXTS]) + column)
    assert digest(pa.string(), texts, nullable=True) == expected


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (pa.string(), [None, "a"], ["", "a"]),
        (pa.string(), ["a", None], [None, "a"]),
        (pa.string(), ["ab", "c"], ["a", "bc"]),
        (pa.float64(), [None, 1.0], [float("nan"), 1.0]),
        (pa.float64(), [None, 1.0], [0.0, 1.0]),
    ],
)
def test_other_values_have_another_digest(kind: pa.DataType, one: Any, other: Any) -> None:
    assert digest(kind, pa.array(one, kind), nullable=True) != digest(
        kind, pa.array(other, kind), nullable=True
    )


@given(st.lists(st.integers(0, 8), max_size=3), st.sampled_from([TEXTS, REALS]), st.booleans())
def test_batches_and_dictionaries_leave_no_trace(
    cuts: list[int],
    values: list[Any],
    by_dictionary: bool,  # noqa: FBT001 - drawn, not called
) -> None:
    kind = pa.string() if values is TEXTS else pa.float64()
    whole = pa.array(values, kind)
    bounds = [0, *sorted(cuts), len(values)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(bounds)]
    if by_dictionary:
        pieces = [piece.dictionary_encode() for piece in pieces]
    assert digest(kind, *pieces, nullable=True) == digest(kind, whole, nullable=True)


def test_a_value_that_may_not_be_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        digest(pa.string(), pa.array(["a", None]), nullable=False)


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="no digest of"):
        ColumnDigest(pa.field("x", pa.list_(pa.int64())))
    with pytest.raises(TypeError, match="is int32, not int64"):
        digest(pa.int64(), pa.array([1], pa.int32()), nullable=False)


@pytest.mark.parametrize("zone", ["UTC", None])
def test_times_are_microseconds_since_1970(zone: str | None) -> None:
    times = pa.array([0, 1_767_225_600_000_000, -1], pa.timestamp("us", zone))
    assert digest(times.type, times, nullable=False) == integers(
        [0, 1_767_225_600_000_000, 2**64 - 1]
    )


def test_truth_values_are_1_and_0() -> None:
    assert digest(pa.bool_(), pa.array([True, False, True]), nullable=False) == integers([1, 0, 1])


def test_times_of_another_unit_are_refused() -> None:
    with pytest.raises(TypeError, match="no digest of"):
        ColumnDigest(pa.field("x", pa.timestamp("ns")))


@pytest.mark.parametrize("kind", [pa.int64(), pa.bool_()])
def test_integers_and_truth_values_with_gaps_are_no_column(kind: pa.DataType) -> None:
    with pytest.raises(ValueError, match="nullable"):
        Column("n", kind, "", nullable=True)


def test_verification_comes_to_the_same_by_its_own_code() -> None:
    dataset = Dataset(
        "made_up",
        (
            Column("country_iso", pa.string(), ""),
            Column("number", pa.int64(), ""),
            Column("name", pa.string(), ""),
            Column("note", pa.string(), "", nullable=True),
            Column("share", pa.float64(), "", nullable=True),
            Column("ts_utc", pa.timestamp("us", "UTC"), ""),
            Column("ts_local", pa.timestamp("us"), "", nullable=True),
            Column("is_fraud", pa.bool_(), ""),
        ),
        key=("country_iso", "number"),
    )
    rows = pa.record_batch(
        [
            pa.array(["DE"] * 8),
            pa.array(range(8), pa.int64()),
            pa.array([text or "-" for text in TEXTS]),
            pa.array(TEXTS),
            pa.array(REALS),
            pa.array(range(8), pa.timestamp("us", "UTC")),
            pa.array([None, *range(7)], pa.timestamp("us")),
            pa.array([True, False] * 4),
        ],
        schema=dataset.schema,
    )
    assert dataset.digest_of([rows[:3], rows[3:]]) == digest_of_columns(rows, dataset)
