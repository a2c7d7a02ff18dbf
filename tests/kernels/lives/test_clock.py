"""Clocks are those of zoneinfo, at every hour of years in which they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from small_towns import offset_of, period, zones

from closedworld.kernels.lives.clock import offsets_at, to_utc, weekday
from closedworld.kernels.lives.places import Zones

TZIDS = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")
YEAR = period(400, first_day=20_450)


@pytest.mark.slow
@pytest.mark.parametrize("row", range(len(TZIDS)), ids=TZIDS)
@pytest.mark.parametrize("fold", [0, 1])
def test_local_times_become_the_moments_of_zoneinfo(row: int, fold: int) -> None:
    """Times that clocks skip and times that they show twice included."""
    clocks, zone = zones(YEAR, TZIDS), ZoneInfo(TZIDS[row])
    local = np.arange(YEAR.start, YEAR.end, 1_747)
    begin = datetime(1970, 1, 1)  # noqa: DTZ001 -- clocks on a wall
    expected = [
        (begin + timedelta(seconds=int(one))).replace(tzinfo=zone, fold=fold) for one in local
    ]
    found = to_utc(clocks, np.full(len(local), row), local, np.full(len(local), fold == 1))
    assert found.tolist() == [round(one.timestamp()) for one in expected]


@pytest.mark.slow
@pytest.mark.parametrize("row", range(len(TZIDS)), ids=TZIDS)
def test_offsets_are_those_of_zoneinfo(row: int) -> None:
    clocks, zone = zones(YEAR, TZIDS), ZoneInfo(TZIDS[row])
    utc = np.arange(YEAR.start, YEAR.end, 1_747)
    found = offsets_at(clocks, np.full(len(utc), row), utc)
    assert found.tolist() == [offset_of(zone, int(one)) for one in utc]


@pytest.mark.parametrize("row", range(len(TZIDS)), ids=TZIDS)
def test_clocks_change_with_the_second(row: int) -> None:
    """At each change, and where clocks show its times, a second before and after included; zones one by one and together."""
    clocks, zone, begin = zones(YEAR, TZIDS), ZoneInfo(TZIDS[row]), datetime(1970, 1, 1)  # noqa: DTZ001 -- clocks on a wall
    changes = [int(one) for one in clocks.changes[row] if one != Zones.NEVER]
    utc = [YEAR.start, *(change + second for change in changes for second in (-1, 0, 1))]
    found = offsets_at(clocks, np.full(len(utc), row), np.array(utc))
    assert found.tolist() == [offset_of(zone, one) for one in utc]
    local = [
        YEAR.start,
        *(
            change + offset + second
            for change in changes
            for offset in {offset_of(zone, change - 1), offset_of(zone, change)}
            for second in (-1, 0, 1)
        ),
    ]
    for fold in (0, 1):
        shown = [(begin + timedelta(seconds=one)).replace(tzinfo=zone, fold=fold) for one in local]
        found = to_utc(
            clocks, np.full(len(local), row), np.array(local), np.full(len(local), fold == 1)
        )
        assert found.tolist() == [round(one.timestamp()) for one in shown]


def test_changes_that_are_not_there_lie_after_all_times() -> None:
    """In the year 9999 clocks still show what they show without them."""
    clocks = Zones(np.array([[Zones.NEVER, Zones.NEVER]]), np.array([[3_600, 7_200, 0]]))
    far, row = np.array([0, 253_402_300_799]), np.zeros(2, np.int64)
    assert offsets_at(clocks, row, far).tolist() == [3_600, 3_600]
    for second in (row == 0, row == 1):
        assert to_utc(clocks, row, far, second).tolist() == (far - 3_600).tolist()


def test_weekdays() -> None:
    days = np.arange(-400, 25_000, 333)
    expected = [(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(int(day))).weekday() for day in days]
    assert weekday(days).tolist() == expected
