"""Values to the bytes of a page, from runs where there are any.

Source: Apache Parquet, "Encodings". Integers are little-endian; ``n`` stands for the values of a page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.parquet.thrift import varint, zigzag

_BLOCK, _MINIBLOCK = 128, 32
_MINIBLOCKS = _BLOCK // _MINIBLOCK
_BLOCK_HEAD = 1 + _MINIBLOCKS
_POWERS = 1 << np.arange(63)
_PACKED_AT_ONCE = 8
_LONGEST_INDEX_BYTES = 3
_INDEX_TYPES = (np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4"))


def index_dtype(size: int) -> np.dtype[Any]:
    """Return the type of a place in a dictionary of so many values; written in whole bytes, three of the four."""
    return next(kind for kind in _INDEX_TYPES if size <= 1 << 8 * kind.itemsize)


def repeated(lengths: NDArray[np.int64]) -> bytes:
    """Return dictionary places 0, 1, 2, ..., each so many times (RLE_DICTIONARY, repeated runs only).

    Args:
        lengths: How often each comes, int64 (places,), 0 < length < 2^34.
    """
    kind = index_dtype(len(lengths))
    groups = lengths[:, None] << 1 >> np.arange(0, 35, 7)
    has_more = groups > 0x7F  # noqa: PLR2004 - seven bits
    heads = groups & 0x7F | has_more << 7
    places = _index_bytes(np.arange(len(lengths), dtype=kind))
    # Rows of head and place; those bytes of a head that are not needed are left out.
    rows = np.hstack([heads.astype(np.uint8), places])
    is_used = np.hstack([groups > 0, np.ones(places.shape, bool)])
    content: bytes = rows[is_used].tobytes()
    return bytes([8 * places.shape[1]]) + content


def packed(indices: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.uint8]:
    """Return dictionary places as they are (RLE_DICTIONARY, one packed run).

    Args:
        indices: Places, (n,), of a type of ``index_dtype``.
    """
    places = _index_bytes(indices)
    width = places.shape[1]
    groups = -(-len(indices) // _PACKED_AT_ONCE)
    head = bytes([8 * width]) + varint(groups << 1 | 1)
    content = np.zeros(len(head) + groups * _PACKED_AT_ONCE * width, np.uint8)
    content[: len(head)] = np.frombuffer(head, np.uint8)
    content[len(head) : len(head) + places.size] = places.ravel()
    return content


def _index_bytes(indices: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.uint8]:
    """Return the bytes of places in rows, uint8 (n, 1 to 3).

    Four bytes are cut to three, which 2^24 values fit in: fastparquet misreads indices of 32 bits.
    """
    places = indices.view(np.uint8).reshape(-1, indices.itemsize)
    return places[:, :_LONGEST_INDEX_BYTES]


def counted_up(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> bytes:
    """Return runs of integers, each one more than the last (DELTA_BINARY_PACKED).

    Of every difference 1 is taken off, so all are 0 but those between two runs, and a miniblock that has
    none of these takes no byte.

    Args:
        starts: First integer of each run, int64 (runs,), >= 0; each after the last of the run before it.
        lengths: Integers of each run, int64 (runs,), > 0.
    """
    ends = np.cumsum(lengths)
    count = int(ends[-1])
    gaps = starts[1:] - starts[:-1] - lengths[:-1]
    is_gap = gaps > 0
    gaps, places = gaps[is_gap], ends[:-1][is_gap] - 1

    # Each miniblock that has a gap is as wide as its widest.
    minis, first_gaps, gaps_of = np.unique(
        places // _MINIBLOCK, return_index=True, return_counts=True
    )
    widths = np.searchsorted(_POWERS, gaps, side="right")
    if len(minis):
        widths = np.maximum.reduceat(widths, first_gaps)
    sizes = _MINIBLOCK * widths // 8

    # A block is its head (the least difference, four widths) and the miniblocks that are not all 0.
    blocks = -(-(count - 1) // _BLOCK)
    before = np.append(0, np.cumsum(sizes))
    block_of = minis // _MINIBLOCKS
    first_minis = np.searchsorted(block_of, np.arange(blocks))
    heads = np.arange(blocks) * _BLOCK_HEAD + before[first_minis]
    body = np.zeros(blocks * _BLOCK_HEAD + before[-1], np.uint8)
    body[heads] = zigzag(1)[0]
    body[heads[block_of] + 1 + minis % _MINIBLOCKS] = widths

    begins = (block_of + 1) * _BLOCK_HEAD + before[:-1]
    first_bits = places % _MINIBLOCK * np.repeat(widths, gaps_of)
    _add_bits(body, 8 * np.repeat(begins, gaps_of) + first_bits, gaps)
    head = varint(_BLOCK) + varint(_MINIBLOCKS) + varint(count) + zigzag(int(starts[0]))
    return head + body.tobytes()


def _add_bits(
    content: NDArray[np.uint8], first_bits: NDArray[np.int64], numbers: NDArray[np.int64]
) -> None:
    """Write numbers, the lowest bit first, where there are zeros.

    Args:
        content: Bytes.
        first_bits: Where each number begins, bits from the beginning, int64 (n,).
        numbers: Integers >= 0, int64 (n,).
    """
    targets, shifts = first_bits >> 3, first_bits & 7
    # A byte may hold bits of several numbers, which plain assignment would lose.
    np.bitwise_or.at(content, targets, ((numbers & 0xFF) << shifts & 0xFF).astype(np.uint8))
    rest = numbers >> 8 - shifts
    for byte in range(1, 9):
        held = rest > 0
        targets, rest = targets[held], rest[held]
        np.bitwise_or.at(content, targets + byte, (rest & 0xFF).astype(np.uint8))
        rest = rest >> 8


def plain_texts(texts: list[bytes]) -> bytes:
    """Return texts, each after its length (PLAIN)."""
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
