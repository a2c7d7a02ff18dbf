"""Incidents of a few cards, by hand: when cards are lost, which purchases are the thief's, and which cards a site copies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_towns import cards, no_fraud, period

from closedworld.kernels.lives import NONE, FraudType, thefts
from closedworld.kernels.lives.draws import Purpose, card_words
from closedworld.kernels.lives.fraud_plan import Campaigns
from closedworld.kernels.lives.sessions import Sessions
from closedworld.kernels.lives.thefts import (
    lost_cards,
    skimmed_cards,
    with_losses,
)

DAY = 86_400


@pytest.mark.parametrize("first_day", range(20_520, 20_550))
@pytest.mark.parametrize("days", [1, 29, 45])
def test_cards_may_be_lost_in_all_months_about_a_period(first_day: int, days: int) -> None:
    """From three days before it to a day after its last."""
    plan = replace(no_fraud(), lost=1.0)
    lost = lost_cards(cards(2), plan, period(days, first_day))
    months = sorted({day // 30 for day in range(first_day - 3, first_day + days + 2)})
    assert lost.turn.tolist() == 2 * months
    assert lost.card.tolist() == [0] * len(months) + [1] * len(months)


def test_lost_cards_are_used_for_one_to_three_days() -> None:
    lost = lost_cards(cards(40), replace(no_fraud(), lost=0.5), period(300))
    assert 0.4 < len(lost) / (40 * 11) < 0.6
    assert (lost.begin // (30 * DAY) == lost.turn).all()
    assert lost.day.tolist() == (lost.begin // DAY).tolist()
    for lasts, low, high in (
        (lost.end - lost.begin, 1, 3),
        (lost.reported - lost.end, 1, 5),
        (lost.begin - lost.turn * 30 * DAY, 0, 30),
    ):
        assert low * DAY <= lasts.min() < (low + 0.1) * DAY
        assert (high - 0.1) * DAY < lasts.max() < high * DAY
    assert set(lost.fraud_type.tolist()) == {FraudType.LOST}
    assert set(lost.campaign.tolist() + lost.source_site.tolist()) == {NONE}


def sessions_at(card: list[int], local: list[int], traveller: list[int]) -> Sessions:
    n, none = len(card), np.full(len(card), NONE)
    return Sessions(
        np.array(card), none, none, np.array(local), none, none, none, none, np.array(traveller),
        none, np.ones(n, np.bool_), none, none, none,
    )  # fmt: skip


def test_sessions_with_a_lost_card_are_the_thiefs() -> None:
    """From the second of the loss until the second before the end, in the month after as well; a second holder's never."""
    lost = lost_cards(cards(5), replace(no_fraud(), lost=0.6), period(90))
    far = int(lost.end.max()) + 200 * DAY
    asked = [
        (card, int(time) + second, traveller)
        for card in range(5)
        for time in (*lost.begin, *lost.end, 0, far, *(30 * DAY * (lost.turn + 1)))
        for second in (-1, 0, 1)
        for traveller in (2 * card, 2 * card + 1)
    ]
    card, local, traveller = (list(one) for one in zip(*asked, strict=True))
    sessions = sessions_at(card, local, traveller)
    expected = [
        next(
            (
                row
                for row in range(len(lost))
                if lost.card[row] == one and lost.begin[row] <= time < lost.end[row]
            ),
            NONE,
        )
        if who == 2 * one
        else NONE
        for one, time, who in asked
    ]
    found = with_losses(sessions, lost, 5)
    assert found.incident.tolist() == expected
    assert found.has_habits.tolist() == [row == NONE for row in expected]
    over = (lost.begin // (30 * DAY) < (lost.end - 1) // (30 * DAY)).any()
    assert over, "a loss that goes on in the next month"
    assert with_losses(sessions, lost.take(np.zeros(0, np.int64)), 5) is sessions


def skim_plan(used: float) -> Campaigns:
    """Return three campaigns, two of them at one site."""
    start = np.array([10, 12, 11]) * DAY
    return Campaigns(
        np.array([7, 8, 9]), np.array([4, 2, 4]), start, start + 7 * DAY, np.full(3, used)
    )


@pytest.mark.parametrize("used", [1.0, 0.5])
def test_a_site_copies_the_cards_used_there_in_its_campaign(used: float) -> None:
    """From its first second to its last, each card once, at the first of its purchases; a word decides on its use."""
    plan = replace(no_fraud(), skim=skim_plan(used))
    everybody = cards(40)
    bought = [
        (card, site, time * DAY + second)
        for card in range(40)
        for site, time, second in (
            (4, 10, -1), (4, 10, 0), (4, 18, -1), (4, 18, 0), (2, 19, 0), (2, 19, -1), (2, 12, -1), (3, 13, 0),
        )
        if card % 3 or second == 0
    ]  # fmt: skip
    card, site, ts = np.array(bought).T
    found = skimmed_cards(everybody, plan, card, site, ts)
    expected = []
    for one in range(40):
        for campaign in range(3):
            times = [
                when
                for who, where, when in bought
                if who == one
                and where == plan.skim.source[campaign]
                and plan.skim.start[campaign] <= when < plan.skim.end[campaign]
            ]
            words = card_words(everybody, Purpose.SKIM, np.array([one]), plan.skim.key[[campaign]])
            if times and words[0][0] < used * 2**32:
                day = min(times) // DAY + 2 + (int(words[1][0]) * 10 >> 32)
                expected.append((one, campaign, int(plan.skim.source[campaign]), day))
    columns = (found.card, found.campaign, found.source_site, found.day)
    assert list(zip(*(one.tolist() for one in columns), strict=True)) == expected
    assert found.turn.tolist() == plan.skim.key[found.campaign].tolist()
    report = found.reported - found.day * DAY
    assert 7 * DAY <= report.min() <= report.max() < 17 * DAY
    nothing = np.zeros(0, np.int64)
    assert len(skimmed_cards(everybody, no_fraud(), card, site, ts)) == 0
    assert len(skimmed_cards(everybody, plan, nothing, nothing, nothing)) == 0


def test_cards_are_tried_on_the_days_of_a_campaign_by_how_much_they_are_used() -> None:
    start = np.array([100, 105]) * DAY
    campaigns = Campaigns(
        np.array([3, 4]), np.array([6, 5]), start, start + 2 * DAY, np.array([0.25, 0.5])
    )
    everybody, activity = cards(400), np.tile([1.0, 2.0], 200)
    found = thefts.tested_cards(everybody, activity, replace(no_fraud(), testing=campaigns))
    n, busy = len(everybody), found.card % 2 == 1
    for campaign, share in ((0, 0.25), (1, 0.5)):
        own = found.campaign == campaign
        assert (own & ~busy).sum() / (n / 2) == pytest.approx(share, abs=0.1)
        assert (own & busy).sum() / (n / 2) == pytest.approx(2 * share, abs=0.1)
        assert sorted(set(found.day[own].tolist())) == [100 + 5 * campaign, 101 + 5 * campaign]
        assert set(found.online[own].tolist()) == {6 - campaign}
        assert set(found.turn[own].tolist()) == {3 + campaign}
