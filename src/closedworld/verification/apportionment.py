"""How a country's quanta were allocated, worked out from its masses tile by tile.

For every country and basis, in whole arrays: the quotient and remainder of each tile are estimated in
float64 and corrected in 64-bit arithmetic. ``exact_apportionment`` does the same in Python integers, some
hundred times slower, for a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.verification.country_files import CountryFiles
from closedworld.verification.country_masses import CountryMasses, exact_sum
from closedworld.verification.exact_apportionment import divided, mass_sums

_CLEAR = 1 << 62


@dataclass(slots=True)
class BasisSummary:
    """How one basis allocates its quanta in one country.

    Attributes:
        basis: Its name.
        units: Quanta it allocates.
        mass_sum: Sum of its masses; None when they are not known, like what follows.
        floor_sum: Sum of the quotients.
        remainder_units: What is missing to all quanta.
        fallback: Whether its masses are all 0, so that tiles count as uniform.
    """

    basis: str
    units: int
    mass_sum: int | None = None
    floor_sum: int | None = None
    remainder_units: int | None = None
    fallback: bool | None = None


@dataclass(slots=True)
class CountrySummary:
    """What a receipt states about one country's weights.

    Attributes:
        country_iso: Code.
        tiles: Tiles with a weight.
        zero_tiles: Those of weight 0.
        bases: One entry for each basis.
        zero_tiles_with_mass: Tiles of weight 0 that have a mass; None when masses are not known.
    """

    country_iso: str
    tiles: int
    zero_tiles: int
    bases: list[BasisSummary]
    zero_tiles_with_mass: int | None = None


@dataclass(slots=True)
class _Remainders:
    """Whether the quanta beyond quotients went to the largest remainders, the smaller ids of equal ones.

    Attributes:
        wrong_tiles: Tiles whose weight is neither the quotient nor one more.
        first_wrong: The first of them: ``(tile_id, weight, quotient)``.
        least_given: Smallest remainder that got a quantum, with the largest tile_id that has it.
        most_left: Largest remainder that got none, with the smallest tile_id that has it.
    """

    wrong_tiles: int = 0
    first_wrong: tuple[int, int, int] = (0, 0, 0)
    least_given: tuple[int, int] | None = None
    most_left: tuple[int, int] | None = None

    def add(
        self,
        tile_ids: NDArray[np.uint64],
        weights: NDArray[np.uint64],
        quotients: NDArray[np.uint64],
        remainders: NDArray[Any],
    ) -> None:
        """Add the next tiles of one basis, in order."""
        self.add_mixed(tile_ids, weights, quotients, 1)
        is_left, is_given = weights == quotients, weights == quotients + np.uint64(1)
        if is_given.any():
            given = remainders[is_given]
            least = int(given.min())
            last = int(tile_ids[is_given][np.flatnonzero(given == least)[-1]])
            if self.least_given is None or least <= self.least_given[0]:
                self.least_given = least, last
        if is_left.any():
            left = remainders[is_left]
            most = int(left.max())
            if self.most_left is None or most > self.most_left[0]:
                first = int(tile_ids[is_left][np.flatnonzero(left == most)[0]])
                self.most_left = most, first

    def add_mixed(
        self,
        tile_ids: NDArray[np.uint64],
        weights: NDArray[np.uint64],
        quotients: NDArray[np.uint64],
        bases: int,
    ) -> None:
        """Add the next tiles with the sum of their quotients; each basis may give one quantum more."""
        wrong = np.flatnonzero((weights < quotients) | (weights > quotients + np.uint64(bases)))
        if len(wrong):
            if not self.wrong_tiles:
                at = wrong[0]
                self.first_wrong = int(tile_ids[at]), int(weights[at]), int(quotients[at])
            self.wrong_tiles += len(wrong)

    @property
    def passed_over(self) -> bool:
        """Whether a tile got a quantum though another one comes before it."""
        if self.least_given is None or self.most_left is None:
            return False
        given, left = self.least_given, self.most_left
        return given[0] < left[0] or (given[0] == left[0] and given[1] > left[1])


def check_apportionment(country: CountryMasses, own: CountrySummary) -> None:
    """Work out what the masses of a country make of its summary, and whether its weights keep the law.

    With one basis every weight is compared with the law, and a tile that breaks it is a finding, unless
    there is one already. Of a mixture it is only seen whether a weight is the sum of the quotients and
    at most one more for each basis: which of them gave it cannot be told from the sum.

    Args:
        country: Its tiles.
        own: Its summary, tiles and quanta filled in; masses are added.
    """
    counts_as, totals = _counts_as(country, own)
    floors, zero_despite_mass, law = [0] * len(totals), 0, _Remainders()
    for tile_ids, weights, masses in country.chunks(counts_as):
        has_mass, sums = np.zeros(len(weights), np.bool_), np.zeros(len(weights), np.uint64)
        for number, (each, total) in enumerate(zip(masses, totals, strict=True)):
            has_mass |= each > 0
            quotients, remainders = quotients_of(each, own.bases[number].units, total)
            floors[number] += exact_sum(quotients)
            sums += quotients.view(np.uint64)
        if len(totals) == 1:
            law.add(tile_ids, weights, sums, remainders)
        else:
            law.add_mixed(tile_ids, weights, sums, len(totals))
        zero_despite_mass += int(np.count_nonzero((weights == 0) & has_mass))
    own.zero_tiles_with_mass = zero_despite_mass
    for basis, floor in zip(own.bases, floors, strict=True):
        basis.floor_sum, basis.remainder_units = floor, basis.units - floor
    if not country.files.has("weight-law"):
        _report(country.files, law)


def _counts_as(country: CountryMasses, own: CountrySummary) -> tuple[list[str], list[int]]:
    """Return what each basis counts as and the sum of those masses; fill in sums and fallbacks."""
    names = [basis.basis for basis in own.bases]
    sums = mass_sums(country, names)
    uniform = 0 if all(sums) else mass_sums(country, ["uniform"])[0]
    for basis, mass in zip(own.bases, sums, strict=True):
        basis.mass_sum, basis.fallback = mass, not mass
    counts_as = [name if mass else "uniform" for name, mass in zip(names, sums, strict=True)]
    return counts_as, [mass or uniform for mass in sums]


def _report(files: CountryFiles, law: _Remainders) -> None:
    if law.wrong_tiles:
        tile_id, weight, quotient = law.first_wrong
        files.add(
            "weight-law",
            "weight_fp is not the quotient of the tile's share, or at most one more for each basis.",
            example={"tile_id": tile_id, "weight_fp": weight, "whole_part": quotient},
            rows=law.wrong_tiles,
        )
    elif law.passed_over and law.least_given is not None and law.most_left is not None:
        (remainder, tile_id), (larger, passed) = law.least_given, law.most_left
        files.add(
            "weight-law",
            f"tile {tile_id} got a unit for remainder {remainder}, tile {passed} none for {larger}.",
            example={"tile_id": tile_id, "comes_before": passed},
        )


def quotients_of(
    masses: NDArray[np.int64], units: int, total: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return ``(quotients, remainders)`` of ``mass * units`` by ``total``, exact, both (n,).

    Args:
        masses: int64 (n,), in 0..total.
        units: 0..10^18.
        total: Sum of all masses, > 0.

    Returns:
        Quotients, int64; remainders in 0..total - 1, int64, or Python integers in an object array when
        they may not fit.
    """
    most = int(masses.max(initial=0)) * units // total
    # Three roundings put the estimate off by at most 2^-51 of it, and rint by half a unit more.
    if ((most >> 51) + 2) * total >= _CLEAR:
        quotients, remainders, inverse, _ = divided(masses, units, total)
        return quotients[inverse], remainders[inverse]
    estimate = masses.astype(np.float64)
    estimate *= units / total
    quotients = np.rint(estimate, out=estimate).astype(np.int64)
    # Each product may go round in 64 bits; their difference is below 2^62 and does not.
    remainders = masses * np.int64(units) - quotients * np.int64(total)
    off_by = remainders // np.int64(total)
    quotients += off_by
    remainders -= off_by * np.int64(total)
    return quotients, remainders
