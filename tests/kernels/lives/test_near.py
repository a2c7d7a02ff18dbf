"""The sites near a point are those of nine cells around it, and a choice is by weight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closedworld.kernels.lives.near import ENOUGH, NEAR_KM, SiteIndex
from closedworld.kernels.sphere import chord_km, to_xyz

CELLS_KM = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0)
N = 400


def scattered(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return groups, longitudes and latitudes: towns, one of them across the antimeridian, and a far north."""
    rng = np.random.default_rng(seed)
    middles = np.array([[180.0, -17.0], [0.0, 51.0], [20.0, 78.0], [-73.0, 41.0]])
    at = middles[rng.integers(0, 4, n)] + rng.normal(0, [0.5, 0.3], (n, 2)) * rng.choice(
        [0.1, 1, 3], (n, 1)
    )
    return rng.integers(0, 3, n), (at[:, 0] + 180) % 360 - 180, at[:, 1]


def column_of(lon: float, row: int, degrees: float) -> tuple[int, int]:
    """Return the column of a longitude in a row, and how many there are."""
    middle = min((row + 0.5) * degrees - 90, 90.0)
    columns = max(math.floor(360 / degrees * math.cos(math.radians(middle))), 4)
    return min(math.floor((lon + 180) * (columns / 360)), columns - 1), columns


def around(lon: float, lat: float, other: tuple[float, float], km: float) -> bool:
    """Return whether another point lies in the nine cells around a point."""
    degrees = km / 111.195
    row, its_row = (int((one + 90) / degrees) for one in (lat, other[1]))
    if abs(row - its_row) > 1:
        return False
    column, columns = column_of(lon, its_row, degrees)
    its_column, _ = column_of(other[0], its_row, degrees)
    return (its_column - column) % columns in {0, 1, columns - 1}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_lists_are_those_of_comparing_all(seed: int) -> None:
    group, lons, lats = scattered(seed, N)
    own, x, y = scattered(seed + 50, 60)
    size = np.random.default_rng(seed).uniform(0.5, 3, N)
    xyz, at = to_xyz(lons, lats), to_xyz(x, y)
    lists = SiteIndex.of(group, lons, lats, xyz, size).lists(own, np.arange(60), x, y, at)
    weights = np.diff(lists.cumulative, prepend=0)
    for i in range(len(own)):
        same = np.flatnonzero(group == own[i]).tolist()
        for km in CELLS_KM:
            near = [s for s in same if around(x[i], y[i], (lons[s], lats[s]), km)]
            if len(near) >= ENOUGH:
                break
        here = slice(int(lists.starts[i]), int(lists.starts[i] + lists.counts[i]))
        assert sorted(lists.site[here].tolist()) == near
        if near:
            sites = lists.site[here]
            away = chord_km(xyz[:, sites], at[:, i : i + 1])
            pull = size[sites] / (away + NEAR_KM) ** 2
            expected = np.maximum(np.rint(pull * (2**20 / pull.max())), 1)
            assert np.abs(weights[here] - expected).max() <= 1
            word = np.random.default_rng(i).integers(0, 2**32, 5, dtype=np.uint64)
            sums = np.cumsum(weights[here])
            targets = [int(one) * int(sums[-1]) >> 32 for one in word]
            chosen = [sites[int(np.flatnonzero(sums > target)[0])] for target in targets]
            assert lists.pick(np.full(5, i), word).tolist() == chosen


def test_all_within_a_cell_are_there() -> None:
    """With few sites the widest cells are searched, so that whatever lies within 50 km is found."""
    lons, lats = np.array([179.9, -179.9, 0.0]), np.array([10.0, 10.0, 10.0])
    xyz, none = to_xyz(lons, lats), np.zeros(3, np.int64)
    lists = SiteIndex.of(none, lons, lats, xyz, np.ones(3)).lists(
        none, np.arange(3), lons, lats, xyz
    )
    assert lists.counts.tolist() == [2, 2, 1]
    assert lists.shares().sum() == pytest.approx(3)
