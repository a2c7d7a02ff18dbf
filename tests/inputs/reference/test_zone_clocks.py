"""Clocks against Python's zoneinfo, hour by hour, also where they change."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from closedworld.inputs.reference.zone_clocks import clocks_of, zone_info
from closedworld.kernels.lives import Period, Zones

TZIDS = (
    "Africa/Casablanca",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
)


def offsets(zones: Zones, row: int, seconds: np.ndarray) -> np.ndarray:
    number = (seconds[:, None] >= zones.changes[row]).sum(axis=1)
    found: np.ndarray = zones.offsets[row][number]
    return found


@pytest.mark.parametrize("first_day", [20_524, 20_740])
def test_offsets_are_those_of_zoneinfo(first_day: int) -> None:
    period = Period(first_day, 40)
    zones = clocks_of(TZIDS, period)
    seconds = np.arange(period.start - 2 * 86_400, period.end + 2 * 86_400, 1800)
    for row, tzid in enumerate(TZIDS):
        zone = zone_info(tzid)
        expected = [
            datetime.fromtimestamp(one, UTC).astimezone(zone).utcoffset().total_seconds()  # type: ignore[union-attr]
            for one in seconds.tolist()
        ]
        assert offsets(zones, row, seconds).tolist() == expected


def test_a_zone_that_does_not_change_has_no_changes() -> None:
    zones = clocks_of(["Asia/Kolkata", "Europe/Berlin"], Period(20_524, 10))
    assert (zones.changes[0] == Zones.NEVER).all()
    assert zones.offsets[0].tolist() == [19_800] * zones.offsets.shape[1]
