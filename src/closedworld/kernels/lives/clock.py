"""Local time to UTC and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives.places import Ints, Zones

DAY = 86_400
HOUR = 3_600
_THURSDAY = 3  # 1970-01-01, where Monday is 0


def weekday(days: Ints) -> Ints:
    """Return weekdays, 0 on Mondays, of days since 1970-01-01."""
    return (days + _THURSDAY) % 7


def offsets_at(zones: Zones, zone: Ints, utc: Ints) -> Ints:
    """Return local time less UTC in seconds, int64 (n,), at seconds since 1970 UTC."""
    number = np.zeros(len(zone), np.int64)
    for change in range(zones.changes.shape[1]):
        number += utc >= zones.changes[:, change].take(zone)
    return zones.offsets[zone, number]


def to_utc(zones: Zones, zone: Ints, local: Ints, second: NDArray[np.bool_]) -> Ints:
    """Return seconds since 1970 UTC, int64 (n,), of seconds since 1970 on the clocks of a zone.

    Args:
        zones: All zones.
        zone: Row of each.
        local: What a clock on the wall shows. Where clocks skip it, it counts from the clock before (or, of the
            second, after): the moment exists, and clocks show another time then.
        second: Whether the second is meant where clocks show a time twice (``fold`` in Python).
    """
    number = np.zeros(len(zone), np.int64)
    for change in range(zones.changes.shape[1]):
        before, after = zones.offsets[:, change], zones.offsets[:, change + 1]
        late = (zones.changes[:, change] + np.maximum(before, after)).take(zone)
        early = (zones.changes[:, change] + np.minimum(before, after)).take(zone)
        number += local >= np.where(second, early, late)
    return local - zones.offsets[zone, number]
