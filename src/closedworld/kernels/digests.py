"""Digests of values, however a file holds them (docs/decisions/0012-digests.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class ColumnDigest:
    """SHA-256 of a column as its rows pass; how they come, in which batches or in a dictionary, leaves no trace.

    Args:
        field: The column: integers, reals, texts, times (as integers: microseconds since 1970) or truth values (as
            1 and 0).

    Raises:
        TypeError: It holds something else.
    """

    def __init__(self, field: pa.Field) -> None:
        kind = field.type
        has_digest = (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_string(kind)
            or pa.types.is_boolean(kind)
            or (pa.types.is_timestamp(kind) and kind.unit == "us")
        )
        if not has_digest:
            raise TypeError(f"no digest of {kind}, column {field.name}")
        self._field = field
        self._is_present = hashlib.sha256() if field.nullable else None
        self._lengths = hashlib.sha256() if pa.types.is_string(kind) else None
        self._values = hashlib.sha256()

    def add(self, values: pa.Array) -> None:
        """Add the next rows.

        Raises:
            TypeError: They are of another type than the column.
            ValueError: A value is missing, and the column is not nullable.
        """
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if values.type != self._field.type:
            raise TypeError(f"column {self._field.name} is {values.type}, not {self._field.type}")
        if self._is_present is not None:
            is_present = np.ones(len(values), np.int64)
            if values.null_count:
                is_present[:] = values.is_valid().to_numpy(zero_copy_only=False)
                values = values.drop_null()
            self._is_present.update(_integers(is_present))
        elif values.null_count:
            raise ValueError(f"column {self._field.name} has missing values")
        if self._lengths is not None:
            _, offsets, content = values.buffers()
            bounds = np.frombuffer(offsets or bytes(4), np.int32)[values.offset :][
                : len(values) + 1
            ]
            self._lengths.update(_integers(np.diff(bounds)))
            self._values.update(memoryview(content or b"")[bounds[0] : bounds[-1]])
        else:
            numbers = _numbers(values)
            self._values.update(
                _reals(numbers) if numbers.dtype.kind == "f" else _integers(numbers)
            )

    def finish(self) -> bytes:
        """Return the digest of all rows that were added."""
        digest = self._values.digest()
        if self._lengths is not None:
            digest = digest_of_digests(self._lengths.digest(), digest)
        if self._is_present is not None:
            digest = digest_of_digests(self._is_present.digest(), digest)
        return digest


def digest_of_integers(values: NDArray[Any]) -> bytes:
    """Return SHA-256 of integers in order, each 64 bits, unsigned, little-endian."""
    return hashlib.sha256(_integers(values)).digest()


def digest_of_reals(values: NDArray[Any]) -> bytes:
    """Return SHA-256 of real numbers in order, each IEEE 754 binary64, little-endian, -0 as 0."""
    return hashlib.sha256(_reals(values)).digest()


def digest_of_text(text: str) -> bytes:
    """Return SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).digest()


def digest_of_digests(*digests: bytes) -> bytes:
    """Return SHA-256 of digests one after another."""
    return hashlib.sha256(b"".join(digests)).digest()


def digest_of_dataset(name: str, countries: Mapping[str, bytes]) -> str:
    """Return the digest of a dataset's values, lower-case hex, from those of its countries."""
    lines = [f"closedworld values 1 {name}\n"]
    lines += [f"{iso} {countries[iso].hex()}\n" for iso in sorted(countries)]
    return digest_of_text("".join(lines)).hex()


def _numbers(values: pa.Array) -> NDArray[Any]:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    return values.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _integers(values: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(values, "<i8").data


def _reals(values: NDArray[Any]) -> memoryview:
    return (values.astype("<f8") + 0.0).data
