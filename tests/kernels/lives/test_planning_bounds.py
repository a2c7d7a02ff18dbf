"""Rates, campaigns and sites at their bounds: few purchases, few weights, sites that just do, sites side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_towns import market, period

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import FraudPlan, Market, OnlineMerchants, plan_fraud, planning
from closedworld.kernels.lives.planning import VISIT
from closedworld.kernels.sphere import chord_km

Ints = np.ndarray
TOWN = market(period(3), 20)
SITES = len(TOWN.sites)
PURCHASES_PER_SESSION = 0.76 + 2 * 0.17 + 3 * 0.05 + 4 * 0.02
NO_VISITS = np.zeros(SITES, np.int64)


def plan(
    mix: FraudMix, visits: Ints, n_cards: int, days: int = 30, town: Market = TOWN
) -> FraudPlan:
    return plan_fraud(town, mix, period(days), visits=visits, n_cards=n_cards, seed=1)


@pytest.mark.parametrize("n_cards", [1, 2, 1_000])
@pytest.mark.parametrize("weights", [(0.3, 0.2), (3.0, 1.0), (0.0, 2.0)])
def test_rates_give_the_share_that_was_asked_for(
    n_cards: int, weights: tuple[float, float]
) -> None:
    """Of all purchases, fraud included; weights count by their share of all."""
    clone, lost = weights
    found = plan(FraudMix(0.001, clone, 0.0, lost, 0.0), VISIT + NO_VISITS, n_cards)
    honest = TOWN.habits.purchases_per_day * 30
    fraud = 0.001 / 0.999 * honest
    of_clone = fraud * clone / (clone + lost)
    assert found.clone == pytest.approx(of_clone / (3 * 0.85 * PURCHASES_PER_SESSION))
    assert found.lost == pytest.approx((fraud - of_clone) / (2 * honest / 30))
    assert (len(found.skim), len(found.testing)) == (0, 0)
    assert found.visits.tolist() == TOWN.goals.sums(VISIT + NO_VISITS).tolist()


def test_rates_are_1_at_most_and_0_without_weights() -> None:
    all_lost = plan_fraud(
        TOWN, FraudMix(0.9, 0.0, 0.0, 1.0, 0.0), period(30), visits=NO_VISITS, n_cards=1, seed=1
    )
    assert (all_lost.clone, all_lost.lost) == (0.0, 1.0)
    all_cloned = plan_fraud(
        TOWN, FraudMix(0.9, 1.0, 0.0, 0.0, 0.0), period(30), visits=NO_VISITS, n_cards=1, seed=1
    )
    assert (all_cloned.clone, all_cloned.lost) == (1.0, 0.0)
    nothing = plan(FraudMix(0.1, 0.0, 0.0, 0.0, 0.0), VISIT + NO_VISITS, 5)
    assert (nothing.clone, nothing.lost, len(nothing.skim), len(nothing.testing)) == (0, 0, 0, 0)


@pytest.mark.parametrize(("days", "months"), [(1, 1), (30, 1), (31, 2), (60, 2), (61, 3)])
def test_each_30_days_begun_have_campaigns_however_few_purchases(days: int, months: int) -> None:
    """One of skimming, where any site is visited, however seldom, and four of testing, where there are merchants online."""
    little, seventh = FraudMix(1e-5), np.where(np.arange(SITES) == 7, 1, 0)
    found = plan(little, seventh, 1, days)
    assert found.skim.source.tolist() == [7] * months
    assert found.skim.key.tolist() == [4_096 * month for month in range(months)]
    assert found.testing.key.tolist() == [
        4_096 * month + rank for month in range(months) for rank in range(4)
    ]
    for campaigns, lasts, latest in ((found.skim, 7, 14), (found.testing, 2, 27)):
        month = campaigns.key // 4_096
        day = campaigns.start // 86_400 - period(days).first_day - 30 * month
        assert (campaigns.end - campaigns.start).tolist() == [lasts * 86_400] * len(campaigns)
        assert 0 <= day.min() <= day.max() <= latest
    assert len(plan(little, NO_VISITS, 1, days).skim) == 0
    none = np.zeros(0, np.int64)
    offline = replace(TOWN, online=OnlineMerchants(none, none, none, np.zeros(0)))
    assert len(plan(little, seventh, 1, days, offline).testing) == 0


def test_sites_may_be_skimmed_that_copy_enough_cards_or_half_as_many_as_the_most_visited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visits = np.zeros(SITES, np.int64)
    visits[[3, 5, 8, 13, 21]] = 1_000, 501, 500, 499, 1
    assert planning._eligible(TOWN, visits).site.tolist() == [3, 5, 8]
    assert planning._eligible(TOWN, NO_VISITS).site.tolist() == []
    assert planning._eligible(TOWN, np.where(visits == NO_VISITS, 0, 1)).site.tolist() == [
        3,
        5,
        8,
        13,
        21,
    ]
    visits *= VISIT // 10
    eligible = planning._eligible(TOWN, visits)
    habits, category = TOWN.habits, TOWN.sites.category
    # In seven days; who comes once a week or more comes again.
    exposed = [
        visits[site] / VISIT * 7 / (1 + 0.3 * habits.per_day[category[site]].sum())
        for site in range(SITES)
    ]
    enough = [site for site in range(SITES) if exposed[site] >= 100]
    assert eligible.site.tolist() == enough
    assert eligible.exposed.tolist() == pytest.approx([exposed[site] for site in enough])
    assert eligible.xyz.tolist() == TOWN.index.xyz[:, enough].tolist()
    # Nobody skims where the habits say so, be it visited ever so often.
    weights = [round(exposed[site] * habits.skimmed[category[site]] * 64) for site in enough]
    assert eligible.sums.tolist() == np.cumsum(weights).tolist()
    assert 0 in weights
    # Where all weights are rounded to nothing, sites count alike.
    assert planning._eligible(TOWN, np.minimum(visits, 1)).sums.tolist() == [1, 2, 3, 4, 5]
    least = eligible.exposed.min()
    monkeypatch.setattr(planning, "ENOUGH_EXPOSED", float(least))
    assert planning._eligible(TOWN, visits).site.tolist() == enough
    monkeypatch.setattr(planning, "ENOUGH_EXPOSED", float(np.nextafter(least, np.inf)))
    assert len(planning._eligible(TOWN, visits).site) < len(enough)


def sites_by(exposed: list[float], sums: list[int]) -> planning._Eligible:
    """Return sites ten kilometres from each other in a row."""
    xyz = np.zeros((3, len(exposed)))
    xyz[0] = 10.0 * np.arange(len(exposed))
    site = 100 + np.arange(len(exposed))
    return planning._Eligible(site, xyz, np.array(exposed), np.array(sums))


def test_sites_are_drawn_by_weight_from_the_bounds_of_their_shares(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of four weights 0, 2, 1 and 1: a quarter of all words each; three campaigns of a week, one in each five days."""
    quarter, n = 1 << 30, 4_096
    first = np.array(
        [0, quarter, 2 * quarter - 1, 2 * quarter, 3 * quarter - 1, 3 * quarter], np.uint64
    )
    words = np.full(n, quarter, np.uint64)
    words[: len(first)] = first
    halves = np.full(n, 1 << 31, np.uint64)
    monkeypatch.setattr(planning, "_words", lambda *_: (words, halves, halves, halves))
    monkeypatch.setattr(planning, "_APART_KM", 0.0)
    eligible, when = sites_by([50.0, 200.0, 50.0, 40.0], [0, 2, 3, 4]), period(90)
    cards = 120.0
    purchases = cards * 3 * 0.85 * PURCHASES_PER_SESSION
    found = planning._skim(eligible, purchases, when, 2, np.zeros((1, 4), np.uint32))
    # 120 cards are two batches of 50, rounded; the site without weight is never drawn.
    assert found.source.tolist() == [101, 102]
    assert found.key.tolist() == [2 * 4_096 + rank for rank in (0, 3)]
    day = when.first_day + 60
    assert found.start.tolist() == [(day + 3) * 86_400, (day + 11) * 86_400]
    assert found.used.tolist() == pytest.approx([60 / 200, 1.0])


def by_loops(
    exposed: list[float], drawn: list[int], wanted: int, cards: float, apart: float
) -> list[int]:
    """Return what `_apart` returns: first those apart, then others, until they copy enough and are no more than wanted."""
    firsts = [rank for rank, site in enumerate(drawn) if site not in drawn[:rank]]
    kept: list[int] = []
    near: list[int] = []
    for rank in firsts:
        if len(kept) < wanted:
            is_far = all(10 * abs(drawn[rank] - drawn[other]) >= apart for other in kept)
            (kept if is_far else near).append(rank)
    chosen, copied = list(kept), 0.8 * sum(exposed[drawn[rank]] for rank in kept)
    for rank in near:
        if copied >= cards or len(chosen) >= wanted:
            break
        chosen.append(rank)
        copied += 0.8 * exposed[drawn[rank]]
    return sorted(chosen)


@pytest.mark.parametrize("apart", [0.0, 10.0, 10.5, 20.0, 1e9])
@pytest.mark.parametrize("wanted", [1, 2, 3, 5, 40])
@pytest.mark.parametrize("cards", [0.0, 16.0, 40.0, 100.0, 1e9])
def test_sites_are_apart_if_these_can_do(
    apart: float, wanted: int, cards: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_APART_KM", apart)
    exposed = [20.0, 10.0, 20.0, 5.0, 30.0, 10.0, 20.0]
    drawn = [3, 3, 4, 1, 6, 4, 5, 0, 2, 6, 3]
    eligible = sites_by(exposed, [1] * 7)
    assert float(chord_km(eligible.xyz[:, [0]], eligible.xyz[:, [2]])[0]) == 20.0
    found = planning._apart(eligible, np.array(drawn), wanted, cards)
    assert found.tolist() == by_loops(exposed, drawn, wanted, cards, apart)


def test_campaigns_of_testing_grow_with_their_purchases_up_to_4096() -> None:
    """150 purchases each, four at least; as many cards as that takes, and all at most."""
    key, when = np.zeros((1, 4), np.uint32), period(30)
    for purchases, n_cards, number in (
        (1.0, 10, 4), (600.0, 10_000, 4), (674.0, 10_000, 4), (676.0, 10_000, 5), (1e9, 10**9, 4_096), (1e9, 10, 4_096),
    ):  # fmt: skip
        found = planning._testing(TOWN, purchases, n_cards, when, 1, key)
        assert found.key.tolist() == [4_096 + rank for rank in range(number)]
        used = min(purchases / (number * n_cards * PURCHASES_PER_SESSION), 1.0)
        assert found.used.tolist() == pytest.approx([used] * number)
