"""Numbers of Parquet's metadata, in groups of seven bits."""

from __future__ import annotations

import pytest

from closedworld.kernels.parquet.thrift import varint, zigzag


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, b"\0"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (1 << 14, b"\x80\x80\x01"),
    ],
)
def test_a_number_takes_a_byte_for_each_seven_bits(number: int, expected: bytes) -> None:
    assert varint(number) == expected


def test_numbers_near_zero_are_short() -> None:
    assert [zigzag(number)[0] for number in (0, -1, 1, -2, 2)] == [0, 1, 2, 3, 4]
