"""Rule ``any_overlap`` by hand: a shared area above zero, and nothing less.

Pictures read north to south, ``#`` for a tile. Rings are in half cells: even numbers are cell edges,
odd ones cell centres, from the north-west corner of the grid.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.testing import HalfCells, picture_of

EXACT_GRIDS = [
    pytest.param(Grid(-2.0, 2.0, 1.0, 1.0, 4, 4), id="whole"),
    pytest.param(Grid(100.0, -7.0, 0.5, 2.0, 4, 4), id="tall cells"),
    pytest.param(Grid(178.0, 90.0, 1.0, 0.5, 4, 4), id="antimeridian and pole"),
]
ALL_GRIDS = [
    *EXACT_GRIDS,
    pytest.param(Grid(-180.0012493, 83.6341, 0.0083333333, 0.0083333333, 4, 4), id="ugly"),
    pytest.param(Grid(359.97, -89.0, 1 / 120, 1 / 7, 4, 4), id="0..360"),
]

on_all_grids = pytest.mark.parametrize("grid", ALL_GRIDS)
on_exact_grids = pytest.mark.parametrize("grid", EXACT_GRIDS)


def overlap(polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid) -> str:
    assert polygon.is_valid
    return picture_of(RowSpans.from_polygon(polygon, grid, "any_overlap"))


@on_all_grids
def test_a_box_on_cell_edges_has_its_cells_and_no_neighbour(grid: Grid) -> None:
    """Neighbours are touched along an edge or at a corner, which is not enough."""
    assert overlap(HalfCells(grid).box(2, 2, 6, 6), grid) == ".... .##. .##. ...."


@on_all_grids
def test_a_box_between_cell_edges_has_every_cell_it_enters(grid: Grid) -> None:
    assert overlap(HalfCells(grid).box(1, 1, 5, 5), grid) == "###. ###. ###. ...."


@on_all_grids
@pytest.mark.parametrize(
    ("sides", "picture"),
    [
        ((0, 0, 0, 0), ".... .#.. .... ...."),
        ((-1, 0, 0, 0), ".... ##.. .... ...."),
        ((0, 0, 1, 0), ".... .##. .... ...."),
        ((0, 1, 0, 0), ".#.. .#.. .... ...."),
        ((0, 0, 0, -1), ".... .#.. .#.. ...."),
        ((1, 0, 0, 0), ".... .#.. .... ...."),
        ((0, 0, -1, 0), ".... .#.. .... ...."),
        ((-1, 1, 1, -1), "###. ###. ###. ...."),
    ],
)
def test_one_float_beyond_a_cell_edge_is_an_overlap(
    grid: Grid, sides: tuple[int, int, int, int], picture: str
) -> None:
    """The sides of a cell-sized box are moved by one float64 step west/down (-1) or east/up (1)."""
    half = HalfCells(grid)
    west, north, east, south = (
        float(np.nextafter(at, step * np.inf)) if step else at
        for at, step in zip(
            (half.lon(2), half.lat(2), half.lon(4), half.lat(4)), sides, strict=True
        )
    )
    assert overlap(shapely.box(west, south, east, north), grid) == picture


@on_all_grids
@pytest.mark.parametrize(
    ("triangle", "picture"),
    [
        ([(4, 4), (3, 2), (5, 2)], ".... .##. .... ...."),
        ([(4, 4), (3, 6), (5, 6)], ".... .... .##. ...."),
        ([(4, 4), (2, 3), (2, 5)], ".... .#.. .#.. ...."),
        ([(4, 4), (6, 3), (6, 5)], ".... ..#. ..#. ...."),
        ([(4, 4), (2, 2), (4, 2)], ".... .#.. .... ...."),
        ([(4, 4), (6, 6), (6, 4)], ".... .... ..#. ...."),
    ],
)
def test_a_corner_that_touches_is_no_overlap(
    grid: Grid, triangle: list[tuple[int, int]], picture: str
) -> None:
    assert overlap(HalfCells(grid).polygon(triangle), grid) == picture


@on_exact_grids
def test_a_diagonal_through_corners_enters_only_the_cells_it_crosses(grid: Grid) -> None:
    half = HalfCells(grid)
    assert overlap(half.polygon([(0, 0), (0, 8), (8, 8)]), grid) == "#... ##.. ###. ####"
    assert overlap(half.polygon([(8, 0), (0, 8), (8, 8)]), grid) == "...# ..## .### ####"
    assert overlap(half.polygon([(0, 0), (8, 8), (8, 0)]), grid) == "#### .### ..## ...#"
    assert overlap(half.polygon([(8, 0), (0, 8), (0, 0)]), grid) == "#### ###. ##.. #..."


@on_exact_grids
def test_a_diagonal_one_float_past_the_corners_enters_the_next_cells(grid: Grid) -> None:
    half = HalfCells(grid)
    past = float(np.nextafter(half.lon(0), -np.inf))
    below = [(half.lon(0), half.lat(0)), (half.lon(0), half.lat(8)), (half.lon(8), half.lat(8))]
    above = [(past, half.lat(0)), (half.lon(8), half.lat(8)), (half.lon(8), half.lat(0))]
    assert overlap(shapely.Polygon(below), grid) == "#... ##.. ###. ####"
    assert overlap(shapely.Polygon(above), grid) == "#### #### .### ..##"


@on_all_grids
def test_a_sliver_inside_a_cell_is_an_overlap(grid: Grid) -> None:
    half = HalfCells(grid)
    west = half.lon(2) + 1e-3 * grid.cell_width
    upright = shapely.box(west, half.lat(5), west + 1e-12, half.lat(3))
    assert overlap(upright, grid) == ".... .#.. .#.. ...."
    north = half.lat(2) - 1e-3 * grid.cell_height
    level = shapely.box(half.lon(1), north - 1e-12, half.lon(5), north)
    assert overlap(level, grid) == ".... ###. .... ...."


@on_all_grids
def test_a_sliver_along_a_cell_edge_is_in_the_cell_on_its_side_only(grid: Grid) -> None:
    half = HalfCells(grid)
    edge = half.lon(4)
    east_of = shapely.box(edge, half.lat(4), edge + 1e-12, half.lat(2))
    west_of = shapely.box(edge - 1e-12, half.lat(4), edge, half.lat(2))
    assert overlap(east_of, grid) == ".... ..#. .... ...."
    assert overlap(west_of, grid) == ".... .#.. .... ...."
    parallel = half.lat(4)
    south_of = shapely.box(half.lon(2), parallel - 1e-12, half.lon(4), parallel)
    north_of = shapely.box(half.lon(2), parallel, half.lon(4), parallel + 1e-12)
    assert overlap(south_of, grid) == ".... .... .#.. ...."
    assert overlap(north_of, grid) == ".... .#.. .... ...."


@on_all_grids
def test_a_hole_of_exactly_one_cell_takes_that_cell(grid: Grid) -> None:
    half = HalfCells(grid)
    land = half.polygon(half.corners(0, 0, 8, 8), half.corners(2, 2, 4, 4))
    assert overlap(land, grid) == "#### #.## #### ####"


@on_all_grids
def test_a_hole_smaller_than_its_cell_takes_nothing(grid: Grid) -> None:
    half = HalfCells(grid)
    for shrink in range(4):
        west, north, east, south = half.lon(2), half.lat(2), half.lon(4), half.lat(4)
        if shrink == 0:
            west = float(np.nextafter(west, np.inf))
        elif shrink == 1:
            north = float(np.nextafter(north, -np.inf))
        elif shrink == 2:
            east = float(np.nextafter(east, -np.inf))
        else:
            south = float(np.nextafter(south, np.inf))
        lake = shapely.box(west, south, east, north).exterior
        land = shapely.Polygon(half.box(0, 0, 8, 8).exterior, [lake])
        assert overlap(land, grid) == "#### #### #### ####"


@on_all_grids
def test_a_hole_through_centres_takes_only_the_cells_it_covers(grid: Grid) -> None:
    half = HalfCells(grid)
    land = half.polygon(half.corners(0, 0, 8, 8), half.corners(1, 1, 7, 7))
    assert overlap(land, grid) == "#### #..# #..# ####"


@on_all_grids
def test_an_island_in_a_lake_has_its_cell(grid: Grid) -> None:
    half = HalfCells(grid)
    lake = half.polygon(half.corners(-2, -2, 10, 10), half.corners(0, 0, 8, 8))
    island = half.polygon([(3, 2), (4, 3), (3, 4), (2, 3)])
    land = shapely.MultiPolygon([lake, island])
    assert overlap(land, grid) == ".... .#.. .... ...."


@on_all_grids
def test_parts_that_touch_in_a_corner_add_nothing_there(grid: Grid) -> None:
    half = HalfCells(grid)
    land = shapely.MultiPolygon([half.box(0, 0, 4, 4), half.box(4, 4, 8, 8)])
    assert overlap(land, grid) == "##.. ##.. ..## ..##"


@on_all_grids
@pytest.mark.parametrize(
    ("box", "picture"),
    [
        ((-9, 2, 3, 6), ".... ##.. ##.. ...."),
        ((5, 2, 19, 6), ".... ..## ..## ...."),
        ((2, -9, 6, 3), ".##. .##. .... ...."),
        ((2, 5, 6, 19), ".... .... .##. .##."),
        ((-9, -9, 19, 19), "#### #### #### ####"),
        ((-9, 2, 0, 6), ".... .... .... ...."),
        ((8, 2, 12, 6), ".... .... .... ...."),
        ((2, -9, 6, 0), ".... .... .... ...."),
        ((2, 8, 6, 12), ".... .... .... ...."),
        ((-9, 2, -3, 6), ".... .... .... ...."),
        ((2, -9, 6, -3), ".... .... .... ...."),
        ((2, 11, 6, 14), ".... .... .... ...."),
        ((-2, -2, 0, 0), ".... .... .... ...."),
    ],
)
def test_what_lies_off_the_grid_is_cut_off(
    grid: Grid, box: tuple[int, int, int, int], picture: str
) -> None:
    assert overlap(HalfCells(grid).box(*box), grid) == picture


@on_all_grids
def test_a_slope_that_leaves_the_grid_at_its_side_is_cut_there(grid: Grid) -> None:
    half = HalfCells(grid)
    slope = half.polygon([(-8, 4), (4, -8), (16, 4), (4, 16)])
    assert overlap(slope, grid) == "#### #### #### ####"
    # Its northern tip is beyond the grid, its slopes enter by the top row.
    tent = half.polygon([(4, -4), (0, 4), (8, 4)])
    assert overlap(tent, grid) == "#### #### .... ...."


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_minus_zero_is_zero(zero: float) -> None:
    grid = Grid(-1.0, 1.0, 1.0, 1.0, 2, 2)
    polygon = shapely.Polygon([(zero, zero), (0.5, zero), (0.5, 0.5), (zero, 0.5)])
    assert overlap(polygon, grid) == ".# .."


def test_a_country_smaller_than_a_cell_has_the_cell() -> None:
    grid = Grid(0.0, 2.0, 1.0, 1.0, 2, 2)
    assert overlap(shapely.box(0.1, 0.1, 0.4, 0.4), grid) == ".. #."


def test_a_buffer_of_half_a_pixel_would_take_too_much() -> None:
    """A box of 4 x 4 cells set on cell edges has 16 tiles, not the 36 that a buffered one has."""
    grid = Grid(0.0, 8.0, 1.0, 1.0, 8, 8)
    assert RowSpans.from_polygon(shapely.box(2, 2, 6, 6), grid, "any_overlap").tile_count == 16


def test_repeated_vertices_change_nothing() -> None:
    grid = Grid(-1.5, 1.5, 1.0, 1.0, 3, 3)
    points = [(-0.5, 0.0), (0.0, -0.5), (0.5, 0.0), (0.0, 0.5)]
    twice = shapely.Polygon([point for point in points for _ in range(3)])
    assert overlap(twice, grid) == overlap(shapely.Polygon(points), grid) == "... .#. ..."
