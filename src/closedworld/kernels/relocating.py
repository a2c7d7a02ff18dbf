"""Which outlet of its merchant each purchase was made at, so that its card could have been there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

CANDIDATES = 4
"""Outlets of a merchant near a home that its holder may go to."""

HABIT = 0.7
"""Share of purchases at the outlet that a holder is used to."""

DOOR_TO_DOOR_KM_H = 60.0
_NEAR_KM = 2.0
_BLOCK = 1 << 22
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Outlets:
    """Outlets of a merchant near some homes.

    Attributes:
        number: Numbers of the outlets, nearest first, int32 (homes, CANDIDATES); the last is repeated where there are fewer.
        km: Distances from the home, float64 (homes, CANDIDATES); infinite where one is repeated.
    """

    number: NDArray[np.int32]
    km: NDArray[np.float64]


def outlets_near(
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
    site_lons: NDArray[np.float64],
    site_lats: NDArray[np.float64],
) -> Outlets:
    """Return the outlets nearest to each home.

    Args:
        lons: Homes, degrees, float64 (homes,).
        lats: Degrees, float64 (homes,).
        site_lons: Outlets, at least one, degrees, float64 (sites,).
        site_lats: Degrees, float64 (sites,).
    """
    homes, sites = to_xyz(lons, lats), to_xyz(site_lons, site_lats)
    count = min(CANDIDATES, len(site_lons))
    number = np.zeros((len(lons), CANDIDATES), np.int32)
    km = np.full((len(lons), CANDIDATES), np.inf)
    step = max(1, _BLOCK // len(site_lons))
    for start in range(0, len(lons), step):
        here = slice(start, start + step)
        # The largest product is the smallest angle; exact distances decide the order of the few that are left.
        products = homes[:, here].T @ sites
        near = np.argpartition(-products, count - 1, axis=1)[:, :count]
        some = homes[:, here][:, :, None]
        away = arc_km(chord_km(some, sites[:, near]))
        order = np.lexsort((near, away), axis=1)
        number[here, :count] = np.take_along_axis(near, order, 1)
        km[here, :count] = np.take_along_axis(away, order, 1)
    number[:, count:] = number[:, count - 1 : count]
    return Outlets(number, km)


def preferences(km: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much each candidate is liked: the largest is drawn with odds of 1 / (km + 2)^2.

    Args:
        km: Distances from home, float64 (n, CANDIDATES); infinite for none.
        uniforms: Random numbers strictly between 0 and 1, float64 (n, CANDIDATES).
    """
    # The largest of log odds plus Gumbel noise is a draw by these odds.
    liked: NDArray[np.float64] = -2 * np.log(km + _NEAR_KM) - np.log(-np.log(uniforms))
    return liked


def choose_outlets(
    walker: NDArray[np.int32],
    time: NDArray[np.float64],
    number: NDArray[np.int32],
    liked: NDArray[np.float64],
    site_lons: NDArray[np.float64],
    site_lats: NDArray[np.float64],
) -> NDArray[np.int32]:
    """Return the outlet of each purchase: the one liked best among those that can be reached in time.

    From the outlet before at 60 km/h from door to door. Where none can be reached, the nearest to the outlet before.

    Args:
        walker: Number of who goes there, int32 (n,).
        time: Seconds, float64 (n,).
        number: Candidates of each purchase, int32 (n, CANDIDATES).
        liked: How much each is liked, float64 (n, CANDIDATES); minus infinity for none.
        site_lons: All outlets, degrees, float64 (sites,).
        site_lats: Degrees, float64 (sites,).
    """
    chosen = np.empty(len(walker), np.int32)
    if not len(walker):
        return chosen
    xyz = to_xyz(site_lons, site_lats)
    order = np.lexsort((time, walker))
    ordered = walker[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(starts, append=len(ordered))
    # The n-th purchases of all walkers at once; those with most purchases come first, so the active ones are a prefix.
    by_count = np.argsort(-counts, kind="stable")
    starts, counts = starts[by_count], counts[by_count]
    rows = order[starts]
    last, last_time = number[rows, np.argmax(liked[rows], axis=1)], time[rows]
    chosen[rows] = last
    for turn in range(1, int(counts[0])):
        active = int(np.searchsorted(-counts, -turn, "left"))
        rows = order[starts[:active] + turn]
        before = xyz[:, last[:active]][:, :, None]
        km = arc_km(chord_km(xyz[:, number[rows]], before))
        hours = (time[rows] - last_time[:active]) / _SECONDS_PER_HOUR
        reached = km <= DOOR_TO_DOOR_KM_H * hours[:, None]
        wish = np.where(reached, liked[rows], -np.inf)
        pick = np.where(reached.any(axis=1), np.argmax(wish, axis=1), np.argmin(km, axis=1))
        last, last_time = number[rows, pick], time[rows]
        chosen[rows] = last
    return chosen
