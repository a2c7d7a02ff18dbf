"""Races of many: which part of a country, of a square or of a block a site goes to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.sphere import series

_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_UNIT = 2.0**-32
_ARTANH = [1 / (2 * k + 1) for k in range(18)]
"""Series of the inverse hyperbolic tangent up to 1/3: the next term is below 2^-53."""

_CHUNK_NUMBERS = 1 << 16
"""Numbers that stay in the processor's cache; no race has more runners."""


def numbers_of_race(seeds: Words, pairs: Words) -> NDArray[np.uint32]:
    """Return the numbers of runners 2p and 2p + 1 for each pair p, uint32 (n, 2 pairs).

    They are the lower and the upper half of output p of SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable
    pseudorandom number generators", OOPSLA 2014, https://doi.org/10.1145/2660193.2660195. So a runner has the
    same number however many others there are.

    Args:
        seeds: State of each race, uint64 (n,).
        pairs: Pairs of runners, uint64 (pairs,).
    """
    x = seeds[:, None] + (pairs + np.uint64(1)) * _INCREMENT
    shifted = np.empty_like(x)
    for shift, factor in zip(_SHIFTS, (*_FACTORS, None), strict=True):
        np.right_shift(x, shift, out=shifted)
        x ^= shifted
        if factor is not None:
            x *= factor
    return x.astype("<u8", copy=False).view("<u4")


def slowness(masses: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the inverse of masses, infinite where there is none, float64 of the same shape."""
    with np.errstate(divide="ignore"):
        inverse: NDArray[np.float64] = 1 / masses.astype(np.float64)
    return inverse


def first_of_races(
    seeds: Words, pairs: Words, slownesses: NDArray[np.float64], course: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return which runner comes first in each race, as a column of ``slownesses``, int64 (n,).

    Each wins with a probability in proportion to its mass. Its time is ``-log(1 - (number + 1/2) / 2^32) / mass``: exponentially
    distributed, at the rate of the mass. So where masses change, few races have another winner.

    Args:
        seeds: State of each race's numbers, uint64 (n,).
        pairs: Which runners there are: pairs p of runners 2p and 2p + 1, uint64 (pairs,).
        slownesses: Inverse masses of the runners in order, not all of a row infinite, float64 (courses, 2 pairs).
        course: Row of ``slownesses`` of each race, int64 (n,).
    """
    won: NDArray[np.int64] = np.empty(len(seeds), np.int64)
    step = _CHUNK_NUMBERS // slownesses.shape[1]
    for begin in range(0, len(seeds), step):
        here = slice(begin, begin + step)
        numbers = numbers_of_race(seeds[here], pairs)
        won[here] = _first(numbers, np.take(slownesses, course[here], axis=0))
    return won


def _first(numbers: NDArray[np.uint32], slownesses: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the column of the least time in each row; logarithms only of those that may have it."""
    # -log(1 - x) > x, by more than rounding for any x of these: no runner is faster than this.
    least = numbers.astype(np.float64)
    least += 0.5
    least *= slownesses
    numbers, slownesses = numbers.ravel(), slownesses.ravel()
    starts = np.arange(0, least.size, least.shape[1])
    best = starts + least.argmin(axis=1)
    limit = minus_log(numbers[best]) * slownesses[best] / _UNIT
    runner = np.flatnonzero(least <= limit[:, None])
    race = runner // least.shape[1]
    times = minus_log(numbers[runner]) * slownesses[runner]
    begins = np.flatnonzero(np.append(True, race[1:] != race[:-1]))
    is_first = times == np.minimum.reduceat(times, begins)[race]
    # Of two at the same time, the one of the lower column.
    best[race[is_first][::-1]] = runner[is_first][::-1]
    first: NDArray[np.int64] = best - starts
    return first


def minus_log(numbers: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return ``-log(1 - (number + 1/2) / 2^32)``, by sums, products and quotients alone, float64 (n,).

    It is the same on every machine.

    Args:
        numbers: The numbers, uint32 (n,).
    """
    # Both differences are exact.
    mantissa, exponent = np.frexp(1 - (numbers + 0.5) * _UNIT)
    rest = 1 - mantissa
    ratio = rest / (2 - rest)
    doubled = 2 * ratio * series(ratio * ratio, _ARTANH)
    result: NDArray[np.float64] = doubled - exponent * math.log(2.0)
    return result
