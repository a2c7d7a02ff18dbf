"""Inclusion rule ``center``: a tile belongs when its centre lies in the polygon.

A ray cast along each row's centre line crosses the rings; between an odd crossing and the next even
one the centres are inside. Only centres exactly on a ring need the law's finer words: on an outer
ring is in, on a hole's ring is out. They are collected apart and decided polygon by polygon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.edges import Edges, edge_rows
from closedworld.kernels.spans.lattice import GridLines, col_centers, crossing_count, row_centers
from closedworld.kernels.spans.runs import (
    RowMajorIndex,
    Runs,
    combine,
    covered,
    minus,
    pair_crossings,
    wound,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Ties(Columns):
    """Centres that lie exactly on a ring, as short runs of columns.

    Attributes:
        polygon: Polygon that the ring belongs to, int64 (n,).
        on_hole: Whether the ring bounds a hole, bool (n,).
        row: Raster row, int64 (n,).
        col_start: First column, int64 (n,).
        col_stop: Column after the last, int64 (n,), above ``col_start``.
    """

    polygon: NDArray[np.int64]
    on_hole: NDArray[np.bool_]
    row: NDArray[np.int64]
    col_start: NDArray[np.int64]
    col_stop: NDArray[np.int64]

    @classmethod
    def of_edges(
        cls,
        edges: Edges,
        edge: NDArray[np.int64],
        row: NDArray[np.int64],
        col_start: NDArray[np.int64],
        col_stop: NDArray[np.int64],
    ) -> _Ties:
        """Return the ties on some edges."""
        ring = edges.ring_of(edge)
        return cls(edges.ring_polygon[ring], edges.ring_is_hole[ring], row, col_start, col_stop)


def center_runs(edges: Edges, grid: Grid, *, by_winding: bool) -> Runs:
    """Return the tiles whose centre lies in each patch.

    Args:
        edges: Edges of polygons. Of invalid ones, what rays cross an odd number of times is inside.
        grid: The lattice.
        by_winding: Take what the rings of a patch wind round instead; each patch is one ring.

    Returns:
        Canonical runs on the ``RowMajorIndex`` of the grid, with the patch as key.
    """
    runs, ties = _cast_rays(edges, grid, by_winding=by_winding)
    return _with_ties(runs, ties, edges, grid) if ties else runs


def interior_runs(edges: Edges, grid: Grid, *, by_winding: bool = False) -> Runs:
    """Return as ``center_runs``, but leave open whether a centre exactly on a ring is in."""
    return _cast_rays(edges, grid, by_winding=by_winding)[0]


def _cast_rays(edges: Edges, grid: Grid, *, by_winding: bool) -> tuple[Runs, list[_Ties]]:
    """Return inside runs and the ties met on the way.

    An edge crosses the rows whose centre is at or above its lower end and below its upper end, so a
    vertex on a centre line counts once for a chain that passes it and twice or never for one that
    turns there: every row gets an even number of crossings.
    """
    index, rows, cols = RowMajorIndex.of(grid), row_centers(grid), col_centers(grid)
    crossings: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    ties: list[_Ties] = []
    for chunk in edges.chunks():
        # Number of centre lines at or above a point = first row strictly below it.
        row_below = rows.count_before(chunk.y, including=True)
        begin, end = row_below[:-1], row_below[1:]
        first, stop = np.minimum(begin, end), np.maximum(begin, end)
        stop[chunk.seams] = first[chunk.seams]
        patch = chunk.patch
        northward = end < begin
        for edge, row in edge_rows(first, stop, northward=northward):
            col, on = crossing_count(cols, chunk, edge, rows.at(row))
            position = index.encode(patch.take(edge), row, col)
            crossings.append(2 * position + ~northward[edge] if by_winding else position)
            if len(on):
                ties.append(_Ties.of_edges(chunk, edge[on], row[on], col[on], col[on] + 1))
        ties += _ties_on_rows(chunk, row_below - 1, rows, cols)
    every = np.concatenate(crossings)
    return wound(every) if by_winding else pair_crossings(every), ties


def _ties_on_rows(
    edges: Edges, row: NDArray[np.int64], rows: GridLines, cols: GridLines
) -> Iterator[_Ties]:
    """Yield the centres on vertices and on horizontal edges, which no ray crosses, if there are any.

    Args:
        edges: The edges.
        row: Last row whose centre line is at or above each point, -1 for none.
        rows: Centre lines of the rows.
        cols: Centre lines of the columns.
    """
    at = np.flatnonzero((rows.at(row) == edges.y) & (row >= 0))
    row, x1, after = row[at], edges.x[at], np.minimum(at + 1, len(edges.x) - 1)
    level = (edges.y[after] == edges.y[at]) & ~np.isin(at, edges.seams)
    x2 = np.where(level, edges.x[after], x1)
    start = cols.count_before(np.minimum(x1, x2))
    stop = cols.count_before(np.maximum(x1, x2), including=True)
    some = np.flatnonzero(stop > start)
    if len(some):
        yield _Ties.of_edges(edges, at[some], row[some], start[some], stop[some])


def _with_ties(runs: Runs, ties: list[_Ties], edges: Edges, grid: Grid) -> Runs:
    """Return the runs with each tied centre in or out as the law says.

    A centre on rings is in when some polygon of the patch has it on its outer ring and on none of its
    holes' rings. Polygons of a valid patch share no interior, so no other one can decide otherwise.
    """
    index = RowMajorIndex.of(grid)
    tie = _Ties.joined(ties)
    starts, stops = index.runs(tie.polygon, tie.row, tie.col_start, tie.col_stop)
    on_outer, on_hole = (covered(starts[some], stops[some]) for some in (~tie.on_hole, tie.on_hole))
    tied, tied_in = (
        covered(*index.rekey(of_polygons, edges.polygon_patch))
        for of_polygons in ((starts, stops), minus(on_outer, on_hole))
    )
    return combine(minus(runs, tied), tied_in, np.logical_or)
