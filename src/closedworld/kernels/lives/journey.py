"""How long a way takes, and times made possible."""

from __future__ import annotations

import numpy as np

from closedworld.kernels.lives.places import Floats, Ints

SLOW_KM_H = 60.0
SLOW_KM = 300.0
FAST_KM_H = 700.0
FAST_SECONDS = 3 * 3_600
"""Up to 300 km at 60 km/h from door to door; farther at 700 km/h and three hours at both ends together."""


def seconds_needed(km: Floats) -> Ints:
    """Return how long a way takes from door to door, whole seconds, int64 (n,)."""
    slow, fast = km * (3_600.0 / SLOW_KM_H), km * (3_600.0 / FAST_KM_H) + FAST_SECONDS
    return np.ceil(np.where(km <= SLOW_KM, slow, fast)).astype(np.int64)


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
    sums -= np.repeat(sums[first], counts)
    ahead = planned - sums
    low = int(ahead.min())
    lift = int(ahead.max()) - low + 1
    # Each traveller lies above all before him, so one maximum serves them all.
    lifted = ahead + np.repeat(np.arange(len(first)) * lift, counts)
    np.maximum.accumulate(lifted, out=lifted)
    return lifted - np.repeat(np.arange(len(first)) * lift, counts) + sums
