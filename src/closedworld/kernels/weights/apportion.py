"""Exact apportionment by largest remainders, for masses in memory or spread over tasks.

The weights of a country add up to K, in units of 10^-dp; its tiles have masses m_i, M together. Every tile gets
``floor(m_i K / M)``, and the missing units go one each to the largest remainders ``m_i K mod M``, among equal
ones to the smaller tile_id (Hamilton's method; M. L. Balinski and H. P. Young, "Fair Representation", 1982).

Who gets one is decided by a *cutoff*: all remainders above it do, and the first few of those equal to it.
Finding the cutoff needs no sorting and no more than counts from each task: ``CutoffSearch`` asks for
histograms of the remainders with ever narrower buckets until few are left, and then for these themselves.
A sample of the masses tells beforehand about where the cutoff is; then one question is enough, nearly always.

A tile without mass has no remainder and never gets a unit: the remainders add up to the missing units times M,
and each is below M, so more tiles have one than units are missing.
"""

from __future__ import annotations

import math
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
    """Asks how many remainders there are in each bucket of a range, and how many above it.

    Bucket k holds ``low + (k << shift) <= remainder < low + (k + 1 << shift)``.

    Attributes:
        low: First remainder of the range.
        stop: Remainder after its last.
        shift: A bucket has ``2**shift`` remainders.
    """

    low: int
    stop: int
    shift: int


@dataclass(frozen=True, slots=True, eq=False)
class RemainderHistogram:
    """The answer of one task.

    Attributes:
        floors: Sum of the quotients.
        above: Tiles whose remainder is beyond the range.
        buckets: Buckets that hold any remainder, ascending, int64 or object (n,).
        counts: Tiles in each, int64 (n,); those without mass are left out.
    """

    floors: int
    above: int
    buckets: NDArray[Any]
    counts: NDArray[np.int64]

    @classmethod
    def merged(cls, histograms: Sequence[RemainderHistogram]) -> RemainderHistogram:
        """Return the sum of several histograms."""
        buckets, counts = _counted(
            np.concatenate([one.buckets for one in histograms]),
            np.concatenate([one.counts for one in histograms]),
        )
        return cls(
            sum(one.floors for one in histograms),
            sum(one.above for one in histograms),
            buckets,
            counts,
        )


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
        sample: Masses of some tiles, any order, int64 or uint64 (n,); None for none. It changes how many
            questions are asked, and never the cutoff.

    Attributes:
        query: The next query; None when the cutoff is known.
        cutoff: The cutoff, once known.
        floors: Sum of all quotients, after the first round.
    """

    def __init__(
        self,
        units: int,
        total: int,
        tiles: int,
        sizes: Sizes = DEFAULT_SIZES,
        sample: NDArray[np.integer] | None = None,
    ) -> None:
        self._units = units
        self._total = total
        self._tiles = tiles
        self._sizes = sizes
        self.floors: int
        self.cutoff: RemainderCutoff
        self.query: HistogramQuery | None = self._next(0, total, tiles)
        if sample is not None and len(sample) and self.query.shift:
            self.query = HistogramQuery(*_likely_range(sample, units, total), 0)
        self._sum: RemainderHistogram | None = None
        self._by_task: dict[int, RemainderHistogram] = {}
        self._ties: dict[int, int] = {}

    def add(self, number: int, answer: RemainderHistogram) -> None:
        """Add the answer of a task, given a number that ascends with the tasks of the country in tile_id order."""
        if self.query is None:
            raise ValueError("the cutoff is known")
        self._sum = answer if self._sum is None else RemainderHistogram.merged([self._sum, answer])
        if self.query.shift == 0:
            # Which of equal remainders come first depends on the tasks; they are few by now.
            self._by_task[number] = answer

    def advance(self) -> None:
        """Narrow the range when all tasks have answered."""
        query, merged = self.query, self._sum
        if query is None or merged is None:
            raise ValueError("there is no query, or no answer")
        self._sum = self.query = None
        by_task, self._by_task = self._by_task, {}
        self.floors = merged.floors
        missing = self._units - self.floors - merged.above
        inside = int(merged.counts.sum())
        if missing < 0:
            self.query = self._next(query.stop, self._total, merged.above)
            return
        if missing == 0:
            self.cutoff = RemainderCutoff(query.stop - 1, 0)
            return
        if missing > inside:
            self.query = self._next(0, query.low, self._tiles - merged.above - inside)
            return
        # From the largest remainders down to the bucket in which the missing units run out.
        down = np.cumsum(merged.counts[::-1])
        at = int(np.searchsorted(down, missing))
        bucket, count = merged.buckets[::-1][at], int(merged.counts[::-1][at])
        low = query.low + (int(bucket) << query.shift)
        if query.shift:
            self.query = self._next(low, min(low + (1 << query.shift), query.stop), count)
            return
        self.cutoff = RemainderCutoff(low, missing - int(down[at]) + count)
        self._ties = {
            number: int(own.counts[own.buckets == bucket].sum()) for number, own in by_task.items()
        }

    def ties_before(self, number: int) -> int:
        """Return how many tiles have the cutoff's remainder in the tasks before one."""
        return sum(ties for task, ties in self._ties.items() if task < number)

    def _next(self, low: int, stop: int, tiles: int) -> HistogramQuery:
        """Return the query for a range that holds so many tiles."""
        bits = 0 if tiles <= self._sizes.few_tiles else (stop - low - 1).bit_length()
        return HistogramQuery(low, stop, max(0, bits - self._sizes.bucket_bits))


def _likely_range(sample: NDArray[np.integer], units: int, total: int) -> tuple[int, int]:
    """Return ``(low, stop)``: the remainders between which the cutoff is, as far as a sample tells.

    The missing units are the sum of all remainders divided by ``total``, so their share of the tiles is the
    mean remainder in units of ``total``, and the cutoff leaves that share of the tiles above it. The standard
    error of that rank in a sample of n is below sqrt(n) / 2.
    """
    _, remainders = divided(sample, units, total)
    ascending = np.sort(remainders)
    middle = len(sample) * (1 - float(np.mean(remainders / total)))
    margin = 2 * math.sqrt(len(sample))
    first = max(0, math.floor(middle - margin))
    last = min(len(sample) - 1, math.ceil(middle + margin))
    return int(ascending[min(first, last)]), int(ascending[last]) + 1


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
    held = masses.held()
    values = masses.values if held is None else masses.values[held]
    quotients, remainders = divided(values, units, total)
    counts, above = masses.counts, 0
    floors = int((quotients if counts is None else quotients * counts.astype(np.uint64)).sum())
    if (query.low, query.stop) != (0, total):
        beyond = (remainders >= query.stop).astype(np.bool_, copy=False)
        above = int(np.count_nonzero(beyond) if counts is None else counts[beyond].sum())
        inside = np.flatnonzero((remainders >= query.low).astype(np.bool_, copy=False) & ~beyond)
        remainders = remainders[inside]
        counts = None if counts is None else counts[inside]
    buckets = remainders - query.low if query.low else remainders
    if query.shift:
        buckets = (buckets >> query.shift).astype(np.int64, copy=False)
    return RemainderHistogram(floors, above, *_counted(buckets, counts))


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
    held = masses.held()
    values = masses.values if held is None else masses.values[held]
    weights, remainders = divided(values, units, total)
    weights += (remainders > cutoff.remainder).astype(np.bool_, copy=False)
    at_cutoff = (remainders == cutoff.remainder).astype(np.bool_, copy=False)
    if masses.counts is not None:
        weights = np.repeat(weights, masses.counts)
        at_cutoff = np.repeat(at_cutoff, masses.counts)
    tied = np.flatnonzero(at_cutoff)
    if held is not None:
        of_held, weights = weights, np.zeros(len(masses.values), np.uint64)
        weights[held] = of_held
        tied = held[tied]
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
