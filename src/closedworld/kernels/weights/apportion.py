"""Exact apportionment by largest remainders, for masses in memory or spread over units of work.

A country of K units and tiles of mass m_i, M together: every tile gets ``floor(m_i K / M)``, and the
units that are missing to K go one each to the largest remainders ``m_i K mod M``, among equal ones to
the smaller tile_id (Hamilton's method; M. L. Balinski and H. P. Young, "Fair Representation", 1982).

Who gets one is a *cut*: all remainders above it, and the first so many of those equal to it. Finding
the cut needs no sorting and no more than counts from each unit of work: ``CutoffSearch`` asks for
counts of remainders by ever narrower buckets until few are left, and then for these themselves.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.kernels.limits import MAX_DP
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.weights.division import divided
from closedworld.kernels.weights.masses import Masses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_DENSE_BITS = 16
"""Values below 2^16 are counted in an array of that length rather than sorted."""


@dataclass(frozen=True, slots=True)
class HistogramQuery:
    """A question: how many remainders are there in each bucket of a range?

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
    """The answer of one unit of work.

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
        """Return the tally of several together."""
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
        ties: So many of those with this very remainder get one, the first in tile_id order.
    """

    remainder: int
    ties: int


class CutoffSearch:
    """Finds the cut of one country and basis from tallies.

    Ask every unit of work for the tally of ``probe``, ``take`` each as it comes, and ``settle``; until
    ``probe`` is None. Tallies are added up at once, so no more than one is in memory.

    Args:
        units: Units to hand out.
        total: Sum of the masses, > 0.
        tiles: Number of tiles.
        sizes: How finely remainders are counted at once.

    Attributes:
        probe: The next question; None when the cut is known.
        cut: The cut, once known.
        floors: Sum of all quotients, once settled.
    """

    def __init__(self, units: int, total: int, tiles: int, sizes: Sizes = DEFAULT_SIZES) -> None:
        self._units = units
        self._sizes = sizes
        self._above = 0
        self.floors = 0
        self.cut = RemainderCutoff(total, 0)
        self.probe: HistogramQuery | None = self._query(0, total.bit_length(), tiles)
        self._sum: RemainderHistogram | None = None
        self._by_unit: dict[int, RemainderHistogram] = {}
        self._ties: dict[int, int] = {}

    def take(self, place: int, answer: RemainderHistogram) -> None:
        """Take the answer of a unit of work, given its place among the country's, in tile_id order."""
        if self.probe is None:
            raise ValueError("the cut is known")
        self._sum = answer if self._sum is None else RemainderHistogram.merged([self._sum, answer])
        if self.probe.shift == 0:
            # Who comes first among equals depends on the units; they are few by now.
            self._by_unit[place] = answer

    def settle(self) -> None:
        """Draw the conclusion when all units of work have answered."""
        probe, merged = self.probe, self._sum
        if probe is None or merged is None:
            raise ValueError("there is no question, or no answer")
        self._sum = self.probe = None
        self.floors = merged.floors
        missing = self._units - self.floors - self._above
        if missing == 0:
            return
        # From the largest remainders down to the bucket in which the missing units end.
        down = np.cumsum(merged.counts[::-1])
        at = int(np.searchsorted(down, missing))
        bucket, count = merged.buckets[::-1][at], int(merged.counts[::-1][at])
        above = int(down[at]) - count
        low = probe.low + (int(bucket) << probe.shift)
        if probe.shift:
            self._above += above
            self.probe = self._query(low, probe.shift, count)
            return
        self.cut = RemainderCutoff(low, missing - above)
        self._ties = {
            place: int(own.counts[own.buckets == bucket].sum())
            for place, own in self._by_unit.items()
        }
        self._by_unit.clear()

    def ties_before(self, place: int) -> int:
        """Return the tiles at the cut's remainder in the units of work before one."""
        return sum(ties for unit, ties in self._ties.items() if unit < place)

    def _query(self, low: int, bits: int, tiles: int) -> HistogramQuery:
        """Return the next question about a range that holds so many tiles."""
        few = tiles <= self._sizes.few_tiles
        return HistogramQuery(low, bits, 0 if few else max(0, bits - self._sizes.bucket_bits))


def remainder_histogram(
    masses: Masses, units: int, total: int, probe: HistogramQuery
) -> RemainderHistogram:
    """Return the answer to a probe for some tiles of a country.

    Args:
        masses: Their masses.
        units: Units of the country.
        total: Sum of the country's masses.
        probe: The question.
    """
    quotients, remainders = divided(masses.values, units, total)
    floors = _floors(quotients, masses.counts, units)
    counts = masses.counts
    buckets = remainders - probe.low if probe.low else remainders
    if probe.bits < total.bit_length():
        inside = ((buckets >= 0) & (buckets < 1 << probe.bits)).astype(np.bool_, copy=False)
        buckets = buckets[inside]
        counts = None if counts is None else counts[inside]
    if probe.shift:
        buckets = buckets >> probe.shift
    if probe.bits - probe.shift <= _DENSE_BITS:
        buckets = buckets.astype(np.int64, copy=False)
    return RemainderHistogram(floors, *_counted(buckets, counts))


def _floors(quotients: NDArray[np.uint64], counts: NDArray[np.int64] | None, units: int) -> int:
    """Return the sum of quotients, which is never above the units."""
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
    masses: Masses, units: int, total: int, cut: RemainderCutoff, ties_before: int
) -> tuple[NDArray[np.uint64], int]:
    """Return ``(weights, ties)`` of some tiles of a country.

    Args:
        masses: Their masses.
        units: Units of the country.
        total: Sum of the country's masses.
        cut: Who gets one of the missing units.
        ties_before: Tiles of the country before these that have the cut's remainder.

    Returns:
        Weights, uint64 (tiles,), and how many of these tiles have the cut's remainder.
    """
    weights, remainders = divided(masses.values, units, total)
    weights += (remainders > cut.remainder).astype(np.bool_, copy=False)
    at_cut = (remainders == cut.remainder).astype(np.bool_, copy=False)
    if masses.counts is not None:
        weights = np.repeat(weights, masses.counts)
        at_cut = np.repeat(at_cut, masses.counts)
    tied = np.flatnonzero(at_cut)
    weights[tied[: max(0, cut.ties - ties_before)]] += np.uint64(1)
    return weights, len(tied)


def apportion(masses: NDArray[np.integer], units: int) -> NDArray[np.uint64]:
    """Return whole weights in proportion to masses that add up to ``units`` exactly.

    Args:
        masses: Integers >= 0, up to 64 bits, (n,); their sum may be larger. When all are zero, each
            counts as one.
        units: What the weights add up to, 0..10^18.

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
    while search.probe is not None:
        search.take(0, remainder_histogram(given, units, total, search.probe))
        search.settle()
    return allocate(given, units, total, search.cut, 0)[0]
