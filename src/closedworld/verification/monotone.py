"""Whether a larger mass ever has a smaller weight in its country."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from closedworld.verification.findings import Account
    from closedworld.verification.masses import CountryMasses

SORTED_TILES = 1 << 21
"""Tiles put in order at once, 16 bytes each."""

Pair = tuple[int, int]
"""A mass, or a class of masses, and a weight."""

# Classes of masses: the exponent and twelve more bits of their float64.
_KEY_SHIFT = 40
_KEYS = 1 << 18
_LEAST_KEY = 1023 << 12
_LARGEST_WEIGHT = np.uint64(1 << 62)
_NO_WEIGHT = np.iinfo(np.int64).max


class MassOrder:
    """Puts pairs of mass and weight in order and tells where weights fall though masses rise."""

    def __init__(self) -> None:
        self._masses: list[NDArray[np.int64]] = []
        self._weights: list[NDArray[np.int64]] = []
        self._held = 0
        self._limit = SORTED_TILES
        self.worst: tuple[Pair, Pair] | None = None

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
            self._limit = max(SORTED_TILES, 2 * self._held)

    def finish(self) -> None:
        """Check the pairs so far; of each mass only its smallest and largest weight are kept."""
        if not self._held:
            return
        masses, weights = np.concatenate(self._masses), np.concatenate(self._weights)
        self._masses, self._weights = [], []
        by_both = np.lexsort((weights, masses))
        masses, weights = masses[by_both], weights[by_both]
        falls = np.flatnonzero(weights[1:] < weights[:-1])
        if len(falls) and self.worst is None:
            first, second = int(falls[0]), int(falls[0]) + 1
            self.worst = (
                (int(masses[first]), int(weights[first])),
                (int(masses[second]), int(weights[second])),
            )
        is_end = masses[1:] != masses[:-1]
        keep = np.append(True, is_end) | np.append(is_end, True)
        self._masses, self._weights = [masses[keep]], [weights[keep]]
        self._held = len(self._masses[0])


def check_monotone(country: CountryMasses, basis: str, account: Account) -> int:
    """Note when a tile of larger mass has a smaller weight; return how many tiles were looked at.

    Weights that keep the law keep this, too, so it is asked only of weights that break the law. One
    reading of the country answers it, and another one names the tiles. A country of more than
    ``SORTED_TILES`` with as many masses is not sorted, but its masses are put into classes, each 1/4096
    wide: only tiles of different classes are compared.
    """
    few_masses = basis != "population" and country.shares is None
    if country.tiles <= SORTED_TILES or few_masses:
        order = MassOrder()
        for masses, weights in _pairs(country, basis):
            order.add(masses, weights)
        order.finish()
        found, key_of = order.worst, _itself
    else:
        classes = MassClasses()
        for masses, weights in _pairs(country, basis):
            classes.add(masses, weights)
        found, key_of = classes.worst(), class_of
        account.unchecked(
            "larger mass never has smaller weight",
            "masses less than 1/4096 apart, in a large country whose weights break the law",
            country.parts.country_iso,
        )
    if found is not None:
        _note(country, basis, found, key_of, account)
    return country.tiles


def _note(
    country: CountryMasses,
    basis: str,
    found: tuple[Pair, Pair],
    key_of: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    account: Account,
) -> None:
    """Note two tiles, the second of larger mass and smaller weight, given by key and weight."""
    tiles: dict[Pair, tuple[int, int]] = {}
    for tile_ids, weights, (masses,) in country.chunks([basis]):
        keys = key_of(masses)
        for pair in set(found) - tiles.keys():
            same = np.minimum(weights, _LARGEST_WEIGHT) == np.uint64(pair[1])
            here = np.flatnonzero((keys == pair[0]) & same)
            if len(here):
                tiles[pair] = int(tile_ids[here[0]]), int(masses[here[0]])
    (smaller, mass), (larger, more) = (tiles.get(pair, (-1, pair[0])) for pair in found)
    account.find(
        "weight-not-monotone",
        f"a tile of mass {more} has weight {found[1][1]}, one of mass {mass} has {found[0][1]}.",
        dataset=country.parts.dataset,
        country_iso=country.parts.country_iso,
        example={"tile_id": larger, "weight_fp": found[1][1], "mass": more, "other": smaller},
    )


def _pairs(
    country: CountryMasses, basis: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield masses and weights of a country."""
    for _, weights, (masses,) in country.chunks([basis]):
        yield masses, np.minimum(weights, _LARGEST_WEIGHT).view(np.int64)


def _itself(masses: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the masses: each is a class of its own."""
    return masses


def class_of(masses: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers that rise with the masses, 0 for mass 0, int64 (n,)."""
    keys = masses.astype(np.float64).view(np.int64)
    keys >>= _KEY_SHIFT
    keys -= _LEAST_KEY - 1
    return np.maximum(keys, 0, out=keys)


class MassClasses:
    """Keeps the smallest and largest weight of each class of masses."""

    def __init__(self) -> None:
        self._least = np.full(_KEYS, _NO_WEIGHT)
        self._most = np.full(_KEYS, -1)

    def add(self, masses: NDArray[np.int64], weights: NDArray[np.int64]) -> None:
        """Take more pairs."""
        keys = class_of(masses)
        np.minimum.at(self._least, keys, weights)
        np.maximum.at(self._most, keys, weights)

    def worst(self) -> tuple[Pair, Pair] | None:
        """Return class and weight of two tiles, the second of a higher class and smaller weight."""
        before = np.maximum.accumulate(self._most)
        falls = np.flatnonzero(self._least[1:] < before[:-1])
        if not len(falls):
            return None
        at = int(falls[0]) + 1
        other = int(self._most[:at].argmax())
        return (other, int(self._most[other])), (at, int(self._least[at]))
