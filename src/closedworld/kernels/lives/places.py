"""What a life takes place among: time zones, countries, sites, online merchants, cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.sampling.random_streams import Keys, stream_keys

Floats: TypeAlias = "NDArray[np.float64]"
Ints: TypeAlias = "NDArray[np.int64]"

_CARD_KEYS = b"card"


def card_keys(card_ids: Iterable[str], seed: int) -> Keys:
    """Return the key of each card, uint32 (n, 4): it decides everything that is random in the card's life."""
    return stream_keys(card_ids, "", seed, kind=_CARD_KEYS)


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Time zones, z of them, with at most t changes of the clock.

    Attributes:
        changes: When clocks change, seconds since 1970 UTC, int64 (z, t), ascending; unused ones are
            ``Zones.NEVER``. They reach from two days before the run to two days after it.
        offsets: Local time less UTC in seconds, int64 (z, t + 1): before the first change, then after each.
    """

    NEVER = 1 << 50

    changes: Ints
    offsets: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Countries(Columns):
    """Countries and their money.

    Attributes:
        price: Minor units of its currency that buy what one euro buys where ``Habits.median`` is meant, float64.
        till_step: Amounts at tills and online are multiples of this many minor units, int64, 1 or more.
        note: Amounts of cash are multiples of this many minor units, int64, 1 or more.
    """

    price: Floats
    till_step: Ints
    note: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sites(Columns):
    """Sites with coordinates, in any order that does not change.

    Attributes:
        keys: A number of each site that no other site has, such as ``site_id``, int64.
        lons: Degrees, float64, in -180..180.
        lats: Degrees, float64.
        category: Row of ``Habits``, int64.
        merchant: Number of the merchant, int64.
        country: Row of ``Countries``, int64.
        zone: Row of ``Zones``, int64.
        size: How much it draws people, float64, above 0; 1 is usual.
    """

    keys: Ints
    lons: Floats
    lats: Floats
    category: Ints
    merchant: Ints
    country: Ints
    zone: Ints
    size: Floats


@dataclass(frozen=True, slots=True, eq=False)
class OnlineMerchants(Columns):
    """Merchants without sites; there may be none.

    Attributes:
        merchant: Number of the merchant, int64, from the same numbers as that of sites.
        category: Row of ``Habits``, int64.
        country: Row of ``Countries``, int64.
        size: float64, above 0.
    """

    merchant: Ints
    category: Ints
    country: Ints
    size: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Cards(Columns):
    """Cards and where their holders live and work.

    Attributes:
        keys: As ``card_keys`` has them, uint32 (n, 4).
        home_lons: Degrees, float64, in -180..180.
        home_lats: Degrees, float64.
        work_lons: Degrees, float64; NaN without work.
        work_lats: Degrees, float64; NaN without work.
        country: Row of ``Countries``, int64.
        zone: Row of ``Zones``, int64.
    """

    keys: Keys
    home_lons: Floats
    home_lats: Floats
    work_lons: Floats
    work_lats: Floats
    country: Ints
    zone: Ints


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC.

    Attributes:
        first_day: Days since 1970-01-01.
        days: How many, 1 or more.
    """

    first_day: int
    days: int

    @property
    def start(self) -> int:
        """Its first second since 1970 UTC."""
        return self.first_day * 86_400

    @property
    def end(self) -> int:
        """The second after its last."""
        return (self.first_day + self.days) * 86_400
