"""Clocks of time zones, from the tz database of the package tzdata: the same on every machine."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.resources
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from closedworld.kernels.lives import Period, Zones

_DAY = 86_400
_MARGIN_DAYS = 3


def clock_versions() -> dict[str, str]:
    """Return the versions on which clocks depend, by name."""
    return {"tzdata": importlib.metadata.version("tzdata")}


@functools.cache
def zone_info(tzid: str) -> ZoneInfo:
    """Return a zone of the package tzdata, whatever the system has.

    Raises:
        FileNotFoundError: It has no such zone.
    """
    path = importlib.resources.files("tzdata").joinpath("zoneinfo", *tzid.split("/"))
    with path.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=tzid)


def clocks_of(tzids: Sequence[str], period: Period) -> Zones:
    """Return when the clocks of zones change around some days, and how far they are from UTC."""
    found = [_changes(zone_info(tzid), period) for tzid in tzids]
    most = max((len(changes) for changes, _ in found), default=0)
    changes = np.full((len(found), most), Zones.NEVER, np.int64)
    offsets = np.zeros((len(found), most + 1), np.int64)
    for row, (when, after) in enumerate(found):
        changes[row, : len(when)] = when
        offsets[row] = after[-1]
        offsets[row, : len(after)] = after
    return Zones(changes, offsets)


def _changes(zone: ZoneInfo, period: Period) -> tuple[list[int], list[int]]:
    """Return the seconds at which an offset begins, and the offsets, the first of which began before."""
    begin, end = period.start - _MARGIN_DAYS * _DAY, period.end + _MARGIN_DAYS * _DAY
    offsets, changes = [_offset(zone, begin)], []
    for day in range(begin, end, _DAY):
        if _offset(zone, day + _DAY) != offsets[-1]:
            low, high = day, day + _DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (low, middle) if _offset(zone, middle) != offsets[-1] else (middle, high)
                )
            changes.append(high)
            offsets.append(_offset(zone, high))
    return changes, offsets


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
