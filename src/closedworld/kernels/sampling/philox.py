"""Philox4x32-10: random bits as a function of a key and a counter, with nothing kept in between.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC '11, https://doi.org/10.1145/2063384.2063405. NumPy's own Philox has one key per generator object,
and a million ids would need a million of them; here keys and counters are arrays.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = "NDArray[np.uint64]"
"""Words of 32 bits, one to an element of uint64, so that their products fit."""

_ROUNDS = 10
_FACTORS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_WORD_BITS = np.uint64(32)


def philox4x32(
    counter: tuple[Words, Words, Words, Words], key: tuple[Words, Words]
) -> tuple[Words, Words, Words, Words]:
    """Return four random words for each counter and key.

    Args:
        counter: Four words, uint64 (n,) with values below 2^32 each.
        key: Two words, likewise.

    Returns:
        Four words, uint64 (n,) with values below 2^32 each. Other counters or keys give other,
        independent words; the same ones give the same everywhere.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for number in range(_ROUNDS):
        if number:
            k0, k1 = k0 + _KEY_STEPS[0] & _LOW, k1 + _KEY_STEPS[1] & _LOW
        even, odd = c0 * _FACTORS[0], c2 * _FACTORS[1]
        c0, c1, c2, c3 = (
            (odd >> _WORD_BITS) ^ c1 ^ k0,
            odd & _LOW,
            (even >> _WORD_BITS) ^ c3 ^ k1,
            even & _LOW,
        )
    return c0, c1, c2, c3
