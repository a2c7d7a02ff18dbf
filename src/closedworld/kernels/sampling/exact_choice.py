"""Choices between two parts of a whole, with exactly the probability of their weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws

_BITS = 64
_UNIT = 2.0**-64
_DOUBT = 2.0**-50
"""Above what rounding does to a share and to a number: 2^-52 each at most."""

_MORE_BITS = 1 << 8
"""Draws of later bits are numbered so far from those of the first ones."""


def chooses_first(
    parts: NDArray[np.uint64],
    wholes: NDArray[np.uint64],
    numbers: NDArray[np.uint64],
    draws: StreamDraws,
    choice: int,
) -> NDArray[np.bool_]:
    """Return whether a real number in 0..1 lies below part / whole for each draw, bool (n,).

    Exactly: where 64 bits of the number do not tell, it has more.

    Args:
        parts: Weight of the first side, uint64 (n,), at most that of both.
        wholes: Weight of both sides, > 0, uint64 (n,).
        numbers: First 64 bits of each number, uint64 (n,).
        draws: The draws, n; they give the later bits.
        choice: Number of the choice, below 256.
    """
    share = parts.astype(np.float64) / wholes.astype(np.float64)
    number = numbers.astype(np.float64) * _UNIT
    first: NDArray[np.bool_] = number < share
    for i in np.flatnonzero(np.abs(number - share) < _DOUBT).tolist():
        first[i] = _below(
            int(parts[i]), int(wholes[i]), int(numbers[i]), draws.take(slice(i, i + 1)), choice
        )
    return first


def _below(part: int, whole: int, bits: int, draw: StreamDraws, choice: int) -> bool:
    known = _BITS
    while True:
        if (bits + 1) * whole <= part << known:
            return True
        if bits * whole >= part << known:
            return False
        more = _MORE_BITS * (known // _BITS) + choice
        high, low, _, _ = draw.words(Purpose.TILE, more)
        bits, known = bits << _BITS | int(high[0]) << 32 | int(low[0]), known + _BITS
