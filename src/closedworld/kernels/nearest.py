"""The nearest of many discs on a sphere, exactly and for many points at once.

Points are divided by the octree of the cubes that hold them. A box of the octree keeps the discs that may be nearest to
one of its points; a box with few points or few discs is finished by comparing all. Levels are skipped where boxes are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from closedworld.kernels.counting import counted
from closedworld.kernels.sphere import EARTH_RADIUS_KM, chord_km

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bounds = npt.NDArray[np.float32]  # (4, m): x, y, z, radius, km

_BITS = 13  # cubes of 1.6 km at the last level
_FEW = 8  # points or discs of a box that are compared one by one
_BATCH = 1 << 16  # points whose arrays stay in a cache
_PAIRS = 1 << 15  # points and discs that are compared at once
_PAIRS_PER_CUBE = 4  # levels are skipped to one where so many boxes and discs are compared
_SLACK_KM = 0.01  # far above what rounding to float32 does to a bound
_SPREAD = (
    (16, 0x00FF0000FF0000FF), (8, 0xF00F00F00F00F00F), (4, 0x30C30C30C30C30C3), (2, 0x9249249249249249),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Discs:
    """Discs on the sphere, each belonging to a group; arrays of one length.

    Attributes:
        group: int64 (m,), 0 or more, ascending.
        xyz: float64 (3, m), centres, km from the centre of the Earth.
        radius_km: float64 (m,), 0 or more.
    """

    group: Ints
    xyz: Floats
    radius_km: Floats


@dataclass(frozen=True, slots=True)
class _Lists:
    """Lists of disc numbers: list i is ``values[starts[i] : starts[i] + counts[i]]``, ascending."""

    values: Ints
    starts: Ints
    counts: Ints

    def take(self, rows: Ints) -> Ints:
        """Return the values of the lists ``rows``, one list after the other."""
        return self.values.take(counted(self.starts[rows], self.counts[rows]))


@dataclass(frozen=True, slots=True)
class _Cubes:
    """Cubes of the last level that hold points, in the order of their keys; arrays of one length.

    Attributes:
        key: int64 (k,), group and cube, ascending.
        points: int64 (k,), how many points.
        low: float64 (3, k), least coordinates of the points, km.
        high: float64 (3, k), greatest coordinates.
        number: int64 (k,), 0, 1, ...
    """

    key: Ints
    points: Ints
    low: Floats
    high: Floats
    number: Ints

    def take(self, chosen: Ints) -> _Cubes:
        """Return some of the cubes."""
        return _Cubes(
            self.key[chosen],
            self.points[chosen],
            self.low.take(chosen, axis=1),
            self.high.take(chosen, axis=1),
            self.number[chosen],
        )


def nearest(group: Ints, xyz: Floats, discs: Discs) -> tuple[Ints, Floats]:
    """Return for every point the disc of its group whose edge is nearest, and the distance to its centre.

    The least ``distance - radius_km`` wins, so inside several discs the one whose edge is farthest away;
    equal ones go to the smaller number.

    Args:
        group: int64 (n,), the group of each point, 0 or more.
        xyz: float64 (3, n), points, km from the centre of the Earth.
        discs: What to look for.

    Returns:
        Numbers of discs, int64 (n,), -1 where the group has none, and straight-line distances to their centres
        in km, float64 (n,), NaN there. They have the same bits on every machine.
    """
    found, distance = np.empty(group.size, np.int64), np.empty(group.size)
    for batch, points, cube, lists in _batches(group, xyz, discs, None):
        found[batch], distance[batch] = _compare_all(points, lists, cube, discs)
    return found, distance


def nearest_label(group: Ints, xyz: Floats, discs: Discs, labels: Ints) -> Ints:
    """Return for every point the label of the disc that `nearest` finds, int64 (n,), -1 where the group has none.

    Much faster where neighbours have the same label.

    Args:
        group: int64 (n,), the group of each point, 0 or more.
        xyz: float64 (3, n), points, km from the centre of the Earth.
        discs: What to look for.
        labels: int64 (m,), a label of each disc, 0 or more.
    """
    found = np.empty(group.size, np.int64)
    for batch, points, cube, lists in _batches(group, xyz, discs, labels):
        disc, _ = _compare_all(points, lists, cube, discs)
        found[batch] = np.where(disc < 0, -1, labels[disc] if labels.size else -1)
    return found


def _batches(
    group: Ints, xyz: Floats, discs: Discs, labels: Ints | None
) -> Iterator[tuple[Ints, Floats, Ints, _Lists]]:
    """Yield numbers of points, these points, the cube of each, and the candidates of the cubes."""
    key = (group << (3 * _BITS)) | _morton(xyz)
    order = np.argsort(key, kind="stable")
    bounds = np.vstack([discs.xyz, discs.radius_km]).astype(np.float32)
    for start in range(0, order.size, _BATCH):
        batch = order[start : start + _BATCH]
        begins = _firsts(key[batch])
        sizes = np.diff(begins, append=batch.size)
        points = xyz[:, batch]
        cubes = _Cubes(
            key[batch][begins],
            sizes,
            np.minimum.reduceat(points, begins, axis=1),
            np.maximum.reduceat(points, begins, axis=1),
            np.arange(begins.size),
        )
        cube = np.repeat(np.arange(begins.size), sizes)
        yield batch, points, cube, _candidates(cubes, discs.group, bounds, labels)


def _morton(xyz: Floats) -> Ints:
    """Return the cube of each point at the last level, bits of x, y and z interleaved, int64 (n,)."""
    cells = ((xyz / EARTH_RADIUS_KM + 1.0) * (1 << (_BITS - 1))).astype(np.uint64)
    code = np.zeros(xyz.shape[1], dtype=np.uint64)
    for axis, cell in enumerate(np.minimum(cells, np.uint64((1 << _BITS) - 1))):
        spread = cell
        for shift, mask in _SPREAD:
            spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
        code |= spread << np.uint64(axis)
    return code.astype(np.int64)


def _firsts(numbers: Ints) -> Ints:
    """Return where each run of equal numbers begins."""
    return np.flatnonzero(np.diff(numbers, prepend=-1))


def _candidates(cubes: _Cubes, groups: Ints, bounds: Bounds, labels: Ints | None) -> _Lists:
    """Return for every cube discs of its group, among them the nearest of each of its points, or one with its label."""
    starts, counts = np.zeros((2, cubes.key.size), dtype=np.int64)
    finished: list[Ints] = []
    n_finished = 0
    firsts = _firsts(cubes.key >> (3 * _BITS))
    codes = cubes.key[firsts] >> (3 * _BITS)
    left = np.searchsorted(groups, codes, "left")
    lists = _Lists(np.arange(groups.size), left, np.searchsorted(groups, codes, "right") - left)
    level = 0
    while cubes.key.size:
        if labels is not None:
            lists = _one_of_each_single_label(lists, labels)
        box = np.repeat(np.arange(firsts.size), np.diff(firsts, append=cubes.key.size))
        few = (np.add.reduceat(cubes.points, firsts) <= _FEW) | (lists.counts <= _FEW)
        done = (few | (level == _BITS))[box]
        ends = cubes.number[done]
        starts[ends], counts[ends] = n_finished + lists.starts[box[done]], lists.counts[box[done]]
        finished.append(lists.values)
        n_finished += lists.values.size
        cubes, box = cubes.take(np.flatnonzero(~done)), box[~done]
        if cubes.key.size:
            level, firsts = _next_level(cubes.key, lists.counts[box], level)
            lists = _prune(cubes, firsts, lists, box[firsts], bounds)
    return _Lists(np.concatenate(finished), starts, counts)


def _next_level(keys: Ints, counts: Ints, level: int) -> tuple[int, Ints]:
    """Return the next level, the deepest with not too many pairs, and where its boxes begin among the cubes.

    Args:
        keys: int64 (k,), keys of the cubes, ascending.
        counts: int64 (k,), discs of the box of each at this level.
        level: This level.
    """
    found = level + 1, _firsts(keys >> (3 * (_BITS - level - 1)))
    for deeper in range(level + 2, _BITS + 1):
        firsts = _firsts(keys >> (3 * (_BITS - deeper)))
        if counts[firsts].sum() > max(_PAIRS, _PAIRS_PER_CUBE * keys.size):
            break
        found = deeper, firsts
    return found


def _one_of_each_single_label(lists: _Lists, labels: Ints) -> _Lists:
    """Return the lists, those whose discs have one label cut to their first."""
    counts = lists.counts.copy()
    some = np.flatnonzero(counts)
    if some.size:
        found, sizes = labels.take(lists.take(some)), counts[some]
        begins = np.cumsum(sizes) - sizes
        one = np.minimum.reduceat(found, begins) == np.maximum.reduceat(found, begins)
        counts[some[one]] = 1
    return _Lists(lists.values, lists.starts, counts)


def _prune(cubes: _Cubes, firsts: Ints, lists: _Lists, parent: Ints, bounds: Bounds) -> _Lists:
    """Return the discs that may be nearest to a point of each box, out of those of its parent, which has some."""
    low = np.minimum.reduceat(cubes.low, firsts, axis=1)
    high = np.maximum.reduceat(cubes.high, firsts, axis=1)
    centre, reach = ((low + high) / 2).astype(np.float32), chord_km(low, high) / 2 + _SLACK_KM
    candidate, counts = lists.take(parent), lists.counts[parent]
    begins = np.cumsum(counts) - counts
    # np.take and np.repeat are five times as fast as indexing rows.
    gap = np.zeros(candidate.size, dtype=np.float32)
    for axis in range(3):
        away = bounds[axis].take(candidate)
        away -= np.repeat(centre[axis], counts)
        away *= away
        gap += away
    np.sqrt(gap, out=gap)
    gap -= bounds[3].take(candidate)
    limit = np.minimum.reduceat(gap, begins) + 2 * reach
    kept = gap <= np.repeat(limit, counts)
    counts = np.add.reduceat(kept, begins, dtype=np.int64)
    return _Lists(candidate[kept], np.cumsum(counts) - counts, counts)


def _compare_all(xyz: Floats, lists: _Lists, cube: Ints, discs: Discs) -> tuple[Ints, Floats]:
    """Return the nearest disc of its cube's list and the distance to its centre for every point."""
    best = np.full(cube.size, -1, dtype=np.int64)
    distance = np.full(cube.size, np.nan)
    some = np.flatnonzero(lists.counts[cube])
    upto = np.cumsum(lists.counts[cube[some]])
    begin = 0
    while begin < some.size:
        done = int(upto[begin - 1]) if begin else 0
        stop = max(int(np.searchsorted(upto, done + _PAIRS, "right")), begin + 1)
        point = some[begin:stop]
        counts = lists.counts[cube[point]]
        disc = lists.take(cube[point])
        own = np.stack([np.repeat(axis[point], counts) for axis in xyz])
        away = chord_km(discs.xyz.take(disc, axis=1), own)
        gap = away - discs.radius_km.take(disc)
        least = np.minimum.reduceat(gap, np.cumsum(counts) - counts)
        pair = np.flatnonzero(gap == np.repeat(least, counts))
        # Of discs equally near, the first: it is written last.
        nearest_of = np.repeat(point, counts)[pair][::-1]
        best[nearest_of], distance[nearest_of] = disc[pair][::-1], away[pair][::-1]
        begin = stop
    return best, distance
