"""Where coordinates fall among the lines of a grid, decided on the float64 lines themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.edges import Edges
from closedworld.kernels.spans.predicates import NEAR_CELLS, side_of_edge


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
    np.clip(number, -1, lines.count, out=number)
    ceiling = np.ceil(number)
    west = np.maximum(ceiling, 0).astype(np.int64)
    # Distance to the next line; close to 0 or to 1 leaves open on which side the crossing lies.
    ceiling -= number
    near = np.flatnonzero(np.abs(ceiling - 0.5) > 0.5 - NEAR_CELLS)
    line = np.rint(number[near]).astype(np.int64)
    on_grid = (line >= 0) & (line < lines.count)
    near, line = near[on_grid], line[on_grid]
    if len(near) == 0:
        return west, near
    side = side_of_edge(
        x[near], y[near], edges.x[end[near]], edges.y[end[near]], lines.at(line), height[near]
    )
    west[near] = line + (side < 0)
    return west, near[side == 0]
