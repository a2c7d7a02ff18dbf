"""The law of weights, recomputed in Python integers.

With K quanta and masses m_i of sum M, a tile gets ``floor(m_i K / M)``, and what is missing to K goes one
each to the largest remainders ``m_i K mod M``, to the smaller tile_id among equal ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.verification.country_masses import CountryMasses, exact_sum

FEW_REMAINDERS = 200_000

_BUCKET_BITS = 16
_INT64_BITS = 62


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a basis allocates in a country.

    Attributes:
        counts_as: The basis whose masses count: ``uniform`` when its own are all 0.
        units: Quanta to allocate.
        total: Sum of the masses, > 0.
        cut: Tiles with a larger remainder get one more.
        ties: So many tiles with this very remainder do, the first ones.
    """

    counts_as: str
    units: int
    total: int
    cut: int
    ties: int


def check_exactly(
    country: CountryMasses, units: dict[str, int], few_remainders: int = FEW_REMAINDERS
) -> int:
    """Work out every weight of a country and compare; return how many were compared.

    Args:
        country: Its tiles.
        units: Quanta of each basis.
        few_remainders: Up to this many are ordered one by one; more are counted in buckets first.
    """
    allocations = [
        _allocation(country, basis, share, few_remainders) for basis, share in units.items()
    ]
    ties = [0] * len(allocations)
    compared = 0
    for tile_ids, weights, masses in country.chunks([one.counts_as for one in allocations]):
        lawful = np.zeros(len(weights), np.uint64)
        for number, (allocation, own) in enumerate(zip(allocations, masses, strict=True)):
            share, ties[number] = _weights(own, allocation, ties[number])
            lawful += share
        wrong = np.flatnonzero(lawful != weights)
        compared += len(weights)
        if len(wrong):
            first = wrong[0]
            country.files.add(
                "weight-law",
                "weight_fp is not what the law gives.",
                example={
                    "tile_id": int(tile_ids[first]),
                    "weight_fp": int(weights[first]),
                    "by_law": int(lawful[first]),
                },
                rows=len(wrong),
            )
    return compared


def _allocation(country: CountryMasses, basis: str, units: int, few: int) -> Allocation:
    counts_as, (total,) = basis, mass_sums(country, [basis])
    if not total:
        # Every tile counts at least 1, also with its coverage.
        counts_as, (total,) = "uniform", mass_sums(country, ["uniform"])
    cut, ties = _find_cut(country, counts_as, units, total, few)
    return Allocation(counts_as, units, total, cut, ties)


def mass_sums(country: CountryMasses, bases: Sequence[str]) -> list[int]:
    """Return the sum of all masses of a country by each basis."""
    sums = [0] * len(bases)
    for _, _, masses in country.chunks(bases):
        sums = [before + exact_sum(each) for before, each in zip(sums, masses, strict=True)]
    return sums


def divided(
    masses: NDArray[np.int64], units: int, total: int
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    """Return ``(quotients, remainders, inverse, counts)`` of distinct masses, in Python integers.

    Remainders are int64 where all of them fit, Python integers otherwise.
    """
    distinct, inverse, counts = np.unique(masses, return_inverse=True, return_counts=True)
    product = distinct.astype(np.object_) * units
    quotients = product // total
    remainders = product - quotients * total
    if total.bit_length() <= _INT64_BITS:
        remainders = remainders.astype(np.int64)
    return quotients.astype(np.int64), remainders, inverse, counts


def _weights(
    masses: NDArray[np.int64], allocation: Allocation, ties: int
) -> tuple[NDArray[np.uint64], int]:
    """Return ``(weights, ties)`` of the next tiles; ``ties`` counts tiles at the cut so far."""
    quotients, remainders, inverse, _ = divided(masses, allocation.units, allocation.total)
    quotients += (remainders > allocation.cut).astype(np.int64)
    weights = quotients.astype(np.uint64)[inverse]
    tied = np.flatnonzero((remainders == allocation.cut).astype(np.bool_)[inverse])
    weights[tied[: max(0, allocation.ties - ties)]] += np.uint64(1)
    return weights, ties + len(tied)


def _find_cut(
    country: CountryMasses, basis: str, units: int, total: int, few: int
) -> tuple[int, int]:
    """Return ``(cut, ties)``: the smallest remainder that gets a unit, and how many tiles of it do.

    Remainders in ``low..low + 2**bits`` are in question. Each reading of the country counts them by
    buckets and goes on with the bucket in which the missing units end, until few are left.
    """
    low, bits, left, above = 0, total.bit_length(), country.tiles, 0
    while True:
        shift = 0 if left <= few else max(0, bits - _BUCKET_BITS)
        floors, buckets = _count(country, basis, units, total, (low, bits, shift))
        missing = units - floors - above
        if missing == 0:
            return total, 0
        bucket, before = _ending(buckets, missing)
        low, above = low + (bucket << shift), above + before
        if shift == 0:
            return low, missing - before
        bits, left = shift, buckets[bucket]


def _ending(buckets: Counter[int], missing: int) -> tuple[int, int]:
    """Return the bucket in which the missing units end, from the top, and the tiles above it."""
    above = 0
    for bucket in sorted(buckets, reverse=True):
        if above + buckets[bucket] >= missing:
            return bucket, above
        above += buckets[bucket]
    return min(buckets, default=0), above


def _count(
    country: CountryMasses, basis: str, units: int, total: int, asked: tuple[int, int, int]
) -> tuple[int, Counter[int]]:
    """Return the sum of all quotients, and tiles by bucket of the remainders asked for."""
    low, bits, shift = asked
    floors, buckets = 0, Counter[int]()
    for _, _, (masses,) in country.chunks([basis]):
        quotients, remainders, _, counts = divided(masses, units, total)
        floors += sum(map(int.__mul__, quotients.tolist(), counts.tolist()))
        inside = ((remainders >= low) & (remainders < low + (1 << bits))).astype(np.bool_)
        numbers = (remainders[inside] - low) >> shift
        for bucket, count in zip(numbers.tolist(), counts[inside].tolist(), strict=True):
            buckets[bucket] += count
    return floors, buckets
