"""Column chunks: the pages of one column of a row group, and its smallest and largest value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.parquet.encodings import plain_texts, repeated
from closedworld.kernels.parquet.pages import ZSTD_LEVEL, Codec, Encoding, Kind, Page


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a row group.

    Attributes:
        type: Arrow type of its values.
        pages: The dictionary, if there is one, and the values.
        minimum: Its smallest value, PLAIN without a length.
        maximum: Its largest value, likewise.
    """

    type: pa.DataType
    pages: tuple[Page, ...]
    minimum: bytes
    maximum: bytes

    @property
    def rows(self) -> int:
        """Number of values."""
        return self.pages[-1].count


def constant(value: str | np.generic, rows: int) -> Chunk:
    """Return a column of one value."""
    if isinstance(value, str):
        kind, plain = pa.string(), value.encode()
        stored = plain_texts([plain])
    else:
        kind = pa.from_numpy_dtype(value.dtype)
        plain = stored = value.tobytes()
    dictionary = Page.of(stored, 1, Encoding.PLAIN, kind=Kind.DICTIONARY, codec=Codec.UNCOMPRESSED)
    data = Page.of(
        repeated(np.array([rows])), rows, Encoding.RLE_DICTIONARY, codec=Codec.UNCOMPRESSED
    )
    return Chunk(kind, (dictionary, data), plain, plain)


def looked_up(dictionary: NDArray[Any], places: Page) -> Chunk:
    """Return a column of values looked up in a dictionary.

    Args:
        dictionary: Every value of the column, and no other.
        places: For each row, where its value stands there (RLE_DICTIONARY); columns may share it.
    """
    page = Page.of(dictionary.tobytes(), len(dictionary), Encoding.PLAIN, kind=Kind.DICTIONARY)
    return Chunk(pa.from_numpy_dtype(dictionary.dtype), (page, places), *_limits(dictionary))


def numbers(smallest: np.generic, largest: np.generic, values: Page) -> Chunk:
    """Return a column of encoded numbers, given its smallest and largest."""
    return Chunk(
        pa.from_numpy_dtype(smallest.dtype), (values,), smallest.tobytes(), largest.tobytes()
    )


def plain(values: NDArray[Any], level: int = ZSTD_LEVEL) -> Chunk:
    """Return a column of numbers as they are, int32, int64 or float64 (n,), given how hard zstd tries."""
    page = Page.of(values, len(values), Encoding.PLAIN, level=level)
    return Chunk(pa.from_numpy_dtype(values.dtype), (page,), *_limits(values))


def _limits(values: NDArray[Any]) -> tuple[bytes, bytes]:
    """Return the smallest and the largest value; a zero stands for both zeros, as the format asks."""
    smallest, largest = values.min(), values.max()
    if values.dtype.kind == "f":
        smallest = smallest or values.dtype.type(-0.0)
        largest = largest or values.dtype.type(0.0)
    return smallest.tobytes(), largest.tobytes()
