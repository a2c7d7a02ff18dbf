"""The nearest disc is the one that comparing all of them finds, ties included."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.nearest import Discs, nearest, nearest_label
from closedworld.kernels.sphere import chord_km, to_xyz

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
