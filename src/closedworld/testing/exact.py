"""Tiles of a polygon in rational arithmetic: the truth where float64 has to guess.

Every float64 is a fraction, so the law can be worked out with no rounding at all. Slow: for grids of
at most some hundred cells and polygons of at most some hundred edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Rule
from closedworld.testing.oracles import turned, turned_parts

Ring: TypeAlias = "list[tuple[Fraction, Fraction]]"
"""Vertices ``(x, y)`` of a closed ring, the first not repeated at the end."""

_INSIDE, _ON, _OUTSIDE = 1, 0, -1


def tiles_exactly(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid, rule: Rule | str
) -> NDArray[np.bool_]:
    """Return which tiles belong to a polygon, by the definition of the rule in rational arithmetic.

    ``center``: some polygon of it has the centre in or on its outer ring and neither in nor on a hole's ring.
    ``any_overlap``: the polygon cut to the cell has an area above zero.

    Args:
        polygon: Valid polygon, degrees; tested at every turn of 360 degrees, where its longitudes are
            those of ``turned``, rounded to float64.
        grid: The lattice; its float64 centres and edges are used.
        rule: Inclusion rule.

    Returns:
        bool (n_rows, n_cols).
    """
    ask = _centers_in if Rule.parse(rule) is Rule.CENTER else _areas_shared
    inside = np.zeros((grid.n_rows, grid.n_cols), np.bool_)
    for one in turned_parts(polygon, grid):
        inside |= ask(_ring(one.exterior), [_ring(hole) for hole in one.interiors], grid)
    return inside


def is_exactly_turned(polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid) -> bool:
    """Return whether the polygon is valid, and the same up to whole turns, wherever it intersects the grid.

    Moving by 360 degrees rounds longitudes to float64, which may close a sliver of 1e-14 degrees.
    """
    x = shapely.get_coordinates(polygon)[:, 0].tolist()
    for placed in turned(polygon, grid):
        moved = shapely.get_coordinates(placed)[:, 0].tolist()
        if len({Fraction(b) - Fraction(a) for a, b in zip(x, moved, strict=True)}) > 1:
            return False
    return True


def side_exactly(edge: tuple[float, float, float, float], x: float, y: float) -> int:
    """Return the sign of ``x`` minus the x of the edge ``(x1, y1, x2, y2)`` at height ``y``.

    -1 west of the line through the edge, 0 on it, 1 east of it; the edge is not horizontal.
    """
    x1, y1, x2, y2 = (Fraction(float(number)) for number in edge)
    at = x1 + (Fraction(float(y)) - y1) / (y2 - y1) * (x2 - x1)
    return _sign(Fraction(float(x)) - at)


def _ring(ring: shapely.LinearRing) -> Ring:
    return [(Fraction(x), Fraction(y)) for x, y in shapely.get_coordinates(ring).tolist()[:-1]]


def _sign(number: Fraction) -> int:
    return (number > 0) - (number < 0)


def _centers_in(outer: Ring, holes: Sequence[Ring], grid: Grid) -> NDArray[np.bool_]:
    """Return whether each centre is in the closed outer ring and in no closed hole."""
    xs = [Fraction(x) for x in grid.lon_centers().tolist()]
    ys = [Fraction(y) for y in grid.lat_centers().tolist()]
    return np.array(
        [
            [
                _locate(outer, x, y) != _OUTSIDE
                and all(_locate(hole, x, y) == _OUTSIDE for hole in holes)
                for x in xs
            ]
            for y in ys
        ],
        np.bool_,
    )


def _locate(ring: Ring, x: Fraction, y: Fraction) -> int:
    """Return whether a point is inside, on or outside a ring, by counting crossings to the east."""
    odd = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if y1 == y2:
            if y == y1 and min(x1, x2) <= x <= max(x1, x2):
                return _ON
            continue
        if not min(y1, y2) <= y <= max(y1, y2):
            continue
        at = x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        if x == at:
            return _ON
        # The lower end belongs to the edge, the upper does not: a vertex counts once.
        if x < at and y != max(y1, y2):
            odd = not odd
    return _INSIDE if odd else _OUTSIDE


def _areas_shared(outer: Ring, holes: Sequence[Ring], grid: Grid) -> NDArray[np.bool_]:
    """Return whether each cell shares an area above zero: that of the outer ring less the holes'."""
    lon, lat = grid.lon_edges().tolist(), grid.lat_edges().tolist()
    shared = np.zeros((grid.n_rows, grid.n_cols), np.bool_)
    for row in range(grid.n_rows):
        band = [_cut(ring, 1, lat[row + 1], lat[row]) for ring in (outer, *holes)]
        for col in range(grid.n_cols):
            pieces = [_cut(ring, 0, lon[col], lon[col + 1]) for ring in band]
            area = _area(pieces[0]) - sum(_area(piece) for piece in pieces[1:])
            shared[row, col] = area > 0
    return shared


def _cut(ring: Ring, axis: int, low: float, high: float) -> Ring:
    """Return the ring cut to ``low <= coordinate <= high``, by Sutherland and Hodgman.

    Pieces that fall apart stay joined by edges there and back along the cut, which have no area.
    """
    return _clip(_clip(ring, axis, Fraction(low), 1), axis, Fraction(high), -1)


def _clip(ring: Ring, axis: int, bound: Fraction, sign: int) -> Ring:
    """Return the ring cut to where ``sign * (coordinate - bound) >= 0``."""
    kept: Ring = []
    depths = [sign * (vertex[axis] - bound) for vertex in ring]
    for here, there, depth, next_depth in zip(
        ring, ring[1:] + ring[:1], depths, depths[1:] + depths[:1], strict=True
    ):
        if depth >= 0:
            kept.append(here)
        if depth * next_depth < 0:
            share = depth / (depth - next_depth)
            x, y = (a + share * (b - a) for a, b in zip(here, there, strict=True))
            kept.append((x, y))
    return kept


def _area(ring: Ring) -> Fraction:
    """Return the area of a ring, whichever way it runs, by the shoelace formula."""
    double = sum(
        (x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)),
        start=Fraction(0),
    )
    return abs(double) / 2
