"""Polygons as flat arrays of edges, placed on the grid's longitudes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import GeometryError
from closedworld.kernels.grid import Grid

CHUNK_POINTS = 1 << 14
"""Points scanned at once: an array of them has 128 KiB."""

CHUNK_PAIRS = 1 << 15
"""(edge, row) pairs expanded at once: their arrays, a quarter of a megabyte each, stay in the cache."""

_TURN_DEGREES = 360.0

MAX_LONGITUDE = 1080.0
"""Farthest longitude of a polygon, degrees: three turns, far enough for every way to write one."""

_MULTIPOLYGON = shapely.GeometryType.MULTIPOLYGON


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The ring segments of many polygons.

    A *patch* is one polygon or multipolygon at one multiple of 360 degrees; a *polygon* here is
    one polygon of a patch. Edge i runs from point i to point i + 1. The last point of a ring repeats its first,
    so the rings are closed, and none is empty; the edge from there to the next ring is a *seam* and bounds nothing.

    Attributes:
        x: Longitude of each point, degrees, float64 (n + 1,).
        y: Latitude of each point, degrees, float64 (n + 1,).
        ring_starts: First point of each ring and the number of points, int64 (rings + 1,).
        ring_polygon: Polygon of each ring, int64 (rings,), ascending.
        ring_is_hole: Whether a ring bounds a hole, bool (rings,).
        polygon_patch: Patch of each polygon, int64 (polygons,), ascending.
        patch_owner: Index of the polygon that a patch comes from, int64 (patches,), ascending.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ring_starts: NDArray[np.int64]
    ring_polygon: NDArray[np.int64]
    ring_is_hole: NDArray[np.bool_]
    polygon_patch: NDArray[np.int64]
    patch_owner: NDArray[np.int64]

    @property
    def seams(self) -> NDArray[np.int64]:
        """Indices of the edges that are seams, int64, ascending."""
        return self.ring_starts[1:-1] - 1

    @property
    def patch(self) -> NDArray[np.int64]:
        """Patch of each edge, int64 (n,), ascending."""
        patch_of_ring = self.polygon_patch[self.ring_polygon]
        return np.repeat(patch_of_ring, np.diff(self.ring_starts))[:-1]

    def chunks(self) -> Iterator[Edges]:
        """Yield the edges in chunks of whole rings, about ``CHUNK_POINTS`` points each.

        Arrays over the edges of a chunk stay in the processor's cache, where those over all edges
        would cost more in fresh memory pages than the arithmetic does.
        """
        cuts = np.searchsorted(self.ring_starts, np.arange(0, len(self.x), CHUNK_POINTS))
        cuts = np.unique(np.append(cuts, len(self.ring_starts) - 1))
        for a, b in itertools.pairwise(cuts):
            begin, end = self.ring_starts[a], self.ring_starts[b]
            yield replace(
                self,
                x=self.x[begin:end],
                y=self.y[begin:end],
                ring_starts=self.ring_starts[a : b + 1] - begin,
                ring_polygon=self.ring_polygon[a:b],
                ring_is_hole=self.ring_is_hole[a:b],
            )

    def ring_of(self, edge: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ring of each of some edges, int64."""
        return np.searchsorted(self.ring_starts, edge, side="right") - 1


def edges_on_grid(polygons: Sequence[shapely.Polygon | shapely.MultiPolygon], grid: Grid) -> Edges:
    """Return the edges of all polygons, repeated at every 360 degrees where they meet the grid.

    Args:
        polygons: Valid polygons in degrees; longitudes may lie beyond +/-180.
        grid: The lattice; polygons wholly off it contribute nothing.
    """
    geometries, owners = place_on_grid(np.asarray(polygons, dtype=object), grid)
    if len(geometries) == 0:
        none, start = np.empty(0, np.int64), np.zeros(1, np.int64)
        return Edges(np.empty(0), np.empty(0), start, none, np.empty(0, np.bool_), none, none)
    kind, points, offsets = shapely.to_ragged_array(geometries)
    # A ring may be empty, and bounds nothing then.
    ring_starts = np.unique(offsets[0])
    polygon_starts = np.searchsorted(ring_starts, offsets[0][offsets[1]])
    # Without multipolygons there is no third level: each polygon is its own patch.
    patch_starts = offsets[2] if kind == _MULTIPOLYGON else np.arange(len(polygon_starts))
    is_hole = np.ones(len(ring_starts) - 1, np.bool_)
    # The first ring of a polygon is its outer one; an empty polygon has none.
    is_hole[polygon_starts[:-1][np.diff(polygon_starts) > 0]] = False
    return Edges(
        x=np.ascontiguousarray(points[:, 0]),
        y=np.ascontiguousarray(points[:, 1]),
        ring_starts=ring_starts,
        ring_polygon=np.repeat(np.arange(len(polygon_starts) - 1), np.diff(polygon_starts)),
        ring_is_hole=is_hole,
        polygon_patch=np.repeat(np.arange(len(patch_starts) - 1), np.diff(patch_starts)),
        patch_owner=owners,
    )


def place_on_grid(
    polygons: NDArray[np.object_], grid: Grid
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return ``(placed, owners)``: the polygons at each multiple of 360 degrees that meets the grid.

    Args:
        polygons: shapely polygons, object (n,).
        grid: The lattice.

    Returns:
        ``placed``, object (m,), and the index of each into ``polygons``, int64 (m,), ascending. A
        polygon that only touches the outer edge of the grid is not placed.

    Raises:
        GeometryError: ``coordinates-out-of-range``.
    """
    west, south, east, north = shapely.bounds(polygons).T
    far = np.flatnonzero((west < -MAX_LONGITUDE) | (east > MAX_LONGITUDE))
    if len(far):
        raise GeometryError(
            "coordinates-out-of-range",
            f"a polygon reaches from longitude {west[far[0]]:.10g} to {east[far[0]]:.10g}; whole "
            f"turns count, but only within +/-{MAX_LONGITUDE:.0f}.",
            "Bring its longitudes to -180..180 or thereabouts.",
        )
    in_rows = (south < grid.north) & (north > grid.south)
    if not in_rows.any():
        return np.empty(0, dtype=object), np.empty(0, np.int64)
    # Turns k with west + 360 k < grid.east and east + 360 k > grid.west; empty polygons have NaN
    # bounds and fail every comparison.
    first_turn = math.floor((grid.west - east[in_rows].max()) / _TURN_DEGREES)
    last_turn = math.ceil((grid.east - west[in_rows].min()) / _TURN_DEGREES)
    placed: list[NDArray[np.object_]] = []
    owners: list[NDArray[np.int64]] = []
    for turn in range(first_turn, last_turn + 1):
        shift = turn * _TURN_DEGREES
        here = np.flatnonzero(in_rows & (west + shift < grid.east) & (east + shift > grid.west))
        if len(here):
            owners.append(here)
            placed.append(_shifted(polygons[here], shift))
    if not placed:
        return np.empty(0, dtype=object), np.empty(0, np.int64)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.concatenate(placed)[order], owner[order]


def _shifted(polygons: NDArray[np.object_], shift: float) -> NDArray[np.object_]:
    """Return the polygons moved east by ``shift`` degrees."""
    if shift == 0:
        return polygons
    moved: NDArray[np.object_] = shapely.transform(polygons, lambda xy: xy + np.array([shift, 0.0]))
    return moved


def edge_rows(
    first: NDArray[np.int64],
    stop: NDArray[np.int64],
    northward: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield ``(edge, row)`` for every row in ``first <= row < stop`` of every edge, in chunks.

    A chunk ends with the edge that reaches ``CHUNK_PAIRS``. The rows of an edge come in its own direction:
    along a ring they form long monotone stretches, which a stable sort merges ten times faster than it sorts
    shuffled ones (docs/decisions/0004-row-spans.md).

    Args:
        first: First row of each edge, int64 (n,).
        stop: Row after the last of each edge, int64 (n,); not above ``first`` for none.
        northward: Whether each edge runs north, towards row 0, bool (n,).
    """
    meets = np.flatnonzero(stop > first)
    lo, hi, up = first[meets], stop[meets], northward[meets]
    begin, last = np.where(up, hi - 1, lo), np.where(up, lo, hi - 1)
    counts = hi - lo
    ends = np.cumsum(counts)
    edge = 0
    while edge < len(meets):
        done = ends[edge] - counts[edge]
        past = int(np.searchsorted(ends, done + CHUNK_PAIRS)) + 1
        chunk = slice(edge, past)
        # Running sum of steps: one row on within an edge, a jump to where the next edge begins.
        rows = np.repeat(np.where(up[chunk], -1, 1), counts[chunk])
        jumps = begin[chunk].copy()
        jumps[1:] -= last[chunk][:-1]
        rows[ends[chunk] - counts[chunk] - done] = jumps
        yield np.repeat(meets[chunk], counts[chunk]), np.cumsum(rows, out=rows)
        edge = past
