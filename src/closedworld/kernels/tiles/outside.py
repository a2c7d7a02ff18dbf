"""How much of a region lies outside the grid, where it has no tiles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.edges import edges_on_grid

_GLOBE = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)


def outside_share(features: Sequence[shapely.MultiPolygon], grid: Grid) -> float:
    """Return the share of a region's area that lies outside a grid, on a sphere, in 0..1.

    Args:
        features: Polygons in degrees, WGS 84; where they overlap counts more than once.
        grid: The lattice.
    """
    bounds = shapely.bounds(np.asarray(features, dtype=object))
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    goes_round = grid.east - grid.west >= 360.0 - 1e-6 * grid.cell_width
    in_cols = goes_round or (grid.west <= west and east <= grid.east)
    if in_cols and grid.south <= max(south, -90.0) and min(north, 90.0) <= grid.north:
        return 0.0
    whole = _area_within(features, _GLOBE)
    return min(1.0, max(0.0, 1.0 - _area_within(features, grid) / whole)) if whole else 0.0


def _area_within(features: Sequence[shapely.MultiPolygon], grid: Grid) -> float:
    """Return the area of polygons within a grid, in degrees times the sine of degrees.

    By Green's theorem: the area west of each edge between two parallels, which needs no clipping and
    takes any ring.
    """
    polygons = list(shapely.get_parts(np.asarray(features, dtype=object)))
    edges = edges_on_grid(polygons, grid)
    if len(edges.x) < 2:  # noqa: PLR2004 -- an edge
        return 0.0
    areas = _under_edges(edges.x, edges.y, grid)
    areas[edges.seams] = 0.0
    # Rings run either way; a hole takes away what its ring encloses.
    by_ring = np.add.reduceat(np.append(areas, 0.0), edges.ring_starts[:-1])
    return float(np.where(edges.ring_is_hole, -1.0, 1.0) @ np.abs(by_ring))


def _under_edges(x: NDArray[np.float64], y: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Return the signed area between each edge and the grid's south edge, within the grid, (n - 1,)."""
    dx, dy = np.diff(x), np.diff(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        across = [(edge - x[:-1]) / dx for edge in (grid.west, grid.east)]
        down = [(edge - y[:-1]) / dy for edge in (grid.south, grid.north)]
    # A level or upright edge never crosses; NaN and infinity are clipped away.
    first, last = (
        np.clip(np.nan_to_num(np.minimum(*across)), 0, 1),
        np.clip(np.maximum(*across), 0, 1),
    )
    cuts = np.sort([np.clip(np.nan_to_num(one), first, last) for one in down], axis=0)
    ends = [first, cuts[0], cuts[1], last]
    total = np.zeros(len(dx))
    for start, stop in itertools.pairwise(ends):
        heights = [_sine_above(y[:-1] + dy * at, grid) for at in (start, (start + stop) / 2, stop)]
        # Simpson's rule: an edge of a degree is off by 1e-11.
        total += (stop - start) * dx * (heights[0] + 4 * heights[1] + heights[2]) / 6
    return np.asarray(np.nan_to_num(total))


def _sine_above(lat: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    within = np.clip(lat, grid.south, grid.north)
    return np.asarray(np.sin(np.radians(within)) - math.sin(math.radians(grid.south)))
