"""The lives of a block of cards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives.choosing import Drafts, amounts_of, drafts_of
from closedworld.kernels.lives.clock import HOUR, offsets_at
from closedworld.kernels.lives.fraud_plan import FraudPlan
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import (
    NONE,
    Channel,
    FraudType,
    HardNegative,
    Lives,
    Purchases,
    StayKind,
    Truth,
)
from closedworld.kernels.lives.places import Cards, Ints, Period
from closedworld.kernels.lives.sessions import Anchors, Sessions, flight_sessions, holder_sessions
from closedworld.kernels.lives.stays import stays_of
from closedworld.kernels.lives.thefts import (
    THEFT_SESSIONS,
    Incidents,
    cloned_cards,
    lost_cards,
    skimmed_cards,
    tested_cards,
    thief_sessions,
    thief_sites,
    with_losses,
)
from closedworld.kernels.lives.trips import Homes, Trips, trips_of
from closedworld.kernels.lives.ways import holder_times, thief_times
from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.sphere import to_xyz

_LATE = 0.001  # of purchases at sites, at noise 1
_HEAD_OFFICE = 2e-5
_MOST_LATE = 72 * HOUR


@dataclass(frozen=True, slots=True)
class LifeOptions:
    """What may be turned.

    Attributes:
        noise: Difficulty: how often honest purchases look impossible; 0 never, 1 is usual, 10 often.
        trips_abroad: Share of trips that lead to another country, 0 to 1.
    """

    noise: float = 1.0
    trips_abroad: float = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """Purchases with their times, and the sessions they are from; arrays of one length."""

    drafts: Drafts
    sessions: Sessions
    ts: Ints


def live(
    market: Market, cards: Cards, period: Period, options: LifeOptions, fraud: FraudPlan
) -> Lives:
    """Return the lives of cards.

    A card's life does not depend on the other cards, and a longer period with the same first day begins with the same
    purchases. Memory is about 1 KiB for each purchase: take some thousand cards at a time.
    """
    homes = Homes.of(cards, market.activity, options.noise)
    trips = trips_of(market, cards, homes, period, abroad=options.trips_abroad, noise=options.noise)
    anchors = _anchors(market, cards, homes, trips)
    sessions = holder_sessions(market, cards, homes, trips, period, anchors)
    lost = lost_cards(cards, fraud, period)
    sessions = with_losses(sessions, lost, len(cards))
    sessions = Sessions.joined([sessions, flight_sessions(trips, len(cards), _most_common(market))])
    drafts = drafts_of(market, cards, anchors, sessions, market.schedule)
    ts, turns = holder_times(market, trips, anchors, sessions, drafts)
    honest = _Made(drafts, sessions, ts)
    stolen, incidents = _thefts(market, cards, homes, period, fraud, honest, lost)
    stays = stays_of(market, cards, trips, anchors, sessions, drafts, turns, period)
    purchases, truth = _assembled(market, period, options, honest, stolen, incidents)
    return Lives(purchases, truth, stays)


def _most_common(market: Market) -> int:
    """Return the category that is bought most at tills."""
    at_till = market.habits.channel == Channel.POS
    return int(np.argmax(market.habits.per_week * at_till))


def _anchors(market: Market, cards: Cards, homes: Homes, trips: Trips) -> Anchors:
    """Return homes, then work places (home without work), then goals of trips."""
    n = np.arange(len(cards))
    has_work = ~np.isnan(cards.work_lons)
    work_lons = np.where(has_work, cards.work_lons, cards.home_lons)
    work_lats = np.where(has_work, cards.work_lats, cards.home_lats)
    sites = market.sites
    return Anchors(
        np.concatenate([n, n, trips.card]),
        np.repeat(
            [int(StayKind.HOME), int(StayKind.WORK), int(StayKind.TRIP)],
            [len(n), len(n), len(trips)],
        ),
        np.concatenate([n * 0, n * 0, trips.window]),
        np.concatenate([cards.home_lons, work_lons, sites.lons[trips.site]]),
        np.concatenate([cards.home_lats, work_lats, sites.lats[trips.site]]),
        np.concatenate(
            [homes.xyz, to_xyz(work_lons, work_lats), market.index.xyz[:, trips.site]], axis=1
        ),
        np.concatenate([cards.zone, cards.zone, sites.zone[trips.site]]),
    )


def _thefts(
    market: Market,
    cards: Cards,
    homes: Homes,
    period: Period,
    fraud: FraudPlan,
    honest: _Made,
    lost: Incidents,
) -> tuple[list[_Made], Incidents]:
    """Return what thieves buy who do not stand where the holder stands, and all incidents, lost cards first."""
    drafts, sessions = honest.drafts, honest.sessions
    at_site = (drafts.site != NONE) & (sessions.incident.take(drafts.session) == NONE)
    row = np.flatnonzero(at_site)
    card = sessions.card.take(drafts.session[row])
    cloned = cloned_cards(cards, homes.activity, fraud, period)
    skimmed = skimmed_cards(cards, fraud, card, drafts.site[row], honest.ts[row])
    far = Incidents.joined([cloned, skimmed])
    site = thief_sites(market, cards, fraud, far)
    found = np.flatnonzero(site != NONE)
    far, site = far.take(found), site[found]
    tested = tested_cards(cards, homes.activity, fraud)
    sites = market.sites
    far_anchors = Anchors(
        far.card, np.full(len(far), int(StayKind.TRIP)), far.turn, sites.lons[site], sites.lats[site],
        market.index.xyz[:, site], sites.zone[site],
    )  # fmt: skip
    home_anchors = Anchors(
        tested.card, np.full(len(tested), int(StayKind.HOME)), tested.turn, cards.home_lons[tested.card],
        cards.home_lats[tested.card], homes.xyz[:, tested.card], cards.zone[tested.card],
    )  # fmt: skip
    made = []
    first = len(lost)
    for incidents, anchors, schedule, each in (
        (far, far_anchors, market.thieves, THEFT_SESSIONS),
        (tested, home_anchors, market.testers, 1),
    ):
        thieves = thief_sessions(cards, incidents, schedule, sessions_each=each)
        bought = drafts_of(market, cards, anchors, thieves, schedule)
        ts = thief_times(market, thieves, bought)
        made.append(_Made(bought, thieves.of_incidents(first), ts))
        first += len(incidents)
    return made, Incidents.joined([lost, far, tested])


def _assembled(
    market: Market,
    period: Period,
    options: LifeOptions,
    honest: _Made,
    stolen: list[_Made],
    incidents: Incidents,
) -> tuple[Purchases, Truth]:
    """Return the purchases of the period by card and time, and the truth about them."""
    parts = [honest, *stolen]
    drafts = Drafts.joined([one.drafts for one in parts])
    card, incident, hard = (
        np.concatenate([getattr(one.sessions, name).take(one.drafts.session) for one in parts])
        for name in ("card", "incident", "hard_negative")
    )
    ts = np.concatenate([one.ts for one in parts])
    hard = _mishaps(market, drafts, hard, incident != NONE, options.noise)
    late = np.flatnonzero(hard == HardNegative.LATE_POSTING)
    ts[late] += _late_by(drafts.mishap[late], options.noise)
    inside = np.flatnonzero((ts >= period.start) & (ts < period.end))
    inside = inside[np.argsort(card[inside] * period.end + ts[inside], kind="stable")]
    drafts = drafts.take(inside)
    card, incident, hard, ts = (one.take(inside) for one in (card, incident, hard, ts))
    fraud_type = _of(incidents.fraud_type, incident, 0)
    return (
        _purchases(market, drafts, card, ts, hard, fraud_type),
        Truth(
            fraud_type.astype(np.int8),
            _of(incidents.campaign, incident, NONE),
            _of(incidents.source_site, incident, NONE),
            _of(incidents.reported, incident, NONE),
            hard.astype(np.int8),
        ),
    )


def _mishaps(
    market: Market, drafts: Drafts, hard: Ints, is_fraud: NDArray[np.bool_], noise: float
) -> Ints:
    """Return ``HardNegative`` of each purchase: what its session has, or a mishap of its own."""
    late, office = _mishap_bounds(noise)
    share = drafts.mishap * 2.0**-32
    free = (drafts.site != NONE) & ~is_fraud & (hard == HardNegative.NONE)
    found = np.where(free & (share < late), HardNegative.LATE_POSTING, hard)
    at_office = np.flatnonzero(free & (share >= late) & (share < office))
    site = drafts.site[at_office]
    found[at_office[market.head_office.take(site) != site]] = HardNegative.HEAD_OFFICE
    return found


def _late_by(mishap: Words, noise: float) -> Ints:
    """Return by how many seconds late ones are posted late: an hour to three days, mostly few hours."""
    share = mishap * 2.0**-32 / _mishap_bounds(noise)[0]
    return HOUR + ((_MOST_LATE - HOUR) * (share * share)).astype(np.int64)


def _mishap_bounds(noise: float) -> tuple[float, float]:
    """Return cumulative shares of late ones and of head offices."""
    late = min(_LATE * noise, 0.5)
    return late, late + min(_HEAD_OFFICE * noise, 0.5)


def _of(values: Ints, incident: Ints, otherwise: int) -> Ints:
    """Return the value of each purchase's incident, something else for those without."""
    found, some = np.full(len(incident), otherwise), np.flatnonzero(incident != NONE)
    found[some] = values.take(incident[some])
    return found


def _purchases(
    market: Market, drafts: Drafts, card: Ints, ts: Ints, hard: Ints, fraud_type: Ints
) -> Purchases:
    sites, online = market.sites, market.online
    country = _either(sites.country, drafts.site, online.country, drafts.online)
    is_test: NDArray[np.bool_] = fraud_type == FraudType.TESTING
    shown, moved = drafts.site.copy(), np.flatnonzero(hard == HardNegative.HEAD_OFFICE)
    shown[moved] = market.head_office.take(shown[moved])
    return Purchases(
        card,
        drafts.key,
        ts,
        offsets_at(market.zones, drafts.zone, ts),
        drafts.zone,
        drafts.site,
        _either(sites.merchant, drafts.site, online.merchant, drafts.online),
        market.habits.channel.take(drafts.category),
        drafts.category,
        country,
        amounts_of(market, drafts, country, is_test),
        shown,
    )


def _either(of_site: Ints, site: Ints, of_online: Ints, online: Ints) -> Ints:
    """Return a property of each purchase's site or online merchant."""
    found = of_online.take(online, mode="clip") if len(of_online) else np.zeros(len(site), np.int64)
    if len(of_site):
        found = np.where(site == NONE, found, of_site.take(site, mode="clip"))
    return found
