"""Polygons as flat arrays of edges, placed on the grid's longitudes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from closedworld.grid import Grid

_TURN_DEGREES = 360.0
_MULTIPOLYGON = shapely.GeometryType.MULTIPOLYGON


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The ring segments of many polygons.

    A *patch* is one polygon or multipolygon at one multiple of 360 degrees; a *part* is one polygon
    of a patch. The directed edges of each ring close it.

    Attributes:
        x1: Longitude of the start, degrees, float64 (n,).
        y1: Latitude of the start, degrees, float64 (n,).
        x2: Longitude of the end, float64 (n,).
        y2: Latitude of the end, float64 (n,).
        ring: Ring of each edge, int64 (n,), ascending.
        ring_part: Part of each ring, int64 (rings,), ascending.
        ring_is_hole: Whether a ring bounds a hole, bool (rings,).
        part_patch: Patch of each part, int64 (parts,), ascending.
        patch_owner: Index of the polygon that a patch comes from, int64 (patches,), ascending.
    """

    x1: NDArray[np.float64]
    y1: NDArray[np.float64]
    x2: NDArray[np.float64]
    y2: NDArray[np.float64]
    ring: NDArray[np.int64]
    ring_part: NDArray[np.int64]
    ring_is_hole: NDArray[np.bool_]
    part_patch: NDArray[np.int64]
    patch_owner: NDArray[np.int64]

    @property
    def patch(self) -> NDArray[np.int64]:
        """Patch of each edge, int64 (n,), ascending."""
        return self.part_patch[self.ring_part][self.ring]

    @property
    def part(self) -> NDArray[np.int64]:
        """Part of each edge, int64 (n,), ascending."""
        return self.ring_part[self.ring]

    def at_ends(self, at_starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a value of each edge's end point, given those of the start points, both (n,)."""
        at_ends = np.roll(at_starts, -1)
        last = np.flatnonzero(np.diff(self.ring, append=-1))
        first = np.concatenate([[0], last[:-1] + 1])[: len(last)]
        at_ends[last] = at_starts[first]
        return at_ends


def edges_on_grid(polygons: Sequence[shapely.Polygon | shapely.MultiPolygon], grid: Grid) -> Edges:
    """Return the edges of all polygons, repeated at every 360 degrees where they meet the grid.

    Args:
        polygons: Valid polygons in degrees; longitudes may lie beyond +/-180.
        grid: The lattice; polygons wholly off it contribute nothing.
    """
    geometries, owners = place_on_grid(np.asarray(polygons, dtype=object), grid)
    if len(geometries) == 0:
        return _no_edges()
    kind, coords, offsets = shapely.to_ragged_array(geometries)
    ring_ends, part_ends = offsets[:2]
    # Polygons alone have no third level: each is its own patch.
    patch_ends = offsets[2] if kind == _MULTIPOLYGON else np.arange(len(part_ends))
    x, y = np.ascontiguousarray(coords[:, 0]), np.ascontiguousarray(coords[:, 1])
    # Each ring of k + 1 coordinates (the first is repeated at the end) has k edges.
    starts_edge = np.ones(len(x), np.bool_)
    starts_edge[ring_ends[1:] - 1] = False
    first = np.flatnonzero(starts_edge)
    n_rings = len(ring_ends) - 1
    is_hole = np.ones(n_rings, np.bool_)
    is_hole[part_ends[:-1]] = False
    return Edges(
        x1=x[first],
        y1=y[first],
        x2=x[first + 1],
        y2=y[first + 1],
        ring=np.repeat(np.arange(n_rings), np.diff(ring_ends) - 1),
        ring_part=np.repeat(np.arange(len(part_ends) - 1), np.diff(part_ends)),
        ring_is_hole=is_hole,
        part_patch=np.repeat(np.arange(len(patch_ends) - 1), np.diff(patch_ends)),
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
    """
    bounds = shapely.bounds(polygons).reshape(-1, 4)
    west, south, east, north = bounds.T
    in_rows = (south < grid.north) & (north > grid.south)
    # Turns k with west + 360 k < grid.east and east + 360 k > grid.west; empty polygons have NaN
    # bounds and fail every comparison.
    placed: list[NDArray[np.object_]] = []
    owners: list[NDArray[np.int64]] = []
    for turn in range(-2, 3):
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
    moved: NDArray[np.object_] = shapely.transform(polygons, lambda xy: xy + [shift, 0.0])
    return moved


def _no_edges() -> Edges:
    """Return edges of nothing."""
    numbers, index = np.empty(0), np.empty(0, np.int64)
    return Edges(
        x1=numbers, y1=numbers, x2=numbers, y2=numbers, ring=index, ring_part=index,
        ring_is_hole=np.empty(0, np.bool_), part_patch=index, patch_owner=index,
    )  # fmt: skip
