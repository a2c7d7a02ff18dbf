"""Rule ``any_overlap`` where rings cross, touch or overlap: the cells that share an area, exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from crossing_rings import METHODS, NOT_AS_GEOS, POLYGONS, SHAPES, Ring, is_in, tiles
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import GridError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Fill, Rule, region_spans
from closedworld.testing import tiles_by_geos

if TYPE_CHECKING:
    from closedworld.kernels.spans import RowSpans

OVERLAP = Rule.ANY_OVERLAP
SMALL = Grid(n_rows=5, n_cols=6, west=0.0, north=5.0, cell_width=1.0, cell_height=1.0)
# No line of it meets a corner of the shapes or runs along an edge.
OFF = Grid(n_rows=37, n_cols=37, west=-0.1, north=12.13, cell_width=0.331, cell_height=0.337)
# All corners of the shapes lie on its lines.
ON = Grid(n_rows=13, n_cols=12, west=0.0, north=12.0, cell_width=1.0, cell_height=1.0)

MORE = {
    **SHAPES,
    "corridor": shapely.Polygon([(1, 1), (4, 1), (4, 4), (9, 9), (11, 9), (11, 11), (9, 11), (9, 9), (4, 4), (1, 4)]),
    "spike in parts": shapely.Polygon([(1, 1), (5, 1), (5, 5), (11, 11), (8, 8), (9, 9), (7, 7), (5, 5), (1, 5)]),
    "spike in a hole": shapely.Polygon(
        shapely.box(0, 0, 11, 11).exterior, [[(1, 1), (4, 1), (4, 4), (10, 10), (4, 4), (1, 4)]]
    ),
    "holes with a common side": shapely.Polygon(
        shapely.box(0, 0, 11, 11).exterior,
        [shapely.box(1, 1, 4.5, 9).exterior, shapely.box(4.5, 1, 10, 9).exterior],
    ),
    "hole as large as the ring": shapely.Polygon(
        shapely.box(1, 1, 9, 9).exterior, [shapely.box(1, 1, 9, 9).exterior]
    ),
    "hole that runs twice round": shapely.Polygon(
        shapely.box(0, 0, 11, 11).exterior,
        [[(1, 1), (9, 1), (9, 9), (1, 9), (1, 1), (3, 3), (7, 3), (7, 7), (3, 7), (3, 3)]],
    ),
    "parts with half a side in common": shapely.MultiPolygon(
        [shapely.Polygon([(0, 0), (9, 9), (0, 9)]), shapely.Polygon([(1, 1), (6, 6), (6, 1)])]
    ),
    "no area": shapely.Polygon([(1, 1), (6, 3), (11, 5), (6, 3)]),
}  # fmt: skip
# GEOS drops a hole as large as its ring under both rules but leaves the ring by "structure".
NOT_AS_GEOS_EITHER = NOT_AS_GEOS | {("hole as large as the ring", Fill.EVENODD)}


@pytest.mark.parametrize("grid", [OFF, ON, SMALL])
@pytest.mark.parametrize(
    ("name", "fill"), [(n, f) for n in MORE for f in Fill if (n, f) not in NOT_AS_GEOS_EITHER]
)
def test_tiles_are_those_of_the_polygons_that_geos_makes_of_the_rings(
    name: str, fill: Fill, grid: Grid
) -> None:
    made = shapely.make_valid(MORE[name], method=METHODS[fill])
    polygons = [one for one in shapely.get_parts(shapely.get_parts(made)) if one.area]
    wanted = sum((tiles_by_geos(one, grid, OVERLAP) for one in polygons), np.zeros(1, np.bool_))
    assert tiles(MORE[name], grid, fill, OVERLAP) == set(np.flatnonzero(wanted).tolist())


def test_edges_that_cancel_each_other_have_no_tiles_of_their_own() -> None:
    """By hand, on cells of one degree."""
    box = {row * 12 + col for row in range(8, 11) for col in range(1, 4)}
    far = {row * 12 + col for row in (1, 2) for col in (9, 10)}
    assert tiles(MORE["corridor"], ON, "nonzero", OVERLAP) == box | far
    assert tiles(MORE["no area"], ON, "evenodd", OVERLAP) == set()
    assert tiles(MORE["the same part twice"], ON, "evenodd", OVERLAP) == set()
    assert tiles(MORE["hole as large as the ring"], ON, "evenodd", OVERLAP) == set()
    assert tiles(MORE["hole as large as the ring"], ON, "nonzero", OVERLAP) == set()


def test_an_edge_cancels_another_of_the_other_zero_and_counts_by_how_often_it_runs() -> None:
    """-0.0 is 0.0; what is drawn three times is drawn an odd number of times."""
    grid = Grid(n_rows=4, n_cols=4, west=-2.0, north=2.0, cell_width=1.0, cell_height=1.0)
    box = shapely.box(0.0, 0.0, 1.5, 1.5)
    other = shapely.Polygon([(-0.0, -0.0), (1.5, -0.0), (1.5, 1.5), (-0.0, 1.5)])
    cells = {2, 3, 6, 7}
    for times, expected in ((2, set()), (3, cells), (4, set()), (5, cells)):
        parts = [box, other, box, other, box][:times]
        assert tiles(shapely.MultiPolygon(parts), grid, "evenodd", OVERLAP) == expected
        assert tiles(shapely.MultiPolygon(parts), grid, "nonzero", OVERLAP) == cells


@pytest.mark.parametrize("y", [0.25, 0.5, 0.75])
def test_cells_on_a_side_that_is_run_along_twice_in_part_are_within(y: float) -> None:
    """The ring winds round a part of the box a second time, from the same side."""
    grid = Grid(n_rows=9, n_cols=9, west=0.0, north=9.0, cell_width=1.0, cell_height=1.0)
    once = [(0.5, y), (8.5, y), (8.5, 8.5), (0.5, 8.5), (0.5, y)]
    again = [(6.5, y), (6.5, 5.5), (2.5, 5.5), (2.5, y)]
    (spans,) = region_spans([[shapely.Polygon([*once, *again])]], grid, OVERLAP, "nonzero")
    assert spans.tile_count == 81


@pytest.mark.parametrize("fill", Fill)
def test_more_rings_than_64_bits_can_keep_apart_are_refused(fill: Fill) -> None:
    side = 2**31 - 2
    huge = Grid(-180.0, 90.0, 360 / side, 180 / side, side, side)
    ties = [[shapely.Polygon([(at, 0), (at + 1, 1), (at + 1, 0), (at, 1)])] for at in (0, 2)]
    with pytest.raises(GridError) as caught:
        region_spans(ties, huge, OVERLAP, fill)
    assert caught.value.code == "grid-too-fine"


def shares_area(polygons: list[list[Ring]], cell: tuple[int, int], fill: Fill) -> bool:
    """Return whether a cell of one degree shares an area: any of many points between all lines is inside.

    The points lie between neighbouring longitudes of corners, crossings and sides, and between neighbouring edges there.
    """
    west, south = map(Fraction, cell)
    edges = [edge for rings in polygons for ring in rings for edge in pairwise([*ring, ring[0]])]
    xs = {west, west + 1, *(x for edge in edges for x, _ in edge)}
    sides = [((west, y), (west + 1, y)) for y in (south, south + 1)]
    for ((x1, y1), (x2, y2)), ((x3, y3), (x4, y4)) in combinations([*edges, *sides], 2):
        turn = (x2 - x1) * (y4 - y3) - (y2 - y1) * (x4 - x3)
        if turn:
            xs.add(x1 + ((x3 - x1) * (y4 - y3) - (y3 - y1) * (x4 - x3)) / turn * (x2 - x1))
    for left, right in pairwise(sorted(x for x in xs if west <= x <= west + 1)):
        x = (left + right) / 2
        ys = {
            y1 + (x - x1) / (x2 - x1) * (y2 - y1)
            for (x1, y1), (x2, y2) in edges
            if min(x1, x2) < x < max(x1, x2)
        }
        for low, high in pairwise(sorted({south, south + 1, *ys})):
            if south <= low and high <= south + 1 and is_in(polygons, x, (low + high) / 2, fill):
                return True
    return False


@pytest.mark.parametrize("fill", Fill)
@pytest.mark.parametrize(
    "parts",
    [
        ([(0, 0), (8, 4), (8, 0)], [(2, 1), (6, 3), (6, 1)]),
        ([(0, 0), (3, 9), (0, 9)], [(1, 3), (2, 6), (1, 6)]),
        ([(0, 9), (9, 6), (0, 0)], [(3, 8), (6, 7), (3, 5)]),
        ([(0, 0), (8, 4), (8, 0)], [(6, 3), (2, 1), (2, 6)]),
        # Below the middle of a cell at the top is a corner.
        ([(0, 1), (4.5, 2), (9, 1), (9, 5.5), (0, 5.5)], [(2, 4), (7, 4), (7, 5.5), (2, 5.5)]),
        (
            [(0, 1), (4.5, 2), (4, 1), (9, 1), (9, 5.5), (0, 5.5)],
            [(2, 4), (7, 4), (7, 5.5), (2, 5.5)],
        ),
    ],
    ids=["level", "steep", "falling", "beside", "corner below", "spike below"],
)
def test_where_a_part_lies_along_the_middle_of_a_side_the_side_has_no_cells_of_its_own(
    parts: tuple[Ring, Ring], fill: Fill
) -> None:
    grid = Grid(n_rows=9, n_cols=9, west=0.0, north=9.0, cell_width=1.0, cell_height=1.0)
    polygons = [[ring] for ring in parts]
    wanted = {
        row * 9 + col
        for row in range(9)
        for col in range(9)
        if shares_area(polygons, (col, 8 - row), fill)
    }
    shape = shapely.MultiPolygon([shapely.Polygon(ring) for ring in parts])
    assert tiles(shape, grid, fill, OVERLAP) == wanted


@pytest.mark.slow
@examples(30)
@given(POLYGONS, st.sampled_from(list(Fill)))
def test_tiles_of_any_rings_are_those_that_share_an_area(
    polygons: list[list[Ring]], fill: Fill
) -> None:
    shape = shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])
    wanted = {
        row * SMALL.n_cols + col
        for row in range(SMALL.n_rows)
        for col in range(SMALL.n_cols)
        if shares_area(polygons, (col, SMALL.n_rows - 1 - row), fill)
    }
    assert tiles(shape, SMALL, fill, OVERLAP) == wanted


@pytest.mark.parametrize("fill", Fill)
def test_valid_polygons_have_the_same_tiles_by_every_rule(fill: Fill) -> None:
    hole = shapely.box(2.25, 2.25, 5.25, 5.25)
    holed = shapely.Polygon(shapely.box(0.25, 0.25, 9.75, 9.75).exterior, [hole.exterior])
    island = shapely.MultiPolygon([holed, shapely.box(3.25, 3.25, 4.25, 4.25)])
    regions = [
        [island, shapely.box(8, 8, 11, 11), SHAPES["bow tie"]],
        [holed],
    ]
    with_tie, alone = region_spans(regions, ON, OVERLAP, fill)
    plain: RowSpans = region_spans([[island, shapely.box(8, 8, 11, 11)]], ON, OVERLAP)[0]
    assert len(plain - with_tie) == 0
    assert alone == region_spans([[holed]], ON, OVERLAP)[0]


@pytest.mark.parametrize("fill", Fill)
def test_a_bow_tie_across_the_antimeridian_is_found_on_both_sides(fill: Fill) -> None:
    globe = Grid.from_resolution("1deg")
    (spans,) = region_spans([[shapely.Polygon([(175, 0), (185, 10), (185, 0), (175, 10)])]], globe, OVERLAP, fill)  # fmt: skip
    west = spans.tile_ids() % globe.n_cols < 180
    # Each lobe is 5 wide and 10 high, and enters every cell on its slanted edges.
    assert [int(np.count_nonzero(side)) for side in (west, ~west)] == [30, 30]
