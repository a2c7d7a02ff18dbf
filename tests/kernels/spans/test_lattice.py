"""Lines of a grid, and polygons placed on it: what lies on its outer edges, and beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given

from closedworld.errors import GeometryError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import lattice
from closedworld.kernels.spans.edges import MAX_LONGITUDE, edges_on_grid, place_on_grid
from closedworld.testing.strategies import grids

if TYPE_CHECKING:
    from collections.abc import Callable

MAKERS = [lattice.row_centers, lattice.row_edges, lattice.col_centers, lattice.col_edges]
GRID = Grid(10.0, 5.0, 1.0, 0.5, 40, 10)
ODD = Grid(-180.0012493, 83.6341, 0.0083333333, 0.0083333333, 7, 5)


@given(grids())
def test_lines_are_those_that_the_grid_publishes(grid: Grid) -> None:
    published = (grid.lat_centers(), grid.lat_edges(), grid.lon_centers(), grid.lon_edges())
    for make, expected in zip(MAKERS, published, strict=True):
        lines = make(grid)
        assert lines.count == len(expected)
        assert lines.at(np.arange(lines.count)).tolist() == expected.tolist()
        whole = np.arange(lines.count, dtype=np.float64)
        assert lines.index_of(expected) == pytest.approx(whole, abs=lattice.NEAR_CELLS)


@pytest.mark.parametrize("grid", [GRID, ODD, Grid(-3.0, 3.0, 2.0, 3.0, 3, 2)], ids=str)
@pytest.mark.parametrize("make", MAKERS)
def test_where_lines_would_go_on_beyond_the_grid_none_or_all_come_before(
    grid: Grid, make: Callable[[Grid], lattice.GridLines]
) -> None:
    lines = make(grid)
    for step in (1, 2, 30):
        outside = lines.at(np.array([-step, lines.count - 1 + step]))
        for values in (outside, np.nextafter(outside, np.inf), np.nextafter(outside, -np.inf)):
            for including in (False, True):
                found = lines.count_before(values, including=including)
                assert found.tolist() == [0, lines.count]


@pytest.mark.parametrize(
    "box",
    [(9, 1, 10, 2), (50, 1, 51, 2), (20, 5, 21, 6), (20, -1, 21, 0), (370 - 1, 1, 370, 2)],
    ids=["west", "east", "north", "south", "a turn off"],
)
def test_what_only_touches_the_outer_edge_is_not_placed(box: tuple[int, int, int, int]) -> None:
    inside = shapely.box(20, 1, 21, 2)
    placed, owners = place_on_grid(np.array([shapely.box(*box)]), GRID)
    assert (placed.tolist(), owners.tolist()) == ([], [])
    assert owners.dtype == np.int64
    placed, owners = place_on_grid(np.array([shapely.box(*box), inside]), GRID)
    assert (placed.tolist(), owners.tolist()) == ([inside], [1])
    placed, owners = place_on_grid(np.array([inside, shapely.box(*box)]), GRID)
    assert (placed.tolist(), owners.tolist()) == ([inside], [0])


@pytest.mark.parametrize(
    "turns", [(-3, -2), (-3, 3), (0, 1), (-1, 0, 1), (2, 3)], ids=lambda turns: f"turns {turns}"
)
def test_polygons_are_placed_at_every_turn_that_meets_the_grid_and_at_no_other(
    turns: tuple[int, ...],
) -> None:
    wests = [20.0 + 360 * turn for turn in turns if abs(20 + 360 * turn) < MAX_LONGITUDE]
    boxes = np.array([shapely.box(west, 1, west + 2, 2) for west in wests])
    placed, owners = place_on_grid(boxes, GRID)
    assert [one.bounds for one in placed] == [(20, 1, 22, 2)] * len(wests)
    assert owners.tolist() == list(range(len(wests)))
    # One that goes round the globe twice is there three times where its ends meet the grid.
    placed, owners = place_on_grid(np.array([*boxes, shapely.box(-340, 1, 400, 2)]), GRID)
    here = [one.bounds[0] for one in placed[owners == len(wests)]]
    assert here == [-700, -340, 20]


@pytest.mark.parametrize("beyond", [(-MAX_LONGITUDE, 0.0), (0.0, MAX_LONGITUDE)])
def test_three_turns_are_the_farthest(beyond: tuple[float, float]) -> None:
    west, east = beyond
    place_on_grid(np.array([shapely.box(west, 0, east, 1)]), GRID)
    for farther in ((np.nextafter(west, -np.inf), east), (west, np.nextafter(east, np.inf))):
        if max(map(abs, farther)) > MAX_LONGITUDE:
            far = shapely.box(farther[0], 0, farther[1], 1)
            with pytest.raises(GeometryError) as caught:
                place_on_grid(np.array([shapely.box(0, 0, 1, 1), far]), GRID)
            assert caught.value.code == "coordinates-out-of-range"


@pytest.mark.parametrize("polygons", [[], [shapely.box(80, 1, 81, 2)], [shapely.Polygon()]])
def test_where_no_polygon_meets_the_grid_there_are_no_edges(
    polygons: list[shapely.Polygon],
) -> None:
    edges = edges_on_grid(polygons, GRID)
    for side in (edges.x, edges.y, edges.ring_polygon, edges.ring_is_hole, edges.patch):
        assert len(side) == 0
    assert len(edges.polygon_patch) == len(edges.patch_owner) == len(edges.seams) == 0
    assert edges.ring_starts.tolist() == [0]
    assert list(edges.chunks()) == []


def test_edges_know_their_ring_polygon_patch_and_owner() -> None:
    """A lake, an empty part, a part of its own, and a second polygon."""
    holed = "((20 1, 26 1, 26 4, 20 4, 20 1), (21 2, 22 2, 22 3, 21 3, 21 2))"
    several = shapely.from_wkt(f"MULTIPOLYGON ({holed}, EMPTY, ((30 1, 31 1, 31 2, 30 2, 30 1)))")
    edges = edges_on_grid([several, shapely.box(380, 1, 381, 2)], GRID)
    assert edges.ring_starts.tolist() == [0, 5, 10, 15, 20]
    assert edges.ring_is_hole.tolist() == [False, True, False, False]
    assert edges.ring_polygon.tolist() == [0, 0, 2, 3]
    assert edges.polygon_patch.tolist() == [0, 0, 0, 1]
    assert edges.patch_owner.tolist() == [0, 1]
    assert edges.seams.tolist() == [4, 9, 14]
    assert edges.patch.tolist() == [0] * 15 + [1] * 4
    assert edges.ring_of(np.arange(20)).tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert set(edges.x[15:].tolist()) == {20.0, 21.0}
