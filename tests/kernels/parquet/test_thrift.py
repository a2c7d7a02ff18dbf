"""Numbers of Parquet's metadata, in groups of seven bits."""

from __future__ import annotations

import pytest

from closedworld.kernels.parquet.thrift import (
    Value,
    binary,
    flag,
    i32,
    i64,
    sequence,
    struct,
    varint,
    zigzag,
)


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


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (flag(value=True), 1),
        (flag(value=False), 2),
        (i32(-1), 5),
        (i64(300), 6),
        (binary(b"x"), 8),
        (sequence([i32(0)]), 9),
        (struct({1: i32(0)}), 12),
    ],
)
def test_a_list_has_its_length_beside_the_type_up_to_14_and_apart_from_15_on(
    value: Value, kind: int
) -> None:
    """The types are those of the compact protocol."""
    assert value[0] == kind
    for count in (1, 14):
        assert sequence([value] * count) == (9, bytes([count << 4 | kind]) + value[1] * count)
    for count in (15, 16, 300):
        head = bytes([0xF0 | kind]) + varint(count)
        assert sequence([value] * count) == (9, head + value[1] * count)


def test_fields_say_how_far_they_are_from_the_one_before() -> None:
    kind, content = struct({1: i32(1), 3: binary(b"ab"), 12: flag(value=False)})
    assert (kind, content) == (12, b"\x15\x02" + b"\x28\x02ab" + b"\x92" + b"\x00")
