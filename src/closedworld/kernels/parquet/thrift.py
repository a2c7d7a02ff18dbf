"""Thrift's compact protocol, as far as Parquet's headers need it.

Source: Apache Thrift, "Thrift compact protocol encoding". Only writing: files are read by pyarrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

Value: TypeAlias = "tuple[int, bytes]"
"""The code of a type, and the value's bytes."""

_TRUE, _FALSE, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 2, 5, 6, 8, 9, 12
_LOW, _MORE = 0x7F, 0x80
"""Seven bits of a number, and that there are more."""

_SHORT_LIST = 14
"""Elements of a list whose number stands in its first byte."""


def varint(number: int) -> bytes:
    """Return a number >= 0 in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > _LOW:
        groups.append(number & _LOW | _MORE)
        number >>= 7
    groups.append(number)
    return bytes(groups)


@lru_cache(1 << 12)
def zigzag(number: int) -> bytes:
    """Return a signed number, those near zero short: 0, -1, 1, -2, ..."""
    return varint(2 * number if number >= 0 else -2 * number - 1)


def flag(value: bool) -> Value:  # noqa: FBT001 - the value, not a switch
    """Return a truth value; the type says it all."""
    return (_TRUE if value else _FALSE), b""


def i32(number: int) -> Value:
    """Return an integer of four bytes."""
    return _I32, zigzag(number)


def i64(number: int) -> Value:
    """Return an integer of eight bytes."""
    return _I64, zigzag(number)


def binary(content: bytes) -> Value:
    """Return bytes, which a text is too."""
    return _BINARY, varint(len(content)) + content


def sequence(values: Sequence[Value]) -> Value:
    """Return a list of values of one type, at least one."""
    kind, count = values[0][0], len(values)
    head = (
        bytes([count << 4 | kind]) if count <= _SHORT_LIST else bytes([0xF0 | kind]) + varint(count)
    )
    return _LIST, head + b"".join(content for _, content in values)


def struct(fields: Mapping[int, Value]) -> Value:
    """Return a record; fields by their number, 1 to 15 apart at most, ascending."""
    content, last = bytearray(), 0
    for number, (kind, value) in fields.items():
        content.append((number - last) << 4 | kind)
        content += value
        last = number
    return _STRUCT, bytes(content) + b"\0"
