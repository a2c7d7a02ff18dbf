"""Pages: encoded values, compressed, with a checksum, behind their header.

Source: Apache Parquet, ``parquet.thrift``: PageHeader, DataPageHeader, DictionaryPageHeader.
"""

from __future__ import annotations

import enum
import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.parquet.thrift import i32, struct

ZSTD_LEVEL = 1
"""Where nothing else was measured."""


class Encoding(enum.IntEnum):
    """How values become bytes; numbers of the format."""

    PLAIN = 0
    RLE = 3
    DELTA_BINARY_PACKED = 5
    RLE_DICTIONARY = 8


class Codec(enum.IntEnum):
    """How the bytes of a page are compressed; numbers of the format."""

    UNCOMPRESSED = 0
    ZSTD = 6

    def compress(self, content: pa.Buffer, level: int) -> bytes:
        """Return the compressed bytes."""
        if self is Codec.UNCOMPRESSED:
            return bytes(content)
        codec = pa.Codec("zstd", compression_level=level)
        compressed: bytes = codec.compress(content, asbytes=True)
        return compressed


class Kind(enum.IntEnum):
    """What a page holds; numbers of the format."""

    DATA = 0
    DICTIONARY = 2


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it stands in the file; may stand in several columns.

    Attributes:
        kind: Values, or what values are looked up in.
        encoding: Of its values.
        codec: Of its bytes.
        count: Values.
        content: Header and compressed values.
        plain_bytes: Bytes of header and values before they are compressed.
    """

    kind: Kind
    encoding: Encoding
    codec: Codec
    count: int
    content: bytes
    plain_bytes: int

    @classmethod
    def of(
        cls,
        values: bytes | NDArray[np.generic],
        count: int,
        encoding: Encoding,
        *,
        kind: Kind = Kind.DATA,
        codec: Codec = Codec.ZSTD,
        level: int = ZSTD_LEVEL,
    ) -> Self:
        """Return the page of encoded values.

        Args:
            values: Their bytes; of an array, as they lie in memory. No column has nulls or lists, so there are no levels before them.
            count: How many.
            encoding: Their encoding.
            kind: What they are.
            codec: What to compress them with.
            level: How hard zstd tries.
        """
        content = pa.py_buffer(values)
        body = codec.compress(content, level)
        own = {1: i32(count), 2: i32(encoding)}
        if kind is Kind.DATA:
            # Of definition and repetition levels, which must be stated.
            own |= {3: i32(Encoding.RLE), 4: i32(Encoding.RLE)}
        checksum = zlib.crc32(body)
        _, header = struct(
            {
                1: i32(kind),
                2: i32(content.size),
                3: i32(len(body)),
                4: i32(checksum - (checksum >> 31 << 32)),
                (5 if kind is Kind.DATA else 7): struct(own),
            }
        )
        return cls(kind, encoding, codec, count, header + body, len(header) + content.size)
