"""Whether a larger mass ever has a smaller weight in its country."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from closedworld.validation.masses import whole_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from closedworld.validation.findings import Account
    from closedworld.validation.masses import CountryMasses

SLICE_TILES = 1 << 20
"""Tiles put in order at once; a larger country is gone through by ranges of mass."""

_HALF_BITS = 32
_LOW = np.int64((1 << _HALF_BITS) - 1)
# Masses by magnitude: the exponent and eight more bits of their float64.
_KEY_SHIFT = 44
_KEYS = 1 << 16
_LEAST_KEY = 1023 << 8
_LARGEST_WEIGHT = np.uint64(1 << 62)
# Differences below this are the same in 64 bits, if the two products leave float64 as many bits.
_CLEAR = 2.0**61
_LARGEST_PRODUCT = 2.0**110


class MassOrder:
    """Puts pairs of mass and weight in order and tells where weights fall though masses rise."""

    def __init__(self) -> None:
        self._masses: list[NDArray[np.int64]] = []
        self._weights: list[NDArray[np.int64]] = []
        self._held = 0
        self._limit = SLICE_TILES
        self.worst: tuple[tuple[int, int], tuple[int, int]] | None = None

    def add(self, masses: NDArray[np.int64], weights: NDArray[np.int64]) -> None:
        """Take more pairs; of neighbours of one mass, the smallest and largest weight will do."""
        begins = np.append(0, np.flatnonzero(np.diff(masses)) + 1)
        if 4 * len(begins) < len(masses):
            least = np.minimum.reduceat(weights, begins)
            most = np.maximum.reduceat(weights, begins)
            masses = np.concatenate([masses[begins]] * 2)
            weights = np.concatenate([least, most])
        self._masses.append(masses)
        self._weights.append(weights)
        self._held += len(masses)
        if self._held > self._limit:
            self.finish()
            # Where masses differ there is nothing to leave out; do not sort them time and again.
            self._limit = max(SLICE_TILES, 2 * self._held)

    def finish(self) -> tuple[int, int] | None:
        """Check the pairs so far; return the one of the largest weight, or None without any.

        Of each mass only its smallest and largest weight are kept.
        """
        if not self._held:
            return None
        masses, weights = np.concatenate(self._masses), np.concatenate(self._weights)
        self._masses, self._weights = [], []
        masses, weights = _in_order(masses, weights)
        falls = np.flatnonzero(weights[1:] < weights[:-1])
        if len(falls) and self.worst is None:
            at = int(falls[0])
            self.worst = (
                (int(masses[at]), int(weights[at])),
                (int(masses[at + 1]), int(weights[at + 1])),
            )
        is_end = masses[1:] != masses[:-1]
        keep = np.append(True, is_end) | np.append(is_end, True)
        largest = int(weights.argmax())
        found = int(masses[largest]), int(weights[largest])
        self._masses, self._weights = [masses[keep]], [weights[keep]]
        self._held = len(self._masses[0])
        return found


def _in_order(
    masses: NDArray[np.int64], weights: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs sorted by mass and weight."""
    least = int(masses.min())
    is_low = masses <= least + int(_LOW)
    if not is_low.all():
        low = _in_order(masses[is_low], weights[is_low])
        high = masses[~is_low], weights[~is_low]
        by_both = np.lexsort((high[1], high[0]))
        return (
            np.concatenate([low[0], high[0][by_both]]),
            np.concatenate([low[1], high[1][by_both]]),
        )
    first = int(weights.min())
    if int(weights.max()) - first > int(_LOW):
        by_both = np.lexsort((weights, masses))
        return masses[by_both], weights[by_both]
    # Both in one number: sorting numbers takes a fifth of the time of sorting pairs.
    packed = (masses - least).view(np.uint64) << np.uint64(_HALF_BITS)
    packed |= (weights - first).view(np.uint64)
    packed.sort()
    sorted_weights = (packed & np.uint64(_LOW)).view(np.int64)
    sorted_weights += first
    packed >>= np.uint64(_HALF_BITS)
    sorted_masses = packed.view(np.int64)
    sorted_masses += least
    return sorted_masses, sorted_weights


def check_monotone(country: CountryMasses, basis: str, account: Account) -> int:
    """Note when a tile of larger mass has a smaller weight; return how many tiles were looked at."""
    if basis == "uniform" and country.shares is None:
        return country.tiles
    if _are_proportional(country, basis):
        return country.tiles
    order, largest = MassOrder(), None
    for first, stop in _slices(country, basis):
        order = MassOrder()
        if largest is not None:
            order.add(np.array([largest[0]]), np.array([largest[1]]))
        for masses, weights in _pairs(country, basis):
            keys = _keys(masses)
            inside = (keys >= first) & (keys < stop)
            order.add(masses[inside], weights[inside])
        largest = order.finish()
        if order.worst is not None:
            _note(country, basis, order.worst, account)
            break
    return country.tiles


def _are_proportional(country: CountryMasses, basis: str) -> bool:
    """Return whether the weights are so near to the masses' shares that none can be out of order.

    Of masses of sum M and weights of sum K, let a tile be off by ``w M - m K``. Were one of smaller
    mass to have the larger weight, the two would differ by ``M + K`` or more. By the law no two tiles
    do by more than M, so sound weights need not be sorted. Where this says False nothing is known.
    """
    total = units = 0
    for _, weights, (masses,) in country.chunks([basis]):
        total, units = total + whole_sum(masses), units + whole_sum(weights)
    if total == 0 or units == 0:
        return True
    if max(total, units) >= _CLEAR:
        return False
    least, most = total, -total
    for _, weights, (masses,) in country.chunks([basis]):
        off = _off_by(weights, masses, total, units)
        if off is None:
            return False
        least, most = min(least, int(off.min())), max(most, int(off.max()))
        if most - least >= total + units:
            return False
    return True


def _off_by(
    weights: NDArray[np.uint64], masses: NDArray[np.int64], total: int, units: int
) -> NDArray[np.int64] | None:
    """Return ``weight * total - mass * units`` exactly, int64 (n,); None when it may not fit."""
    lawful, own = masses.astype(np.float64), weights.astype(np.float64)
    lawful *= float(units)
    own *= float(total)
    if max(float(own.max()), float(lawful.max())) > _LARGEST_PRODUCT:
        return None
    own -= lawful
    if max(float(own.max()), -float(own.min())) > _CLEAR:
        return None
    # Each product may go round in 64 bits; their difference is below 2^63 and does not.
    return (weights * np.uint64(total) - masses.view(np.uint64) * np.uint64(units)).view(np.int64)


def _note(
    country: CountryMasses,
    basis: str,
    worst: tuple[tuple[int, int], tuple[int, int]],
    account: Account,
) -> None:
    """Note two tiles, one of larger mass and smaller weight than the other."""
    (mass, weight), (larger, smaller) = worst
    tile_id = next(
        (
            int(tile_ids[(masses == larger) & (weights == smaller)][0])
            for tile_ids, weights, (masses,) in country.chunks([basis])
            if ((masses == larger) & (weights == smaller)).any()
        ),
        None,
    )
    account.find(
        "weight-not-monotone",
        f"a tile of mass {larger} has weight {smaller}, one of mass {mass} has {weight}.",
        dataset=country.parts.dataset,
        country_iso=country.parts.country_iso,
        example={"tile_id": tile_id, "weight_fp": smaller, "mass": larger},
    )


def _pairs(
    country: CountryMasses, basis: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield masses and weights of a country."""
    for _, weights, (masses,) in country.chunks([basis]):
        yield masses, np.minimum(weights, _LARGEST_WEIGHT).view(np.int64)


def _keys(masses: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers that rise with the masses, 0 for mass 0, int64 (n,)."""
    keys = masses.astype(np.float64).view(np.int64)
    keys >>= _KEY_SHIFT
    keys -= _LEAST_KEY - 1
    return np.maximum(keys, 0, out=keys)


def _slices(country: CountryMasses, basis: str) -> list[tuple[int, int]]:
    """Return ranges of keys that hold some ``SLICE_TILES`` tiles each."""
    few_masses = basis != "population" and country.shares is None
    if country.tiles <= SLICE_TILES or few_masses:
        return [(0, _KEYS)]
    counts = np.zeros(_KEYS, np.int64)
    for masses, _ in _pairs(country, basis):
        counts += np.bincount(_keys(masses), minlength=_KEYS)
    # Tiles without mass are many and become two pairs.
    counts[0] = 0
    numbers = np.cumsum(counts) // SLICE_TILES
    starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist()]
    return list(zip(starts, [*starts[1:], _KEYS], strict=True))
