"""The numbers that lead a site down the tree: fresh ones for each step, or one carried along to its block."""

from __future__ import annotations

import math
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
_EXPONENT_BITS, _ONE = np.uint64(52), np.uint64(1023 << 52)
_MANTISSA = np.uint64((1 << 52) - 1)
_ARTANH = [1 / (2 * k + 1) for k in range(6)]
"""Series of the inverse hyperbolic tangent; the next term is below 1e-11 where logarithms use it."""


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

    def halves(self, step: int, attempt: int) -> tuple[Shares, Shares]:
        """Return the two fresh numbers of a step, in 0..1."""
        words = self.words(step, attempt)
        return uniform(*words[:2]), uniform(*words[2:])

    def quarters(self, step: int, masses: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the quarter that each site goes to: 0 to 3 for NW, NE, SW, SE, int64 (n,).

        By a race, see `first_of_race`; a number that is carried gives each half its share instead.

        Args:
            step: Step of the random numbers.
            masses: Masses of the quarters, >= 0, not all 0, float64 (4, n).
        """
        carries = self._spaced if step < BLOCK_LEVELS else np.zeros(len(self), np.bool_)
        if carries.all():
            return self._carry(np.arange(len(self)), masses)
        quarter = first_of_race(self.words(step, 0), masses)
        if carries.any():
            spaced = np.flatnonzero(carries)
            quarter[spaced] = self._carry(spaced, masses[:, spaced])
        return quarter

    def _carry(self, which: NDArray[np.intp], masses: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the quarters of sites with spacing: each half takes its share of the number that they carry."""
        north = masses[0] + masses[1]
        carried = self._carried[which]
        south, carried = _side(carried, north / (north + (masses[2] + masses[3])))
        west = np.where(south, masses[2], masses[0])
        east, carried = _side(carried, west / (west + np.where(south, masses[3], masses[1])))
        self._carried[which] = carried
        return 2 * south + east

    def _first_carried(self, which: NDArray[np.intp]) -> Shares:
        k = [key[which] for key in self._keys]
        turn = np.full(len(which), _SPACING_STEP, np.uint64)
        merchant = philox4x32((turn * 0, turn, k[2], k[3]), (k[0], k[1]))[0]
        own = philox4x32((self._orders[which], turn, k[2], k[3]), (k[0], k[1]))
        first = scrambled(self._orders[which], merchant) >> np.uint64(32 - SPACING_BITS)
        rest = (own[0] << _WORD_BITS | own[1]) >> np.uint64(11 + SPACING_BITS)
        bits = first << np.uint64(53 - SPACING_BITS) | rest
        return bits.astype(np.float64) * 2.0**-53


def _side(carried: Shares, shares: Shares) -> tuple[NDArray[np.int64], Shares]:
    """Return which sites go to the second side, 0 or 1, and their numbers, rescaled to the side that they go to."""
    second = carried >= shares
    left = np.where(second, carried - shares, carried) / np.where(second, 1 - shares, shares)
    return second.astype(np.int64), np.clip(left, 0.0, _BELOW_ONE)


def first_of_race(
    words: tuple[Words, Words, Words, Words], masses: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return which of four comes first in a race, each with a probability in proportion to its mass, int64 (n,).

    The times are ``-log((word + 1/2) / 2^32) / mass``: exponentially distributed, at the rate of the mass. So where masses
    change, few change the winner, whatever the order of the four. Logarithms are made of sums, products and
    quotients, so that they are the same on every machine.

    Args:
        words: A word of 32 bits for each of the four, uint64 (n,).
        masses: Masses, >= 0, not all 0, float64 (4, n).
    """
    values = np.stack([word.view(np.int64) for word in words], dtype=np.float64)
    values += 0.5
    bits = values.view(np.uint64)
    times = (bits >> _EXPONENT_BITS).view(np.int64).astype(np.float64)
    times -= 1023 + 32 - 0.5
    times *= -math.log(2.0)
    # The rest is a number in 1..2: log(x / sqrt 2) = 2 artanh((x - sqrt 2) / (x + sqrt 2)).
    bits &= _MANTISSA
    bits |= _ONE
    ratio = values - math.sqrt(2.0)
    values += math.sqrt(2.0)
    ratio /= values
    square = np.multiply(ratio, ratio, out=values)
    series = square * _ARTANH[-1]
    for term in _ARTANH[-2:0:-1]:
        series += term
        series *= square
    series += _ARTANH[0]
    series *= ratio
    series *= 2.0
    times -= series
    with np.errstate(divide="ignore"):
        times /= masses
    north, south = np.minimum(times[0], times[1]), np.minimum(times[2], times[3])
    first: NDArray[np.int64] = np.where(
        south < north, 2 + (times[3] < times[2]), times[1] < times[0]
    )
    return first


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
