"""The nearest of many discs on a sphere, exactly and for many points at once.

Points are divided by an octree of cubes. A box of the octree keeps the discs that may be nearest to one of its points; a box
with few points or few discs is finished by comparing all. Levels are skipped where boxes are few.
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
_PAIRS_PER_POINT = 2  # levels are skipped to one where so many boxes and discs are compared
_SLACK_KM = 0.02  # several times what rounding to float32 does to a bound
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
    for batch, points, lists in _batches(group, xyz, discs, None):
        disc = _compare_all(points, lists, discs)
        some = np.flatnonzero(disc >= 0)
        away = np.full(batch.size, np.nan)
        away[some] = chord_km(discs.xyz.take(disc[some], axis=1), points.take(some, axis=1))
        found[batch], distance[batch] = disc, away
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
    label_of = np.append(labels, -1)  # the last is that of no disc, -1
    for batch, points, lists in _batches(group, xyz, discs, labels):
        found[batch] = label_of[_compare_all(points, lists, discs)]
    return found


def _batches(
    group: Ints, xyz: Floats, discs: Discs, labels: Ints | None
) -> Iterator[tuple[Ints, Floats, _Lists]]:
    """Yield numbers of points, these points, and the candidates of each."""
    keys = (group << (3 * _BITS)) | _morton(xyz)
    order = np.argsort(keys)
    bounds = np.vstack([discs.xyz, discs.radius_km]).astype(np.float32)
    for start in range(0, order.size, _BATCH):
        batch = order[start : start + _BATCH]
        points = xyz.take(batch, axis=1)
        yield batch, points, _candidates(keys.take(batch), points, discs.group, bounds, labels)


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


def _steps(keys: Ints) -> Ints:
    """Return the bits in which each key, of at least one, differs from the one before, int64 (n,); of the first, all."""
    return np.append(np.iinfo(np.int64).max, keys[1:] ^ keys[:-1])


def _firsts(steps: Ints, level: int) -> Ints:
    """Return where the points of each box of a level begin; those of level 0 are groups."""
    return np.flatnonzero(steps >= 1 << (3 * (_BITS - level)))


def _candidates(
    keys: Ints, xyz: Floats, groups: Ints, bounds: Bounds, labels: Ints | None
) -> _Lists:
    """Return for every point discs of its group, among them the nearest, or one with its label."""
    starts, counts = np.zeros((2, keys.size), dtype=np.int64)
    number = np.arange(keys.size)
    finished: list[Ints] = []
    n_finished = level = 0
    firsts = _firsts(_steps(keys), level)
    codes = keys[firsts] >> (3 * _BITS)
    left = np.searchsorted(groups, codes, "left")
    lists = _Lists(np.arange(groups.size), left, np.searchsorted(groups, codes, "right") - left)
    while keys.size:
        if labels is not None:
            lists = _one_of_each_single_label(lists, labels)
        sizes = np.diff(firsts, append=keys.size)
        few = (sizes <= _FEW) | (lists.counts <= _FEW) | (level == _BITS)
        box, is_done = np.repeat(np.arange(firsts.size), sizes), np.repeat(few, sizes)
        done, rest = np.flatnonzero(is_done), np.flatnonzero(~is_done)
        ends, own = number[done], box[done]
        starts[ends], counts[ends] = n_finished + lists.starts[own], lists.counts[own]
        finished.append(lists.values)
        n_finished += lists.values.size
        keys, xyz, number, box = keys[rest], xyz.take(rest, axis=1), number[rest], box[rest]
        if keys.size:
            level, firsts = _next_level(_steps(keys), lists.counts[box], level)
            lists = _prune(xyz, firsts, lists, box[firsts], bounds)
    return _Lists(np.concatenate(finished), starts, counts)


def _next_level(steps: Ints, counts: Ints, level: int) -> tuple[int, Ints]:
    """Return the next level, the deepest with not too many pairs, and where its boxes begin among the points.

    Args:
        steps: int64 (n,), as `_steps` returns them.
        counts: int64 (n,), discs of the box of each point at this level.
        level: This level.
    """
    found = level + 1, _firsts(steps, level + 1)
    for deeper in range(level + 2, _BITS + 1):
        firsts = _firsts(steps, deeper)
        if counts[firsts].sum() > max(_PAIRS, _PAIRS_PER_POINT * steps.size):
            break
        found = deeper, firsts
    return found


def _one_of_each_single_label(lists: _Lists, labels: Ints) -> _Lists:
    """Return the lists, those whose discs have one label cut to their first."""
    counts = lists.counts.copy()
    some = np.flatnonzero(counts)
    found, sizes = labels.take(lists.take(some)), counts[some]
    begins = np.cumsum(sizes) - sizes
    one = np.minimum.reduceat(found, begins) == np.maximum.reduceat(found, begins)
    counts[some[one]] = 1
    return _Lists(lists.values, lists.starts, counts)


def _prune(xyz: Floats, firsts: Ints, lists: _Lists, parent: Ints, bounds: Bounds) -> _Lists:
    """Return the discs that may be nearest to a point of each box, out of those of its parent, which has some."""
    low = np.minimum.reduceat(xyz, firsts, axis=1)
    high = np.maximum.reduceat(xyz, firsts, axis=1)
    centre = ((low + high) / 2).astype(np.float32)
    reach = (chord_km(low, high) / 2 + _SLACK_KM).astype(np.float32)
    candidate, counts = lists.take(parent), lists.counts[parent]
    begins = np.cumsum(counts) - counts
    # take, repeat and compress are four times as fast as indexing rows or by a mask.
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
    return _Lists(candidate.compress(kept), np.cumsum(counts) - counts, counts)


def _compare_all(xyz: Floats, lists: _Lists, discs: Discs) -> Ints:
    """Return the nearest disc of its list for every point, -1 where the list is empty."""
    best = np.full(lists.counts.size, -1, dtype=np.int64)
    some = np.flatnonzero(lists.counts)
    best[some] = lists.values.take(lists.starts[some])
    several = np.flatnonzero(lists.counts > 1)
    pairs = np.cumsum(lists.counts[several])
    for point in np.split(several, np.flatnonzero(np.diff(pairs // _PAIRS)) + 1):
        counts = lists.counts[point]
        disc = lists.take(point)
        own = np.stack([np.repeat(axis[point], counts) for axis in xyz])
        gap = chord_km(discs.xyz.take(disc, axis=1), own) - discs.radius_km.take(disc)
        least = np.minimum.reduceat(gap, np.cumsum(counts) - counts)
        pair = np.flatnonzero(gap == np.repeat(least, counts))[::-1]
        # Of discs equally near, the first: it is written last.
        best[np.repeat(point, counts)[pair]] = disc[pair]
    return best
