"""Masses of tiles by basis, with coverage and without, tile by tile in fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.spans import Border, RowSpans
from closedworld.kernels.tiles import Tiles, areas_of
from closedworld.kernels.weights import (
    Basis,
    Masses,
    MassSource,
    coverage_shares,
    covered_total,
    population_masses,
)
from closedworld.kernels.weights.masses import FULL_SHARE, times_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = Grid(0.0, 60.0, 1.0, 1.0, 10, 10)
SPANS = RowSpans.from_runs(GRID, *np.array([(2, 0, 3), (2, 5, 6), (4, 1, 3), (7, 9, 10)]).T)
TILES, AREAS = Tiles.all_of(SPANS), areas_of([SPANS], GRID)
PERSONS = np.array([0.0, 2.5, -3.0, np.nan, 1e-7, 6e-7, 40.0])
MICRO = [0, 2_500_000, 0, 0, 0, 1, 40_000_000]
COVERAGE = np.array([1.0, 0.5, 0.25, 1.0, 2.0**-40, 0.3, 1.0])
SHARES = coverage_shares(COVERAGE)
CM2 = [int(tile_areas_cm2(GRID)[row]) for row in (2, 2, 2, 2, 4, 4, 7)]
SMALL_SHARE = Fraction(1, 1 << 30)


def every_mass(masses: Masses) -> list[int]:
    """Return the mass of each tile, and look at what else is said of them."""
    counts = np.ones(len(masses.values), np.int64) if masses.counts is None else masses.counts
    every: list[int] = np.repeat(masses.values, counts).tolist()
    assert masses.total == sum(every)
    assert masses.is_positive().tolist() == [mass > 0 for mass in every]
    return every


def by_share(masses: list[int], shares: NDArray[np.int64]) -> list[int]:
    """Return masses times shares, rounded half to even as Python rounds fractions."""
    return [
        round(mass * Fraction(share) * SMALL_SHARE)
        for mass, share in zip(masses, shares.tolist(), strict=True)
    ]


def source(*, with_shares: bool) -> MassSource:
    return MassSource(TILES, AREAS, PERSONS, SHARES if with_shares else None)


@pytest.mark.parametrize(
    ("basis", "whole"),
    [
        (Basis.UNIFORM, [1] * 7),
        (Basis.AREA_M2, CM2),
        (Basis.POPULATION, MICRO),
        (Basis.POPULATED, [0, 1, 0, 0, 0, 1, 1]),
    ],
)
def test_masses_of_each_basis(basis: Basis, whole: list[int]) -> None:
    """A tile counts by its coverage where that is asked for: in units of 2^-30 where it counts as one."""
    assert every_mass(source(with_shares=False).of(basis)) == whole
    covered = every_mass(source(with_shares=True).of(basis))
    if basis in {Basis.UNIFORM, Basis.POPULATED}:
        assert covered == [mass * share for mass, share in zip(whole, SHARES.tolist(), strict=True)]
    else:
        assert covered == by_share(whole, SHARES)


@pytest.mark.parametrize("basis", [Basis.POPULATION, Basis.POPULATED])
def test_bases_of_people_need_people(basis: Basis) -> None:
    with pytest.raises(ValueError, match=f"basis {basis.value} needs population"):
        MassSource(TILES, AREAS).of(basis)
    masses = population_masses(basis, PERSONS, None)
    assert masses.tolist() == every_mass(source(with_shares=False).of(basis))


@pytest.mark.parametrize("basis", [Basis.UNIFORM, Basis.AREA_M2])
@pytest.mark.parametrize("ranks", [[1, 2, 4, 5], [0, 3, 6], [4], [], [0, 1, 2, 3, 4, 5, 6]])
def test_the_total_from_the_border_alone_is_that_of_all_tiles(
    basis: Basis, ranks: list[int]
) -> None:
    coverage = np.where(np.isin(np.arange(7), ranks), 0.3 + COVERAGE / 3, 1.0)
    border = Border(np.array(ranks, np.int64), coverage[ranks])
    every = MassSource(TILES, AREAS, shares=coverage_shares(coverage)).of(basis)
    assert covered_total(basis, TILES, AREAS, border) == every.total
    whole = MassSource(TILES, AREAS).of(basis)
    assert covered_total(basis, TILES, AREAS, None) == whole.total


def test_shares_are_rounded_half_to_even_and_never_0() -> None:
    units = [0, 0.2, 0.5, 1, 1.4, 1.5, 2.5, 3.5, FULL_SHARE - 0.5, FULL_SHARE]
    found = coverage_shares(np.array(units) / FULL_SHARE)
    assert found.dtype == np.int64
    assert found.tolist() == [1, 1, 1, 1, 1, 2, 2, 4, FULL_SHARE, FULL_SHARE]


MASSES = st.integers(0, 63).flatmap(
    lambda bits: st.integers(max(0, (1 << bits) - 3), (1 << bits) - 1)
)


@examples(300)
@given(
    st.lists(
        st.tuples(MASSES, st.integers(0, 30).map(lambda bits: 1 << bits) | st.integers(0, 1 << 30)),
        min_size=1,
        max_size=30,
    )
)
def test_a_mass_times_a_share_is_the_fraction_rounded_half_to_even(
    pairs: list[tuple[int, int]],
) -> None:
    masses, shares = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    assert times_share(masses, shares).tolist() == by_share(masses.tolist(), shares)


@pytest.mark.parametrize(
    "mass", [(1 << 32) - 1, 1 << 32, (1 << 33) - 1, (1 << 62) + 1, (1 << 63) - 1]
)
def test_halves_and_whole_shares_of_masses_of_every_size(mass: int) -> None:
    shares = np.array([FULL_SHARE, FULL_SHARE >> 1, FULL_SHARE - 1, 1, 3, 0])
    masses = np.full(len(shares), mass)
    assert times_share(masses, shares).tolist() == by_share(masses.tolist(), shares)
    odd = times_share(np.array([1, 3, 5, 7]), np.full(4, FULL_SHARE >> 1))
    assert odd.tolist() == [0, 2, 2, 4]


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ([1, 1, 1, 0], None),
        ([1, 1, 0, 0], [0, 1]),
        ([0, 5, 0, 2, 7, 1, 0, 0], [1, 3, 4, 5]),
        ([0, 5, 1, 2, 7, 1, 1, 0], None),
        ([0, 5, 1, 2, 7, 1, 0, 0], [1, 2, 3, 4, 5]),
        ([0, 0], []),
        ([3], None),
    ],
)
def test_tiles_with_a_mass_are_named_where_more_than_a_quarter_has_none(
    values: list[int], held: list[int] | None
) -> None:
    found = Masses(np.array(values)).held()
    assert (None if found is None else found.tolist()) == held
    assert Masses(np.array(values), np.ones(len(values), np.int64)).held() is None
