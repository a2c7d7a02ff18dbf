"""What is planned for all cards together."""

from __future__ import annotations

import numpy as np
from small_towns import market, period

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import NONE, OnlineMerchants, plan_fraud
from closedworld.kernels.lives.market import OnlineIndex


def test_without_cards_there_is_no_fraud() -> None:
    town, when = market(period(40)), period(40)
    none = np.zeros(len(town.sites), np.int64)
    plan = plan_fraud(town, FraudMix(share=0.1), when, visits=none, n_cards=0, seed=1)
    assert len(plan.skim.key) == len(plan.testing.key) == 0


def test_online_merchants_are_drawn_by_size_in_steps_of_the_largest() -> None:
    merchants = OnlineMerchants(
        np.array([5, 6, 7]),
        np.array([1, 0, 1]),
        np.array([0, 1, 1]),
        np.array([1.0, 0.25, 1 / 3]),
    )
    index = OnlineIndex.of(merchants, 2, 2)
    assert index.order.tolist() == [1, 0, 2]
    assert index.cumulative.tolist() == [0, 16_384, 81_920, 81_920 + 21_845]
    assert index.starts.tolist() == [[0, 0, 1], [1, 2, 3]]


def test_online_merchants_are_chosen_as_loops_choose_them() -> None:
    """Of the country for 13 of 16 words, if it has any; by whole weights, from the first word of each; none of an empty category."""
    weights, countries = [2, 1, 1, 3, 1], [0, 0, 2, 1, 1]
    starts = np.array([[0, 2, 2, 3], [3, 3, 3, 3], [3, 3, 5, 5], [5, 5, 5, 5]])
    order = np.array([7, 3, 9, 0, 5])
    index = OnlineIndex(order, np.concatenate([[0], np.cumsum(weights)]), starts)
    # All sixteenths of two words that are the bounds of quarters, thirds and halves, and one less.
    bounds = [
        0,
        1 << 30,
        1 << 31,
        3 << 30,
        (1 << 32) // 3 + 1,
        (1 << 32) * 2 // 3 + 1,
        (1 << 32) - 16,
    ]
    words = [bound // 16 * 16 + low for bound in bounds for low in range(-16 if bound else 0, 16)]
    for category, own in ((0, [0, 1, 2]), (1, []), (2, [3, 4]), (3, [])):
        for country in range(3):
            expected = []
            for word in words:
                rows = [row for row in own if countries[row] == country]
                rows = rows if rows and word % 16 < 13 else own
                steps = [row for row in rows for _ in range(weights[row])]
                expected.append(order[steps[word * len(steps) >> 32]] if rows else NONE)
            n = np.full(len(words), 1)
            found = index.pick(category * n, country * n, np.array(words, np.uint64))
            assert found.tolist() == expected
    none = np.zeros(0, np.int64)
    empty = OnlineIndex.of(OnlineMerchants(none, none, none, np.zeros(0)), 2, 3)
    pairs = np.array([0, 1]), np.array([2, 0])
    assert empty.pick(*pairs, np.array([5, 1 << 31], np.uint64)).tolist() == [NONE, NONE]
