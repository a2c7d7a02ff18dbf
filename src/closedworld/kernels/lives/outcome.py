"""What comes out of lives: purchases, the truth about them, and where the holders were."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.lives.places import Floats, Ints

Bytes: TypeAlias = "NDArray[np.int8]"
NONE = -1
"""No site, no merchant, no campaign, no report."""


class Channel(IntEnum):
    """How a purchase is made."""

    POS = 0
    ATM = 1
    ONLINE = 2


class StayKind(IntEnum):
    """Why a holder is where he is."""

    HOME = 0
    WORK = 1
    TRIP = 2


class FraudType(IntEnum):
    """Why a purchase is not the holder's."""

    NONE = 0
    CLONE = 1
    SKIM = 2
    LOST = 3
    TESTING = 4


class HardNegative(IntEnum):
    """Why an honest purchase may look impossible."""

    NONE = 0
    LATE_POSTING = 1
    TWO_HOLDERS = 2
    LONG_FLIGHT = 3
    HEAD_OFFICE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Purchases(Columns):
    """Purchases by card, then time.

    Attributes:
        card: Row of ``Cards``, int64, ascending.
        key: 63 random bits that follow from the card and the purchase alone, int64.
        ts_utc: Seconds since 1970 UTC, int64, ascending within a card.
        offset: Local time less UTC at that moment in its zone, seconds, int64.
        zone: Row of ``Zones``: the site's, or where the holder is if online, int64.
        site: Row of ``Sites``, int64; ``NONE`` online.
        merchant: Number of the merchant, int64.
        channel: ``Channel``, int8.
        category: Row of ``Habits``, int64.
        country: Row of ``Countries``: the site's or the online merchant's, int64.
        amount: Minor units of that country's currency, int64, 1 or more.
        shown: Row of the site whose coordinates are shown, int64: the site's own, but the head office's if the truth says
            so; ``NONE`` online.
    """

    card: Ints
    key: Ints
    ts_utc: Ints
    offset: Ints
    zone: Ints
    site: Ints
    merchant: Ints
    channel: Bytes
    category: Ints
    country: Ints
    amount: Ints
    shown: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Columns):
    """The truth about purchases, row by row.

    Attributes:
        fraud_type: ``FraudType``, int8; ``NONE`` for what the holder did himself.
        campaign: Number of the campaign in its ``FraudPlan`` table (skim or testing), int64; else ``NONE``.
        source_site: Row of ``Sites`` where the card was skimmed, int64, else ``NONE``.
        reported: When the holder reported the fraud, seconds since 1970 UTC, int64; honest ones ``NONE``.
            It may lie after the end of the run.
        hard_negative: ``HardNegative``, int8.
    """

    fraud_type: Bytes
    campaign: Ints
    source_site: Ints
    reported: Ints
    hard_negative: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Stays(Columns):
    """Where holders were, by card, then start.

    Stays at home and on trips follow each other with the journeys between them left out; a stay at work lies within
    one at home, and is listed on days on which something is bought near work.

    Attributes:
        card: Row of ``Cards``, int64, ascending.
        start: Seconds since 1970 UTC, int64, not before the run.
        end: The second after its last, int64, not after the end of the run.
        kind: ``StayKind``, int8.
        lons: Degrees, float64.
        lats: Degrees, float64.
        country: Row of ``Countries``, int64.
    """

    card: Ints
    start: Ints
    end: Ints
    kind: Bytes
    lons: Floats
    lats: Floats
    country: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """The lives of some cards.

    Attributes:
        purchases: What their cards paid.
        truth: The truth about each purchase.
        stays: Where the holders were.
    """

    purchases: Purchases
    truth: Truth
    stays: Stays
