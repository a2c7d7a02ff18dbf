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

FourWords: TypeAlias = "tuple[Words, Words, Words, Words]"

_ROUNDS = 10
_FACTORS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_WORD_BITS = np.uint64(32)
_CHUNK = 1 << 13  # words that stay in the processor's cache through all rounds


def philox4x32(counter: FourWords, key: tuple[Words, Words]) -> FourWords:
    """Return four random words for each counter and key.

    Args:
        counter: Four words, uint64 (n,) with values below 2^32 each; some of them may be one for all, uint64 ().
        key: Two words, likewise.

    Returns:
        Four words, uint64 (n,) with values below 2^32 each. Other counters or keys give other,
        independent words; the same ones give the same everywhere.
    """
    # Half the time of np.broadcast_arrays for the few words of a small country.
    every = np.empty((4, next(len(word) for word in counter if np.ndim(word))), np.uint64)
    for own, word in zip(every, counter, strict=True):
        own[:] = word
    keys = [np.atleast_1d(word) for word in key]
    for begin in range(0, every.shape[1], _CHUNK):
        chunk = slice(begin, begin + _CHUNK)
        own_keys = [(one[chunk] if len(one) > 1 else one).copy() for one in keys]
        _encrypt(list(every[:, chunk]), own_keys)
    return every[0], every[1], every[2], every[3]


def _encrypt(words: list[Words], keys: list[Words]) -> None:
    """Replace the words of some counters by random ones; keys, one for each or for all, are used up."""
    (c0, c1, c2, c3), (k0, k1) = words, keys
    even, odd = np.empty_like(c0), np.empty_like(c0)
    for number in range(_ROUNDS):
        if number:
            k0 += _KEY_STEPS[0]
            k1 += _KEY_STEPS[1]
        np.multiply(c0, _FACTORS[0], out=even)
        np.multiply(c2, _FACTORS[1], out=odd)
        np.right_shift(odd, _WORD_BITS, out=c0)
        c0 ^= c1
        c0 ^= k0
        c0 &= _LOW
        np.right_shift(even, _WORD_BITS, out=c2)
        c2 ^= c3
        c2 ^= k1
        c2 &= _LOW
        # Upper halves of these and of the keys end at the masks: they need none of their own.
        c1, odd = odd, c1
        c3, even = even, c3
    # An even number of rounds: words are where they were.
    c1 &= _LOW
    c3 &= _LOW
