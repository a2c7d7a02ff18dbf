"""Whether holders bought about what their rates ask for, and if not, why."""

from __future__ import annotations

import math

import numpy as np

from closedworld.execution.events import Warned
from closedworld.kernels.lives import CATEGORIES, Channel, Habits, Period
from closedworld.kernels.lives.clock import weekday
from closedworld.sanitize import listed, number_of
from closedworld.stages.purchases.market import PaymentMarket

LEAST_SHARE = 0.8
"""A run that makes less than this of what is to be expected is warned of."""

_DEVIATIONS = 4.0
_WORTH_NAMING = 0.02
"""Categories without merchants are named from this share of all purchases on."""

_THEFT_VARIANCE = 5.0
"""Of purchases of thieves over their mean, as each incident has several."""

_SESSION_VARIANCE, _ACTIVITY_VARIANCE = 1.5, 0.3
"""Of purchases over their mean, as they come in sessions; of how busy cards are."""


def expected_purchases(habits: Habits, period: Period) -> list[float]:
    """Return what an average card at home buys of each category in a period."""
    days = weekday(period.first_day + np.arange(period.days))
    counts = np.bincount(days, minlength=habits.per_day.shape[1])
    expected: list[float] = (habits.per_day * counts).sum(axis=1).tolist()
    return expected


def is_short(made: int, expected: float, cards: int) -> bool:
    """Return whether too few purchases were made, by more than chance.

    Args:
        made: Purchases of holders.
        expected: As many to expect.
        cards: Their cards.
    """
    if not expected or made >= LEAST_SHARE * expected:
        return False
    spread = math.sqrt(_SESSION_VARIANCE / expected + _ACTIVITY_VARIANCE / cards)
    return 1 - made / expected > _DEVIATIONS * spread


def is_short_of_fraud(fraud: int, expected: float) -> bool:
    """Return whether less than half of the fraud that is asked for was made, by more than chance.

    Args:
        fraud: Purchases of thieves.
        expected: As many to expect.
    """
    missing = expected - fraud
    return missing > expected / 2 and missing > _DEVIATIONS * math.sqrt(_THEFT_VARIANCE * expected)


def fraud_shortfall(fraud: int, expected: float, share: float) -> Warned:
    """Return the warning of a run that has too little fraud.

    Args:
        fraud: Purchases of thieves.
        expected: As many to expect.
        share: The share of all purchases that is asked for.
    """
    message = (
        f"{number_of(fraud, 'purchase is', 'purchases are')} fraud, {fraud / expected:.0%} of the {round(expected):,} that "
        f"a share of {share:.3g} asks for: copied cards are used at least 80 km from home, and skimmed ones days after "
        "their campaign, so a small world or a short run has fewer."
    )
    return Warned("purchases-below-fraud", message)


def shortfall(payments: PaymentMarket, period: Period, made: int) -> Warned:
    """Return the warning of a run that made too few purchases.

    Args:
        payments: Sites, merchants and cards.
        period: Which days.
        made: Purchases of holders.
    """
    market, cards = payments.market, len(payments.cards)
    habits, by_category = market.habits, expected_purchases(market.habits, period)
    online = {*np.unique(market.online.category).tolist()}
    placed = {*np.unique(market.sites.category).tolist()}
    missing = [
        row
        for row, expected in enumerate(by_category)
        if expected and row not in (online if habits.channel[row] == Channel.ONLINE else placed)
    ]
    expected = cards * sum(by_category)
    lost = cards * sum(by_category[row] for row in missing)
    why = []
    if lost > _WORTH_NAMING * expected:
        names = listed(tuple(CATEGORIES[row] for row in missing))
        why.append(f"no merchant is of {names}, which would be {lost / expected:.0%}")
    siteless = ~np.isin(payments.cards.country, market.sites.country)
    without = int(siteless.sum()) * sum(
        by_category[row] for row in placed if habits.channel[row] != Channel.ONLINE
    )
    if without > _WORTH_NAMING * expected:
        rows = np.unique(payments.cards.country[siteless]).tolist()
        names = listed(tuple(payments.codes[row] for row in rows))
        count = number_of(int(siteless.sum()), "card lives", "cards live")
        why.append(
            f"{count} where no merchant has a site, in {names}, which would be {without / expected:.0%}"
        )
        lost += without
    if is_short(made, expected - lost, cards):
        why.append("holders have no time for such rates, or sites are too far apart")
    message = (
        f"holders made {made:,} purchases, {made / expected:.0%} of the {round(expected):,} that the rates "
        f"ask for: {'; '.join(why) or 'each of several causes is small'}."
    )
    return Warned("purchases-below-rates", message)
