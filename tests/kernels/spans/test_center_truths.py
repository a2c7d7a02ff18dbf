"""Rule ``center`` by hand: every clause of the law, ties included.

Pictures read north to south, ``#`` for a tile. Rings are in half cells: even numbers are cell edges,
odd ones cell centres, from the north-west corner of the grid.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule, region_spans
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


def center(polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid) -> str:
    assert polygon.is_valid
    return picture_of(RowSpans.from_polygon(polygon, grid, "center"))


@on_all_grids
def test_a_box_on_cell_edges_has_its_cells(grid: Grid) -> None:
    assert center(HalfCells(grid).box(2, 2, 6, 6), grid) == ".... .##. .##. ...."


@on_all_grids
def test_the_whole_grid(grid: Grid) -> None:
    assert center(HalfCells(grid).box(0, 0, 8, 8), grid) == "#### #### #### ####"


@on_all_grids
def test_a_box_with_sides_and_corners_through_centres_has_them_all(grid: Grid) -> None:
    assert center(HalfCells(grid).box(1, 1, 5, 5), grid) == "###. ###. ###. ...."


@on_all_grids
@pytest.mark.parametrize(
    ("box", "picture"),
    [
        ((1, 2, 4, 4), ".... ##.. .... ...."),
        ((2, 2, 5, 4), ".... .##. .... ...."),
        ((2, 1, 4, 4), ".#.. .#.. .... ...."),
        ((2, 2, 4, 5), ".... .#.. .#.. ...."),
    ],
    ids=["west", "east", "north", "south"],
)
def test_a_centre_on_one_side_is_in(
    grid: Grid, box: tuple[int, int, int, int], picture: str
) -> None:
    assert center(HalfCells(grid).box(*box), grid) == picture


@on_all_grids
def test_a_centre_one_float_beyond_a_side_is_out(grid: Grid) -> None:
    half = HalfCells(grid)
    west, east = half.lon(1), half.lon(5)
    south, north = half.lat(5), half.lat(1)
    smaller = shapely.box(
        np.nextafter(west, np.inf),
        np.nextafter(south, np.inf),
        np.nextafter(east, -np.inf),
        np.nextafter(north, -np.inf),
    )
    assert center(smaller, grid) == ".... .#.. .... ...."
    larger = shapely.box(
        np.nextafter(west, -np.inf),
        np.nextafter(south, -np.inf),
        np.nextafter(east, np.inf),
        np.nextafter(north, np.inf),
    )
    assert center(larger, grid) == "###. ###. ###. ...."


@on_all_grids
def test_centres_on_a_holes_ring_are_out(grid: Grid) -> None:
    half = HalfCells(grid)
    ring = half.polygon(half.corners(0, 0, 8, 8), half.corners(1, 1, 5, 5))
    assert center(ring, grid) == "...# ...# ...# ####"


@on_all_grids
def test_a_hole_between_centres_takes_nothing(grid: Grid) -> None:
    half = HalfCells(grid)
    hole = [
        (np.nextafter(half.lon(3), np.inf), np.nextafter(half.lat(3), -np.inf)),
        (np.nextafter(half.lon(3), np.inf), np.nextafter(half.lat(5), np.inf)),
        (np.nextafter(half.lon(5), -np.inf), np.nextafter(half.lat(5), np.inf)),
        (np.nextafter(half.lon(5), -np.inf), np.nextafter(half.lat(3), -np.inf)),
    ]
    land = shapely.Polygon(half.box(0, 0, 8, 8).exterior, [hole])
    assert center(land, grid) == "#### #### #### ####"


@on_all_grids
def test_where_a_hole_touches_the_outer_ring_on_a_centre_the_centre_is_out(grid: Grid) -> None:
    half = HalfCells(grid)
    # The hole's northern corner is the centre (3, 1) of the outer ring's northern side.
    land = half.polygon(half.corners(1, 1, 7, 7), [(3, 1), (4, 2), (3, 3), (2, 2)])
    assert center(land, grid) == "#.## #.## #### ####"


@on_all_grids
def test_an_island_that_fills_its_lake_to_a_corner_has_the_corner(grid: Grid) -> None:
    """The centre is on a hole's ring of one part and on the outer ring of another: in."""
    half = HalfCells(grid)
    lake = half.corners(1, 1, 7, 7)
    island = half.polygon([(1, 1), (2, 4), (4, 2)])
    land = shapely.MultiPolygon([half.polygon(half.corners(0, 0, 8, 8), lake), island])
    assert center(land, grid) == "#... .#.. .... ...."


@on_all_grids
@pytest.mark.parametrize("order", [1, -1])
def test_the_answer_for_a_tie_does_not_depend_on_the_order_of_parts(grid: Grid, order: int) -> None:
    half = HalfCells(grid)
    parts = [
        half.polygon(half.corners(0, 0, 8, 8), half.corners(1, 1, 7, 7)),
        half.polygon([(3, 1), (4, 5), (2, 5)]),
    ]
    land = shapely.MultiPolygon(parts[::order])
    assert center(land, grid) == ".#.. .#.. .#.. ...."


@on_all_grids
def test_neighbours_of_one_region_leave_no_seam(grid: Grid) -> None:
    """A centre on the hole's ring of one polygon and on the outer ring of its enclave is in once."""
    half = HalfCells(grid)
    around = half.polygon(half.corners(0, 0, 8, 8), half.corners(1, 1, 7, 7))
    enclave = half.box(1, 1, 7, 7)
    both, first, second = region_spans([[around, enclave], [around], [enclave]], grid, Rule.CENTER)
    assert picture_of(first) == ".... .... .... ...."
    assert picture_of(second) == picture_of(both) == "#### #### #### ####"


@on_all_grids
@pytest.mark.parametrize("tip", [1, 3, 5, 7])
def test_a_vertex_that_touches_a_centre_has_it(grid: Grid, tip: int) -> None:
    half = HalfCells(grid)
    above = half.polygon([(tip, 3), (tip - 1, 2), (tip + 1, 2)])
    below = half.polygon([(tip, 3), (tip - 1, 4), (tip + 1, 4)])
    beside = half.polygon([(tip, 3), (tip + 1, 2), (tip + 1, 4)])
    only = "." * (tip // 2) + "#" + "." * (3 - tip // 2)
    for polygon in (above, below, beside):
        assert center(polygon, grid) == f".... {only} .... ...."


@on_all_grids
def test_a_spike_that_ends_on_a_centre_has_it_and_no_more(grid: Grid) -> None:
    half = HalfCells(grid)
    spike = half.polygon([(0, 0), (5, 1), (0, 2)])
    assert center(spike, grid) == "###. .... .... ...."
    short = half.polygon([(0, 0), (4, 1), (0, 2)])
    assert center(short, grid) == "##.. .... .... ...."


@on_all_grids
def test_a_chain_that_passes_a_centre_line_at_a_vertex_crosses_it_once(grid: Grid) -> None:
    half = HalfCells(grid)
    bent = half.polygon([(2, 0), (3, 3), (2, 6), (8, 6), (8, 0)])
    assert center(bent, grid) == ".### .### .### ...."


@on_all_grids
def test_a_level_edge_on_a_centre_line_is_in_on_either_side_of_the_land(grid: Grid) -> None:
    half = HalfCells(grid)
    # A staircase: its treads lie on centre lines, land once below and once above.
    steps = half.polygon([(0, 1), (4, 1), (4, 3), (8, 3), (8, 7), (4, 7), (4, 5), (0, 5)])
    assert center(steps, grid) == "##.. #### #### ..##"


@on_all_grids
def test_a_diamond_has_the_centres_at_its_tips(grid: Grid) -> None:
    half = HalfCells(grid)
    assert center(half.polygon([(3, 1), (5, 3), (3, 5), (1, 3)]), grid) == ".#.. ###. .#.. ...."


@on_exact_grids
def test_a_diagonal_through_centres_is_in(grid: Grid) -> None:
    half = HalfCells(grid)
    assert center(half.polygon([(0, 0), (0, 8), (8, 8)]), grid) == "#... ##.. ###. ####"
    assert center(half.polygon([(0, 0), (8, 0), (8, 8)]), grid) == "#### .### ..## ...#"
    assert center(half.polygon([(8, 0), (0, 8), (8, 8)]), grid) == "...# ..## .### ####"
    assert center(half.polygon([(8, 0), (0, 8), (0, 0)]), grid) == "#### ###. ##.. #..."


@on_exact_grids
def test_a_diagonal_side_of_a_hole_through_centres_is_out(grid: Grid) -> None:
    half = HalfCells(grid)
    land = half.polygon(half.corners(-2, -2, 10, 10), [(0, 0), (0, 8), (8, 8)])
    assert center(land, grid) == ".### ..## ...# ...."


@on_exact_grids
def test_a_diagonal_one_float_off_the_centres_is_not_on_them(grid: Grid) -> None:
    half = HalfCells(grid)
    corner = (np.nextafter(half.lon(0), -np.inf), half.lat(0))
    moved = [corner, (half.lon(0) - 1, half.lat(8)), (half.lon(8), half.lat(8))]
    # The line now passes west of every centre but meets the far corner.
    assert center(shapely.Polygon(moved), grid) == ".... #... ##.. ###."


@on_all_grids
@pytest.mark.parametrize(
    ("box", "picture"),
    [
        ((-9, 2, 4, 6), ".... ##.. ##.. ...."),
        ((4, 2, 19, 6), ".... ..## ..## ...."),
        ((2, -9, 6, 4), ".##. .##. .... ...."),
        ((2, 4, 6, 19), ".... .... .##. .##."),
        ((-9, -9, 19, 19), "#### #### #### ####"),
        ((-9, 2, 0, 6), ".... .... .... ...."),
        ((8, 2, 12, 6), ".... .... .... ...."),
        ((2, -9, 6, 0), ".... .... .... ...."),
        ((2, 8, 6, 12), ".... .... .... ...."),
        ((-9, 3, -1, 3 + 2), ".... .... .... ...."),
        ((-1, -1, 1, 1), "#... .... .... ...."),
        ((7, 7, 9, 9), ".... .... .... ...#"),
    ],
)
def test_what_lies_off_the_grid_is_cut_off(
    grid: Grid, box: tuple[int, int, int, int], picture: str
) -> None:
    assert center(HalfCells(grid).box(*box), grid) == picture


def test_a_country_smaller_than_a_cell_may_have_no_tile() -> None:
    grid = Grid(0.0, 2.0, 1.0, 1.0, 2, 2)
    assert center(shapely.box(0.1, 0.1, 0.4, 0.9), grid) == ".. .."


def test_a_grid_of_one_cell() -> None:
    grid = Grid(-180.0, 90.0, 360.0, 180.0, 1, 1)
    assert center(shapely.box(0.0, 0.0, 1.0, 1.0), grid) == "#"
    assert center(shapely.box(0.25, 0.0, 1.0, 1.0), grid) == "."


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_minus_zero_is_zero(zero: float) -> None:
    grid = Grid(-1.5, 1.5, 1.0, 1.0, 3, 3)
    polygon = shapely.Polygon([(zero, zero), (1.0, zero), (1.0, 1.0), (zero, 1.0)])
    assert center(polygon, grid) == ".## .## ..."


def test_repeated_vertices_change_nothing() -> None:
    grid = Grid(-1.5, 1.5, 1.0, 1.0, 3, 3)
    points = [(-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0)]
    twice = shapely.Polygon([point for point in points for _ in range(3)])
    assert center(twice, grid) == center(shapely.Polygon(points), grid) == ".#. ### .#."


def test_denormal_coordinates_decide() -> None:
    """The centre (0, 0) is within a triangle by less than any normal number."""
    grid = Grid(-1.5, 1.5, 1.0, 1.0, 3, 3)
    hair = 5e-324
    assert center(shapely.Polygon([(-hair, -1), (0.5, 0), (-hair, 0.75)]), grid) == "... .#. ..."
    assert center(shapely.Polygon([(hair, -1), (0.5, 0), (hair, 0.75)]), grid) == "... ... ..."


def test_a_nearly_level_edge_is_decided_exactly() -> None:
    """Over 300 degrees the edge rises by one float64 step through the centre line."""
    grid = Grid(-180.0, 55.0, 60.0, 10.0, 6, 1)
    up = float(np.nextafter(50.0, 60.0))
    land = shapely.Polygon([(-150.0, 50.0), (150.0, up), (150.0, 60.0), (-150.0, 60.0)])
    # Only the first centre is on or above the edge; the others lie below it.
    assert center(land, grid) == "#....."
    water = shapely.Polygon([(-150.0, 50.0), (150.0, up), (150.0, 40.0), (-150.0, 40.0)])
    assert center(water, grid) == "######"
