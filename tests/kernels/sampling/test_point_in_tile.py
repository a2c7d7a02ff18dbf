"""Places lie on their tile and in the country, even by area."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from scipy import stats

from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.sampling import CountryShape, stream_keys
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.points import points_in_tiles
from closedworld.kernels.sampling.random_streams import StreamDraws
from closedworld.kernels.sampling.shape import normalized

LEAST_P = 1e-3
GLOBE = shapely.MultiPolygon([shapely.box(-180, -90, 180, 90)])


def draws_of(n: int) -> StreamDraws:
    return StreamDraws(np.broadcast_to(stream_keys(["a"], "DE", 11)[0], (n, 4)), np.arange(n))


def points_of(
    grid: Grid, tile: int, shape: shapely.MultiPolygon, n: int, *, on_border: bool = True
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    return points_in_tiles(
        grid,
        np.full(n, tile, np.uint64),
        draws_of(n),
        np.full(n, on_border, np.bool_),
        CountryShape([shape]),
    )


def test_density_is_that_of_the_ellipsoid() -> None:
    lats = np.linspace(-90, 90, 721)
    sine = np.sin(np.radians(lats))
    squared = (1 / 298.257223563) * (2 - 1 / 298.257223563)
    expected = np.cos(np.radians(lats)) / (1 - squared * sine**2) ** 2
    assert np.allclose(area_density(lats), expected, rtol=0, atol=4e-16)
    assert area_density(np.array([0.0]))[0] == 1
    assert area_density(np.array([90.0, -90.0])).tolist() == [0, 0]
    assert (np.diff(area_density(np.linspace(0, 90, 9001))) < 0).all()


@pytest.mark.parametrize("tile", [0, 5])
def test_latitudes_follow_area_on_a_tile_of_ninety_degrees(tile: int) -> None:
    """The rows of a finer grid get points by their area, from pole to equator; longitudes are even."""
    coarse, fine = Grid(-180.0, 90.0, 90.0, 90.0, 4, 2), Grid(-180.0, 90.0, 5.0, 5.0, 72, 36)
    lons, lats = points_of(coarse, tile, GLOBE, 40_000, on_border=False)
    row = np.floor((90 - lats) / 5).astype(np.int64) - 18 * (tile // 4)
    areas = tile_areas_cm2(fine)[18 * (tile // 4) :][:18].astype(float)
    found = np.bincount(row, minlength=18)
    assert stats.chisquare(found, areas / areas.sum() * 40_000).pvalue > LEAST_P
    assert stats.kstest((lons - lons.min()) / 90, "uniform").pvalue > LEAST_P


def test_places_stay_on_their_tiles() -> None:
    grid = Grid.from_resolution("30s")
    tiles = np.random.default_rng(5).integers(0, grid.n_tiles, 5000).astype(np.uint64)
    lons, lats = points_in_tiles(
        grid, tiles, draws_of(5000), np.zeros(5000, np.bool_), CountryShape([GLOBE])
    )
    rows, cols = grid.row_col(tiles)
    lon, lat = grid.lon_edges(), grid.lat_edges()
    assert ((lon[cols] <= lons) & (lons <= lon[cols + 1])).all()
    assert ((lat[rows + 1] <= lats) & (lats <= lat[rows])).all()


def test_on_a_border_tile_places_are_even_over_the_shared_part() -> None:
    """An L of three quarters of a tile: each quarter gets a third, the fourth none."""
    grid = Grid(0.0, 1.0, 1.0, 1.0, 1, 1)
    shape = shapely.MultiPolygon([shapely.box(0, 0, 1, 1) - shapely.box(0.5, 0.5, 1, 1)])
    lons, lats = points_of(grid, 0, shape, 30_000)
    quarter = (lons > 0.5).astype(int) + 2 * (lats > 0.5)
    found = np.bincount(quarter, minlength=4)
    assert found[3] == 0
    assert stats.chisquare(found[:3]).pvalue > LEAST_P


def test_a_small_part_gets_even_places_too() -> None:
    """Two boxes of a thousandth of the tile, one thrice the other, drawn after cutting them out."""
    grid = Grid(0.0, 1.0, 1.0, 1.0, 1, 1)
    shape = shapely.MultiPolygon(
        [shapely.box(0.1, 0.1, 0.13, 0.11), shapely.box(0.8, 0.1, 0.81, 0.11)]
    )
    lons, lats = points_of(grid, 0, shape, 8000)
    assert shapely.contains_xy(shape, lons, lats).all()
    assert stats.chisquare([np.sum(lons < 0.5), np.sum(lons > 0.5)], [6000, 2000]).pvalue > LEAST_P
    west = lons < 0.5
    assert stats.kstest((lons[west] - 0.1) / 0.03, "uniform").pvalue > LEAST_P
    assert stats.kstest((lats - 0.1) / 0.01, "uniform").pvalue > LEAST_P


def test_a_small_part_by_the_pole_follows_area() -> None:
    """On a strip from 45 degrees to the pole the median parallel halves the area, not the degrees."""
    grid = Grid(0.0, 90.0, 90.0, 90.0, 1, 1)
    shape = shapely.MultiPolygon([shapely.box(10.0, 45.0, 10.01, 90.0)])
    _, lats = points_of(grid, 0, shape, 4000)
    # Half of the area of a sphere's zone lies where the sine is half way; the ellipsoid moves it by
    # less than a tenth of a degree.
    middle = math.degrees(math.asin((math.sin(math.radians(45)) + 1) / 2))
    assert 0.46 < np.mean(lats < middle) < 0.54


def test_a_sliver_that_float64_cannot_enter_gives_a_place_on_the_border() -> None:
    """One ulp wide: no float64 longitude lies strictly inside."""
    east = math.nextafter(0.5, 1)
    shape = shapely.MultiPolygon([shapely.box(0.5, 0.25, east, 0.75)])
    lons, lats = points_of(Grid(0.0, 1.0, 1.0, 1.0, 1, 1), 0, shape, 20)
    assert set(lons.tolist()) <= {0.5, east}
    assert ((lats >= 0.25) & (lats <= 0.75)).all()


def test_holes_and_other_features_count() -> None:
    """A place in a hole is not in the country, unless another feature fills the hole."""
    grid = Grid(0.0, 1.0, 1.0, 1.0, 1, 1)
    hole = shapely.box(0.2, 0.2, 0.8, 0.8)
    ring = shapely.MultiPolygon([shapely.box(0, 0, 1, 1) - hole])
    lons, lats = points_of(grid, 0, ring, 2000)
    assert not shapely.intersects_xy(hole, lons, lats).any()
    filled = CountryShape([ring, shapely.MultiPolygon([hole])])
    lons, lats = points_in_tiles(
        grid, np.zeros(2000, np.uint64), draws_of(2000), np.ones(2000, np.bool_), filled
    )
    assert 0.32 < np.mean(shapely.contains_xy(hole, lons, lats)) < 0.40


@pytest.mark.parametrize("west", [-180.0, 0.0, 179.0, -540.0])
def test_the_antimeridian_is_no_border(west: float) -> None:
    """A country across 180 degrees, on grids that name its longitudes differently."""
    grid = Grid(west, 1.0, 1.0, 1.0, 360, 1)
    shape = shapely.MultiPolygon([shapely.box(178.5, 0.25, 181.5, 0.75)])
    cols = np.flatnonzero(
        np.isin(np.mod(np.round(grid.lon_edges()[:-1]), 360), [178, 179, 180, 181])
    )
    tiles = np.repeat(cols, 100).astype(np.uint64)
    lons, lats = points_in_tiles(
        grid, tiles, draws_of(400), np.ones(400, np.bool_), CountryShape([shape])
    )
    assert ((lons >= -180) & (lons <= 180)).all()
    assert shapely.contains_xy(shape, np.where(lons < 0, lons + 360, lons), lats).all()


def test_longitudes_are_moved_exactly() -> None:
    lons = np.array([-180.0, 180.0, 180.25, 359.75, -180.5, 0.0])
    assert normalized(lons).tolist() == [-180.0, 180.0, -179.75, -0.25, 179.5, 0.0]
