"""What is put together at the end of lives: bounds of a period, mishaps, who was robbed by whom."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from small_towns import cards, market, no_fraud, period

from closedworld.kernels.lives import (
    CATEGORIES,
    NONE,
    FraudType,
    HardNegative,
    LifeOptions,
    Market,
    live,
)
from closedworld.kernels.lives.choosing import Drafts
from closedworld.kernels.lives.fraud_plan import Campaigns

module: Any = sys.modules[live.__module__]
DAY = 86_400
HALF = 1 << 31


def test_purchases_are_of_the_period_from_its_first_to_its_last_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The times of the first purchases are moved to its bounds."""
    when = period(3)
    keys: list[int] = []

    def moved(*given: Any) -> Any:
        ts, turns = real(*given)
        drafts = given[-1]
        rows = np.flatnonzero(drafts.session == drafts.session[0])[:1].tolist()
        rows += np.flatnonzero((drafts.planned > when.start) & (drafts.planned < when.end))[
            -3:
        ].tolist()
        ts[rows] = when.start - 1, when.start, when.end - 1, when.end
        keys.extend(drafts.key[rows].tolist())
        return ts, turns

    real = module.holder_times
    monkeypatch.setattr(module, "holder_times", moved)
    found = live(market(when), cards(8), when, LifeOptions(0.0), no_fraud()).purchases
    by_key = dict(zip(found.key.tolist(), found.ts_utc.tolist(), strict=True))
    assert [by_key.get(key) for key in keys] == [None, when.start, when.end - 1, None]


def mishaps(
    noise: float, words: list[int], site: list[int], hard: list[int], fraud: list[bool]
) -> list[int]:
    """Return the mishaps of purchases, where sites 0 to 3 belong to merchants with head offices at 0 and 3."""
    n, none = len(words), np.full(len(words), NONE)
    of_market = cast("Market", SimpleNamespace(head_office=np.array([0, 0, 3, 3])))
    word = np.array(words, np.uint64)
    drafts = Drafts(none, none, np.array(site), none, none, none, none, word, word)
    found = module._mishaps(of_market, drafts, np.array(hard), np.array(fraud), noise)
    assert len(found) == n
    return cast("list[int]", found.tolist())


def test_mishaps_befall_honest_purchases_at_sites_by_their_word() -> None:
    """At noise 500 half of them are posted late; a head office stands for others than itself alone."""
    late, office, none = HardNegative.LATE_POSTING, HardNegative.HEAD_OFFICE, HardNegative.NONE
    end = int(0.51 * 2**32)
    cases = [
        (0, 1, none, False, late),
        (HALF - 1, 0, none, False, late),
        (HALF, 1, none, False, office),
        (HALF, 2, none, False, office),
        (HALF, 0, none, False, none),
        (HALF, 3, none, False, none),
        (end - 1, 1, none, False, office),
        (end + 1, 1, none, False, none),
        (0, 1, none, True, none),
        (HALF, 1, none, True, none),
        (0, NONE, none, False, none),
        (HALF, NONE, none, False, none),
        (0, 1, HardNegative.TWO_HOLDERS, False, HardNegative.TWO_HOLDERS),
        (HALF, 1, HardNegative.LONG_FLIGHT, False, HardNegative.LONG_FLIGHT),
    ]
    *given, expected = (list(one) for one in zip(*cases, strict=True))
    assert mishaps(500.0, *given) == expected
    assert mishaps(0.0, [0, 0], [1, 2], [0, 0], [False, False]) == [none, none]
    # Shares of both end at a half.
    assert mishaps(1e9, [HALF - 1, HALF, 2 * HALF - 1], [1] * 3, [0] * 3, [False] * 3) == [
        late,
        office,
        office,
    ]


def test_late_postings_are_an_hour_to_three_days_late() -> None:
    words = np.array([0, HALF // 2, HALF - 1, HALF], np.uint64)
    hour = 3_600
    late = module._late_by(words, 500.0).tolist()
    assert late == [hour, hour + 71 * hour // 4, 72 * hour - 1, 72 * hour]


@pytest.mark.slow
def test_flights_are_between_purchases_of_what_is_bought_most() -> None:
    """One at home and one at the goal, as far apart as an airliner with the wind behind it is fast, for one card each."""
    when = period(60)
    town = market(when)
    found = live(town, cards(60), when, LifeOptions(1_000.0, 1.0), no_fraud())
    bought, row = (
        found.purchases,
        np.flatnonzero(found.truth.hard_negative == HardNegative.LONG_FLIGHT),
    )
    assert len(row) > 20
    assert set(bought.category[row].tolist()) == {CATEGORIES.index("grocery")}


def test_what_is_bought_most_at_tills_is_no_cash_and_not_online() -> None:
    """Of a week, whatever is bought most on some day of it."""
    town = market(period(3))
    per_day = np.zeros((len(CATEGORIES), 7))
    bank, online = CATEGORIES.index("bank"), CATEGORIES.index("online")
    per_day[[bank, online]] = 9.0
    per_day[3] = 0.5
    per_day[2, :2] = 1.0  # as much on Monday and Tuesday
    per_day[4, 6] = 3.4
    per_day[5, :6] = 0.55
    assert module._most_common(replace(town, habits=replace(town.habits, per_day=per_day))) == 3
    per_day[4, 6] = 3.6
    assert module._most_common(replace(town, habits=replace(town.habits, per_day=per_day))) == 4


def test_what_thieves_of_lost_cards_buy_does_not_count_as_visits_of_skimmers() -> None:
    """All sites copy all cards; who was copied where was there before, with the card still in his hand."""
    when = period(30)
    town, everybody = market(when, 60), cards(80)
    n = len(town.sites)
    always = np.full(n, when.start - 40 * DAY)
    skim = Campaigns(np.arange(n), np.arange(n), always, np.full(n, when.end), np.ones(n))
    plan = replace(no_fraud(), lost=0.9, skim=skim, visits=np.ones(len(town.goals), np.int64))
    found = live(town, everybody, when, LifeOptions(0.0, 0.0), plan)
    bought, truth = found.purchases, found.truth
    own = truth.fraud_type == FraudType.NONE
    been = set(zip(bought.card[own].tolist(), bought.site[own].tolist(), strict=True))
    lost = truth.fraud_type == FraudType.LOST
    thieves = set(zip(bought.card[lost].tolist(), bought.site[lost].tolist(), strict=True)) - been
    skimmed = truth.fraud_type == FraudType.SKIM
    late = skimmed & (bought.ts_utc > when.start + 16 * DAY)
    pairs = set(zip(bought.card[late].tolist(), truth.source_site[late].tolist(), strict=True))
    assert len(pairs) > 50
    assert len(thieves) > 20
    assert len(pairs & thieves) == 0
