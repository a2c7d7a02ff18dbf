"""From sessions to purchases: what, at which site, for how much, and when it is planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.lives.clock import DAY, HOUR, to_utc, weekday
from closedworld.kernels.lives.draws import Purpose, below, card_words, interpolated, parted
from closedworld.kernels.lives.habits import HOURS, Schedule
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import NONE, Channel
from closedworld.kernels.lives.places import Cards, Ints
from closedworld.kernels.lives.sessions import Anchors, Sessions
from closedworld.kernels.sampling.philox import Words

HABIT = 0.7
"""Probability of going back to a known site."""

_FAVOURITES = (0.6, 0.85, 0.95)  # cumulative shares of the first three of four known sites
_TEST_SHARE = 0.15  # of a usual amount is what thieves try a card with


@dataclass(frozen=True, slots=True, eq=False)
class Drafts(Columns):
    """Purchases as planned, by session; of several lists in one, sessions are not counted on.

    Attributes:
        session: Row of ``Sessions``, int64.
        category: int64.
        site: Row of ``Sites``, ``NONE`` online, int64.
        online: Row of ``OnlineMerchants``, ``NONE`` at a site, int64.
        zone: Row of ``Zones``, int64.
        planned: Seconds since 1970 UTC, int64.
        key: 63 random bits, int64.
        amount_word: What the amount is drawn with, uint64.
        mishap: What decides on late posting and head offices, uint64.
    """

    session: Ints
    category: Ints
    site: Ints
    online: Ints
    zone: Ints
    planned: Ints
    key: Ints
    amount_word: Words
    mishap: Words


def drafts_of(
    market: Market, cards: Cards, anchors: Anchors, sessions: Sessions, schedule: Schedule,
) -> Drafts:  # fmt: skip
    """Return the purchases of sessions; those without a site or merchant within reach are left out."""
    session = np.repeat(np.arange(len(sessions)), sessions.size)
    begins = np.cumsum(sessions.size) - sessions.size
    item = np.arange(len(session)) - begins[session]
    card, turn, source = (
        one.take(session) for one in (sessions.card, sessions.turn, sessions.source)
    )
    choice = card_words(cards, Purpose.CHOICE, card, turn, source, item)
    payment = card_words(cards, Purpose.PAYMENT, card, turn, source, item)
    local = sessions.local.take(session)
    category = sessions.category.take(session)
    later = np.flatnonzero(item)
    hour_of_week = weekday(local[later] // DAY) * HOURS + local[later] % DAY // HOUR
    category[later] = schedule.next.draw(hour_of_week, choice[3][later])
    since = _since_begin(market, choice[2], item, begins[session])
    anchor = sessions.anchor.take(session)
    site, online = np.full(len(session), NONE), sessions.online.take(session)
    is_online = market.habits.channel.take(category) == Channel.ONLINE
    own_or_known = sessions.has_habits.take(session) & below(parted(choice[1])[0], HABIT)
    here = np.flatnonzero(~is_online)
    site[here] = _sites(
        market, cards, anchors, anchor[here], category[here],
        choice[0][here], parted(choice[1][here])[1], own_or_known[here],
    )  # fmt: skip
    here = np.flatnonzero(is_online & (online == NONE))
    online[here] = _merchants(
        market, cards, card[here], category[here],
        choice[0][here], parted(choice[1][here])[1], own_or_known[here],
    )  # fmt: skip
    zone, at_site = anchors.zone.take(anchor), site != NONE
    if len(market.sites):
        zone = np.where(at_site, market.sites.zone.take(site, mode="clip"), zone)
    planned = to_utc(market.zones, zone, local + since, (payment[2] & np.uint64(1)) == 1)
    given = sessions.utc.take(session)
    planned = np.where(given == NONE, planned, given)
    key = (payment[1] << np.uint64(31) | payment[2] >> np.uint64(1)).astype(np.int64)
    drafts = Drafts(session, category, site, online, zone, planned, key, payment[0], payment[3])
    found = at_site | (online != NONE)
    return drafts if found.all() else drafts.take(np.flatnonzero(found))


def amounts_of(market: Market, drafts: Drafts, country: Ints, is_test: NDArray[np.bool_]) -> Ints:
    """Return amounts in minor units of a country's currency, rounded as tills or cash machines do, int64 (n,)."""
    amount = interpolated(drafts.amount_word, market.amounts, drafts.category)
    amount *= market.habits.median.take(drafts.category) * market.countries.price.take(country)
    amount[is_test] *= _TEST_SHARE
    is_cash = market.habits.channel.take(drafts.category) == Channel.ATM
    step = np.where(
        is_cash, market.countries.note.take(country), market.countries.till_step.take(country)
    )
    steps: Ints = np.maximum(np.floor(amount / step + 0.5).astype(np.int64), 1)
    return steps * step


def _since_begin(market: Market, words: Words, item: Ints, begins: Ints) -> Ints:
    """Return seconds since the begin of its session of each purchase: sums of the gaps before it."""
    later = np.flatnonzero(item)
    gap = np.zeros(len(item), np.int64)
    gap[later] = interpolated(words[later], market.gaps).astype(np.int64)
    sums = np.cumsum(gap)
    return sums - sums.take(begins)


def _known(
    cards: Cards, card: Ints, turn: Ints, kind: Ints, category: Ints, row: Ints, slot: Words
) -> Words:
    """Return the word that chose a known site of each purchase: one of four of its list, ``row``."""
    words = np.stack(card_words(cards, Purpose.FAVOURITE, card, turn, kind, category))
    share = slot.astype(np.float64) * 2.0**-32
    number = np.searchsorted(_FAVOURITES, share)
    return words.ravel().take(number * len(card) + row)


def _sites(
    market: Market, cards: Cards, anchors: Anchors, anchor: Ints, category: Ints,
    words: Words, slot: Words, known: NDArray[np.bool_],
) -> Ints:  # fmt: skip
    """Return a site near its anchor for each purchase, ``NONE`` if there is none."""
    n = len(market.habits)
    codes, row = _distinct(anchor * n + category, len(anchors.card) * n)
    at, kind = np.divmod(codes, n)
    lists = market.index.lists(kind, at, anchors.lons, anchors.lats, anchors.xyz)
    back = np.flatnonzero(known)
    words = words.copy()
    words[back] = _known(
        cards, anchors.card[at], anchors.turn[at], anchors.kind[at], kind, row[back], slot[back]
    )
    site = np.full(len(anchor), NONE)
    some = lists.counts.take(row) > 0
    site[some] = lists.pick(row[some], words[some])
    return site


def _merchants(
    market: Market, cards: Cards, card: Ints, category: Ints,
    words: Words, slot: Words, known: NDArray[np.bool_],
) -> Ints:  # fmt: skip
    """Return an online merchant for each purchase, ``NONE`` if there is none."""
    n = len(market.habits)
    codes, row = _distinct(card * n + category, len(cards) * n)
    who, kind = np.divmod(codes, n)
    back = np.flatnonzero(known)
    words = words.copy()
    none = np.zeros(len(codes), np.int64)
    words[back] = _known(cards, who, none, none, kind, row[back], slot[back])
    return market.online_index.pick(category, cards.country.take(card), words)


def _distinct(codes: Ints, bound: int) -> tuple[Ints, Ints]:
    """Return the different codes, ascending, and the row of each in them; codes are below a bound."""
    is_there = np.zeros(bound, np.bool_)
    is_there[codes] = True
    distinct = np.flatnonzero(is_there)
    row = np.empty(bound, np.int64)
    row[distinct] = np.arange(len(distinct))
    return distinct, row.take(codes)
