"""Things are done traveller by traveller, stage by stage, in the order of their plans."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from closedworld.kernels.lives import NONE, Market
from closedworld.kernels.lives.choosing import Drafts
from closedworld.kernels.lives.sessions import STAGES, Anchors, Sessions
from closedworld.kernels.lives.trips import Trips, seconds_needed
from closedworld.kernels.lives.ways import _times, holder_times, possible_times
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz


def test_times_are_those_of_one_traveller_after_another() -> None:
    rng = np.random.default_rng(4)
    n = 80
    traveller, stage = rng.integers(0, 5, n), rng.integers(0, 4, n)
    planned = 1_000_000 + rng.permutation(40 * n)[:n]
    xyz = to_xyz(rng.normal(8.0, 0.2, n), rng.normal(50.0, 0.2, n))
    expected = np.empty(n, np.int64)
    before = -1
    for one in np.lexsort((planned, stage, traveller)).tolist():
        expected[one] = planned[one]
        if before >= 0 and traveller[before] == traveller[one]:
            km = arc_km(chord_km(xyz[:, [before]], xyz[:, [one]]))
            expected[one] = max(planned[one], expected[before] + seconds_needed(km)[0])
        before = one
    assert _times(traveller, stage, planned, xyz).tolist() == expected.tolist()


def test_holders_do_things_in_the_order_of_their_trips() -> None:
    """Purchases planned in the very second of a turning point, before it and after it: the stage decides first, then the plan."""
    rng = np.random.default_rng(6)
    site_xyz = to_xyz(rng.uniform(8.0, 9.0, 12), rng.uniform(50.0, 50.5, 12))
    town = cast("Market", SimpleNamespace(index=SimpleNamespace(xyz=site_xyz)))
    n, first, hour = 2, 40, 3_600
    # One trip of each holder, and a second one of the first, two windows later.
    leave = np.array([100, 900, 100]) * hour
    arrive, end = leave + hour * np.array([5, 0, 3]), leave + 50 * hour
    back = end + 4 * hour
    zeros, never = np.zeros(3, np.int64), np.zeros(3, np.bool_)
    own = Trips(
        np.zeros((n, 4), np.int64), np.zeros(n, np.int64), first, np.array([0, 0, 1]),
        np.array([41, 43, 42]), zeros, leave, end, leave, arrive, end, back, never, np.zeros(3),
    )  # fmt: skip
    places = to_xyz(rng.uniform(8.0, 9.0, 2 * n + 3), rng.uniform(50.0, 50.5, 2 * n + 3))
    none = np.zeros(2 * n + 3, np.int64)
    anchors = Anchors(none, none, none, places[0], places[1], places, none)
    asked = []
    for trip in range(3):
        window = int(own.window[trip]) - first
        for turn, stage in zip((leave, arrive, end, back), (0, 2, 2, STAGES), strict=True):
            for second in (-60, 0, 60):
                stage_of = STAGES * window + stage
                asked.append((int(own.card[trip]), stage_of, int(turn[trip]) + second))
    card, stage, planned = np.array(asked)[rng.permutation(len(asked))].T
    m = len(asked)
    site = rng.integers(0, 12, m)
    site[::9] = NONE
    some = np.full(m, NONE)
    word = np.zeros(m, np.uint64)
    sessions = Sessions(
        card, some, some, some, some, some, some, some, 2 * card, stage, np.ones(m, np.bool_), some, some, some
    )  # fmt: skip
    drafts = Drafts(np.arange(m), some, site, some, some, planned, some, word, word)
    times, turns = holder_times(town, own, anchors, sessions, drafts)
    # What comes first of two in one second and stage: the purchase, but for the way back, which is over before what follows.
    things: list[tuple[int, float, int, int, np.ndarray, tuple[int, int]]] = [
        (int(card[i]), int(stage[i]), int(planned[i]), i, site_xyz[:, [site[i]]], (0, i))
        for i in range(m)
        if site[i] != NONE
    ]
    for trip in range(3):
        base = STAGES * (int(own.window[trip]) - first)
        home, goal = places[:, [own.card[trip]]], places[:, [2 * n + trip]]
        for number, (turn, step, place) in enumerate(
            zip((leave, arrive, end, back), (0.5, 1, 2.5, 3), (home, goal, goal, home), strict=True)
        ):
            things.append(
                (int(own.card[trip]), base + step, int(turn[trip]), m, place, (trip + 1, number))
            )
    expected_times, expected_turns = planned.copy(), np.zeros((3, 4), np.int64)
    before: tuple[int, np.ndarray, int] | None = None
    for who, _, plan, _, place, (trip, number) in sorted(things, key=lambda thing: thing[:4]):
        when = plan
        if before is not None and before[0] == who:
            when = max(plan, before[2] + int(seconds_needed(arc_km(chord_km(before[1], place)))[0]))
        before = who, place, when
        if trip:
            expected_turns[trip - 1, number] = when
        else:
            expected_times[number] = when
    assert times.tolist() == expected_times.tolist()
    assert turns.tolist() == expected_turns.tolist()
    assert (times > planned).sum() > 10
    assert times[site == NONE].tolist() == planned[site == NONE].tolist()


def test_travellers_do_not_wait_for_each_other() -> None:
    """However far apart their plans are; numbers of travellers may begin with any and leave some out."""
    traveller = np.array([3, 3, 4, 9, 9, 9])
    planned = np.array([10**9, 5, 0, 10**9, 10**9 + 1, 0])
    needed = np.array([7, 2, 50, 1, 3, 4])
    expected = [10**9, 10**9 + 2, 0, 10**9, 10**9 + 3, 10**9 + 7]
    assert possible_times(traveller, planned, needed).tolist() == expected
    assert possible_times(traveller[1:2], planned[1:2], needed[1:2]).tolist() == [5]
    assert possible_times(traveller[:0], planned[:0], needed[:0]).tolist() == []
    for first in range(3):
        two = np.full(2, first), np.array([5, 0]), np.array([9, 2])
        assert possible_times(*two).tolist() == [5, 7]


def test_stages_come_first_however_far_apart_their_plans_are() -> None:
    """The last second of a stage and the first of the next have places of their own, as have travellers."""
    xyz = np.zeros((3, 5))
    xyz[0] = [0.0, 0.999, 2.998, 6.0, 9.99]
    traveller, stage = np.array([0, 0, 0, 1, 1]), np.array([1, 0, 2, 0, 2])
    planned = np.array([0, 100, 50, 0, 100])
    # A minute for each kilometre, from the second to the first and on to the third.
    assert _times(traveller, stage, planned, xyz).tolist() == [160, 100, 340, 0, 240]
    none = np.zeros(0, np.int64)
    assert _times(none, none, none, xyz[:, :0]).tolist() == []
