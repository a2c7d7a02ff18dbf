"""Rule ``any_overlap`` for rings that cross or overlap: the cells that share an area with what a fill rule encloses.

A cell that no edge enters is inside or outside as a whole. A cell that an edge enters shares an area, because one side of
the edge is inside, unless edges cancel each other: a spike runs there and back, two parts have a side in common. Edges
with the same ends are cancelled. Where others may overlap on one line, where rings of holes cross or meet, and where a hole
crosses the outer ring, the cell itself is cut along its edges in rational arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.counting import counted
from closedworld.kernels.grid import Grid
from closedworld.kernels.inclusion import Fill
from closedworld.kernels.spans.center import interior_runs
from closedworld.kernels.spans.edges import Edges, edges_on_grid
from closedworld.kernels.spans.lattice import col_edges, row_edges
from closedworld.kernels.spans.overlap import border_runs
from closedworld.kernels.spans.runs import (
    RowMajorIndex,
    Runs,
    combine,
    covered,
    minus,
    require_positions,
)

# Lines through float64 points that are the same differ by far less in slope and offset, degrees.
_SAME_SLOPE, _SAME_OFFSET = 1e-12, 1e-9
Segment: TypeAlias = "tuple[Fraction, Fraction, Fraction, Fraction]"
"""Longitude and latitude of the one end, then of the other."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


def filled_overlap_runs(polygons: NDArray[np.object_], grid: Grid, fill: Fill) -> Runs:
    """Return the cells that share an area with what the rings of each polygon enclose.

    Args:
        polygons: Polygons, and for ``Fill.EVENODD`` multipolygons, degrees, object (n,).
        grid: The lattice.
        fill: What rings enclose.

    Returns:
        Canonical runs on the ``RowMajorIndex`` of the grid, with the index of the polygon as key.

    Raises:
        GridError: ``grid-too-fine``.
    """
    edges = edges_on_grid(list(polygons), grid)
    require_positions(len(edges.ring_polygon), grid)
    find = _by_parity if fill is Fill.EVENODD else _by_winding
    return covered(*RowMajorIndex.of(grid).rekey(find(edges, grid), edges.patch_owner))


def _by_parity(edges: Edges, grid: Grid) -> Runs:
    """Return the cells of each patch by ``Fill.EVENODD``: all rings of the patch count together."""
    segments = _Segments.of(edges)
    group = edges.patch[segments.edge]
    clean, odd = _entered(segments, group, len(edges.patch_owner), grid, signed=False)
    inner = interior_runs(edges, grid)
    doubtful = minus(odd, clean)
    sure = _or(clean, minus(inner, doubtful))
    return _or(sure, _with_area(doubtful, segments, group, edges, grid, Fill.EVENODD))


def _by_winding(edges: Edges, grid: Grid) -> Runs:
    """Return the cells of each patch, one polygon, by ``Fill.NONZERO``: of the outer ring, without the holes'."""
    index, n_rings = RowMajorIndex.of(grid), len(edges.ring_polygon)
    segments = _Segments.of(edges)
    group_of_ring = edges.polygon_patch[edges.ring_polygon]
    rings = np.arange(n_rings)
    by_ring = replace(edges, ring_polygon=rings, polygon_patch=rings, patch_owner=group_of_ring)
    clean, odd = _entered(segments, segments.ring, n_rings, grid, signed=True)
    entered = _or(clean, odd)
    whole = minus(interior_runs(by_ring, grid, by_winding=True), entered)

    def of(runs: Runs, which: NDArray[np.bool_], depth: int = 1) -> Runs:
        """Return the runs of some rings, keyed by patch."""
        starts, stops = runs
        ring, _, _ = index.decode(starts)
        some = which[ring]
        return covered(*index.rekey((starts[some], stops[some]), group_of_ring), depth)

    hole = edges.ring_is_hole
    outer = ~hole
    tangled = hole & ~_is_simple(edges)
    no_hole = minus(
        minus(_or(of(clean, outer), of(whole, outer)), of(entered, hole)), of(whole, hole)
    )
    # One simple hole in a cell that is inside the outer ring leaves something of it.
    one_hole = combine(of(entered, hole), of(whole, outer), np.logical_and)
    for more in (of(entered, hole, depth=2), of(entered, tangled), of(whole, hole)):
        one_hole = minus(one_hole, more)
    sure = _or(no_hole, one_hole)
    within = minus(_or(of(entered, outer), of(whole, outer)), of(whole, hole))
    doubtful = minus(within, sure)
    group = group_of_ring[segments.ring]
    return _or(sure, _with_area(doubtful, segments, group, edges, grid, Fill.NONZERO))


def _is_simple(edges: Edges) -> NDArray[np.bool_]:
    """Return which rings neither cross nor touch themselves, bool (rings,)."""
    points = np.column_stack([edges.x, edges.y])
    rings = [points[a:b] for a, b in itertools.pairwise(edges.ring_starts.tolist())]
    return np.array([bool(shapely.is_valid(shapely.Polygon(ring))) for ring in rings], np.bool_)


def _or(one: Runs, other: Runs) -> Runs:
    return combine(one, other, np.logical_or)


@dataclass(frozen=True, slots=True, eq=False)
class _Segments(Columns):
    """Edges that are neither seams nor points.

    Attributes:
        edge: Index of each among the edges, int64, ascending.
        ring: Its ring, int64, ascending.
        x1: Where it begins, longitude, degrees, float64.
        y1: Latitude.
        x2: Where it ends, longitude.
        y2: Latitude.
    """

    edge: NDArray[np.int64]
    ring: NDArray[np.int64]
    x1: NDArray[np.float64]
    y1: NDArray[np.float64]
    x2: NDArray[np.float64]
    y2: NDArray[np.float64]

    @classmethod
    def of(cls, edges: Edges) -> _Segments:
        """Return the segments of some edges."""
        # Adding zero makes one zero of two.
        x, y = edges.x + 0.0, edges.y + 0.0
        is_edge = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
        is_edge[edges.seams] = False
        edge = np.flatnonzero(is_edge)
        return cls(edge, edges.ring_of(edge), x[edge], y[edge], x[edge + 1], y[edge + 1])

    @property
    def ends(self) -> NDArray[np.float64]:
        """The end that comes first by longitude and latitude, then the other: x, y, x, y, float64 (4, n)."""
        ahead = (self.x1 < self.x2) | ((self.x1 == self.x2) & (self.y1 < self.y2))
        one, other = (self.x1, self.y1), (self.x2, self.y2)
        return np.stack(
            [np.where(ahead, a, b) for a, b in zip(one + other, other + one, strict=True)]
        )

    def as_edges(self, key: NDArray[np.int64], n_keys: int) -> Edges:
        """Return them as edges of their own, with a key in place of the patch."""
        count = len(self.edge)
        keys = np.arange(n_keys)
        return Edges(
            x=np.stack([self.x1, self.x2], axis=1).ravel(),
            y=np.stack([self.y1, self.y2], axis=1).ravel(),
            ring_starts=2 * np.arange(count + 1),
            ring_polygon=key,
            ring_is_hole=np.zeros(count, np.bool_),
            polygon_patch=keys,
            patch_owner=keys,
        )


def _entered(
    segments: _Segments, key: NDArray[np.int64], n_keys: int, grid: Grid, *, signed: bool
) -> tuple[Runs, Runs]:
    """Return the cells that edges with an inside on one side alone enter, and those that others may enter, by key.

    Args:
        segments: The edges.
        key: Key of each, int64 (n,), ascending; edges of one key count together.
        n_keys: Number of keys.
        grid: The lattice.
        signed: Whether edges that run the same way add up, instead of cancelling each other.
    """
    kept = np.flatnonzero(_left_over(segments, key, signed=signed))
    segments, key = segments.take(kept), key[kept]
    odd = _may_overlap(segments, key)
    clean, rest = (
        border_runs(segments.take(some).as_edges(key[some], n_keys), grid)
        for some in (np.flatnonzero(~odd), np.flatnonzero(odd))
    )
    return clean, rest


def _left_over(segments: _Segments, key: NDArray[np.int64], *, signed: bool) -> NDArray[np.bool_]:
    """Return which segments are left when those with the same key and ends cancel each other, bool (n,)."""
    ends = segments.ends
    mixed = key.astype(np.uint64)
    for side in ends:
        mixed = (mixed ^ side.view(np.uint64)) * _MIX
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    same = np.flatnonzero(mixed[order][1:] == mixed[order][:-1])
    alike = order[np.union1d(same, same + 1)]
    kept = np.ones(len(key), np.bool_)
    if not len(alike):
        return kept
    alike = alike[np.lexsort((*ends[:, alike], key[alike]))]
    columns = np.vstack([key[alike], ends[:, alike]])
    changes = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    starts = np.append(0, np.flatnonzero(changes) + 1)
    if signed:
        runs_ahead = (segments.x1 == ends[0]) & (segments.y1 == ends[1])
        left = np.add.reduceat(np.where(runs_ahead[alike], 1, -1), starts) != 0
    else:
        left = np.diff(starts, append=len(alike)) % 2 == 1
    kept[alike] = False
    kept[alike[starts[left]]] = True
    return kept


def _may_overlap(segments: _Segments, key: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which segments another of their key may overlap on one line, bool (n,); some that none does, at worst."""
    dx, dy = segments.x2 - segments.x1, segments.y2 - segments.y1
    steep = np.abs(dy) > np.abs(dx)
    slope = np.where(steep, dx, dy) / np.where(steep, dy, dx)
    along1, along2 = np.where(steep, (segments.y1, segments.y2), (segments.x1, segments.x2))
    offset = np.where(steep, segments.x1, segments.y1) - slope * along1
    low, high = np.minimum(along1, along2), np.maximum(along1, along2)
    found = np.zeros(len(key), np.bool_)
    order = np.lexsort((slope, steep, key))
    line = np.cumsum(
        (_steps(key[order]) != 0) | _steps(steep[order]) | (_steps(slope[order]) > _SAME_SLOPE)
    )
    order, line = _several(order, line)
    again = np.lexsort((offset[order], line))
    order, line = order[again], line[again]
    line = np.cumsum((_steps(line) != 0) | (_steps(offset[order]) > _SAME_OFFSET))
    order, line = _several(order, line)
    again = np.lexsort((low[order], line))
    order, line = order[again], line[again]
    meets = (line[1:] == line[:-1]) & (low[order][1:] < high[order][:-1])
    for one in np.unique(line[1:][meets]).tolist():
        own = order[slice(*np.searchsorted(line, [one, one + 1]).tolist())]
        reached = np.maximum.accumulate(high[own])
        after = low[own][1:] < reached[:-1]
        next_low = np.minimum.accumulate(low[own][::-1])[::-1]
        before = high[own][:-1] > next_low[1:]
        found[own[1:][after]] = True
        found[own[:-1][before]] = True
    return found


def _steps(values: NDArray[Any]) -> NDArray[Any]:
    """Return how far each value is from the one before, (n,); no way for the first. Of truth values, whether they differ."""
    return np.diff(values, prepend=values[:1])


def _several(
    order: NDArray[np.int64], line: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the members of lines that have several, and their lines."""
    some = np.bincount(line)[line] > 1
    return order[some], line[some]


def _with_area(
    cells: Runs,
    segments: _Segments,
    group: NDArray[np.int64],
    edges: Edges,
    grid: Grid,
    fill: Fill,
) -> Runs:
    """Return the cells that share an area with their group, in rational arithmetic."""
    starts, stops = cells
    positions = counted(starts, stops - starts)
    keys, rows, cols = RowMajorIndex.of(grid).decode(positions)
    across, down = col_edges(grid), row_edges(grid)
    sides = np.stack([across.at(cols), down.at(rows + 1), across.at(cols + 1), down.at(rows)])
    found = np.zeros(len(positions), np.bool_)
    for key in np.unique(keys).tolist():
        own = segments.take(np.flatnonzero(group == key))
        holes = frozenset(own.ring[edges.ring_is_hole[own.ring]].tolist())
        for cell in np.flatnonzero(keys == key).tolist():
            found[cell] = _shares_area(own, holes, fill, sides[:, cell].tolist())
    return covered(positions[found], positions[found] + 1)


def _shares_area(
    segments: _Segments, holes: Collection[int], fill: Fill, cell: list[float]
) -> bool:
    """Return whether what rings enclose has an area in a cell.

    Between neighbouring longitudes of corners and crossings, also with the cell's sides, nothing changes, so that one line north is asked for each.

    Args:
        segments: All edges of the rings.
        holes: Rings that are holes.
        fill: What rings enclose.
        cell: West, south, east and north.
    """
    west, south, east, north = cell
    x1, y1, x2, y2 = ends = segments.ends
    low, high = np.minimum(y1, y2), np.maximum(y1, y2)
    here = (x1 <= east) & (x2 >= west) & (low < north) & (high > south)
    inside = [_exactly(one) for one in ends[:, here].T.tolist()]
    every = {
        Fraction(west),
        Fraction(east),
        *(x for begin, _, end, _ in inside for x in (begin, end)),
    }
    lines = [*inside, _exactly([west, south, east, south]), _exactly([west, north, east, north])]
    every.update(x for pair in itertools.combinations(lines, 2) for x in _crossings(*pair))
    events = sorted(x for x in every if west <= x <= east)
    ways = np.where((segments.x1 == x1) & (segments.y1 == y1), 1, -1)
    for left, right in itertools.pairwise(events):
        x = (left + right) / 2
        near = np.flatnonzero((x1 <= float(right)) & (x2 >= float(left)) & (low < north))
        across = [(_exactly(ends[:, k].tolist()), k) for k in near.tolist()]
        met = sorted((_height(one, x), k) for one, k in across if one[0] <= x < one[2])
        heights = [*(y for y, _ in met), Fraction(north)]
        windings: dict[int, int] = {}
        for (y, k), above in zip(met, heights[1:], strict=True):
            ring = int(segments.ring[k])
            windings[ring] = windings.get(ring, 0) + int(ways[k])
            if max(y, Fraction(south)) < min(above, Fraction(north)) and _is_inside(
                windings, holes, fill
            ):
                return True
    return False


def _exactly(ends: list[float]) -> Segment:
    x1, y1, x2, y2 = map(Fraction, ends)
    return x1, y1, x2, y2


def _is_inside(windings: dict[int, int], holes: Collection[int], fill: Fill) -> bool:
    """Return whether a point is inside whose rings wind round it so many times."""
    if fill is Fill.EVENODD:
        return sum(windings.values()) % 2 == 1
    outer = any(often for ring, often in windings.items() if ring not in holes)
    return outer and not any(often for ring, often in windings.items() if ring in holes)


def _height(segment: Segment, x: Fraction) -> Fraction:
    """Return the latitude of a segment that is not upright at a longitude."""
    x1, y1, x2, y2 = segment
    return y1 + (x - x1) * (y2 - y1) / (x2 - x1)


def _crossings(one: Segment, other: Segment) -> Iterator[Fraction]:
    """Yield the longitude at which two segments that are not parallel cross or meet, if they do."""
    x1, y1, x2, y2 = one
    x3, y3, x4, y4 = other
    turn = (x2 - x1) * (y4 - y3) - (y2 - y1) * (x4 - x3)
    if turn:
        share = ((x3 - x1) * (y4 - y3) - (y3 - y1) * (x4 - x3)) / turn
        if 0 <= share <= 1:
            yield x1 + share * (x2 - x1)
