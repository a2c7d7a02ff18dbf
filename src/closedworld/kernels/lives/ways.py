"""The ways of holders and thieves from purchase to purchase, and the times at which they get there."""

from __future__ import annotations

import numpy as np

from closedworld.kernels.lives.choosing import Drafts
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.outcome import NONE
from closedworld.kernels.lives.places import Floats, Ints
from closedworld.kernels.lives.sessions import STAGES, Anchors, Sessions
from closedworld.kernels.lives.trips import Trips, seconds_needed
from closedworld.kernels.sphere import arc_km, chord_km

TURNS = 4
"""Turning points of a trip: leaving home, arriving, leaving the goal, arriving at home."""

_STAGE_OF_TURN = (1, 1, 3, 3)


def holder_times(
    market: Market, trips: Trips, anchors: Anchors, sessions: Sessions, drafts: Drafts
) -> tuple[Ints, Ints]:
    """Return when holders buy, and when they come to the turning points of their trips.

    Returns:
        Seconds since 1970 UTC of each purchase, int64 (n,), and of the turning points of each trip, int64 (t, 4).
    """
    located = np.flatnonzero(drafts.site != NONE)
    session = drafts.session[located]
    stage = STAGES * (trips.window - trips.first_window)
    home, goal = trips.card, 2 * len(trips.phase) + np.arange(len(trips))
    turning = np.stack([home, goal, goal, home], axis=1).ravel()
    traveller = np.concatenate([sessions.traveller[session], np.repeat(2 * trips.card, TURNS)])
    stages = np.concatenate(
        [sessions.stage[session], (stage[:, None] + np.array(_STAGE_OF_TURN)).ravel()]
    )
    turns = np.stack([trips.leave, trips.arrive, trips.end, trips.back], axis=1).ravel()
    planned = np.concatenate([drafts.planned[located], turns])
    xyz = np.concatenate(
        [
            market.index.xyz.take(drafts.site[located], axis=1),
            anchors.xyz.take(turning, axis=1),
        ],
        axis=1,
    )
    times = _times(traveller, stages, planned, xyz)
    ts = drafts.planned.copy()
    ts[located] = times[: len(located)]
    return ts, times[len(located) :].reshape(-1, TURNS)


def thief_times(market: Market, sessions: Sessions, drafts: Drafts) -> Ints:
    """Return when thieves buy, seconds since 1970 UTC, int64 (n,); each incident has a thief of its own."""
    located = np.flatnonzero(drafts.site != NONE)
    ts = drafts.planned.copy()
    ts[located] = _times(
        sessions.traveller.take(drafts.session[located]),
        np.zeros(len(located), np.int64),
        drafts.planned[located],
        market.index.xyz.take(drafts.site[located], axis=1),
    )
    return ts


def _times(traveller: Ints, stage: Ints, planned: Ints, xyz: Floats) -> Ints:
    """Return possible times of things done by travellers in order of stage, then plan, in the order given."""
    if not len(traveller):
        return planned
    stages, width = int(stage.max()) + 1, int(np.ptp(planned)) + 1
    order = np.argsort((traveller * stages + stage) * width + planned, kind="stable")
    xyz = xyz.take(order, axis=1)
    needed = np.zeros(len(order), np.int64)
    needed[1:] = seconds_needed(arc_km(chord_km(xyz[:, :-1], xyz[:, 1:])))
    times = np.empty(len(order), np.int64)
    times[order] = possible_times(traveller[order], planned[order], needed)
    return times


def possible_times(traveller: Ints, planned: Ints, needed: Ints) -> Ints:
    """Return the earliest times, none before its plan, at which travellers can do things in this order, int64 (n,).

    With S the sum of what is needed up to a thing, it is done at S + max(planned - S) over it and all before it:
    one cumulative maximum, exact.

    Args:
        traveller: Whose thing it is, int64 (n,), 0 or more, ascending.
        planned: Seconds, int64 (n,); they need not ascend.
        needed: Seconds from the thing before, int64 (n,); that of a traveller's first does not count.
    """
    if not len(traveller):
        return planned
    first = np.flatnonzero(np.diff(traveller, prepend=-1))
    counts = np.diff(first, append=len(traveller))
    sums = np.cumsum(needed)
    # From each traveller's first, so that the lifts of many travellers fit 64 bits.
    sums -= np.repeat(sums[first], counts)
    ahead = planned - sums
    # No traveller lies below any before him, so one maximum serves them all.
    lift = np.repeat(np.arange(len(first)) * np.ptp(ahead), counts)
    times: Ints = np.maximum.accumulate(ahead + lift) - lift + sums
    return times
