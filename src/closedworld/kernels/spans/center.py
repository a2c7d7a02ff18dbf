"""Inclusion rule ``center``: a tile belongs when its centre lies in the polygon.

A ray cast along each row's centre line crosses the rings; between an odd crossing and the next even
one the centres are inside. Only centres exactly on a ring need the law's finer words: on an outer
ring is in, on a hole's ring is out. They are collected apart and settled part by part.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from closedworld.kernels.spans.lattice import col_centers, crossing_count, row_centers
from closedworld.kernels.spans.runs import RowMajorIndex, Runs, combine, covered, pair_crossings
from closedworld.kernels.spans.scan import edge_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid
    from closedworld.kernels.spans.edges import Edges
    from closedworld.kernels.spans.lattice import GridLines


@dataclass(frozen=True, slots=True, eq=False)
class _Ties:
    """Centres that lie exactly on a ring, as short runs of columns.

    Attributes:
        part: Part that the ring belongs to, int64 (n,).
        on_hole: Whether the ring bounds a hole, bool (n,).
        row: Raster row, int64 (n,).
        col_start: First column, int64 (n,).
        col_stop: Column after the last, int64 (n,), above ``col_start``.
    """

    part: NDArray[np.int64]
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
        return cls(edges.ring_part[ring], edges.ring_is_hole[ring], row, col_start, col_stop)


def center_runs(edges: Edges, grid: Grid) -> Runs:
    """Return the tiles whose centre lies in each patch.

    Args:
        edges: Edges of valid polygons.
        grid: The lattice.

    Returns:
        Canonical runs on the ``RowMajorIndex`` of the grid, with the patch as key.
    """
    runs, ties = _cast_rays(edges, grid)
    return _settle_ties(runs, ties, edges, grid) if ties else runs


def interior_runs(edges: Edges, grid: Grid) -> Runs:
    """Return as ``center_runs``, but leave open whether a centre exactly on a ring is in."""
    return _cast_rays(edges, grid)[0]


def _cast_rays(edges: Edges, grid: Grid) -> tuple[Runs, list[_Ties]]:
    """Return inside runs and the ties met on the way.

    An edge crosses the rows whose centre is at or above its lower end and below its upper end, so a
    vertex on a centre line counts once for a chain that passes it and twice or never for one that
    turns there: every row gets an even number of crossings.
    """
    line, rows, cols = RowMajorIndex.of(grid), row_centers(grid), col_centers(grid)
    crossings: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    ties: list[_Ties] = []
    for piece in edges.pieces():
        # Number of centre lines at or above a point = first row strictly below it.
        row_below = rows.count_before(piece.y, including=True)
        begin, end = row_below[:-1], row_below[1:]
        first, stop = np.minimum(begin, end), np.maximum(begin, end)
        stop[piece.seams] = 0
        patch = piece.patch
        for edge, row in edge_rows(first, stop, northward=end < begin):
            col, on = crossing_count(cols, piece, edge, rows.at(row))
            crossings.append(line.encode(patch.take(edge), row, col))
            if len(on):
                ties.append(_Ties.of_edges(piece, edge[on], row[on], col[on], col[on] + 1))
        ties += _ties_on_rows(piece, row_below - 1, rows, cols)
    return pair_crossings(np.concatenate(crossings)), ties


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
    if len(at) == 0:
        return
    row, x1, after = row[at], edges.x[at], np.minimum(at + 1, len(edges.x) - 1)
    level = (edges.y[after] == edges.y[at]) & ~np.isin(at, edges.seams)
    x2 = np.where(level, edges.x[after], x1)
    start = cols.count_before(np.minimum(x1, x2))
    stop = cols.count_before(np.maximum(x1, x2), including=True)
    some = np.flatnonzero(stop > start)
    if len(some):
        yield _Ties.of_edges(edges, at[some], row[some], start[some], stop[some])


def _settle_ties(runs: Runs, ties: list[_Ties], edges: Edges, grid: Grid) -> Runs:
    """Return the runs with each tied centre in or out as the law says.

    A centre on rings is in when some part has it on its outer ring and on none of its holes' rings.
    Valid parts share no interior, so no other part can decide otherwise.
    """
    line = RowMajorIndex.of(grid)
    part, on_hole, row, start, stop = (
        np.concatenate([getattr(tie, field.name) for tie in ties]) for field in fields(_Ties)
    )
    begin, end = line.encode(part, row, start), line.encode(part, row, stop)
    outer_ties = covered(begin[~on_hole], end[~on_hole])
    hole_ties = covered(begin[on_hole], end[on_hole])
    tied = covered(*_by_patch((begin, end), edges, line))
    part_in = combine(outer_ties, hole_ties, lambda outer, hole: outer & ~hole)
    tied_in = covered(*_by_patch(part_in, edges, line))
    untied = combine(runs, tied, lambda inside, tie: inside & ~tie)
    return combine(untied, tied_in, np.logical_or)


def _by_patch(runs: Runs, edges: Edges, line: RowMajorIndex) -> Runs:
    """Return runs keyed by part as runs keyed by patch."""
    starts, stops = runs
    return line.rekey(starts, edges.part_patch), line.rekey(stops, edges.part_patch)
