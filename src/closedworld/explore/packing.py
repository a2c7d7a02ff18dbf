"""Arrays as text in a page: integers cut into bytes, deflated, in base64.

``page/codec.js`` is the reader.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

_BYTES = 4


def packed(values: NDArray[np.integer]) -> str:
    """Return integers as text.

    After zigzag (0, -1, 1, -2 become 0, 1, 2, 3), the lowest bytes of all come first, then the next ones, as many as the
    largest needs: what deflates worst is together. The first byte says how many there are.

    Args:
        values: Any order, integer (n,), magnitudes below 2^31.
    """
    signed = np.asarray(values, np.int64)
    zigzag = (signed << 1) ^ (signed >> 63)
    n_bytes = max(1, -(-int(zigzag.max(initial=0)).bit_length() // 8))
    if n_bytes > _BYTES:
        raise ValueError(f"{signed.max()} does not fit 31 bits")
    planes = [(zigzag >> 8 * place).astype(np.uint8) for place in range(n_bytes)]
    return packed_bytes(np.concatenate([np.array([n_bytes], np.uint8), *planes]))


def packed_bytes(content: NDArray[np.uint8]) -> str:
    """Return bytes, uint8 (n,), as text."""
    return base64.b64encode(zlib.compress(content.tobytes(), 9)).decode("ascii")


def deltas(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the differences of neighbours, the first from 0, int64 (n,)."""
    return np.diff(values, prepend=0)
