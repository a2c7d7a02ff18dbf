"""Which part of the globe a map shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.framing import Frame, choose_view, frame_of
from closedworld.maps.views import EqualEarthView, LocalView, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

BoxMaker = Callable[..., RowSpans]
WIDTH = 1000


def to_pixels(
    view: View, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``(xs, ys)`` of points, px from the left and from the top."""
    east = np.mod(lons - view.lon_center + 180, 360) - 180
    return view.width / 2 + east * view.px_per_degree(lats), view.y_of(lats)


def framed(spans: list[RowSpans]) -> Frame:
    frame = frame_of(spans)
    assert frame is not None
    return frame


def test_the_frame_of_a_box_is_the_box(box_tiles: BoxMaker) -> None:
    frame = framed([box_tiles(5, 45, 11, 51)])
    assert (frame.west, frame.lon_degrees, frame.south, frame.north) == (5, 6, 45, 51)
    assert frame.tiles_left_out == 0


@pytest.mark.parametrize("west", [-180.0, 0.0, -179.5, 175.0])
def test_tiles_on_both_sides_of_180_are_framed_round_180(west: float, box_tiles: BoxMaker) -> None:
    grid = Grid(west, 90.0, 0.5, 0.5, 720, 360)
    frame = framed([box_tiles(177, -20, 180, -16, grid), box_tiles(-180, -20, -178, -16, grid)])
    assert frame.lon_degrees == pytest.approx(5)
    assert frame.west == pytest.approx(177)
    assert frame.lon_center == pytest.approx(179.5)
    view = choose_view(frame, 0.5, WIDTH)
    assert isinstance(view, LocalView)
    xs, ys = to_pixels(view, np.array([177.0, -178.0]), np.array([-20.0, -16.0]))
    assert 0 < xs[0] < 500 < xs[1] < WIDTH
    assert 0 < ys[1] < ys[0] < view.height


def test_a_small_window_is_local_a_continent_regional_and_the_rest_a_globe(
    box_tiles: BoxMaker,
) -> None:
    views = [
        choose_view(framed([box_tiles(*box)]), 1.0, WIDTH)
        for box in ((5, 45, 15, 55), (-10, 35, 60, 70), (-150, -50, 150, 60))
    ]
    assert [type(view) for view in views] == [LocalView, EqualEarthView, EqualEarthView]
    assert [view.is_globe for view in views] == [False, False, True]


@pytest.mark.parametrize(
    "box",
    [(5, 45, 11, 51), (-75, -56, -66, -17), (-20, 0, 100, 80), (-5, 80, 30, 90), (0, -90, 5, -80)],
)
def test_all_tiles_lie_in_the_picture(
    box: tuple[float, float, float, float], box_tiles: BoxMaker
) -> None:
    view = choose_view(framed([box_tiles(*box)]), 1.0, WIDTH)
    west, south, east, north = box
    lons, lats = np.meshgrid(np.linspace(west, east, 20), np.linspace(south, north, 20))
    xs, ys = to_pixels(view, lons.ravel(), lats.ravel())
    assert xs.min() >= 0
    assert xs.max() <= view.width
    assert ys.min() >= -1e-6
    assert ys.max() <= view.height + 1e-6
    assert 0.4 * WIDTH < view.height < 0.75 * WIDTH


@pytest.mark.parametrize("west", [-180.0, 0.0, 3.0])
def test_a_few_tiles_beyond_an_ocean_are_left_out_and_counted_once(
    west: float, box_tiles: BoxMaker
) -> None:
    """A mainland across the meridian of Greenwich and an island far west and south of it."""
    grid = Grid(west, 90.0, 1.0, 1.0, 360, 180)
    frame = framed([box_tiles(-5, 42, 9, 51, grid), box_tiles(-54, 2, -52, 5, grid)])
    assert frame.tiles_left_out == 6
    assert frame.west % 360 == 355
    assert (frame.lon_degrees, frame.south, frame.north) == (14, 42, 51)


def test_a_country_in_two_halves_is_framed_whole(box_tiles: BoxMaker) -> None:
    frame = framed([box_tiles(0, 0, 5, 5), box_tiles(50, 40, 55, 45)])
    assert frame.tiles_left_out == 0
    assert (frame.west, frame.lon_degrees, frame.south, frame.north) == (0, 55, 0, 45)


def test_one_tile_is_framed_with_its_surroundings(box_tiles: BoxMaker) -> None:
    view = choose_view(framed([box_tiles(10, 10, 11, 11)]), 1.0, WIDTH)
    _, ys = to_pixels(view, np.array([10.0, 10.0]), np.array([10.0, 11.0]))
    assert 20 < ys[0] - ys[1] < view.height / 6


def test_tiles_all_round_the_globe_have_no_seam(box_tiles: BoxMaker) -> None:
    frame = framed([box_tiles(-180, -90, 180, -80)])
    assert frame.lon_degrees == 360
    assert choose_view(frame, 1.0, WIDTH).is_globe


def test_no_tiles_have_no_frame_and_get_the_globe(degree_grid: Grid) -> None:
    assert frame_of([]) is None
    assert frame_of([RowSpans.empty(degree_grid)]) is None
    assert choose_view(None, 1.0, WIDTH).is_globe
