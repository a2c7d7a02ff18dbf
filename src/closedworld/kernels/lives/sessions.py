"""When holders go out to buy, and from where: sessions of a few purchases."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.counting import all_pairs
from closedworld.kernels.lives.clock import DAY, HOUR, to_utc, weekday
from closedworld.kernels.lives.draws import Purpose, below, card_words, parted, scaled
from closedworld.kernels.lives.habits import HOURS, SESSION_SHARES
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import NONE, HardNegative
from closedworld.kernels.lives.places import Cards, Floats, Ints, Period
from closedworld.kernels.lives.trips import FLIGHT_KM_H, Homes, Trips
from closedworld.kernels.sampling.philox import Words

SLOTS = 4
"""Sessions of a day that there may be."""

FLIGHT_SOURCE, THIEF_SOURCE = 8, 16
STAGES = 4
"""Steps of a window: at home, on the way there, on the trip, on the way back."""

_MOST = 0.95  # probability of a slot of the busiest cards
_ON_TRIP = 2.4  # sessions a day on a trip, per session at home
WORK_HOURS = (8, 17)
_FROM_WORK = 0.8
_PARTNER = 0.5
_FRIDAY = 4


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Where sessions start from; arrays of one length.

    Attributes:
        card: Row of the card, int64.
        kind: ``StayKind``, int64; of a thief's, it decides nothing.
        turn: Window of the trip or another number that tells a card's anchors of a kind apart, int64.
        lons: Degrees, float64.
        lats: Degrees, float64.
        xyz: On the sphere, km, float64 (3, a).
        zone: Row of ``Zones``, int64.
    """

    card: Ints
    kind: Ints
    turn: Ints
    lons: Floats
    lats: Floats
    xyz: Floats
    zone: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sessions(Columns):
    """Sessions by card.

    Attributes:
        card: Row of the card, int64.
        turn: Day, window or campaign of its draws, int64.
        source: Which of the turn, int64.
        local: Begin on the clocks there, seconds since 1970, int64.
        utc: Begin in UTC where it is given, else ``NONE``, int64.
        category: Of the first purchase, int64.
        size: How many purchases, int64.
        anchor: Row of ``Anchors``, int64.
        traveller: Who goes: purchases of one traveller are possible one after another, int64.
        stage: Its place in the traveller's way, int64; of a thief's, it decides nothing.
        has_habits: Whether known sites are preferred, bool.
        incident: Row of the incident of fraud, else ``NONE``, int64.
        online: Row of the online merchant where it is given, else ``NONE``, int64.
        hard_negative: ``HardNegative``, int64.
    """

    card: Ints
    turn: Ints
    source: Ints
    local: Ints
    utc: Ints
    category: Ints
    size: Ints
    anchor: Ints
    traveller: Ints
    stage: Ints
    has_habits: NDArray[np.bool_]
    incident: Ints
    online: Ints
    hard_negative: Ints

    def of_incidents(self, first: int) -> Sessions:
        """Return these with their incidents counted from another first one."""
        return replace(self, incident=self.incident + first)


def sizes_of(words: Words) -> Ints:
    """Return how many purchases sessions have, int64 (n,)."""
    share = words.astype(np.float64) * 2.0**-32
    return 1 + np.searchsorted(np.cumsum(SESSION_SHARES[:-1]), share)


def holder_sessions(
    market: Market, cards: Cards, homes: Homes, trips: Trips, period: Period, anchors: Anchors
) -> Sessions:
    """Return what holders do in the local days that the period touches, without what falls into journeys.

    Anchors are homes, work places and goals of trips, in this order.
    """
    card, day, slot = _slots(market, cards, homes, trips, period)
    words = card_words(cards, Purpose.SESSION, card, day, slot)
    cell = market.schedule.first.draw(weekday(day), words[0])
    category, hour = np.divmod(cell, HOURS)
    local = day * DAY + hour * HOUR + scaled(words[1], HOUR)
    work_word, partner_word = parted(words[3])
    window = trips.window_of(card, day)
    trip = trips.at(card, window)
    has_trip = trip >= 0
    is_after = has_trip & (local >= _of(trips.end_local, trip))
    is_away = has_trip & ~is_after & (local >= _of(trips.leave_local, trip))
    is_partner = is_away & homes.is_shared[card] & below(partner_word, _PARTNER)
    on_trip = is_away & ~is_partner
    at_work = (
        ~is_away
        & (weekday(day) <= _FRIDAY)
        & (hour >= WORK_HOURS[0])
        & (hour < WORK_HOURS[1])
        & ~np.isnan(cards.work_lons[card])
        & below(work_word, _FROM_WORK)
    )
    n = len(cards)
    anchor = np.where(on_trip, 2 * n + trip, np.where(at_work, n + card, card))
    utc = to_utc(market.zones, anchors.zone[anchor], local, np.zeros(len(card), np.bool_))
    at_home = (utc < _of(trips.leave, trip)) | (utc >= _of(trips.back, trip))
    at_goal = (utc >= _of(trips.arrive, trip)) & (utc < _of(trips.end, trip))
    stage = STAGES * (window - trips.first_window) + np.where(
        is_after, STAGES, np.where(on_trip, 2, 0)
    )
    none = np.full(len(card), NONE)
    sessions = Sessions(
        card, day, slot, local, none, category, sizes_of(words[2]), anchor,
        2 * card + is_partner, stage, np.ones(len(card), np.bool_), none, none,
        np.where(is_partner, HardNegative.TWO_HOLDERS, HardNegative.NONE).astype(np.int64),
    )  # fmt: skip
    return sessions.take(
        np.flatnonzero(~has_trip | is_partner | np.where(is_away, at_goal, at_home))
    )


def _of(times: Ints, trip: Ints) -> Ints:
    """Return the time of each trip, anything without one."""
    return times.take(trip, mode="clip") if len(times) else np.zeros(len(trip), np.int64)


def _slots(
    market: Market, cards: Cards, homes: Homes, trips: Trips, period: Period
) -> tuple[Ints, Ints, Ints]:
    """Return card, local day and number of each session."""
    n, days = len(cards), period.first_day - 1 + np.arange(period.days + 2)
    card, day = all_pairs(n, days)
    trip = trips.at(card, trips.window_of(card, day))
    away = (
        (trip >= 0)
        & (day * DAY < _of(trips.end_local, trip))
        & ((day + 1) * DAY > _of(trips.leave_local, trip))
    )
    rate = np.tile(market.schedule.sessions[weekday(days)], n) * homes.activity[card]
    rate *= np.where(away, _ON_TRIP / SLOTS, 1.0 / SLOTS)
    np.minimum(rate, _MOST, out=rate)
    words = card_words(cards, Purpose.DAY, card, day)
    chosen = np.flatnonzero(np.stack([below(word, rate) for word in words], axis=1))
    row, slot = np.divmod(chosen, SLOTS)
    return card[row], day[row], slot


def flight_sessions(trips: Trips, n_cards: int, category: int) -> Sessions:
    """Return a purchase right before and one right after each long flight.

    Args:
        trips: All trips.
        n_cards: How many cards there are.
        category: What is bought.
    """
    trip = np.repeat(np.flatnonzero(trips.is_flight), 2)
    landed = np.tile([0, 1], len(trip) // 2)
    flown: Ints = np.ceil(trips.km[trip] * (3_600.0 / FLIGHT_KM_H)).astype(np.int64)
    card, none = trips.card[trip], np.full(len(trip), NONE)
    return Sessions(
        card, trips.window[trip], FLIGHT_SOURCE + landed, np.zeros(len(trip), np.int64),
        trips.leave[trip] + np.where(landed == 1, flown, 0), np.full(len(trip), category), np.ones(len(trip), np.int64),
        np.where(landed == 1, 2 * n_cards + trip, card), 2 * (n_cards + np.arange(len(trip))), np.zeros(len(trip), np.int64),
        np.zeros(len(trip), np.bool_), none, none, np.full(len(trip), int(HardNegative.LONG_FLIGHT)),
    )  # fmt: skip
