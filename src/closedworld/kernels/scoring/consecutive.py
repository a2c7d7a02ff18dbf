"""Consecutive purchases of a card: how long between them, and how far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The step from the purchase before to each purchase, arrays (n,) in the order of the rows.

    Attributes:
        before: Row of the card's purchase before, int64; -1 for the card's first.
        seconds: Since then, float64; NaN for the first.
        located: Row of the card's latest earlier purchase with a place, int64; -1 for none or a row without a place.
        km: Great-circle distance from there, float64; NaN without one.
        km_h: Speed that would take, float64; infinite for a distance in no time, 0 for none in no time.
    """

    before: NDArray[np.int64]
    seconds: NDArray[np.float64]
    located: NDArray[np.int64]
    km: NDArray[np.float64]
    km_h: NDArray[np.float64]


def steps_of(
    card: NDArray[np.int32],
    time: NDArray[np.float64],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> Steps:
    """Return the steps between consecutive purchases, ordered by time and, within a second, by row.

    Args:
        card: Number of the card, int32 (n,).
        time: Seconds since some moment, float64 (n,).
        lons: Degrees, float64 (n,); NaN without a place.
        lats: Degrees, float64 (n,).
    """
    order = np.lexsort((time, card))
    before = _before(order, card)
    seconds = time - time[before]
    seconds[before < 0] = np.nan
    located = _before(order[np.isfinite(lons[order])], card)
    at = np.flatnonzero(located >= 0)
    km = np.full(len(card), np.nan)
    km[at] = distance_km(lons[at], lats[at], lons[located[at]], lats[located[at]])
    km_h = np.full(len(card), np.nan)
    hours = (time[at] - time[located[at]]) / _SECONDS_PER_HOUR
    with np.errstate(divide="ignore", invalid="ignore"):
        km_h[at] = np.where(km[at] == 0, 0.0, km[at] / hours)
    return Steps(before, seconds, located, km, km_h)


def distance_km(
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
    other_lons: NDArray[np.float64],
    other_lats: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return great-circle distances in km, float64 (n,), NaN where a point is missing; degrees, float64 (n,) each."""
    km = np.full(len(lons), np.nan)
    at = np.flatnonzero(np.isfinite(lons) & np.isfinite(other_lons))
    km[at] = arc_km(chord_km(to_xyz(lons[at], lats[at]), to_xyz(other_lons[at], other_lats[at])))
    return km


def median_places(
    card: NDArray[np.int32], lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median place of each row's card, degrees, float64 (n,) each; NaN for cards without any.

    It is the direction of the medians of x, y and z, so that no meridian is special.
    """
    lon, lat = np.full(len(card), np.nan), np.full(len(card), np.nan)
    at = np.flatnonzero(np.isfinite(lons))
    if not len(at):
        return lon, lat
    xyz = to_xyz(lons[at], lats[at])
    cards, group = np.unique(card[at], return_inverse=True)
    x, y, z = (_group_medians(group, axis, len(cards)) for axis in xyz)
    place = np.minimum(np.searchsorted(cards, card), len(cards) - 1)
    known = cards[place] == card
    lon[known] = np.degrees(np.arctan2(y, x))[place[known]]
    lat[known] = np.degrees(np.arctan2(z, np.hypot(x, y)))[place[known]]
    return lon, lat


def _before(order: NDArray[np.int64], card: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the row before each row in an order by card; -1 for a card's first and for rows left out."""
    before = np.full(len(card), -1, np.int64)
    same = card[order[1:]] == card[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


def _group_medians(
    group: NDArray[np.int64], values: NDArray[np.float64], n_groups: int
) -> NDArray[np.float64]:
    """Return the median of each group, float64 (n_groups,); each group has a value."""
    ordered = values[np.lexsort((values, group))]
    counts = np.bincount(group, minlength=n_groups)
    starts = np.cumsum(counts) - counts
    medians: NDArray[np.float64] = (
        ordered[starts + (counts - 1) // 2] + ordered[starts + counts // 2]
    ) / 2
    return medians
