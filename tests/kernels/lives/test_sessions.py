"""Sessions about a trip, to the second: who is at home, on the way or there, and how often he goes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from small_towns import cards, market, period

from closedworld.kernels.lives import NONE, HardNegative, StayKind
from closedworld.kernels.lives.clock import to_utc
from closedworld.kernels.lives.sessions import (
    STAGES,
    Anchors,
    Sessions,
    holder_sessions,
    sizes_of,
)
from closedworld.kernels.lives.trips import Homes, Trips
from closedworld.kernels.sphere import to_xyz

WHEN = period(24)
N = 24
DAY, HOUR = 86_400, 3_600
FAR = 1 << 40


@dataclass(frozen=True)
class OneTrip:
    """A trip of card 0; times count from a second of a session: on clocks at home, and in UTC."""

    leave_local: int
    end_local: int
    leave: int
    arrive: int
    end: int
    back: int


@cache
def homes(*, is_shared: bool) -> Homes:
    own = Homes.of(cards(N), market(WHEN).activity, 1.0)
    return replace(own, phase=own.phase * 0, is_shared=np.full(N, is_shared))


def trips(times: list[int] | None, *, of_all: bool = False) -> Trips:
    """Return no trip, or one in the window about the middle of the period, of card 0 or of each card, with these six times."""
    first = (WHEN.first_day - 2) // 12
    row, n = np.full((N, 5), -1), 0 if times is None else N if of_all else 1
    window = (WHEN.first_day + 9) // 12
    row[:n, window - first] = np.arange(n)
    leave_local, end_local, leave, arrive, end, back = (
        np.full(n, one) for one in (times or [0] * 6)
    )
    zeros = np.zeros(n, np.int64)
    return Trips(
        row, homes(is_shared=False).phase, first, np.arange(n), np.full(n, window), zeros, leave_local,
        end_local, leave, arrive, end, back, np.zeros(n, np.bool_), np.zeros(n),
    )  # fmt: skip


def sessions(own: Trips, *, is_shared: bool = False) -> Sessions:
    everybody, town = cards(N), market(WHEN)
    n, at = len(own), own.site
    work = np.where(np.isnan(everybody.work_lons), everybody.home_lons, everybody.work_lons)
    lons = np.concatenate([everybody.home_lons, work, town.sites.lons[at]])
    zeros = np.zeros(2 * N + n, np.int64)
    zone = np.concatenate([everybody.zone, everybody.zone, town.sites.zone[at]])
    anchors = Anchors(zeros, zeros, zeros, lons, lons * 0, to_xyz(lons, lons * 0), zone)
    return holder_sessions(town, everybody, homes(is_shared=is_shared), own, WHEN, anchors)


def keys(found: Sessions, which: np.ndarray) -> set[tuple[int, int, int]]:
    return set(
        zip(*(one[which].tolist() for one in (found.card, found.turn, found.source)), strict=True)
    )


@cache
def middle() -> tuple[int, int, int, int]:
    """Return a session of card 0 in the middle of the window of the trip: day, slot, local time, seconds its clocks are ahead."""
    found = sessions(trips(None))
    own = np.flatnonzero((found.card == 0) & (found.turn // 12 == (WHEN.first_day + 9) // 12))
    row = own[len(own) // 2]
    local = found.local[[row]]
    utc = to_utc(market(WHEN).zones, local * 0, local, np.zeros(1, np.bool_))
    return int(found.turn[row]), int(found.source[row]), int(local[0]), int((local - utc)[0])


@pytest.mark.parametrize(
    ("trip", "where"),
    [
        (OneTrip(-DAY, DAY, -DAY, -HOUR, HOUR, DAY), StayKind.TRIP),
        # He leaves in this very second, and is there at once.
        (OneTrip(0, DAY, 0, 0, HOUR, DAY), StayKind.TRIP),
        (OneTrip(0, DAY, 0, 1, HOUR, DAY), None),
        (OneTrip(-DAY, DAY, -DAY, -HOUR, 1, DAY), StayKind.TRIP),
        (OneTrip(-DAY, DAY, -DAY, -HOUR, 0, DAY), None),
        # He leaves the goal in this very second, and is back.
        (OneTrip(-DAY, 0, -DAY, -HOUR, -60, 0), StayKind.HOME),
        (OneTrip(-DAY, 0, -DAY, -HOUR, -60, 1), None),
        # By the clocks he is still at home.
        (OneTrip(1, DAY, 1, HOUR, 2 * HOUR, DAY), StayKind.HOME),
        (OneTrip(1, DAY, 0, HOUR, 2 * HOUR, DAY), None),
    ],
)
def test_a_session_is_where_its_holder_is_in_that_second(
    trip: OneTrip, where: StayKind | None
) -> None:
    day, slot, local, ahead = middle()
    found = sessions(
        trips(
            [
                local + trip.leave_local, local + trip.end_local,
                *(local - ahead + one for one in (trip.leave, trip.arrive, trip.end, trip.back)),
            ]
        )
    )  # fmt: skip
    row = np.flatnonzero((found.card == 0) & (found.turn == day) & (found.source == slot))
    assert len(row) == (where is not None)
    if where == StayKind.TRIP:
        assert found.anchor[row].tolist() == [2 * N]
    elif where == StayKind.HOME:
        assert found.anchor[row].tolist()[0] in {0, N}
    stage = STAGES * (day // 12 - (WHEN.first_day - 2) // 12)
    if where is not None:
        step = 2 if where == StayKind.TRIP else STAGES if trip.end_local == 0 else 0
        assert found.stage[row].tolist() == [stage + step]


def test_more_is_bought_on_the_days_of_a_trip_alone() -> None:
    """From the day he leaves to that of which the end takes a second, whoever buys; at midnight no day begins."""
    usual = sessions(trips(None))
    first = WHEN.first_day + 6
    last = first + 3
    found = sessions(trips([first * DAY, last * DAY, FAR, 0, FAR, 0], of_all=True), is_shared=True)
    for day in range(first - 3, last + 4):
        ours, theirs = keys(found, found.turn == day), keys(usual, usual.turn == day)
        assert theirs <= ours
        assert (len(ours) > len(theirs)) == (first <= day < last)


def test_a_second_holder_goes_his_own_way_near_home_while_the_first_is_away() -> None:
    first = WHEN.first_day + 6
    always = [first * DAY, (first + 3) * DAY, FAR, 0, FAR, 0]
    found = sessions(trips(always, of_all=True), is_shared=True)
    away = (found.local >= always[0]) & (found.local < always[1])
    second = found.hard_negative == HardNegative.TWO_HOLDERS
    assert 0.3 < second[away].mean() < 0.7
    assert not second[~away].any()
    assert found.traveller.tolist() == (2 * found.card + second).tolist()
    own = second & (found.anchor < N)
    assert found.anchor[own].tolist() == found.card[own].tolist()
    assert (found.anchor[second] < 2 * N).all()
    assert (found.anchor[away & ~second] >= 2 * N).all()
    alone = sessions(trips(always, of_all=True))
    assert (alone.hard_negative == HardNegative.NONE).all()


def test_sessions_have_one_to_four_purchases() -> None:
    shares = (0.0, 0.7599, 0.7601, 0.9299, 0.9301, 0.9799, 0.9801, 0.99999)
    words = np.array([int(share * 2**32) for share in shares], np.uint64)
    assert sizes_of(words).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_sessions_are_of_all_days_that_a_period_touches_anywhere() -> None:
    found = sessions(trips(None))
    assert sorted(set(found.turn.tolist())) == list(range(WHEN.first_day - 1, WHEN.first_day + 25))
    assert set(found.source.tolist()) == {0, 1, 2, 3}
    assert set(found.utc.tolist() + found.incident.tolist() + found.online.tolist()) == {NONE}
    assert (found.local // DAY == found.turn).all()
