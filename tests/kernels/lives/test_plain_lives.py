"""Lives made for all cards at once are those of plain loops, card by card."""

from __future__ import annotations

import numpy as np
import pytest
from plain_lives import PlainLife, PlainPurchase
from small_towns import cards, market, no_fraud, period

from closedworld.kernels.lives import LifeOptions, StayKind, live


@pytest.mark.slow
@pytest.mark.parametrize("days", [9, 40])
def test_lives_are_those_of_plain_loops(days: int) -> None:
    town, everybody, when = market(period(days), per_town=60), cards(24), period(days)
    found = live(town, everybody, when, LifeOptions(0.0, 0.4), no_fraud())
    bought, stays = found.purchases, found.stays
    names = ("ts_utc", "site", "merchant", "category", "amount", "key")
    trips = 0
    for card in range(len(everybody)):
        purchases, main = PlainLife(town, everybody, card, when, 0.4).live()
        own = np.flatnonzero(bought.card == card)
        rows = np.stack([getattr(bought, name)[own] for name in names], axis=1).tolist()
        assert sorted(PlainPurchase(*row) for row in rows) == sorted(purchases)
        own = np.flatnonzero((stays.card == card) & (stays.kind != StayKind.WORK))
        ours = [(int(stays.start[i]), int(stays.end[i]), int(stays.kind[i])) for i in own]
        assert ours == main
        trips += sum(kind == StayKind.TRIP for _, _, kind in ours)
    assert trips > days // 10
