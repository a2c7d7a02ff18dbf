"""The nearest disc is the one that comparing all of them finds, ties included."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels import nearest as module
from closedworld.kernels.nearest import Discs, nearest, nearest_label
from closedworld.kernels.sphere import EARTH_RADIUS_KM, chord_km, to_xyz

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def by_comparing(group: Ints, xyz: Floats, discs: Discs) -> tuple[Ints, Floats]:
    """Return what `nearest` returns, point by point."""
    found, distance = np.full(group.size, -1), np.full(group.size, np.nan)
    for i in range(group.size):
        own = np.flatnonzero(discs.group == group[i])
        if own.size:
            away = chord_km(discs.xyz[:, own], xyz[:, i : i + 1])
            best = int(np.argmin(away - discs.radius_km[own]))
            found[i], distance[i] = own[best], away[best]
    return found, distance


def world(seed: int, n_discs: int, n_points: int, spread: float) -> tuple[Ints, Floats, Discs]:
    """Return points and discs round places that are hard: the antimeridian, a pole, Greenwich."""
    rng = np.random.default_rng(seed)
    middles = np.asarray([[180.0, -17.0], [0.0, 51.0], [30.0, 89.9], [-73.0, 41.0]])

    def scatter(n: int) -> Floats:
        lon, lat = (middles[rng.integers(0, len(middles), n)] + spread * rng.normal(size=(n, 2))).T
        # A coarse lattice makes ties.
        rounded = np.round(np.stack([(lon + 180) % 360 - 180, np.clip(lat, -90, 90)]), 1)
        return to_xyz(rounded[0], rounded[1])

    discs = Discs(
        np.sort(rng.choice([0, 2, 5], n_discs)),
        scatter(n_discs),
        rng.choice([0.0, 1.0, 20.0], n_discs),
    )
    return rng.choice([0, 2, 3, 5], n_points), scatter(n_points), discs


@given(
    seed=st.integers(0, 2**32 - 1),
    n_discs=st.integers(0, 120),
    n_points=st.integers(0, 120),
    spread=st.sampled_from([0.0, 0.05, 1.0, 20.0]),
)
def test_nearest_is_what_comparing_all_finds(
    seed: int, n_discs: int, n_points: int, spread: float
) -> None:
    group, xyz, discs = world(seed, n_discs, n_points, spread)
    for got, expected in zip(
        nearest(group, xyz, discs), by_comparing(group, xyz, discs), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_discs=st.integers(0, 120),
    n_points=st.integers(0, 120),
    spread=st.sampled_from([0.0, 0.05, 1.0, 20.0]),
    n_labels=st.sampled_from([1, 2, 60]),
)
def test_label_is_that_of_the_nearest(
    seed: int, n_discs: int, n_points: int, spread: float, n_labels: int
) -> None:
    group, xyz, discs = world(seed, n_discs, n_points, spread)
    labels = np.random.default_rng(seed).integers(0, n_labels, n_discs)
    found, _ = by_comparing(group, xyz, discs)
    expected = [labels[disc] if disc >= 0 else -1 for disc in found]
    assert nearest_label(group, xyz, discs, labels).tolist() == expected


@pytest.mark.slow
def test_nearest_does_not_depend_on_batches() -> None:
    """100,000 points need two batches; each alone gives the same."""
    group, xyz, discs = world(7, 3_000, 100_000, 3.0)
    found, distance = nearest(group, xyz, discs)
    some = np.arange(0, group.size, 97)
    alone = nearest(group[some], xyz[:, some], discs)
    np.testing.assert_array_equal(found[some], alone[0])
    np.testing.assert_array_equal(distance[some], alone[1])


def test_cubes_are_numbered_by_the_bits_of_their_sides_by_turns() -> None:
    """The outermost points of the globe, whose quotient is 2, belong to the last cubes."""
    xyz = np.random.default_rng(1).uniform(-1, 1, (3, 200)) * EARTH_RADIUS_KM
    xyz = np.hstack([xyz, EARTH_RADIUS_KM * np.array([[1, -1, 0], [0, 1, -1], [-1, 0, 1]])])
    expected = []
    for point in xyz.T.tolist():
        sides = [min(int((one / EARTH_RADIUS_KM + 1) * 4096), 8191) for one in point]
        expected.append(
            sum(
                (side >> bit & 1) << 3 * bit + i
                for i, side in enumerate(sides)
                for bit in range(13)
            )
        )
    assert module._morton(xyz).tolist() == expected


def sorted_keys() -> Ints:
    """Return keys of points, ascending, whose boxes divide at all levels, some by their last bit alone."""
    rng = np.random.default_rng(2)
    keys = rng.integers(0, 1 << 39, 500) >> rng.integers(0, 39, 500)
    alone = [1 << bit for bit in range(42)]
    return np.sort(np.concatenate([keys, keys + (1 << 39), alone, [5 << 39, 5 << 39]]))


def firsts_of(keys: Ints, level: int) -> list[int]:
    """Return where the points of each box begin; a level has three bits."""
    boxes = [key >> 3 * (13 - level) for key in keys.tolist()]
    return [i for i, box in enumerate(boxes) if i == 0 or box != boxes[i - 1]]


@pytest.mark.parametrize("level", range(14))
def test_boxes_begin_where_the_bits_of_their_level_change(level: int) -> None:
    keys = sorted_keys()
    assert module._firsts(module._steps(keys), level).tolist() == firsts_of(keys, level)


@pytest.mark.parametrize("limit", [1, 900, 4_000, 30_000])
@pytest.mark.parametrize("level", [0, 4, 11, 12])
def test_the_next_level_is_the_deepest_with_so_many_pairs(
    level: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least one deeper; the limit itself is allowed, and so are two pairs for each point."""
    keys = sorted_keys()
    counts = np.random.default_rng(3).integers(0, 9, keys.size)
    pairs = [int(counts[firsts_of(keys, one)].sum()) for one in range(14)]
    for most in (limit, pairs[min(level + 3, 13)], pairs[-1] - 1, 2 * keys.size):
        monkeypatch.setattr(module, "_PAIRS", most)
        deepest = level + 1
        while deepest < 13 and pairs[deepest + 1] <= max(most, 2 * keys.size):
            deepest += 1
        found, firsts = module._next_level(module._steps(keys), counts, level)
        assert (found, firsts.tolist()) == (deepest, firsts_of(keys, deepest))


def test_lists_of_one_label_keep_their_first() -> None:
    values = np.arange(9)
    starts, counts = np.array([0, 2, 3, 3, 7, 7]), np.array([2, 1, 0, 4, 2, 0])
    lists = module._Lists(values, starts, counts)
    cut = module._one_of_each_single_label(lists, np.array([4, 4, 8, 5, 5, 6, 5, 7, 7]))
    assert cut.counts.tolist() == [1, 1, 0, 4, 1, 0]
    assert (cut.starts is starts, cut.values is values) == (True, True)
    none = module._Lists(values[:0], starts[:0], counts[:0])
    assert module._one_of_each_single_label(none, values[:0]).counts.size == 0


def test_boxes_keep_the_discs_that_may_be_nearest_to_one_of_their_points() -> None:
    """All within twice the reach of the best, and none that is 0.2 km farther; some are right before the limit."""
    rng = np.random.default_rng(4)
    corner = np.array([[6000.0], [900.0], [-1800.0]])
    points = corner + rng.uniform(0, 12, (3, 60)) * np.array([[1.0], [2.0], [0.5]])
    points[:, 40:] += 100
    firsts, n = np.array([0, 40]), 40_000
    # Some all round, and a dense row that the limit cuts.
    row = np.tile(np.linspace(-100, 250, n), (3, 1))
    xyz = corner + np.hstack([rng.uniform(-150, 250, (3, 500)), row])
    radius = np.concatenate([rng.choice([0.0, 1.0, 9.0], 500), np.zeros(n)])
    lists = module._Lists(np.arange(500 + n), np.array([0, 300]), np.array([500 + n, 200 + n]))
    bounds = np.vstack([xyz, radius]).astype(np.float32)
    pruned = module._prune(points, firsts, lists, np.array([1, 0]), bounds)
    for box, (begin, end) in enumerate([(0, 40), (40, 60)]):
        own = points[:, begin:end]
        low, high = own.min(axis=1, keepdims=True), own.max(axis=1, keepdims=True)
        candidates = lists.take(np.array([1 - box]))
        gap = chord_km(xyz[:, candidates], (low + high) / 2) - radius[candidates]
        beyond = gap - gap.min() - chord_km(low, high)
        kept = pruned.take(np.array([box]))
        assert set(candidates[beyond <= 0.03].tolist()) <= set(kept.tolist())
        assert not (set(candidates[beyond > 0.2].tolist()) & set(kept.tolist()))
        assert ((beyond > 0) & (beyond <= 0.03)).any()
        assert kept.tolist() == sorted(kept.tolist())


def test_few_discs_are_compared() -> None:
    """Far fewer than all: boxes are divided until they have few points or discs."""
    group, xyz, discs = world(8, 2_000, 4_000, 20.0)
    lists = [lists for *_, lists in module._batches(group, xyz, discs, None)]
    assert sum(int(one.counts.sum()) for one in lists) < 60 * group.size
