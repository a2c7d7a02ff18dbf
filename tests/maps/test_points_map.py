"""The map of points: what stands at which pixel, and what the discs add up to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import pytest
from PIL import Image

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.framing import choose_view, frame_of, globe_view
from closedworld.maps.points_map import draw_points_map, ink_of, pixels_of

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 800


def test_points_stand_where_the_projection_says() -> None:
    """Also east and west of the seam, and at another turn of the globe."""
    lons = np.array([11.0, -168.0, 190.5, 371.0, 100.0])
    lats = np.array([0.0, 60.0, -45.0, 0.0, 89.9])
    view = globe_view(WIDTH)
    xs, ys = pixels_of(view, lons, lats)
    proj = pyproj.Proj("+proj=eqearth +ellps=WGS84 +lon_0=11")
    east, north = proj(lons, lats)
    assert xs.tolist() == pytest.approx((WIDTH / 2 + east * view.px_per_meter).tolist(), abs=1e-6)
    assert ys.tolist() == pytest.approx(
        ((view.north_meters - north) * view.px_per_meter).tolist(), abs=1e-6
    )


def test_points_outside_a_view_are_left_out() -> None:
    grid = Grid.from_resolution("1deg")
    own = RowSpans.from_runs(grid, np.array([40, 41]), np.array([185, 185]), np.array([190, 190]))
    view = choose_view(frame_of([own]), grid.cell_height, WIDTH)
    xs, ys = pixels_of(view, np.array([7.5, 40.0, np.nan]), np.array([49.0, 49.0, 1.0]))
    assert (xs.tolist(), ys.tolist()) == (
        pytest.approx([WIDTH / 2]),
        pytest.approx([view.height / 2]),
    )


def ink_by_hand(
    points: list[tuple[float, float]], shape: tuple[int, int], radius: float
) -> np.ndarray:
    """Look at every pixel and every point."""
    ink = np.zeros(shape)
    for row in range(shape[0]):
        for col in range(shape[1]):
            shining = 1.0
            for x, y in points:
                off = math.dist((col + 0.5, row + 0.5), (x, y))
                shining *= 1 - 0.8 * min(1.0, max(0.0, radius + 0.5 - off))
            ink[row, col] = 1 - shining
    return ink


def test_ink_is_that_of_every_disc() -> None:
    points = [(3.2, 4.7), (3.4, 4.9), (0.1, 0.2), (11.99, 8.99), (6.0, 6.0)]
    xs, ys = np.array(points).T
    found = ink_of(xs, ys, (9, 12), 2.5)
    assert found == pytest.approx(ink_by_hand(points, (9, 12), 2.5), abs=1e-6)
    assert ink_of(xs[:0], ys[:0], (3, 4), 2.0).tolist() == np.zeros((3, 4)).tolist()


def test_the_picture_shows_points_and_says_how_many(tmp_path: Path) -> None:
    grid = Grid.from_resolution("1deg")
    own = RowSpans.from_runs(grid, np.arange(40, 50), np.full(10, 185), np.full(10, 195))
    pictures = []
    for name, lons in (("with", [9.5, 120.0]), ("without", [120.0, 120.0])):
        path = tmp_path / f"{name}.png"
        draw_points_map(
            [own], {"a point": (np.array(lons), np.full(2, 45.3))}, path, title="P", width=WIDTH
        )
        with Image.open(path) as image:
            pictures.append(np.asarray(image.convert("RGB")).astype(int))
    brick = np.array([184, 87, 48])
    near = [np.abs(picture[60:-60] - brick).sum(axis=2) < 90 for picture in pictures]
    assert near[0].sum() > 5
    assert near[1].sum() == 0


def test_kinds_of_points_have_colours_of_their_own(tmp_path: Path) -> None:
    grid = Grid.from_resolution("1deg")
    own = RowSpans.from_runs(grid, np.arange(40, 50), np.full(10, 185), np.full(10, 195))
    kinds = {"a": (np.array([7.5]), np.array([45.3])), "b": (np.array([12.5]), np.array([45.3]))}
    path = tmp_path / "map.png"
    draw_points_map([own], kinds, path, title="P", width=WIDTH)
    with Image.open(path) as image:
        picture = np.asarray(image.convert("RGB")).astype(int)[60:-60, 40:-40]
    brick, teal, indigo = (184, 87, 48), (59, 149, 155), (70, 76, 132)
    at = {
        colour: np.argwhere(np.abs(picture - np.array(colour)).sum(axis=2) < 90)
        for colour in (brick, teal, indigo)
    }
    assert at[brick][:, 1].max() < WIDTH / 2 - 40 < at[teal][:, 1].min()
    assert not len(at[indigo])
