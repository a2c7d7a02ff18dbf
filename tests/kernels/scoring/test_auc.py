"""AUC by rank counts against a count of all pairs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.scoring.auc import RankCounts, cross_fitted_auc

VALUES = st.lists(st.sampled_from([0.0, 1.0, 1.0, 2.5, float("inf"), float("nan")]), max_size=30)


def counted(frauds: list[float], others: list[float]) -> float | None:
    """Return the AUC by a look at every pair; Python's comparisons with NaN are false."""
    pairs = [(a, b) for a, b in itertools.product(frauds, others) if a == a and b == b]  # noqa: PLR0124
    if not pairs:
        return None
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)


@pytest.mark.slow
@given(frauds=VALUES, others=VALUES, cut=st.integers(0, 30))
def test_it_is_the_share_of_pairs_however_they_are_cut(
    frauds: list[float], others: list[float], cut: int
) -> None:
    ranks = RankCounts(np.array(frauds, np.float64))
    for some in (others[:cut], others[cut:]):
        ranks.add(np.array(some, np.float64))
    found, wanted = ranks.auc(np.ones(len(frauds), np.bool_)), counted(frauds, others)
    assert (found is None) == (wanted is None)
    assert wanted is None or found == pytest.approx(wanted)


def test_kinds_of_fraud_have_their_own() -> None:
    ranks = RankCounts(np.array([5.0, 0.0]))
    ranks.add(np.array([1.0, 2.0]))
    assert ranks.auc(np.array([True, False])) == 1.0
    assert ranks.auc(np.array([False, True])) == 0.0
    assert ranks.auc(np.array([False, False])) is None


def test_a_category_that_says_nothing_has_half_and_no_bonus_for_being_rare() -> None:
    """With the rates of the same rows, many rare categories would give far more than 0.5."""
    rng = np.random.default_rng(1)
    counts = np.zeros((2, 2000, 2), np.int64)
    np.add.at(
        counts, (rng.integers(0, 2, 8000), rng.integers(0, 2000, 8000), rng.integers(0, 2, 8000)), 1
    )
    assert cross_fitted_auc(counts) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("kind", [None, 1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_a_category_has_the_auc_of_all_pairs_by_the_rates_of_the_other_half(
    kind: int | None, seed: int
) -> None:
    """A rate counts one purchase more, of which the share of all frauds is one; equal rates count half."""
    counts = np.random.default_rng(seed).integers(0, 4, (2, 6, 3))
    base = counts[:, :, 1:].sum() / counts.sum()
    scored = [
        (
            (counts[1 - half, one, 1:].sum() + base) / (counts[1 - half, one].sum() + 1),
            counts[half, one, 1:].sum() if kind is None else counts[half, one, kind],
            counts[half, one, 0],
        )
        for half in range(2)
        for one in range(6)
    ]
    wins = sum(
        frauds * others * (1.0 if high > low else 0.5 if high == low else 0.0)
        for (high, frauds, _), (low, _, others) in itertools.product(scored, scored)
    )
    pairs = sum(one[1] for one in scored) * sum(one[2] for one in scored)
    assert cross_fitted_auc(counts, kind) == pytest.approx(wins / pairs, rel=1e-12)


def test_a_category_that_says_all_has_one() -> None:
    counts = np.zeros((2, 2, 2), np.int64)
    counts[:, 0, 0] = counts[:, 1, 1] = 50
    assert cross_fitted_auc(counts) == 1.0
    assert cross_fitted_auc(counts, 1) == 1.0
    assert cross_fitted_auc(np.zeros((2, 2, 2), np.int64)) is None
