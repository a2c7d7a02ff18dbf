"""How much fraud of which kind, and the campaigns that hit many cards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedworld.kernels.columns import Columns
from closedworld.kernels.lives.places import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Campaigns(Columns):
    """Places where many cards fall to thieves, by start.

    Attributes:
        key: A number of each campaign that no other of its kind has, int64, below 2^32.
        source: Row in ``Sites`` of the one that copies cards, or in ``OnlineMerchants`` of that where cards are tried, int64.
        start: Seconds since 1970 UTC, int64.
        end: The second after the last, int64.
        used: Probability that thieves use a card copied there, or try a card, float64.
    """

    key: Ints
    source: Ints
    start: Ints
    end: Ints
    used: Floats

    @classmethod
    def none(cls) -> Campaigns:
        """Return no campaigns."""
        none = np.zeros(0, np.int64)
        return cls(none, none, none, none, np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class FraudPlan:
    """The fraud of a run, the same for all blocks of cards.

    Attributes:
        clone: Probability that a card is cloned in 30 days.
        lost: Probability that a card is lost in 30 days.
        visits: Visits to expect at each goal, in units of ``VISIT`` a day, int64 (goals,); thieves far away go where
            holders go.
        skim: Campaigns of skimming.
        testing: Campaigns of testing.
    """

    clone: float
    lost: float
    visits: Ints
    skim: Campaigns
    testing: Campaigns
