"""The sites near a point are those of nine cells around it, and a choice is by weight."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

import numpy as np
import pytest

from closedworld.kernels.lives import near as module
from closedworld.kernels.lives.near import ENOUGH, NEAR_KM, NearLists, SiteIndex
from closedworld.kernels.sphere import chord_km, to_xyz

CELLS_KM = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0)
N = 400
Scatter = Callable[[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


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


def at_the_ends(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return groups, longitudes and latitudes at both poles and on both sides of the antimeridian at the equator."""
    rng = np.random.default_rng(seed)
    lons, lats = rng.uniform(-180, 180, n), rng.choice([-90, 90], n) - rng.normal(0, 0.4, n)
    beside = rng.random(n) < 0.6
    lons = np.where(beside, (rng.normal(0, 0.2, n) + 360) % 360 - 180, lons)
    lats = np.where(beside, rng.normal(0, 0.3, n), np.clip(lats, -90, 90))
    some = np.abs(lons) > 179.99
    return rng.integers(0, 3, n), np.where(some, np.sign(lons) * 180, lons), lats


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [scattered, at_the_ends])
@pytest.mark.parametrize("seed", range(3))
def test_lists_are_those_of_comparing_all(seed: int, scatter: Scatter) -> None:
    group, lons, lats = scatter(seed, N)
    own, x, y = scatter(seed + 50, 60)
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


def test_choices_and_shares_are_exact() -> None:
    """Each word of a few evenly spread ones, in lists of which one is empty and one begins later than the next."""
    weights = [1, 2, 1, 3, 1, 1]
    lists = NearLists(
        np.array([9, 8, 7, 6, 5, 4]),
        np.cumsum(weights),
        np.array([3, 0, 0, 2]),
        np.array([3, 0, 2, 1]),
    )
    for row, (start, count) in enumerate([(3, 3), (0, 0), (0, 2), (2, 1)]):
        words = np.arange(0, 1 << 32, 1 << 28).astype(np.uint64)
        sums = np.cumsum(weights[start : start + count]).tolist()
        places = [bisect_right(sums, int(word) * sums[-1] >> 32) for word in words if count]
        found = lists.pick(np.full(len(places), row), words[: len(places)])
        assert found.tolist() == [9 - start - place for place in places]
    assert lists.shares().tolist() == [1 / 3, 2 / 3, 1, 3 / 5, 1 / 5, 1 / 5]


def test_no_more_than_4096_of_three_ranges_count() -> None:
    """The first of them."""
    ranges = [
        [4096, 0, 0],
        [4000, 96, 1],
        [4000, 95, 9],
        [4097, 1, 1],
        [0, 0, 9_999],
        [1, 2, 3],
        [0, 0, 0],
    ]
    expected = []
    for one in ranges:
        left = 4096
        expected.append([left - (left := left - min(count, left)) for count in one])
    assert module._cut(np.array(ranges)).tolist() == expected
    assert module._cut(np.array(ranges[5:])).tolist() == ranges[5:]
    assert module._cut(np.zeros((0, 3), np.int64)).shape == (0, 3)


def test_eight_are_enough_seven_are_not() -> None:
    """Eight shops next door are all that is looked at; with seven, those farther away count as well."""
    assert ENOUGH == 8
    for number in (7, 8, 9):
        lons = np.concatenate([np.full(number, 10.0), [10.06]])
        lats, none = np.full(number + 1, 50.0), np.zeros(number + 1, np.int64)
        xyz, at = to_xyz(lons, lats), np.zeros(1, np.int64)
        index = SiteIndex.of(none, lons, lats, xyz, np.ones(number + 1))
        lists = index.lists(at, at, lons[:1], lats[:1], xyz[:, :1])
        assert lists.counts.tolist() == [number if number >= 8 else number + 1]
