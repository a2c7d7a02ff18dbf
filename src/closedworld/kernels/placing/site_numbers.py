"""The numbers that lead a site down the tree: fresh ones for each step, or one for its block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.sampling.philox import FourWords, Words
from closedworld.kernels.sampling.random_streams import Keys, keyed_words

Shares: TypeAlias = "NDArray[np.float64]"

SPACING_BITS = 16
"""Bits of the number of sites with spacing that keep the sites of a merchant apart."""

POINT_STEP = 63
_SPACING_STEP = 62
_STEPS = 64
"""Steps of an attempt. 0 to 2 lead to the block, from 3 to the tile, from 26 to the cell in it; the order is public."""

_WORD_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True, eq=False)
class SiteNumbers(Columns):
    """The random numbers of some sites.

    A site's number of a step depends on its key, its number and the step. A site with spacing has one
    number instead for its block: its first bits are the site's order with the bits reversed and
    scrambled by the merchant's key, so that the sites of a merchant keep apart.

    Attributes:
        keys: Key of the merchant in the country, uint32 (n, 4).
        orders: Which of its sites, from 1, int64 (n,), below 2^32.
    """

    keys: Keys
    orders: NDArray[np.int64]

    def words(self, step: int, attempt: NDArray[np.int64] | int) -> FourWords:
        """Return four words of 32 bits for a step of an attempt, int64 (n,), or one for all."""
        turn = np.asarray(attempt * _STEPS + step, np.uint64)
        return keyed_words(self.keys, self.orders.astype(np.uint64), turn)

    def halves(self, step: int, attempt: NDArray[np.int64] | int) -> tuple[Shares, Shares]:
        """Return the two fresh numbers of a step, in 0..1."""
        words = self.words(step, attempt)
        return uniform(*words[:2]), uniform(*words[2:])

    def seeds(self, step: int) -> Words:
        """Return the state of the race of a step, uint64 (n,)."""
        high, low, _, _ = self.words(step, 0)
        return high << _WORD_BITS | low

    def spaced(self) -> Shares:
        """Return the one number of each site, if it has spacing, in 0..1, without 1, float64 (n,)."""
        turn = np.array(_SPACING_STEP, np.uint64)
        merchant = keyed_words(self.keys, np.array(0, np.uint64), turn)[0]
        own = self.words(_SPACING_STEP, 0)
        first = scrambled(self.orders.astype(np.uint64), merchant) >> np.uint64(32 - SPACING_BITS)
        rest = (own[0] << _WORD_BITS | own[1]) >> np.uint64(11 + SPACING_BITS)
        bits = first << np.uint64(53 - SPACING_BITS) | rest
        return bits.astype(np.float64) * 2.0**-53


def uniform(high: Words, low: Words) -> Shares:
    """Return 53 bits of two words as numbers in 0..1, without 1, float64 (n,)."""
    bits = high << np.uint64(21) | low >> np.uint64(11)
    # Twice as fast from signed integers.
    return bits.view(np.int64).astype(np.float64) * 2.0**-53


def scrambled(numbers: Words, seeds: Words) -> Words:
    """Return numbers of 32 bits reversed and then scrambled, each bit by those above it (Owen).

    B. Burley, "Practical Hash-based Owen Scrambling", Journal of Computer Graphics Techniques 9 (2020),
    https://jcgt.org/published/0009/04/01/: before the bits are reversed, a bit may change with those below.
    """
    x = numbers + seeds & _LOW
    for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
        x = x ^ (x * np.uint64(factor) & _LOW)
    for shift, mask in (
        (1, 0x55555555),
        (2, 0x33333333),
        (4, 0x0F0F0F0F),
        (8, 0x00FF00FF),
        (16, 0x0000FFFF),
    ):
        x = (x >> np.uint64(shift)) & np.uint64(mask) | (x & np.uint64(mask)) << np.uint64(shift)
    return x
