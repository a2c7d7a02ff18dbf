"""What share of each pixel the tiles cover, against sampling and against true areas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps import pixel_shares
from closedworld.maps.framing import globe_view
from closedworld.maps.pixel_shares import slabs_of
from closedworld.maps.views import LocalView, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

BoxMaker = Callable[..., RowSpans]
SAMPLES = 8


def shares(spans: RowSpans, view: View) -> NDArray[np.float32]:
    return pixel_shares.pixel_shares([spans], slabs_of(spans.grid.lat_edges(), view), view)


def sampled(spans: RowSpans, view: View) -> NDArray[np.float64]:
    """Return the share of 8 x 8 points of each pixel that lie in a tile."""
    grid = spans.grid
    ys = (np.arange(view.height * SAMPLES) + 0.5) / SAMPLES
    xs = (np.arange(view.width * SAMPLES) + 0.5) / SAMPLES - view.width / 2
    lats = view.lat_of(ys)[:, None]
    east = xs / view.px_per_degree(lats)
    cols = np.floor(np.mod(east + view.lon_center - grid.west, 360) / grid.cell_width).astype(int)
    rows = np.broadcast_to(np.floor((grid.north - lats) / grid.cell_height).astype(int), cols.shape)
    on = (np.abs(east) < 180) & (cols < grid.n_cols) & (rows >= 0) & (rows < grid.n_rows)
    on &= np.abs(view.y_of(lats) - ys[:, None]) < 1e-3  # not beyond a pole
    inside = np.zeros(cols.shape, bool)
    inside[on] = spans.contains(grid.tile_id(rows[on], cols[on]))
    blocks = inside.reshape(view.height, SAMPLES, view.width, SAMPLES)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3))
    return means


def random_spans(grid: Grid, seed: int) -> RowSpans:
    """Return about half of the tiles of a grid, at random."""
    chosen = np.random.default_rng(seed).random((grid.n_rows, grid.n_cols)) < 0.5
    rows, cols = np.nonzero(chosen)
    one = RowSpans(grid, rows[:1], cols[:1], cols[:1] + 1)
    for row in range(grid.n_rows):
        turns = np.diff(np.concatenate([[0], chosen[row].astype(int), [0]]))
        start, stop = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
        one |= RowSpans(grid, np.full(len(start), row), start, stop)
    return one


@pytest.mark.parametrize("west", [-180.0, 0.0, -33.3])
@pytest.mark.parametrize("cell", [20.0, 4.0, 0.9])
def test_shares_agree_with_sampling(west: float, cell: float) -> None:
    """Tiles wider and narrower than a pixel, on the globe and in a window across the seam."""
    grid = Grid(west, 88.0, cell, cell, int(360 / cell), int(170 / cell))
    spans = random_spans(grid, seed=round(cell * 10))
    for view in (globe_view(160), LocalView(178.0, 30.0, 120, 70, 1.7)):
        difference = shares(spans, view) - sampled(spans, view)
        assert abs(difference.mean()) < 1e-3
        assert np.abs(difference).mean() < 0.02
        assert np.abs(difference).max() < 0.2


def test_areas_on_the_globe_are_true(box_tiles: BoxMaker) -> None:
    """Equal Earth: covered pixels times their size is the geodesic area, to a thousandth."""
    view = globe_view(1000)
    geod = pyproj.Geod(ellps="WGS84")
    for west, south, east, north in ((0, 0, 30, 20), (-60, 55, -20, 80), (160, -70, 200, -40)):
        covered = shares(box_tiles(west, south, east, north), view).sum() / view.px_per_meter**2
        lons = np.linspace(west, east, 4000)
        ring_lons = np.concatenate([lons, lons[::-1]])
        ring_lats = np.repeat([float(south), float(north)], len(lons))
        area, _ = geod.polygon_area_perimeter(ring_lons, ring_lats)
        assert covered == pytest.approx(area, rel=1e-3)


def test_neighbouring_tiles_fill_the_pixels_between_them(box_tiles: BoxMaker) -> None:
    """Two boxes that touch inside a pixel cover together what one box over both covers."""
    view = LocalView(0.0, 0.0, 90, 60, 7.3)
    both = shares(box_tiles(-4, -3, 1, 3), view) + shares(box_tiles(1, -3, 4, 3), view)
    np.testing.assert_allclose(both, shares(box_tiles(-4, -3, 4, 3), view), atol=1e-4)


def test_chunks_do_not_change_the_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = random_spans(Grid.from_resolution("4deg"), seed=1)
    view = globe_view(200)
    whole = shares(spans, view)
    monkeypatch.setattr(pixel_shares, "_CHUNK_BARS", 37)
    np.testing.assert_allclose(shares(spans, view), whole, atol=1e-5)


def test_no_tiles_cover_nothing(degree_grid: Grid) -> None:
    assert not shares(RowSpans.empty(degree_grid), globe_view(100)).any()
