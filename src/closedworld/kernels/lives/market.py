"""Everything that lives have in common, indexed once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedworld.kernels.lives.draws import scaled, whole_weights
from closedworld.kernels.lives.goals import Goals
from closedworld.kernels.lives.habits import Habits, Schedule
from closedworld.kernels.lives.near import SiteIndex
from closedworld.kernels.lives.outcome import NONE, Channel
from closedworld.kernels.lives.places import Countries, Floats, Ints, OnlineMerchants, Sites, Zones
from closedworld.kernels.placing.texture import lognormal_quantiles
from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.sphere import to_xyz

_SCALE = 1 << 16
_AT_HOME = 13  # of 16 online purchases go to merchants of the card's country, if there are any
_GAP_MEDIAN_SECONDS, _GAP_EIGHTHS = 720.0, 6
_ACTIVITY_EIGHTHS = 4
_ONLINE_THEFTS = 0.5  # of what holders buy online thieves buy with a card in their hand


@dataclass(frozen=True, slots=True, eq=False)
class OnlineIndex:
    """Online merchants by category and country.

    Attributes:
        order: Rows of merchants by category, then country, int64 (o,).
        cumulative: Sums of their sizes as integers from the first on, int64 (o + 1,).
        starts: Where each country's merchants of a category begin, int64 (categories, countries + 1).
    """

    order: Ints
    cumulative: Ints
    starts: Ints

    @classmethod
    def of(cls, online: OnlineMerchants, n_categories: int, n_countries: int) -> OnlineIndex:
        """Index online merchants."""
        code = online.category * n_countries + online.country
        order = np.argsort(code, kind="stable")
        edges = np.arange(n_categories)[:, None] * n_countries + np.arange(n_countries + 1)
        weights = whole_weights(online.size[order], np.array([len(online)]), _SCALE)
        return cls(
            order,
            np.concatenate([[0], np.cumsum(weights)]),
            np.searchsorted(code[order], edges).astype(np.int64),
        )

    def pick(self, category: Ints, country: Ints, words: Words) -> Ints:
        """Return a merchant for each, mostly of the country, int64 (n,), ``NONE`` where there is none."""
        first, last = self.starts[category, country], self.starts[category, country + 1]
        anywhere = (last == first) | ((words & np.uint64(15)) >= _AT_HOME)
        first = np.where(anywhere, self.starts[category, 0], first)
        last = np.where(anywhere, self.starts[category, -1], last)
        base = self.cumulative[first]
        target = base + scaled(words, self.cumulative[last] - base)
        place = np.searchsorted(self.cumulative[1:], target, "right")
        found = np.append(self.order, NONE)
        return found.take(np.where(last > first, place, len(self.order)))


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Everything that lives have in common, indexed once; the same for all blocks of cards.

    Attributes:
        sites: All sites.
        online: All online merchants.
        zones: All time zones.
        countries: All countries.
        habits: What holders buy.
        index: Sites by category, found by where they are.
        goals: Where people travel.
        online_index: Online merchants by category and country.
        head_office: Site of the head office of each site's merchant, int64 (sites,).
        schedule: When holders buy.
        thieves: When thieves with a card in their hand buy: the same with little online.
        testers: When thieves try cards online.
        amounts: Quantiles of amounts over their median, float64 (categories, 256).
        gaps: Quantiles of seconds between purchases of a session, float64 (256,).
        activity: Quantiles of how busy cards are, with a mean of 1, float64 (256,).
    """

    sites: Sites
    online: OnlineMerchants
    zones: Zones
    countries: Countries
    habits: Habits
    index: SiteIndex
    goals: Goals
    online_index: OnlineIndex
    head_office: Ints
    schedule: Schedule
    thieves: Schedule
    testers: Schedule
    amounts: Floats
    gaps: Floats
    activity: Floats

    @classmethod
    def of(
        cls,
        sites: Sites,
        online: OnlineMerchants,
        zones: Zones,
        countries: Countries,
        habits: Habits,
    ) -> Market:
        """Index sites and merchants."""
        xyz = to_xyz(sites.lons, sites.lats)
        _, first, merchant = np.unique(sites.merchant, return_index=True, return_inverse=True)
        is_online = habits.channel == Channel.ONLINE
        activity = lognormal_quantiles(_ACTIVITY_EIGHTHS)
        return cls(
            sites, online, zones, countries, habits,
            SiteIndex.of(sites.category, sites.lons, sites.lats, xyz, sites.size),
            Goals.of(sites),
            OnlineIndex.of(online, len(habits), len(countries.price)),
            first[merchant].astype(np.int64),
            Schedule.of(habits, np.ones(len(habits))),
            Schedule.of(habits, np.where(is_online, _ONLINE_THEFTS, 1.0)),
            Schedule.of(habits, np.where(is_online, 1.0, 0.0)),
            np.stack([lognormal_quantiles(sigma) for sigma in habits.sigma_eighths.tolist()]),
            _GAP_MEDIAN_SECONDS * lognormal_quantiles(_GAP_EIGHTHS),
            activity / (np.cumsum(activity)[-1] / len(activity)),
        )  # fmt: skip
