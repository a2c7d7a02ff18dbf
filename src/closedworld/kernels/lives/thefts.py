"""What thieves do with cards: incidents, each of one card, and the sessions in which they buy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from closedworld.kernels.columns import Columns
from closedworld.kernels.counting import all_pairs, counted
from closedworld.kernels.lives.clock import DAY, HOUR, weekday
from closedworld.kernels.lives.draws import Purpose, below, card_words, parted, scaled
from closedworld.kernels.lives.fraud_plan import FraudPlan
from closedworld.kernels.lives.goals import Errand
from closedworld.kernels.lives.habits import HOURS, Schedule
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import NONE, FraudType, HardNegative
from closedworld.kernels.lives.places import Cards, Floats, Ints, Period
from closedworld.kernels.lives.sessions import THIEF_SOURCE, Sessions, sizes_of
from closedworld.kernels.sampling.philox import Words

MONTH_DAYS = 30
THEFT_SESSIONS = 3
THEFT_STEP_DAYS = 2
"""A thief far away goes out on every second day, this many times."""

THEFT_SESSION_SHARE = 0.85
"""Probability of each of them."""

MEAN_LOST_DAYS = 2.0

_SKIM_REST_DAYS, _SKIM_DAYS = 2, 10
"""From a card's copy until it is used at the earliest; and from then."""

_SOURCES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Incidents(Columns):
    """Incidents of fraud.

    Attributes:
        card: Row of the card, int64.
        fraud_type: ``FraudType``, int64.
        turn: Window or campaign that the card's draws are counted by, int64.
        campaign: Row of the campaign in the plan, else ``NONE``, int64.
        source_site: Where the card was skimmed, else ``NONE``, int64.
        day: First day of its use, int64.
        begin: Of a lost card: when it is lost on the clocks there, seconds since 1970, int64.
        end: Of a lost card: when it is no more used, int64.
        reported: Seconds since 1970 UTC, int64.
        goal: What the goal is drawn with near which the thief buys, uint64.
        within: What the site in it is drawn with, uint64.
        online: Row of the merchant where cards are tried, else ``NONE``, int64.
    """

    card: Ints
    fraud_type: Ints
    turn: Ints
    campaign: Ints
    source_site: Ints
    day: Ints
    begin: Ints
    end: Ints
    reported: Ints
    goal: Words
    within: Words
    online: Ints


def _incidents(
    fraud_type: FraudType, card: Ints, turn: Ints, day: Ints, words: tuple[Words, Words, Words]
) -> Incidents:
    """Return incidents that are reported 7 to 17 days after their first day; words for goal, site and report."""
    none = np.full(len(card), NONE)
    return Incidents(
        card, np.full(len(card), int(fraud_type)), turn, none, none, day, none, none,
        (day + 7) * DAY + scaled(words[2], 10 * DAY), *words[:2], none,
    )  # fmt: skip


def _months(period: Period) -> Ints:
    """Return the 30 days since 1970 that a period touches, and those before them."""
    first, last = period.first_day - 3, period.first_day + period.days + 1
    return np.arange(first // MONTH_DAYS, last // MONTH_DAYS + 1)


def lost_cards(cards: Cards, plan: FraudPlan, period: Period) -> Incidents:
    """Return the losses of cards: a thief nearby uses each for one to three days."""
    card, month = all_pairs(len(cards), _months(period))
    words = card_words(cards, Purpose.LOST, card, month)
    happens = below(words[0], plan.lost)
    card, month = card[happens], month[happens]
    when, lasts, report = (word[happens] for word in words[1:])
    begin = month * MONTH_DAYS * DAY + scaled(when, MONTH_DAYS * DAY)
    end = begin + DAY + scaled(lasts, int(2 * (MEAN_LOST_DAYS - 1) * DAY))
    made = _incidents(FraudType.LOST, card, month, begin // DAY, (when, when, when))
    return replace(made, begin=begin, end=end, reported=end + DAY + scaled(report, 4 * DAY))


def with_losses(sessions: Sessions, lost: Incidents, n_cards: int) -> Sessions:
    """Return the holder's sessions, those with a lost card as the thief's: near as before, but without habits."""
    if not len(lost):
        return sessions
    low = int(lost.turn.min())
    table = np.full((n_cards, int(np.ptp(lost.turn)) + 1), NONE)
    table[lost.card, lost.turn - low] = np.arange(len(lost))
    incident = sessions.incident.copy()
    is_lost = np.zeros(n_cards, np.bool_)
    is_lost[lost.card] = True
    is_holder = sessions.traveller == 2 * sessions.card
    some = np.flatnonzero(is_holder & is_lost.take(sessions.card))
    card, local = sessions.card[some], sessions.local[some]
    month = local // (MONTH_DAYS * DAY) - low
    for back in (0, 1):
        # In months beyond either end the next one is looked at, whose times do not fit.
        place = np.ravel_multi_index((card, month - back), table.shape, mode="clip")
        row = table.take(place)
        hit = (row != NONE) & (local >= lost.begin[row]) & (local < lost.end[row])
        incident[some[hit]] = row[hit]
    return replace(sessions, incident=incident, has_habits=sessions.has_habits & (incident == NONE))


def cloned_cards(cards: Cards, activity: Floats, plan: FraudPlan, period: Period) -> Incidents:
    """Return the cards that are copied, nobody knows where, and used far away; the more a card is used, the likelier."""
    card, month = all_pairs(len(cards), _months(period))
    words = card_words(cards, Purpose.CLONE, card, month)
    happens = below(words[0], plan.clone * activity[card])
    card, month = card[happens], month[happens]
    when, goal, report = (word[happens] for word in words[1:])
    day = month * MONTH_DAYS + scaled(when, MONTH_DAYS)
    return _incidents(FraudType.CLONE, card, month, day, (goal, parted(when)[1], report))


def skimmed_cards(cards: Cards, plan: FraudPlan, card: Ints, site: Ints, ts: Ints) -> Incidents:
    """Return the cards that were used at a skimming site during its campaign, and are used by thieves later.

    Args:
        cards: All cards.
        plan: The campaigns.
        card: Card of each purchase at a site, int64.
        site: Where it was made, int64.
        ts: When, seconds since 1970 UTC, int64.
    """
    skim = plan.skim
    skimmed = np.flatnonzero(np.isin(site, skim.source, kind="table"))
    card, site, ts = card[skimmed], site[skimmed], ts[skimmed]
    order = np.argsort(skim.source, kind="stable")
    low = np.searchsorted(skim.source[order], site, "left")
    counts = np.searchsorted(skim.source[order], site, "right") - low
    campaign = order[counted(low, counts)]
    card, ts = np.repeat(card, counts), np.repeat(ts, counts)
    inside = np.flatnonzero((ts >= skim.start[campaign]) & (ts < skim.end[campaign]))
    inside = inside[np.argsort(ts[inside], kind="stable")]
    card, campaign, copied = card[inside], campaign[inside], ts[inside]
    _, first = np.unique(card * len(order) + campaign, return_index=True)
    card, campaign, copied = card[first], campaign[first], copied[first]
    words = card_words(cards, Purpose.SKIM, card, skim.key[campaign])
    used = below(words[0], skim.used[campaign])
    card, campaign, copied = card[used], campaign[used], copied[used]
    when, goal, report = (word[used] for word in words[1:])
    day = copied // DAY + _SKIM_REST_DAYS + scaled(when, _SKIM_DAYS)
    key, goals = skim.key[campaign], (goal, parted(when)[1], report)
    made = _incidents(FraudType.SKIM, card, key, day, goals)
    return replace(made, campaign=campaign, source_site=skim.source[campaign])


def tested_cards(cards: Cards, activity: Floats, plan: FraudPlan) -> Incidents:
    """Return the cards that are tried in campaigns; the more a card is used, the likelier."""
    card, campaign = all_pairs(len(cards), np.arange(len(plan.testing)))
    words = card_words(cards, Purpose.TESTING, card, plan.testing.key[campaign])
    used = below(words[0], plan.testing.used[campaign] * activity[card])
    card, campaign = card[used], campaign[used]
    when, report = words[1][used], words[2][used]
    tried = plan.testing.take(campaign)
    start, end = tried.start // DAY, tried.end // DAY
    day = start + scaled(when, end - start)
    made = _incidents(FraudType.TESTING, card, tried.key, day, (when, when, report))
    return replace(made, campaign=campaign, online=tried.source)


def thief_sites(market: Market, cards: Cards, plan: FraudPlan, incidents: Incidents) -> Ints:
    """Return the site around which each thief buys, int64 (i,), ``NONE`` if there is none far away."""
    home = cards.take(incidents.card)
    errand = np.full(len(incidents), int(Errand.THEFT))
    return market.goals.choose(
        errand, home.home_lons, home.home_lats, home.country, incidents.goal, incidents.within,
        plan.visits,
    )  # fmt: skip


def thief_sessions(
    cards: Cards, incidents: Incidents, schedule: Schedule, *, sessions_each: int
) -> Sessions:
    """Return the sessions of thieves, begun as those of holders; anchor and traveller are the incident's row.

    Args:
        cards: All cards.
        incidents: Not of lost cards.
        schedule: When thieves buy, and what.
        sessions_each: Sessions of an incident, one a day, each left out at times; a single one never.
    """
    row, number = all_pairs(len(incidents), np.arange(sessions_each))
    card, turn = incidents.card[row], incidents.turn[row]
    source = THIEF_SOURCE + _SOURCES * incidents.fraud_type[row] + number
    words = card_words(cards, Purpose.SESSION, card, turn, source)
    day = incidents.day[row] + THEFT_STEP_DAYS * number
    category, hour = np.divmod(schedule.first.draw(weekday(day), words[0]), HOURS)
    local = day * DAY + hour * HOUR + scaled(words[1], HOUR)
    none = np.full(len(row), NONE)
    sessions = Sessions(
        card, turn, source, local, none, category, sizes_of(words[2]), row, row, none,
        np.zeros(len(row), np.bool_), row, incidents.online[row],
        np.full(len(row), int(HardNegative.NONE)),
    )  # fmt: skip
    if sessions_each == 1:
        return sessions
    kept = below(words[3], THEFT_SESSION_SHARE)
    return sessions.take(np.flatnonzero(kept))
