"""Masses: integers that say how much of its country a tile is, before they become weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import RowAreas
from closedworld.kernels.grid.doubledouble import halves
from closedworld.kernels.spans import Border
from closedworld.kernels.tiles import Tiles
from closedworld.kernels.weights.basis import Basis

MICRO = 1_000_000
"""Micro-persons per person."""

MAX_PERSONS = 9_200_000_000_000
"""Largest population of a tile: its micro-persons still fit int64, with room to round."""

FULL_SHARE = 1 << 30
"""A tile that lies wholly inside its country. Coverage counts in units of 2^-30, below 1e-9."""

_SHARE_BITS = 30
_HALF_SHARE = FULL_SHARE >> 1
_LOW_BITS = 32
_INT64_END = 1 << 63
_ROUNDED = 1.5 * 2.0**52
"""A float64 this large holds no fraction: adding it rounds half to even, and the sum's bits count on from its own."""
_ROUNDED_BITS = np.float64(_ROUNDED).view(np.int64)
_ROUNDABLE_PERSONS = 2**51 // MICRO


@dataclass(frozen=True, slots=True, eq=False)
class Masses:
    """Masses in tile_id order.

    Attributes:
        values: Masses, int64 or uint64 (n,), >= 0.
        counts: How many consecutive tiles have each of them, int64 (n,); None for one each.
    """

    values: NDArray[np.integer]
    counts: NDArray[np.int64] | None = None

    @property
    def total(self) -> int:
        """Sum of the masses of all tiles, exact."""
        return exact_sum(self.values, self.counts)

    def held(self) -> NDArray[np.intp] | None:
        """Return which tiles have a mass above 0, int64 (n,), where more than a quarter has none; None elsewhere.

        Most of a raster of where people live is empty, and what is empty needs no arithmetic.
        """
        if self.counts is not None:
            return None
        positive = self.values > 0
        few = 4 * np.count_nonzero(positive) < 3 * len(positive)
        return np.flatnonzero(positive) if few else None

    def is_positive(self) -> NDArray[np.bool_]:
        """Return whether each tile has a mass above 0, bool (tiles,)."""
        positive = self.values > 0
        return positive if self.counts is None else np.repeat(positive, self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class MassSource:
    """What the masses of a range of a country's tiles are computed from.

    Attributes:
        tiles: The tiles, as runs.
        areas: Area of a tile of each of their rows.
        population: Persons in each tile, 0 where there are none, any real type (tiles,); None
            when no basis needs it.
        shares: Coverage of each tile in units of 2^-30, int64 (tiles,); None to leave it out.
    """

    tiles: Tiles
    areas: RowAreas
    population: NDArray[Any] | None = None
    shares: NDArray[np.int64] | None = None

    def of(self, basis: Basis) -> Masses:
        """Return the masses of a basis.

        With shares, a uniform or populated tile counts 2^30 times its coverage, and square centimetres
        and micro-persons are multiplied by the coverage and rounded half to even.

        Raises:
            ValueError: When population is needed and absent, or too large.
        """
        if basis.needs_population:
            if self.population is None:
                raise ValueError(f"basis {basis.value} needs population")
            return Masses(population_masses(basis, self.population, self.shares))
        if basis is Basis.AREA_M2:
            areas = self.areas.of(self.tiles.rows)
            if self.shares is None:
                return Masses(areas, self.tiles.lengths)
            return Masses(times_share(np.repeat(areas, self.tiles.lengths), self.shares))
        if self.shares is None:
            return Masses(np.ones(1, np.int64), np.array([self.tiles.tile_count]))
        return Masses(self.shares)


def population_masses(
    basis: Basis, values: NDArray[Any], shares: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Return the masses of a basis that a raster gives, int64 (tiles,).

    Args:
        basis: ``population`` or ``populated``.
        values: Persons in each tile, any real type (tiles,).
        shares: Coverage in units of 2^-30, int64 (tiles,); None to leave it out.

    Raises:
        ValueError: As ``micro_persons``.
    """
    masses = micro_persons(values)
    if basis is Basis.POPULATED:
        populated = (masses > 0).astype(np.int64)
        return populated if shares is None else populated * shares
    return masses if shares is None else times_share(masses, shares)


def micro_persons(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return ``value * 10**6`` rounded half to even, exactly, int64 in the shape of the argument.

    Args:
        values: Persons, integer or floating point; NaN and negative ones count 0.

    Raises:
        ValueError: When a value is above ``MAX_PERSONS``.
    """
    largest = values.max(initial=0)
    if not largest <= MAX_PERSONS:
        too_large = values[values > MAX_PERSONS]
        if len(too_large):
            raise ValueError(f"a value of {too_large[0]} persons is too large")
    # NaN is not above zero either.
    positive = values if (values >= 0).all() else np.where(values > 0, values, 0)
    if positive.dtype.kind in "iub":
        return positive.astype(np.int64) * MICRO
    if positive.dtype.itemsize < np.dtype(np.float64).itemsize:
        # 24 bits times 10^6, which has 14 bits before its zeros: exact in float64.
        exact = positive.astype(np.float64)
        exact *= MICRO
        if largest >= _ROUNDABLE_PERSONS:
            return np.rint(exact, out=exact).astype(np.int64)
        # Two thirds of the time of rounding and converting.
        exact += _ROUNDED
        whole = exact.view(np.int64)
        whole -= _ROUNDED_BITS
        return whole
    return _rounded_product(positive.astype(np.float64))


def _rounded_product(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return ``value * 10**6`` rounded once, from values in 0..MAX_PERSONS."""
    high, low = halves(values)
    # Both halves have 26 bits, so these products are exact, and so is the error of their sum.
    high *= MICRO
    low *= MICRO
    product = high + low
    error = (high - product) + low
    nearest = np.rint(product)
    past = product - nearest
    whole = nearest.astype(np.int64) + np.rint(error).astype(np.int64)
    # Where the product seems to be half way between two integers, its error tells which is nearer.
    whole += (past == 0.5) & (error > 0)  # noqa: PLR2004 -- one half
    whole -= (past == -0.5) & (error < 0)  # noqa: PLR2004
    return whole


def coverage_shares(coverage: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return coverage in 0..1 in units of 2^-30, rounded half to even and at least 1, int64.

    So a country that covers next to nothing of its tiles still has a mass.
    """
    return np.maximum(np.rint(coverage * FULL_SHARE), 1).astype(np.int64)


def covered_total(basis: Basis, tiles: Tiles, areas: RowAreas, border: Border | None) -> int:
    """Return the sum of the masses of a country for a basis that needs no raster.

    Args:
        basis: ``uniform`` or ``area_m2``.
        tiles: All tiles of the country.
        areas: Area of a tile of each of their rows.
        border: The tiles that are not wholly inside; None to leave coverage out.
    """
    whole = MassSource(tiles, areas).of(basis).total
    if border is None:
        return whole
    shares = coverage_shares(border.coverage)
    if basis is Basis.UNIFORM:
        return (whole - len(shares)) * FULL_SHARE + exact_sum(shares)
    ends = np.cumsum(tiles.lengths)
    of_border = areas.of(tiles.rows[np.searchsorted(ends, border.ranks, side="right")])
    return whole - exact_sum(of_border) + exact_sum(times_share(of_border, shares))


def times_share(masses: NDArray[np.int64], shares: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``mass * share / 2^30`` rounded half to even, exactly, int64.

    Args:
        masses: int64 (n,), >= 0.
        shares: Units of 2^-30, int64 (n,), in 0..2^30.
    """
    low = (masses & ((1 << _LOW_BITS) - 1)) * shares
    whole = (((masses >> _LOW_BITS) * shares) << (_LOW_BITS - _SHARE_BITS)) + (low >> _SHARE_BITS)
    rest = low & (FULL_SHARE - 1)
    whole += (rest > _HALF_SHARE) | ((rest == _HALF_SHARE) & (whole & 1).astype(np.bool_))
    return whole


def exact_sum(masses: NDArray[np.integer], counts: NDArray[np.int64] | None = None) -> int:
    """Return the sum of masses times their counts, however large it is.

    Args:
        masses: Integers >= 0, (n,).
        counts: Integers >= 0, (n,); None for one each.
    """
    if len(masses) == 0:
        return 0
    largest = int(masses.max())
    if counts is not None:
        if largest * int(counts.sum()) < _INT64_END:
            return int((masses * counts).sum())
        return sum(
            mass * count for mass, count in zip(masses.tolist(), counts.tolist(), strict=True)
        )
    if largest * len(masses) < _INT64_END:
        return int(masses.sum())
    wide = masses.astype(np.uint64)
    low = int((wide & np.uint64((1 << _LOW_BITS) - 1)).sum())
    return (int((wide >> np.uint64(_LOW_BITS)).sum()) << _LOW_BITS) + low
