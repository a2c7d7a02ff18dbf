"""Inclusion rule ``center``: a tile belongs when its centre lies in the polygon.

A ray cast along each row's centre line crosses the rings; between an odd crossing and the next even
one the centres are inside. Only centres exactly on a ring need the law's finer words: on an outer
ring is in, on a hole's ring is out. They are collected apart and settled part by part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from closedworld.spans.lattice import col_centers, crossing_count, row_centers
from closedworld.spans.runs import RowLine, Runs, combine, covered, pair_crossings
from closedworld.spans.scan import edge_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.grid import Grid
    from closedworld.spans.edges import Edges


@dataclass(frozen=True, slots=True, eq=False)
class _Ties:
    """Centres that lie exactly on a ring, as short runs of columns.

    Attributes:
        ring: Ring that the centres lie on, int64 (n,).
        row: Raster row, int64 (n,).
        col_start: First column, int64 (n,).
        col_stop: Column after the last, int64 (n,), above ``col_start``.
    """

    ring: NDArray[np.int64]
    row: NDArray[np.int64]
    col_start: NDArray[np.int64]
    col_stop: NDArray[np.int64]


def center_runs(edges: Edges, grid: Grid) -> Runs:
    """Return the tiles whose centre lies in each patch.

    Args:
        edges: Edges of valid polygons.
        grid: The lattice.

    Returns:
        Canonical runs on the ``RowLine`` of the grid, with the patch as key.
    """
    runs, ties = _cast_rays(edges, grid)
    ties.append(_ties_on_rows(edges, grid))
    return _settle_ties(runs, [tie for tie in ties if len(tie.ring)], edges, grid)


def interior_runs(edges: Edges, grid: Grid) -> Runs:
    """Return as ``center_runs``, but leave open whether a centre exactly on a ring is in."""
    return _cast_rays(edges, grid)[0]


def _cast_rays(edges: Edges, grid: Grid) -> tuple[Runs, list[_Ties]]:
    """Return inside runs and the ties met on the way.

    An edge crosses the rows whose centre is at or above its lower end and below its upper end, so a
    vertex on a centre line counts once for a chain that passes it and twice or never for one that
    turns there: every row gets an even number of crossings.
    """
    line, rows, cols = RowLine.of(grid), row_centers(grid), col_centers(grid)
    # Number of centre lines at or above a vertex = first row strictly below it.
    row_start = rows.count_before(edges.y1, including=True)
    row_stop = edges.at_ends(row_start)
    first, stop = np.minimum(row_start, row_stop), np.maximum(row_start, row_stop)
    patch = edges.patch
    crossings: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    ties: list[_Ties] = []
    for edge, row in edge_rows(first, stop, northward=row_stop < row_start):
        col, on = crossing_count(cols, edges, edge, rows.at[row])
        crossings.append(line.encode(patch[edge], row, col))
        if len(on):
            ties.append(_Ties(edges.ring[edge[on]], row[on], col[on], col[on] + 1))
    return pair_crossings(np.concatenate(crossings)), ties


def _ties_on_rows(edges: Edges, grid: Grid) -> _Ties:
    """Return the centres on vertices and on horizontal edges, which no ray crosses."""
    rows, cols = row_centers(grid), col_centers(grid)
    row_after = rows.count_before(edges.y1, including=True)
    row = row_after - 1
    at = np.flatnonzero((row_after > 0) & (rows.at[row] == edges.y1))
    x1, y1, row = edges.x1[at], edges.y1[at], row[at]
    x2 = np.where(edges.y2[at] == y1, edges.x2[at], x1)
    start = cols.count_before(np.minimum(x1, x2))
    stop = cols.count_before(np.maximum(x1, x2), including=True)
    some = stop > start
    return _Ties(edges.ring[at][some], row[some], start[some], stop[some])


def _settle_ties(runs: Runs, ties: list[_Ties], edges: Edges, grid: Grid) -> Runs:
    """Return the runs with each tied centre in or out as the law says.

    A centre on rings is in when some part has it on its outer ring and on none of its holes' rings.
    Valid parts share no interior, so no other part can decide otherwise.
    """
    if not ties:
        return runs
    line = RowLine.of(grid)
    ring, row, start, stop = (
        np.concatenate([getattr(tie, name) for tie in ties])
        for name in ("ring", "row", "col_start", "col_stop")
    )
    part = edges.ring_part[ring]
    begin, end = line.encode(part, row, start), line.encode(part, row, stop)
    hole = edges.ring_is_hole[ring]
    on_outer = covered(begin[~hole], end[~hole])
    on_hole = covered(begin[hole], end[hole])
    tied = covered(*_by_patch((begin, end), edges, line))
    part_in = combine(on_outer, on_hole, lambda outer, inner: outer & ~inner)
    tied_in = covered(*_by_patch(part_in, edges, line))
    untied = combine(runs, tied, lambda inside, tie: inside & ~tie)
    return combine(untied, tied_in, np.logical_or)


def _by_patch(runs: Runs, edges: Edges, line: RowLine) -> Runs:
    """Return runs keyed by part as runs keyed by patch."""
    starts, stops = runs
    return line.rekey(starts, edges.part_patch), line.rekey(stops, edges.part_patch)
