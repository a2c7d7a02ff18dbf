"""The lives of a block of cards."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.kernels.lives.fraud_plan import FraudMix, FraudPlan
from closedworld.kernels.lives.habits import Habits
from closedworld.kernels.lives.outcome import Lives
from closedworld.kernels.lives.places import (
    Cards,
    Countries,
    Ints,
    OnlineMerchants,
    Period,
    Sites,
    Zones,
)


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Everything that lives have in common, indexed once; it is the same for all blocks and may be shared by processes.

    Attributes:
        sites: All sites.
        online: All online merchants.
        zones: All time zones.
        countries: All countries.
        habits: What holders buy.
    """

    sites: Sites
    online: OnlineMerchants
    zones: Zones
    countries: Countries
    habits: Habits

    @classmethod
    def of(
        cls,
        sites: Sites,
        online: OnlineMerchants,
        zones: Zones,
        countries: Countries,
        habits: Habits,
    ) -> Market:
        """Index sites for searches."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class LifeOptions:
    """What may be turned.

    Attributes:
        noise: Difficulty: how often honest purchases look impossible; 0 never, 1 is usual, 10 often.
        trips_abroad: Share of trips that lead to another country, 0 to 1.
    """

    noise: float = 1.0
    trips_abroad: float = 0.05


def live(
    market: Market, cards: Cards, period: Period, options: LifeOptions, fraud: FraudPlan
) -> Lives:
    """Return the lives of cards.

    A card's life does not depend on the other cards, and a longer period with the same first day begins with the same
    purchases. Memory is about 1 KiB for each purchase: take some thousand cards at a time.
    """
    raise NotImplementedError


def expected_visits(market: Market, cards: Cards) -> Ints:
    """Return how many purchases a day the cards will make at each site that may be skimmed.

    Returns:
        int64 (sites,), in 2^-20; blocks of cards add up. 0 at sites that are never skimmed.
    """
    raise NotImplementedError


def plan_fraud(
    market: Market, mix: FraudMix, period: Period, *, visits: Ints, n_cards: int, seed: int
) -> FraudPlan:
    """Return rates and campaigns that give about the share of fraud asked for.

    Campaigns are drawn for each 30 days since 1970, so those of a longer period begin with those of a shorter one.

    Args:
        market: The world.
        mix: How much of what.
        period: Which days.
        visits: Sums of `expected_visits` over all cards, int64 (sites,).
        n_cards: How many cards there are.
        seed: Any integer.
    """
    raise NotImplementedError
