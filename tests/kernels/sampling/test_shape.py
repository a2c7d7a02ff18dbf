"""Polygons of a country meet others, points and tiles at any turn of the globe."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling import CountryShape
from closedworld.kernels.sampling.triangulation import _triangles

OVER_THE_LINE = shapely.MultiPolygon([shapely.box(170, 0, 190, 10)])


def shared_area(feature: shapely.MultiPolygon, polygon: shapely.Polygon) -> float:
    return float(sum(shapely.area(CountryShape([feature]).within(polygon).features)))


@pytest.mark.parametrize("turn", [-360, 0, 360])
@pytest.mark.parametrize(
    ("box", "area"),
    [
        ((-182, 2, -178, 4), 8),
        ((165, 5, 172, 15), 10),
        ((-172, -5, -165, 5), 10),
        ((160, -5, 200, 15), 200),
        ((-120, 2, -118, 4), 0),
        # It touches a side, and a corner.
        ((165, 2, 170, 4), 0),
        ((-170, 10, -160, 20), 0),
    ],
)
def test_what_a_country_shares_with_a_polygon(box: tuple[int, ...], area: int, turn: int) -> None:
    moved = shapely.MultiPolygon([shapely.box(170 + turn, 0, 190 + turn, 10)])
    assert shared_area(moved, shapely.box(*box)) == area


def test_what_meets_a_polygon_in_areas_and_on_a_line_has_its_areas() -> None:
    comb = shapely.MultiPolygon([shapely.box(0, 0, 9, 1) | shapely.box(0, 0, 1, 5)])
    shared = CountryShape([comb]).within(shapely.box(0, 1, 9, 9))
    assert [feature.geom_type for feature in shared.features] == ["MultiPolygon"]
    assert shared.features[0].area == 4


@pytest.mark.parametrize("turn", [-360, 0, 360])
def test_points_lie_in_a_country_at_any_turn(turn: int) -> None:
    shape = CountryShape([shapely.MultiPolygon([shapely.box(170 + turn, 0, 190 + turn, 10)])])
    lons = np.array([175.0, -175.0, 170.0, 180.0, -180.0, -169.0, 5.0])
    inside = [True, True, False, True, True, False, False]
    assert shape.contains(lons, np.full(7, 5.0)).tolist() == inside


@pytest.mark.parametrize("west", [-180.0, 0.0])
def test_the_piece_of_a_tile_and_the_point_nearest_to_its_middle(west: float) -> None:
    """On the grid's own longitudes."""
    grid, shape = Grid(west, 10.0, 2.0, 2.0, 180, 5), CountryShape([OVER_THE_LINE])
    middle = 189.0 if west == 0 else -171.0
    tile = shapely.box(middle, 4, middle + 2, 6)
    assert shape.piece_in(grid, tile).bounds == (middle, 4, middle + 1, 6)
    assert shape.nearest(grid, tile) == (middle + 1, 5)
    beyond = shapely.box(middle + 2, 4, middle + 4, 6)
    assert shape.nearest(grid, beyond) == (middle + 2, 5)
    south = shapely.box(middle - 4, -4, middle - 2, -2)
    assert shape.nearest(grid, south) == (middle - 3, -2)


def test_lines_and_points_have_no_triangles_and_areas_beside_them_have_theirs() -> None:
    """Each of the triangles of a square has three corners of it, whatever else meets the tile."""
    line, square = shapely.LineString([(0, 0), (1, 1)]), shapely.box(3, 0, 4, 1)
    assert _triangles(line).shape == (0, 3, 2)
    found = _triangles(shapely.GeometryCollection([line, square, shapely.Point(9, 9)]))
    assert found.shape == (2, 3, 2)
    corners = {(3.0, 0.0), (4.0, 0.0), (3.0, 1.0), (4.0, 1.0)}
    assert all({tuple(corner) for corner in one} < corners for one in found.tolist())
    assert sum(shapely.area(shapely.polygons(found))) == 1
