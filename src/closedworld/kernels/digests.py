"""Digests of values, however a file holds them (docs/decisions/0012-digests.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray


def digest_of_column(values: NDArray[Any]) -> bytes:
    """Return SHA-256 of integers or of real numbers in order, as the type of the array says.

    Raises:
        TypeError: They are neither.
    """
    if values.dtype.kind not in "if":
        raise TypeError(f"no digest of {values.dtype}")
    return digest_of_reals(values) if values.dtype.kind == "f" else digest_of_integers(values)


def digest_of_integers(values: NDArray[Any]) -> bytes:
    """Return SHA-256 of integers in order, each 64 bits, unsigned, little-endian."""
    return hashlib.sha256(values.astype("<u8").tobytes()).digest()


def digest_of_reals(values: NDArray[Any]) -> bytes:
    """Return SHA-256 of real numbers in order, each IEEE 754 binary64, little-endian, -0 as 0."""
    return hashlib.sha256((values.astype("<f8") + 0.0).tobytes()).digest()


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
