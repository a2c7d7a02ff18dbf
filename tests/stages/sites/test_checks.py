"""The checks of the stage pass on what is sound, however small, and fail on what is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from closedworld.stages.checking import CheckCounts, deviations, groups_of
from closedworld.stages.sites.checks import CLAIMS


@pytest.mark.parametrize("freedom", [1, 2, 5, 40, 10_000])
def test_deviations_are_those_of_the_tail(freedom: int) -> None:
    for sigma in (-1.0, 0.0, 2.0, 4.0):
        chi_square = stats.chi2.isf(stats.norm.sf(sigma), freedom)
        assert deviations(chi_square, freedom) == pytest.approx(sigma, abs=0.25)
    assert deviations(0.0, 0) == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_every_group_expects_enough(seed: int) -> None:
    expected = np.random.default_rng(seed).pareto(0.8, 300)
    groups = groups_of(expected)
    assert (np.diff(groups) >= 0).all()
    assert (np.diff(groups) <= 1).all()
    sums = np.bincount(groups, weights=expected)
    assert (sums >= 20).all() or len(sums) == 1


def test_a_country_of_few_sites_has_one_group() -> None:
    assert groups_of(np.array([1.0, 0.5, 3.0])).tolist() == [0, 0, 0]


def test_sites_that_ignore_their_blocks_fail() -> None:
    counts = CheckCounts(chi_square=400.0, freedom=100)
    (blocks,) = (one for one in counts.results(CLAIMS) if one["check"] == "blocks")
    assert not blocks["passed"]
    assert blocks["failed"] == 1
