"""What is planned for all cards together."""

from __future__ import annotations

import numpy as np
from small_towns import market, period

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import OnlineMerchants, plan_fraud
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
