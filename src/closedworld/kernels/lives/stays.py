"""Where holders were: at home and on trips by turns, and at work on days with a purchase planned there."""

from __future__ import annotations

import numpy as np

from closedworld.kernels.lives.choosing import Drafts
from closedworld.kernels.lives.clock import DAY, HOUR, to_utc
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import NONE, StayKind, Stays
from closedworld.kernels.lives.places import Cards, Ints, Period
from closedworld.kernels.lives.sessions import WORK_HOURS, Anchors, Sessions
from closedworld.kernels.lives.trips import Trips

_ALWAYS = np.iinfo(np.int64).max


def stays_of(
    market: Market,
    cards: Cards,
    trips: Trips,
    anchors: Anchors,
    sessions: Sessions,
    drafts: Drafts,
    turns: Ints,
    period: Period,
) -> Stays:
    """Return the stays of holders in a period, from when they came to the turning points of their trips."""
    n = len(cards)
    card = np.concatenate([np.arange(n), trips.card])
    home_start = np.concatenate([np.full(n, -_ALWAYS), turns[:, 3]])
    order = np.lexsort((home_start, card))
    card, home_start = card[order], home_start[order]
    is_last = np.ones(len(card), np.bool_)
    is_last[:-1] = card[1:] != card[:-1]
    home_end = np.full(len(card), _ALWAYS)
    home_end[~is_last] = turns[:, 0]  # trips are in order of card and time as well
    work, day = _work_days(sessions, drafts, anchors, period)
    zone, shut = cards.zone[work], np.zeros(len(work), np.bool_)
    hours = [to_utc(market.zones, zone, day * DAY + hour * HOUR, shut) for hour in WORK_HOURS]
    anchor = np.concatenate([card, 2 * n + np.arange(len(trips)), n + work])
    start = np.concatenate([home_start, turns[:, 1], hours[0]])
    end = np.concatenate([home_end, turns[:, 2], hours[1]])
    country = np.concatenate(
        [cards.country[card], market.sites.country[trips.site], cards.country[work]]
    )
    stays = Stays(
        anchors.card[anchor],
        np.maximum(start, period.start),
        np.minimum(end, period.end),
        anchors.kind[anchor].astype(np.int8),
        anchors.lons[anchor],
        anchors.lats[anchor],
        country,
    )
    stays = stays.take(np.flatnonzero(stays.start < stays.end))
    return stays.take(np.lexsort((stays.kind, stays.start, stays.card)))


def _work_days(
    sessions: Sessions, drafts: Drafts, anchors: Anchors, period: Period
) -> tuple[Ints, Ints]:
    """Return card and local day of each day with a purchase that was planned from work."""
    from_work = anchors.kind.take(sessions.anchor) == StayKind.WORK
    session = drafts.session[from_work.take(drafts.session) & (drafts.site != NONE)]
    low, width = period.first_day - 2, period.days + 4
    code = sessions.card.take(session) * width + sessions.local.take(session) // DAY - low
    card, day = np.divmod(np.unique(code), width)
    return card, day + low
