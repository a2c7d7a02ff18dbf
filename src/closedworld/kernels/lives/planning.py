"""How a share of fraud becomes rates and campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives.clock import DAY
from closedworld.kernels.lives.draws import scaled
from closedworld.kernels.lives.fraud_plan import Campaigns, FraudPlan
from closedworld.kernels.lives.habits import DAYS, PURCHASES_PER_SESSION
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import Channel
from closedworld.kernels.lives.places import Cards, Floats, Ints, Period
from closedworld.kernels.lives.thefts import (
    MEAN_LOST_DAYS,
    MONTH_DAYS,
    THEFT_SESSION_SHARE,
    THEFT_SESSIONS,
)
from closedworld.kernels.sampling.philox import FourWords
from closedworld.kernels.sampling.random_streams import Keys, keyed_words, stream_keys
from closedworld.kernels.sphere import chord_km, to_xyz

VISIT = 1 << 20
"""Units of `expected_visits` that are one purchase a day."""

ENOUGH_EXPOSED = 100.0
"""Cards that a skimming site copies at least, where there are such sites: fewer are not found by anybody."""

_THEFT_PURCHASES = THEFT_SESSIONS * THEFT_SESSION_SHARE * PURCHASES_PER_SESSION
_SKIM_DAYS, _LATEST_SKIM_DAY = 7, 14
_BATCH = 50.0  # cards that thieves use of a campaign
_APART_KM = 25.0
"""Between the sites of 30 days: two in one town hide each other."""

_MOST_USED = 0.8  # of the cards that are copied, before there are two in one town
_AGAIN = 0.3  # visits of the same card again, for each purchase a week of that category
_FROM_WORK = 0.2
_TESTING_DAYS, _LATEST_TESTING_DAY = 2, 27
_TESTED, _LEAST_TESTING = 150.0, 4  # purchases of a campaign; campaigns of 30 days
_MOST_CAMPAIGNS = 1 << 12
_FRAUD_KEY = b"fraud"
_SKIM, _TESTING = 0, 1


def expected_visits(market: Market, cards: Cards) -> Ints:
    """Return how many purchases a day the cards will make at each site that may be skimmed.

    Returns:
        int64 (sites,), in ``VISIT``; blocks of cards add up. 0 at sites that are never skimmed.
    """
    visits = np.zeros(len(market.sites), np.int64)
    habits = market.habits
    kinds = np.flatnonzero((habits.skimmed > 0) & (habits.channel != Channel.ONLINE))
    has_work = ~np.isnan(cards.work_lons)
    per_day = habits.per_week / DAYS
    for lons, lats, chosen, share in (
        (cards.home_lons, cards.home_lats, has_work, 1 - _FROM_WORK),
        (cards.home_lons, cards.home_lats, ~has_work, 1.0),
        (cards.work_lons, cards.work_lats, has_work, _FROM_WORK),
    ):
        x, y = lons[chosen], lats[chosen]
        xyz = to_xyz(x, y)
        for kind in kinds.tolist():
            lists = market.index.lists(np.full(len(x), kind), np.arange(len(x)), x, y, xyz)
            each = np.rint(lists.shares() * (share * per_day[kind] * VISIT)).astype(np.int64)
            np.add.at(visits, lists.site, each)
    return visits


def plan_fraud(
    market: Market, mix: FraudMix, period: Period, *, visits: Ints, n_cards: int, seed: int
) -> FraudPlan:
    """Return rates and campaigns that give about the share of fraud asked for.

    Campaigns are drawn for each 30 days of the period, so those of a longer one begin with those of a shorter one.

    Args:
        market: The world.
        mix: How much of what.
        period: Which days.
        visits: Sums of `expected_visits` over all cards, int64 (sites,).
        n_cards: How many cards there are.
        seed: Any integer.
    """
    per_day = market.habits.purchases_per_day
    target = mix.share / (1.0 - mix.share) * per_day * MONTH_DAYS * n_cards
    weights = mix.clone + mix.skim + mix.lost + mix.testing
    each = target / weights if weights > 0 else 0.0
    cards = max(n_cards, 1)
    key = stream_keys([""], "", seed, kind=_FRAUD_KEY)
    months = range(-(-period.days // MONTH_DAYS))
    eligible = _eligible(market, visits)
    skim = [
        _skim(eligible, each * mix.skim, period, month, key)
        for month in months
        if each * mix.skim > 0 and len(eligible.site)
    ]
    testing = [
        _testing(market, each * mix.testing, cards, period, month, key)
        for month in months
        if each * mix.testing > 0 and len(market.online)
    ]
    return FraudPlan(
        min(each * mix.clone / (_THEFT_PURCHASES * cards), 1.0),
        min(each * mix.lost / (MEAN_LOST_DAYS * per_day * cards), 1.0),
        market.goals.sums(visits),
        Campaigns.joined([Campaigns.none(), *skim]),
        Campaigns.joined([Campaigns.none(), *testing]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Eligible:
    """Sites that may be skimmed: cards that each copies in a campaign, and sums of the weights from the first on."""

    site: Ints
    xyz: Floats
    exposed: Floats
    sums: Ints


def _eligible(market: Market, visits: Ints) -> _Eligible:
    again = 1.0 + _AGAIN * market.habits.per_week
    exposed = visits * (_SKIM_DAYS / VISIT) / again[market.sites.category]
    site = np.flatnonzero(exposed >= ENOUGH_EXPOSED)
    if not len(site):
        site = np.flatnonzero((visits > 0) & (visits * 2 >= visits.max(initial=0)))
    weight = exposed[site] * market.habits.skimmed[market.sites.category[site]]
    whole = np.rint(weight * 64).astype(np.int64)
    if not whole.any():
        whole += 1
    xyz = market.index.xyz[:, site]
    return _Eligible(site, xyz, exposed[site], np.cumsum(whole))


def _skim(
    eligible: _Eligible, purchases: float, period: Period, month: int, key: Keys
) -> Campaigns:
    """Return campaigns of 30 days whose cards make this many purchases, each site at most once."""
    words = _words(key, _SKIM, month)
    target = words[0] * 2.0**-32 * int(eligible.sums[-1])
    drawn = np.searchsorted(eligible.sums, target, "right")
    cards = purchases / _THEFT_PURCHASES
    rank = _apart(eligible, drawn, max(round(cards / _BATCH), 1), cards)
    site = drawn[rank]
    # One after another, so that fraud does not come all at once.
    begun = np.arange(len(rank)) + words[1][rank] * 2.0**-32
    day = np.floor(begun * ((_LATEST_SKIM_DAY + 1) / len(rank))).astype(np.int64)
    start = period.first_day + month * MONTH_DAYS + day
    # About as many cards of each campaign, however many it copies, or the greatest hides all others.
    used = np.minimum(cards / (len(rank) * eligible.exposed[site]), 1.0)
    campaigns = month * _MOST_CAMPAIGNS + rank
    return Campaigns(campaigns, eligible.site[site], start * DAY, (start + _SKIM_DAYS) * DAY, used)


def _apart(eligible: _Eligible, drawn: Ints, wanted: int, cards: float) -> Ints:
    """Return the ranks of the first different sites, ascending: those far from each other, others if these cannot do.

    Args:
        eligible: The sites.
        drawn: Sites by rank.
        wanted: How many sites, at most.
        cards: Cards that thieves use of all of them.
    """
    kept: list[int] = []
    near: list[int] = []
    _, firsts = np.unique(drawn, return_index=True)
    for rank in np.sort(firsts).tolist():
        if len(kept) == wanted:
            break
        xyz = eligible.xyz[:, drawn[kept]]
        away = chord_km(xyz, eligible.xyz[:, drawn[[rank]]])
        (kept if (away >= _APART_KM).all() else near).append(rank)
    ranks = np.array([*kept, *near][:wanted], np.int64)
    copied = np.cumsum(eligible.exposed[drawn[ranks]]) * _MOST_USED
    enough = int(np.searchsorted(copied, cards)) + 1
    return np.sort(ranks[: max(len(kept), enough)])


def _testing(
    market: Market, purchases: float, n_cards: int, period: Period, month: int, key: Keys
) -> Campaigns:
    """Return campaigns of 30 days that try cards with this many purchases."""
    words = _words(key, _TESTING, month)
    rank = np.arange(min(max(round(purchases / _TESTED), _LEAST_TESTING), _MOST_CAMPAIGNS))
    online = scaled(words[0][rank], len(market.online))
    start = period.first_day + month * MONTH_DAYS + scaled(words[1][rank], _LATEST_TESTING_DAY + 1)
    used = np.full(len(rank), min(purchases / (len(rank) * n_cards * PURCHASES_PER_SESSION), 1.0))
    campaigns = month * _MOST_CAMPAIGNS + rank
    return Campaigns(campaigns, online, start * DAY, (start + _TESTING_DAYS) * DAY, used)


def _words(key: Keys, purpose: int, month: int) -> FourWords:
    turn = np.array(month << 8 | purpose, np.uint64)
    return keyed_words(key, np.arange(_MOST_CAMPAIGNS, dtype=np.uint64), turn)
