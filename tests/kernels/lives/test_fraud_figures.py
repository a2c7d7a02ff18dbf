"""Fraud is to be found by geography, and by nothing else: figures of a compact world."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from small_towns import cards, market, period

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import (
    NONE,
    FraudPlan,
    FraudType,
    LifeOptions,
    Lives,
    expected_visits,
    live,
    plan_fraud,
)
from closedworld.kernels.lives.clock import DAY
from closedworld.kernels.lives.planning import ENOUGH_EXPOSED
from closedworld.kernels.scoring.auc import cross_fitted_auc

pytestmark = pytest.mark.slow
N_CARDS, PER_TOWN, DAYS, LOOK_BACK = 4_000, 120, 60, 14
Ints = NDArray[np.int64]


@cache
def lives(seed: int, share: float) -> tuple[FraudPlan, Lives]:
    town, everybody = market(period(DAYS), PER_TOWN), cards(N_CARDS, seed)
    visits = expected_visits(town, everybody)
    mix = FraudMix(share=share, testing=0.0)
    plan = plan_fraud(town, mix, period(DAYS), visits=visits, n_cards=N_CARDS, seed=seed)
    return plan, live(town, everybody, period(DAYS), LifeOptions(), plan)


def visitors(card: Ints, site: Ints, n_sites: int) -> Ints:
    """Return how many cards were at each site."""
    return np.bincount(np.unique(card * n_sites + site) % n_sites, minlength=n_sites)


def z_scores(found: Lives, n_sites: int) -> NDArray[np.float64]:
    """Return for each site by how much too many victims were there before they were robbed, in standard deviations."""
    bought, kind = found.purchases, found.truth.fraud_type
    robbed = np.isin(kind, [FraudType.CLONE, FraudType.SKIM])
    first = np.full(N_CARDS, np.iinfo(np.int64).max)
    np.minimum.at(first, bought.card[robbed], bought.ts_utc[robbed])
    own = (kind == FraudType.NONE) & (bought.site != NONE)
    card, site, ts = bought.card[own], bought.site[own], bought.ts_utc[own]
    before = (ts < first[card]) & (ts >= first[card] - LOOK_BACK * DAY)
    before &= first[card] < np.iinfo(np.int64).max
    expected, variance = np.zeros((2, n_sites))
    days, robbed_cards = np.unique(first[first < np.iinfo(np.int64).max] // DAY, return_counts=True)
    for day, count in zip(days.tolist(), robbed_cards.tolist(), strict=True):
        around = (ts < day * DAY) & (ts >= (day - LOOK_BACK) * DAY)
        share = visitors(card[around], site[around], n_sites) / N_CARDS
        expected += count * share
        variance += count * share * (1 - share)
    excess = visitors(card[before], site[before], n_sites) - expected
    scores: NDArray[np.float64] = excess / np.sqrt(np.maximum(variance, 0.5))
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_skimming_sites_are_found_by_their_visitors(seed: int) -> None:
    """Recall and precision among as many sites as there are; each copies about a hundred cards or more."""
    plan, found = lives(seed, 0.003)
    n_sites = len(market(period(DAYS), PER_TOWN).sites)
    skim, bought = plan.skim, found.purchases
    for site, start, end in zip(skim.source, skim.start, skim.end, strict=True):
        there = (bought.site == site) & (bought.ts_utc >= start) & (bought.ts_utc < end)
        assert len(set(bought.card[there].tolist())) >= 0.8 * ENOUGH_EXPOSED
    wanted = set(skim.source.tolist())
    assert len(wanted) > 1
    best = np.argsort(-z_scores(found, n_sites), kind="stable")[: len(wanted)]
    assert len(wanted & set(best.tolist())) >= 0.7 * len(wanted)


@pytest.mark.parametrize("kind", [FraudType.CLONE, FraudType.SKIM, FraudType.LOST])
def test_merchants_reveal_nothing(kind: FraudType) -> None:
    """The shares of fraud of merchants among half of the cards say little about the other half."""
    _, found = lives(0, 0.06)
    bought, is_fraud = found.purchases, found.truth.fraud_type == kind
    some = is_fraud | (found.truth.fraud_type == FraudType.NONE)
    counts = np.zeros((2, int(bought.merchant.max()) + 1, 2), np.int64)
    columns = (bought.card % 2, bought.merchant, is_fraud.astype(np.int64))
    np.add.at(counts, tuple(one[some] for one in columns), 1)
    assert counts[:, :, 1].sum() > 1_000
    found_auc = cross_fitted_auc(counts)
    assert found_auc is not None
    assert found_auc <= 0.6


def test_thieves_go_where_holders_go() -> None:
    """The villages have as many shops as the towns, but no holder lives there."""
    _, found = lives(0, 0.06)
    bought, fraud_type = found.purchases, found.truth.fraud_type
    far = np.isin(fraud_type, [FraudType.CLONE, FraudType.SKIM]) & (bought.site != NONE)
    town = bought.site[far] // PER_TOWN
    assert set(town.tolist()) == {0, 1, 2, 3}
