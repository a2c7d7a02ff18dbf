"""Exact apportionment by largest remainders, for masses in memory or spread over tasks.

The weights of a country add up to K, in units of 10^-dp; its tiles have masses m_i, M together. Every tile gets
``floor(m_i K / M)``, and the missing units go one each to the largest remainders ``m_i K mod M``, among equal
ones to the smaller tile_id (Hamilton's method; M. L. Balinski and H. P. Young, "Fair Representation", 1982).

Who gets one is decided by a *cutoff*: all remainders above it do, and the first few of those equal to it.
Finding the cutoff needs no sorting and no more than counts from each task: ``CutoffSearch`` asks for
histograms of the remainders with ever narrower buckets until few are left, and then for these themselves.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.limits import MAX_DP
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.weights.division import divided
from closedworld.kernels.weights.masses import Masses

_DENSE_BITS = 16
"""Values below 2^16 are counted in an array of that length rather than sorted."""


@dataclass(frozen=True, slots=True)
class HistogramQuery:
    """Asks how many remainders there are in each bucket of a range.

    Bucket k holds ``low + (k << shift) <= remainder < low + (k + 1 << shift)``.

    Attributes:
        low: First remainder of the range.
        bits: The range has ``2**bits`` remainders.
        shift: A bucket has ``2**shift`` remainders.
    """

    low: int
    bits: int
    shift: int


@dataclass(frozen=True, slots=True, eq=False)
class RemainderHistogram:
    """The answer of one task.

    Attributes:
        floors: Sum of the quotients.
        buckets: Buckets that hold any remainder, ascending, int64 or object (n,).
        counts: Tiles in each, int64 (n,).
    """

    floors: int
    buckets: NDArray[Any]
    counts: NDArray[np.int64]

    @classmethod
    def merged(cls, histograms: Sequence[RemainderHistogram]) -> RemainderHistogram:
        """Return the sum of several histograms."""
        buckets, counts = _counted(
            np.concatenate([one.buckets for one in histograms]),
            np.concatenate([one.counts for one in histograms]),
        )
        return cls(sum(one.floors for one in histograms), buckets, counts)


@dataclass(frozen=True, slots=True)
class RemainderCutoff:
    """Which tiles get a missing unit.

    Attributes:
        remainder: Tiles with a larger remainder get one.
        ties: How many of those with this very remainder get one: the first in tile_id order.
    """

    remainder: int
    ties: int


class CutoffSearch:
    """Finds the cutoff of one country and basis from histograms.

    Ask every task for the histogram of ``query``, ``add`` each as it comes, and ``advance``; until ``query`` is
    None. Histograms are added up as they come, so no more than one is in memory.

    Args:
        units: Units to allocate.
        total: Sum of the masses, > 0.
        tiles: Number of tiles.
        sizes: How finely remainders are counted at once.

    Attributes:
        query: The next query; None when the cutoff is known.
        cutoff: The cutoff, once known.
        floors: Sum of all quotients, after the first round.
    """

    def __init__(self, units: int, total: int, tiles: int, sizes: Sizes = DEFAULT_SIZES) -> None:
        self._units = units
        self._sizes = sizes
        self._above = 0
        self.floors = 0
        self.cutoff = RemainderCutoff(total, 0)
        self.query: HistogramQuery | None = self._next(0, total.bit_length(), tiles)
        self._sum: RemainderHistogram | None = None
        self._by_task: dict[int, RemainderHistogram] = {}
        self._ties: dict[int, int] = {}

    def add(self, ordinal: int, answer: RemainderHistogram) -> None:
        """Add the answer of a task, given its ordinal among the country's, in tile_id order."""
        if self.query is None:
            raise ValueError("the cutoff is known")
        self._sum = answer if self._sum is None else RemainderHistogram.merged([self._sum, answer])
        if self.query.shift == 0:
            # Which of equal remainders come first depends on the tasks; they are few by now.
            self._by_task[ordinal] = answer

    def advance(self) -> None:
        """Narrow the range when all tasks have answered."""
        query, merged = self.query, self._sum
        if query is None or merged is None:
            raise ValueError("there is no query, or no answer")
        self._sum = self.query = None
        self.floors = merged.floors
        missing = self._units - self.floors - self._above
        if missing == 0:
            return
        # From the largest remainders down to the bucket in which the missing units run out.
        down = np.cumsum(merged.counts[::-1])
        at = int(np.searchsorted(down, missing))
        bucket, count = merged.buckets[::-1][at], int(merged.counts[::-1][at])
        above = int(down[at]) - count
        low = query.low + (int(bucket) << query.shift)
        if query.shift:
            self._above += above
            self.query = self._next(low, query.shift, count)
            return
        self.cutoff = RemainderCutoff(low, missing - above)
        self._ties = {
            ordinal: int(own.counts[own.buckets == bucket].sum())
            for ordinal, own in self._by_task.items()
        }
        self._by_task.clear()

    def ties_before(self, ordinal: int) -> int:
        """Return how many tiles have the cutoff's remainder in the tasks before one."""
        return sum(ties for task, ties in self._ties.items() if task < ordinal)

    def _next(self, low: int, bits: int, tiles: int) -> HistogramQuery:
        """Return the query for a range that holds so many tiles."""
        few = tiles <= self._sizes.few_tiles
        return HistogramQuery(low, bits, 0 if few else max(0, bits - self._sizes.bucket_bits))


def remainder_histogram(
    masses: Masses, units: int, total: int, query: HistogramQuery
) -> RemainderHistogram:
    """Return the answer to a query for some tiles of a country.

    Args:
        masses: Their masses.
        units: Sum of the country's weights.
        total: Sum of the country's masses.
        query: The query.
    """
    quotients, remainders = divided(masses.values, units, total)
    floors = _floors(quotients, masses.counts, units)
    counts = masses.counts
    buckets = remainders - query.low if query.low else remainders
    if query.bits < total.bit_length():
        inside = ((buckets >= 0) & (buckets < 1 << query.bits)).astype(np.bool_, copy=False)
        buckets = buckets[inside]
        counts = None if counts is None else counts[inside]
    if query.shift:
        buckets = buckets >> query.shift
    if query.bits - query.shift <= _DENSE_BITS:
        buckets = buckets.astype(np.int64, copy=False)
    return RemainderHistogram(floors, *_counted(buckets, counts))


def _floors(quotients: NDArray[np.uint64], counts: NDArray[np.int64] | None, units: int) -> int:
    """Return the sum of quotients, which is at most ``units``."""
    if counts is None:
        return int(quotients.sum())
    if units == 0:
        return 0
    return int((quotients * counts.astype(np.uint64)).sum())


def _counted(
    values: NDArray[Any], counts: NDArray[np.int64] | None
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return ``(distinct, times)``: the distinct values, ascending, and how often each stands."""
    if values.dtype != object and values.max(initial=0) < 1 << _DENSE_BITS:
        # Sums of counts of tiles are far below 2^53, where float64 stops being exact.
        dense = np.bincount(values, weights=counts)
        held = np.flatnonzero(dense)
        return held, dense[held].astype(np.int64)
    if counts is None:
        distinct, times = np.unique(values, return_counts=True)
        return distinct, times.astype(np.int64)
    distinct, which = np.unique(values, return_inverse=True)
    return distinct, np.bincount(which, counts, len(distinct)).astype(np.int64)


def allocate(
    masses: Masses, units: int, total: int, cutoff: RemainderCutoff, ties_before: int
) -> tuple[NDArray[np.uint64], int]:
    """Return ``(weights, ties)`` of some tiles of a country.

    Args:
        masses: Their masses.
        units: Sum of the country's weights.
        total: Sum of the country's masses.
        cutoff: Which tiles get one of the missing units.
        ties_before: Tiles of the country before these that have the cutoff's remainder.

    Returns:
        Weights, uint64 (tiles,), and how many of these tiles have the cutoff's remainder.
    """
    weights, remainders = divided(masses.values, units, total)
    weights += (remainders > cutoff.remainder).astype(np.bool_, copy=False)
    at_cutoff = (remainders == cutoff.remainder).astype(np.bool_, copy=False)
    if masses.counts is not None:
        weights = np.repeat(weights, masses.counts)
        at_cutoff = np.repeat(at_cutoff, masses.counts)
    tied = np.flatnonzero(at_cutoff)
    weights[tied[: max(0, cutoff.ties - ties_before)]] += np.uint64(1)
    return weights, len(tied)


def apportion(masses: NDArray[np.integer], units: int) -> NDArray[np.uint64]:
    """Return integer weights in proportion to masses that add up to ``units`` exactly.

    Args:
        masses: Integers >= 0, up to 64 bits, (n,); their sum may be larger. When all are zero, each
            counts as one.
        units: The sum of the weights, 0..10^18.

    Returns:
        Weights, uint64 (n,).

    Raises:
        ValueError: No tile, a negative mass, units out of range, or masses that are not integers.
        TypeError: Units that are not an integer.
    """
    units = operator.index(units)
    masses = np.asarray(masses)
    if masses.ndim != 1 or masses.dtype.kind not in "iu":
        raise ValueError(f"masses must be 1-D integers, not {masses.ndim}-D {masses.dtype}")
    if not 0 <= units <= 10**MAX_DP:
        raise ValueError(f"units must be 0..10^{MAX_DP}, not {units}")
    if len(masses) == 0:
        raise ValueError("no tile to give weights to")
    if masses.min() < 0:
        raise ValueError("a mass is negative")
    given = Masses(masses if masses.any() else np.ones(len(masses), np.int64))
    total = given.total
    search = CutoffSearch(units, total, len(masses))
    while search.query is not None:
        search.add(0, remainder_histogram(given, units, total, search.query))
        search.advance()
    return allocate(given, units, total, search.cutoff, 0)[0]
