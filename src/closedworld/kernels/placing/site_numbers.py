"""The numbers that lead a site down the tree: a fresh one for each step, or one carried along to its block."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.placing.block_lattice import BLOCK_LEVELS
from closedworld.kernels.sampling.philox import Words, philox4x32
from closedworld.kernels.sampling.random_streams import Keys

Shares: TypeAlias = "NDArray[np.float64]"

SPACING_BITS = 16
"""Bits of the carried number that keep the sites of a merchant apart."""

POINT_STEP = 63
_SPACING_STEP = 62
_STEPS = 64
"""Steps of an attempt. 0..25 lead to the tile, 26..61 to the cell in it; the order is public."""

_WORD_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_BELOW_ONE = 1 - 2.0**-53


class SiteNumbers:
    """The random numbers of some sites.

    A site's number of a step depends on its key, its number and the step. A site with spacing has one
    number instead for all steps down to its block, rescaled at each: its first bits are the site's order with the
    bits reversed and scrambled by the merchant's key, so that the sites of a merchant keep apart.

    Args:
        keys: Key of the merchant in the country, uint32 (n, 4).
        orders: Which of its sites, from 1, int64 (n,), below 2^32.
        spaced: Whether the merchant's sites keep apart, bool (n,).
    """

    def __init__(self, keys: Keys, orders: NDArray[np.int64], spaced: NDArray[np.bool_]) -> None:
        self._keys = [keys[:, word].astype(np.uint64) for word in range(4)]
        self._orders = orders.astype(np.uint64)
        self._spaced = spaced
        self._carried = np.zeros(len(orders))
        self._carried[spaced] = self._first_carried(np.flatnonzero(spaced))

    def __len__(self) -> int:
        return len(self._orders)

    def take(self, which: NDArray[np.integer]) -> SiteNumbers:
        """Return the numbers of some sites from here on."""
        taken = object.__new__(SiteNumbers)
        taken._keys = [key[which] for key in self._keys]
        taken._orders = self._orders[which]
        taken._spaced, taken._carried = self._spaced[which], self._carried[which]
        return taken

    def words(self, step: int, attempt: int) -> tuple[Words, Words, Words, Words]:
        """Return four words of 32 bits for a step."""
        turn = np.full(len(self), attempt * _STEPS + step, np.uint64)
        k = self._keys
        return philox4x32((self._orders, turn, k[2], k[3]), (k[0], k[1]))

    def steps(self, step: int, attempt: int = 0) -> Step:
        """Return the two decisions of a step: north or south, then west or east."""
        carries = attempt == 0 and step < BLOCK_LEVELS
        return Step(self, self.words(step, attempt), carries=carries)

    def decide(self, fresh: Shares, shares: Shares, *, carries: bool) -> NDArray[np.bool_]:
        """Return whether each site goes to the first side, bool (n,).

        Args:
            fresh: A fresh number of each, in 0..1.
            shares: Share of the first side, in 0..1; at 0 and 1 there is no choice.
            carries: Whether sites with spacing use the number that they carry.
        """
        if not carries:
            return fresh < shares
        first = np.where(self._spaced, self._carried, fresh) < shares
        left = np.where(first, self._carried, self._carried - shares)
        left = left / np.where(first, shares, 1 - shares)
        self._carried = np.clip(left, 0.0, _BELOW_ONE)
        return first

    def _first_carried(self, which: NDArray[np.intp]) -> Shares:
        k = [key[which] for key in self._keys]
        turn = np.full(len(which), _SPACING_STEP, np.uint64)
        merchant = philox4x32((turn * 0, turn, k[2], k[3]), (k[0], k[1]))[0]
        own = philox4x32((self._orders[which], turn, k[2], k[3]), (k[0], k[1]))
        first = scrambled(self._orders[which], merchant) >> np.uint64(32 - SPACING_BITS)
        rest = (own[0] << _WORD_BITS | own[1]) >> np.uint64(11 + SPACING_BITS)
        bits = first << np.uint64(53 - SPACING_BITS) | rest
        return bits.astype(np.float64) * 2.0**-53


class Step:
    """The two decisions of a step.

    Args:
        numbers: Who decides.
        words: Four words of each site.
        carries: Whether sites with spacing use the number that they carry.
    """

    def __init__(
        self, numbers: SiteNumbers, words: tuple[Words, Words, Words, Words], *, carries: bool
    ) -> None:
        self._numbers, self._words, self._carries = numbers, words, carries

    def north(self, shares: Shares) -> NDArray[np.bool_]:
        """Return which sites go north, given the share of the north."""
        return self._numbers.decide(uniform(*self._words[:2]), shares, carries=self._carries)

    def west(self, shares: Shares) -> NDArray[np.bool_]:
        """Return which sites go west, given the share of the west in the half that was chosen."""
        return self._numbers.decide(uniform(*self._words[2:]), shares, carries=self._carries)


def uniform(high: Words, low: Words) -> Shares:
    """Return 53 bits of two words as numbers in 0..1, without 1, float64 (n,)."""
    bits = high << np.uint64(21) | low >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


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
