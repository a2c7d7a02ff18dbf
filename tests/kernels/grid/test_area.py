"""Areas of tiles against a closed form at 60 digits, geodesic polygons, and the whole ellipsoid."""

from __future__ import annotations

import functools
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
import pytest
from pyproj import Geod

from closedworld.kernels.grid import Grid, RowAreas, tile_areas_cm2, tile_areas_m2

DIGITS = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
SEMI_MAJOR_CM = Decimal(637_813_700)

WORLDPOP_1KM = Grid(-180.0012493, 83.99958, 0.0083333333, 0.0083333333, 43199, 16755)


def sine(angle: Decimal) -> Decimal:
    """Taylor's series, until a term no longer changes the sum."""
    total, term, k = angle, angle, 1
    while total != total + term:
        term *= -angle * angle / ((2 * k) * (2 * k + 1))
        total += term
        k += 1
    return total


@functools.cache
def zone_cm2_per_radian(latitude: float) -> Decimal:
    """Area between the equator and a parallel, per radian of longitude, in closed form.

    b^2 / 2 * (s / (1 - e^2 s^2) + artanh(e s) / e); the code under test sums a series instead.
    """
    with localcontext() as context:
        context.prec = DIGITS
        flattening = 1 / Decimal("298.257223563")
        e2 = flattening * (2 - flattening)
        e = e2.sqrt()
        semi_minor = SEMI_MAJOR_CM * (1 - flattening)
        s = sine(Decimal(latitude) * PI / 180)
        artanh = ((1 + e * s) / (1 - e * s)).ln() / 2
        return semi_minor**2 / 2 * (s / (1 - e2 * s * s) + artanh / e)


def closed_form_cm2(grid: Grid, row: int) -> int:
    edges = np.clip(grid.lat_edges(), -90, 90)
    with localcontext() as context:
        context.prec = DIGITS
        zone = zone_cm2_per_radian(float(edges[row])) - zone_cm2_per_radian(float(edges[row + 1]))
        area = zone * Decimal(grid.cell_width) * PI / 180
        return int(area.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def rows_to_try(grid: Grid, count: int) -> list[int]:
    """The rows at both ends and in the middle, and others evenly between."""
    middle = grid.n_rows // 2
    special = {0, 1, middle - 1, middle, grid.n_rows - 2, grid.n_rows - 1}
    return sorted(special | set(np.linspace(0, grid.n_rows - 1, count).astype(int).tolist()))


@pytest.mark.parametrize(
    "grid",
    [
        Grid.from_resolution("30s"),
        Grid.from_resolution("5m"),
        Grid.from_resolution("1deg"),
        WORLDPOP_1KM,
        Grid(12.34, 90.0, 0.7, 1 / 3, 10, 540),
        Grid.from_resolution("3s"),
        Grid.from_resolution("180d"),
    ],
    ids=["30s", "5m", "1deg", "worldpop", "oblong", "3s", "hemispheres"],
)
def test_areas_equal_the_closed_form_to_the_square_centimetre(grid: Grid) -> None:
    """Poles and equator among the rows; equal as integers, not nearly."""
    areas = tile_areas_cm2(grid)
    assert areas.dtype == np.int64
    assert areas.shape == (grid.n_rows,)
    rows = rows_to_try(grid, 250) if grid.n_rows > 4 else list(range(grid.n_rows))
    differing = {
        row: (int(areas[row]), closed_form_cm2(grid, row))
        for row in rows
        if areas[row] != closed_form_cm2(grid, row)
    }
    assert not differing


@pytest.mark.parametrize("row", [0, 1, 300, 899, 900, 1200, 1799])
def test_areas_agree_with_geodesic_polygons_of_proj(row: int) -> None:
    """A parallel is not a geodesic, so the cell's edges are cut into 256.

    The geodesic bulges from the parallel by an area that falls with the square of the piece: for a
    cell of 0.2 degrees in 256 pieces it is below 1e-6 of the cell but in the row at the pole.
    """
    grid = Grid(0.0, 90.0, 0.2, 0.1, 1, 1800)
    north, south = grid.lat_edges()[[row, row + 1]]
    along = np.linspace(0.0, 0.2, 257)
    lons = np.concatenate([along, along[::-1]])
    lats = np.concatenate([np.full(257, south), np.full(257, north)])
    area_m2, _ = Geod(ellps="WGS84").polygon_area_perimeter(lons, lats)
    assert tile_areas_m2(grid)[row] == pytest.approx(area_m2, rel=1e-6)


@pytest.mark.parametrize("resolution", ["30s", "2.5m", "1deg"])
def test_the_tiles_of_the_globe_add_up_to_the_ellipsoid(resolution: str) -> None:
    grid = Grid.from_resolution(resolution)
    total = sum(tile_areas_cm2(grid).tolist()) * grid.n_cols
    with localcontext() as context:
        context.prec = DIGITS
        globe = 2 * PI * 2 * zone_cm2_per_radian(90.0)
    # Each tile is rounded to half a square centimetre at most; the cell's width is a float64, so
    # the columns may miss the circle by 2^-53 of it.
    assert abs(total - globe) <= Decimal(grid.n_tiles) / 2 + globe / 2**52
    assert total / 1e10 == pytest.approx(510_065_621.724, abs=0.01)


def test_both_hemispheres_are_alike() -> None:
    """Edges of 1/4 degree are exact in float64, so north and south mirror each other exactly."""
    areas = tile_areas_cm2(Grid.from_resolution("0.25deg"))
    assert (areas == areas[::-1]).all()
    assert (np.diff(areas[:360]) > 0).all()


def test_area_is_in_proportion_to_the_width_of_the_cell() -> None:
    narrow = tile_areas_cm2(Grid(0.0, 90.0, 0.25, 0.5, 4, 360))
    wide = tile_areas_cm2(Grid(0.0, 90.0, 1.0, 0.5, 4, 360))
    assert (np.abs(wide - 4 * narrow) <= 2).all()


def test_area_does_not_depend_on_where_the_grid_begins_or_how_wide_it_is() -> None:
    here = tile_areas_cm2(Grid(-180.0, 60.0, 0.5, 0.5, 720, 100))
    there = tile_areas_cm2(Grid(97.3, 60.0, 0.5, 0.5, 1, 100))
    assert (here == there).all()


def test_what_overshoots_the_pole_by_rounding_has_no_area() -> None:
    over = tile_areas_cm2(Grid(0.0, 90.0 + 5e-7, 1.0, 1.0 + 5e-7, 1, 1))
    at = tile_areas_cm2(Grid(0.0, 90.0, 1.0, 1.0, 1, 1))
    assert over == at


def test_areas_of_some_rows_are_those_of_all() -> None:
    """Rows are computed in blocks of 8192, and a range may begin and end in any of them."""
    grid = Grid.from_resolution("30s")
    every = tile_areas_cm2(grid)
    ranges = [(0, 5), (8190, 8195), (8195, 8300), (8192, 16384), (16000, 21600), (21600, 21600)]
    for first, stop in ranges:
        areas = RowAreas.between(grid, first, stop)
        assert areas.cm2.tolist() == every[first:stop].tolist()
    rows = np.array([[8195, 8192], [8191, 8193]])
    spanning = RowAreas.spanning(grid, rows)
    assert (spanning.first_row, len(spanning.cm2)) == (8191, 5)
    assert np.array_equal(spanning.of(rows), every[rows])
    part = RowAreas.between(grid, 8190, 8200).around(np.array([8193, 8196]))
    assert part.cm2.tolist() == every[8193:8197].tolist()
    assert part.of(np.array([8196, 8193])).tolist() == every[[8196, 8193]].tolist()


def test_square_metres_are_the_integer_over_ten_thousand() -> None:
    grid = Grid.from_resolution("1deg")
    assert tile_areas_m2(grid).dtype == np.float64
    assert tile_areas_m2(grid).tolist() == [cm2 / 10_000 for cm2 in tile_areas_cm2(grid).tolist()]
