"""Where coordinates fall among the lines of a grid, decided on the float64 lines themselves.

The scanline computes crossings in float64 and trusts them, except within a sliver around the column lines. Those few
are decided in exact arithmetic, so the tiles are those of exact arithmetic on the float64 coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.edges import Edges

NO_CELL = -1
_TURN_DEGREES = 360.0

NEAR_CELLS = 1e-4
"""Half-width of the sliver, in cells. float64 arithmetic puts a crossing within 6e-13 degrees
(longitudes within +/-1080), which is 6e-5 of the smallest cell that a grid may have."""

# J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
# Predicates" (1997), bound A of orient2d.
_EPSILON = np.finfo(np.float64).eps / 2
_ERROR_BOUND = (3.0 + 16.0 * _EPSILON) * _EPSILON


@dataclass(frozen=True, slots=True, eq=False)
class GridLines:
    """Parallel lines at right angles to one axis: the centres of columns, the edges of rows...

    Line i stands at ``origin + (i + shift) * step``, computed as the grid computes what it publishes.
    No array holds all lines: a fine grid has hundreds of millions.

    Attributes:
        count: Number of lines.
        origin: Outer edge of the grid, degrees.
        step: Cell size with its direction: positive for columns (eastward), negative for rows.
        shift: 0.5 for centre lines, 0 for edges.
    """

    count: int
    origin: float
    step: float
    shift: float

    def at(self, number: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the position of lines, degrees, float64 in the shape of the argument."""
        return self.origin + (number.astype(np.float64) + self.shift) * self.step

    def index_of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the fractional line number of coordinates, float64, exact to ``NEAR_CELLS``."""
        return (values - self.origin) / self.step - self.shift

    def count_before(
        self, values: NDArray[np.float64], *, including: bool = False
    ) -> NDArray[np.int64]:
        """Return how many lines come before each coordinate, in line order, exactly.

        Args:
            values: Coordinates, degrees, any shape.
            including: Count a line that passes through the coordinate too.

        Returns:
            int64 in 0..n, in the shape of ``values``.
        """
        number = self.index_of(values)
        count = np.clip(np.ceil(number), 0, self.count).astype(np.int64)
        nearest = np.rint(number)
        near = np.flatnonzero(np.abs(number - nearest) < NEAR_CELLS)
        if len(near):
            line = nearest[near].astype(np.int64)
            low, high = self.at(line), values[near]
            if self.step < 0:
                low, high = high, low
            count[near] = np.clip(line + (low <= high if including else low < high), 0, self.count)
        return count


def row_centers(grid: Grid) -> GridLines:
    """Return the centre line of each row, north to south."""
    return GridLines(grid.n_rows, grid.north, -grid.cell_height, 0.5)


def row_edges(grid: Grid) -> GridLines:
    """Return the edge lines of the rows, north to south, one more than rows."""
    return GridLines(grid.n_rows + 1, grid.north, -grid.cell_height, 0.0)


def col_centers(grid: Grid) -> GridLines:
    """Return the centre line of each column, west to east."""
    return GridLines(grid.n_cols, grid.west, grid.cell_width, 0.5)


def col_edges(grid: Grid) -> GridLines:
    """Return the edge lines of the columns, west to east, one more than columns."""
    return GridLines(grid.n_cols + 1, grid.west, grid.cell_width, 0.0)


def entered_bands(
    lines: GridLines, begin: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``(first, stop)``: the rows or columns entered, ``first <= band < stop``, int64 (n,) each.

    The open band k lies between line k and line k + 1: it is entered by what begins before line k + 1 and ends
    after line k. What only touches a line of a band does not enter it.

    Args:
        lines: Edges of the rows or columns.
        begin: Where each begins in line order, degrees, float64 (n,): the upper end for rows.
        end: Where it ends, float64 (n,); elsewhere than it begins, or the bands returned mean nothing.
    """
    first = np.maximum(lines.count_before(begin, including=True) - 1, 0)
    return first, np.minimum(lines.count_before(end), lines.count - 1)


def crossing_count(
    lines: GridLines, edges: Edges, edge: NDArray[np.int64], height: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many column lines lie west of where edges meet given latitudes, exactly.

    Args:
        lines: Column centres or column edges.
        edges: The edges.
        edge: Index of the edge of each crossing, int64 (n,); none is horizontal.
        height: Latitude of each crossing, float64 (n,), within the edge's latitudes.

    Returns:
        ``(west, on)``: the number of lines strictly west of each crossing, int64 (n,) in 0..lines,
        and the indices of crossings that lie exactly on the line of that number, int64 (m,).
    """
    end = edge + 1
    x, y = edges.x.take(edge), edges.y.take(edge)
    # A share of the edge, never a slope: a nearly level edge would overflow it.
    share = (height - y) / (edges.y.take(end) - y)
    number = lines.index_of(x + share * (edges.x.take(end) - x))
    np.clip(number, -1.0, lines.count, out=number)
    ceiling = np.ceil(number)
    west = np.maximum(ceiling, 0).astype(np.int64)
    # Distance to the next line; close to 0 or to 1 leaves open on which side the crossing lies.
    ceiling -= number
    near = np.flatnonzero(np.abs(ceiling - 0.5) > 0.5 - NEAR_CELLS)
    line = np.rint(number[near]).astype(np.int64)
    on_grid = (line >= 0) & (line < lines.count)
    near, line = near[on_grid], line[on_grid]
    if not len(near):
        return west, near
    side = side_of_edge(
        x[near], y[near], edges.x[end[near]], edges.y[end[near]], lines.at(line), height[near]
    )
    west[near] = line + (side < 0)
    return west, near[side == 0]


def side_of_edge(
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    x2: NDArray[np.float64],
    y2: NDArray[np.float64],
    px: NDArray[np.float64],
    py: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Return the sign of ``px`` minus the edge's x at height ``py``: -1 west, 0 on it, +1 east.

    Args:
        x1: Edge starts, longitude, float64 (n,); likewise ``y1`` and the ends ``x2``, ``y2``.
        y1: See ``x1``.
        x2: See ``x1``.
        y2: See ``x1``; no edge is horizontal.
        px: Points, longitude, float64 (n,).
        py: Points, latitude, float64 (n,), each within its edge's latitudes.

    Returns:
        int8 (n,), exact for all finite coordinates.
    """
    left = (x1 - px) * (y2 - py)
    right = (y1 - py) * (x2 - px)
    det = left - right
    sign = np.sign(det).astype(np.int8)
    bound = _ERROR_BOUND * (np.abs(left) + np.abs(right))
    # Underflow voids the relative bound; such tiny products are decided exactly, unless a factor is
    # zero, which float64 knows exactly.
    left_is_zero = (x1 == px) | (y2 == py)
    right_is_zero = (y1 == py) | (x2 == px)
    certain = (np.abs(det) > bound) & (np.abs(det) > np.finfo(np.float64).tiny)
    certain |= left_is_zero & right_is_zero
    for i in np.flatnonzero(~certain):
        sign[i] = _exact_sign(x1[i], y1[i], x2[i], y2[i], px[i], py[i])
    # The determinant is positive when the point is to the left of the edge as directed; an upward
    # edge has west on its left.
    return np.where(y2 > y1, -sign, sign).astype(np.int8)


def _exact_sign(x1: float, y1: float, x2: float, y2: float, px: float, py: float) -> int:
    """Return the sign of the orientation determinant in rational arithmetic."""
    fx, fy = Fraction(float(px)), Fraction(float(py))
    det = (Fraction(float(x1)) - fx) * (Fraction(float(y2)) - fy) - (Fraction(float(y1)) - fy) * (
        Fraction(float(x2)) - fx
    )
    return (det > 0) - (det < 0)


def cells_of(
    grid: Grid, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and column of points, decided on the float64 lines of the grid.

    A cell has its north and its west side; the last row has its south side too, so that a pole lies in a
    cell.

    Args:
        grid: The lattice.
        lons: Longitudes, degrees, at any turn of 360, float64 (n,); NaN for no point.
        lats: Latitudes, degrees, float64 (n,).

    Returns:
        ``(rows, cols)``, int64 (n,) each, both -1 for points that are none or off the grid.
    """
    rows = np.full(len(lons), NO_CELL, np.int64)
    cols = np.full(len(lons), NO_CELL, np.int64)
    at = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
    lon, lat = lons[at], lats[at]
    turns = np.floor((lon - grid.west) / _TURN_DEGREES)
    # The difference may be rounded up to a whole turn, and so may what is just west of the grid by the move.
    turns -= lon - turns * _TURN_DEGREES < grid.west
    last = np.nextafter(grid.west + _TURN_DEGREES, -np.inf)
    lon = np.minimum(lon - turns * _TURN_DEGREES, last)
    row = row_edges(grid).count_before(lat, including=True) - 1
    col = col_edges(grid).count_before(lon, including=True) - 1
    row[lat == grid.lat_edge(np.array([grid.n_rows]))] = grid.n_rows - 1
    inside = (row >= 0) & (row < grid.n_rows) & (col < grid.n_cols)
    rows[at[inside]], cols[at[inside]] = row[inside], col[inside]
    return rows, cols
