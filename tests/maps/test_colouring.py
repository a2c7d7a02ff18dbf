"""Colours of countries: neighbours apart, and apart for every reader."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.spans import RowSpans
from closedworld.maps.canvas import COUNTRY_COLOURS, SEA, Colour
from closedworld.maps.colouring import choose_colours, neighbour_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid

BoxMaker = Callable[..., RowSpans]
TOUCH = 1e6

# Machado, Oliveira and Fernandes 2009, severity 1, linear RGB.
CONES = {
    "all": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def lab(colour: Colour, cones: str) -> NDArray[np.float64]:
    """Return CIELAB (D65) of an sRGB colour as seen by a reader with these cones."""
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(CONES[cones]) @ linear, 0, 1)
    ratio = TO_XYZ @ seen / np.array([0.95047, 1, 1.08883])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("cones", CONES)
def test_colours_and_the_sea_differ_for_colour_blind_readers(cones: str) -> None:
    for a, b in itertools.combinations([*COUNTRY_COLOURS, SEA], 2):
        assert np.linalg.norm(lab(a, cones) - lab(b, cones)) >= 22, (a, b)


def test_touching_tiles_are_neighbours_and_near_ones_are_near(box_tiles: BoxMaker) -> None:
    """East-west, north-south, shared, two cells away, too far."""
    middle = box_tiles(0, 0, 10, 10)
    east, north = box_tiles(10, 0, 20, 10), box_tiles(0, 10, 10, 20)
    shared, near, far = (
        box_tiles(-5, 0, 1, 10),
        box_tiles(0, -8, 10, -2),
        box_tiles(0, -40, 10, -30),
    )
    weights = neighbour_weights([middle, east, north, shared, near, far], reach=4)
    assert np.array_equal(weights, weights.T)
    assert not weights.diagonal().any()
    assert (weights[0, 1:4] >= TOUCH).all()
    assert 0 < weights[0, 4] < TOUCH
    assert weights[0, 5] == 0
    assert weights[1, 2] < TOUCH


def test_the_end_of_one_row_is_no_neighbour_of_the_next(degree_grid: Grid) -> None:
    """On the line of runs they lie one position apart; on the globe they do not touch."""
    end = RowSpans(degree_grid, *(np.array([value]) for value in (10, 355, 360)))
    begin = RowSpans(degree_grid, *(np.array([value]) for value in (11, 0, 5)))
    assert not neighbour_weights([end, begin], reach=3).any()


def test_sets_without_tiles_have_no_neighbours(degree_grid: Grid, box_tiles: BoxMaker) -> None:
    empty = RowSpans.empty(degree_grid)
    assert neighbour_weights([], 2).shape == (0, 0)
    assert not neighbour_weights([empty, empty], 2).any()
    assert not neighbour_weights([box_tiles(0, 0, 5, 5), empty], 2).any()


@pytest.mark.parametrize("seed", range(5))
def test_a_mosaic_is_coloured_without_conflict(seed: int, degree_grid: Grid) -> None:
    """40 countries of nearest centres, as on any map: five colours keep all borders apart."""
    rng = np.random.default_rng(seed)
    centers = rng.random((40, 2)) * [degree_grid.n_rows, degree_grid.n_cols]
    rows, cols = np.indices((degree_grid.n_rows, degree_grid.n_cols))
    distance = [np.hypot(rows - row, cols - col) for row, col in centers]
    owner = np.argmin(distance, axis=0)
    sets = []
    for country in range(40):
        turns = np.diff(np.pad((owner == country).astype(int), ((0, 0), (1, 1))), axis=1)
        row, start = np.nonzero(turns == 1)
        sets.append(RowSpans(degree_grid, row, start, np.nonzero(turns == -1)[1]))
    weights = neighbour_weights(sets, reach=2)
    sizes = np.array([one.tile_count for one in sets])
    colours = choose_colours(weights, sizes, len(COUNTRY_COLOURS))
    touching = weights >= TOUCH
    assert touching.sum() > 100
    assert not (touching & (colours[:, None] == colours)).any()


def test_when_colours_run_out_the_shortest_border_gives_way() -> None:
    """Three mutual neighbours, two colours."""
    weights = np.array([[0, 9, 5], [9, 0, 1], [5, 1, 0]]) * TOUCH
    colours = choose_colours(weights, np.array([3, 2, 1]), 2)
    assert colours[0] != colours[1]
    assert colours[1] == colours[2]


def test_a_lone_country_has_the_first_colour() -> None:
    assert choose_colours(np.zeros((1, 1)), np.array([7]), 5).tolist() == [0]
    assert choose_colours(np.zeros((0, 0)), np.array([], np.int64), 5).tolist() == []
