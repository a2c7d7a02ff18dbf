"""Inclusion rule ``any_overlap``: a tile belongs when it shares area with the polygon.

A valid polygon shares area with a cell exactly when its boundary enters the open cell, or when no
boundary does and the whole cell is inside. So the rule is: the open cells that edges pass through,
and the tiles whose centre is inside. An edge that runs along a cell's side, or touches its corner,
enters no open cell.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.center import interior_runs
from closedworld.kernels.spans.edges import Edges, edge_rows
from closedworld.kernels.spans.lattice import (
    GridLines,
    col_edges,
    crossing_count,
    entered_bands,
    row_edges,
)
from closedworld.kernels.spans.runs import RowMajorIndex, Runs, covered, united


def overlap_runs(edges: Edges, grid: Grid) -> Runs:
    """Return the tiles that share area with each patch.

    Args:
        edges: Edges of valid polygons.
        grid: The lattice.

    Returns:
        Canonical runs on the ``RowMajorIndex`` of the grid, with the patch as key.
    """
    return united([border_runs(edges, grid), interior_runs(edges, grid)])


def border_runs(edges: Edges, grid: Grid) -> Runs:
    """Return the open cells that the edges of each patch pass through; as ``overlap_runs``."""
    index, rows, cols = RowMajorIndex.of(grid), row_edges(grid), col_edges(grid)
    found: list[Runs] = []
    for chunk in edges.chunks():
        found += [_level_runs(chunk, index, rows, cols), *_sloped_runs(chunk, index, rows, cols)]
    return united(found)


def _sloped_runs(
    edges: Edges, index: RowMajorIndex, rows: GridLines, cols: GridLines
) -> Iterator[Runs]:
    """Yield the open cells that edges pass through, horizontal edges left out, in chunks."""
    x1, y1, x2, y2 = edges.x[:-1], edges.y[:-1], edges.x[1:], edges.y[1:]
    upper, lower = np.maximum(y1, y2), np.minimum(y1, y2)
    first, stop = entered_bands(rows, upper, lower)
    is_left_out = upper == lower
    is_left_out[edges.seams] = True
    stop[is_left_out] = first[is_left_out]
    climbs_west = (x2 < x1) == (y2 > y1)
    patch = edges.patch
    for edge, row in edge_rows(first, stop, northward=y2 > y1):
        north = np.minimum(upper[edge], rows.at(row))
        south = np.maximum(lower[edge], rows.at(row + 1))
        west_at = np.where(climbs_west[edge], north, south)
        east_at = np.where(climbs_west[edge], south, north)
        # The first cell begins at the last line that is not east of the west end ...
        col_start, on_line = crossing_count(cols, edges, edge, west_at)
        col_start -= 1
        col_start[on_line] += 1
        # ... and the last cell begins at the last line strictly west of the east end.
        col_stop, _ = crossing_count(cols, edges, edge, east_at)
        yield _encode(index, patch[edge], row, col_start, col_stop)


def _level_runs(edges: Edges, index: RowMajorIndex, rows: GridLines, cols: GridLines) -> Runs:
    """Return the open cells that horizontal edges pass through."""
    is_level = edges.y[:-1] == edges.y[1:]
    is_level[edges.seams] = False
    level = np.flatnonzero(is_level)
    # One row lies around a latitude between two lines, none around one on a line.
    row = rows.count_before(edges.y[level], including=True) - 1
    inside = (row >= 0) & (row == rows.count_before(edges.y[level]) - 1) & (row < index.n_rows)
    level, row = level[inside], row[inside]
    x1, x2 = edges.x[level], edges.x[level + 1]
    col_start = cols.count_before(np.minimum(x1, x2), including=True) - 1
    col_stop = cols.count_before(np.maximum(x1, x2))
    return _encode(index, edges.patch[level], row, col_start, col_stop)


def _encode(
    index: RowMajorIndex,
    patch: NDArray[np.int64],
    row: NDArray[np.int64],
    col_start: NDArray[np.int64],
    col_stop: NDArray[np.int64],
) -> Runs:
    """Return column ranges, cut to the grid, as canonical runs."""
    col_start = np.maximum(col_start, 0)
    col_stop = np.minimum(col_stop, index.n_cols)
    some = col_stop > col_start
    return covered(*index.runs(patch[some], row[some], col_start[some], col_stop[some]))
