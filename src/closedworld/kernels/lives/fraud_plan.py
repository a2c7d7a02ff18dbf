"""How much fraud of which kind, and the campaigns that hit many cards."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.kernels.lives.places import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class SkimCampaigns:
    """Sites that copy cards; arrays of one length, by start.

    Attributes:
        key: A number of each campaign that no other of its kind has, int64, below 2^32.
        site: Row of ``Sites``, int64.
        start: Seconds since 1970 UTC, int64.
        end: The second after the last, int64.
        used: Probability that thieves use a card copied there, float64.
    """

    key: Ints
    site: Ints
    start: Ints
    end: Ints
    used: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TestingCampaigns:
    """Online merchants where cards are tried; arrays of one length, by start.

    Attributes:
        key: A number of each campaign that no other of its kind has, int64, below 2^32.
        online: Row of ``OnlineMerchants``, int64.
        start: Seconds since 1970 UTC, int64.
        end: The second after the last, int64.
        used: Probability that a card is tried, float64.
    """

    key: Ints
    online: Ints
    start: Ints
    end: Ints
    used: Floats


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
    skim: SkimCampaigns
    testing: TestingCampaigns
