"""Which tiles belong to a country, and how much of them, asked of GEOS cell by cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid

_TURN_DEGREES = 360.0


def placed_polygons(
    features: Sequence[shapely.MultiPolygon], grid: Grid
) -> Iterator[shapely.Polygon]:
    """Yield the polygons of a country at each turn of the globe where their bounds meet the grid's."""
    for polygon in shapely.get_parts(list(features)):
        west, south, east, north = polygon.bounds
        if south > grid.north or north < grid.south:
            continue
        first = math.floor((grid.west - east) / _TURN_DEGREES)
        last = math.ceil((grid.east - west) / _TURN_DEGREES)
        for turn in range(first, last + 1):
            shift = np.array([turn * _TURN_DEGREES, 0.0])
            if west + shift[0] <= grid.east and east + shift[0] >= grid.west:
                yield shapely.transform(polygon, lambda xy, shift=shift: xy + shift)


def belongs(
    features: Sequence[shapely.MultiPolygon], grid: Grid, rule: str, tile_ids: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which tiles belong to a country by GEOS, bool (n,).

    Args:
        features: Its polygons, degrees.
        grid: The lattice.
        rule: ``center`` or ``any_overlap``.
        tile_ids: Tiles on the grid, (n,).
    """
    cells = _cells(grid, tile_ids)
    lon, lat = grid.lon_centers()[tile_ids % grid.n_cols], grid.lat_centers()
    centers = shapely.points(lon, lat[tile_ids // grid.n_cols])
    found = np.zeros(len(tile_ids), np.bool_)
    for polygon in placed_polygons(features, grid):
        near = np.flatnonzero(~found & shapely.intersects(cells, shapely.box(*polygon.bounds)))
        if len(near) and rule == "center":
            found[near] = _centers_in(polygon, centers[near])
        elif len(near):
            shapely.prepare(polygon)
            meets = shapely.intersects(polygon, cells[near])
            found[near] = meets & ~shapely.touches(polygon, cells[near])
    return found


def covered_shares(
    features: Sequence[shapely.MultiPolygon], grid: Grid, tile_ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the share of each tile's area, in degrees, that lies in a country, float64 (n,)."""
    cells = _cells(grid, tile_ids)
    covered = np.full(len(tile_ids), shapely.Polygon(), object)
    for polygon in placed_polygons(features, grid):
        near = np.flatnonzero(shapely.intersects(cells, shapely.box(*polygon.bounds)))
        pieces = shapely.intersection(polygon, cells[near])
        # Polygons may overlap where a feature does; what they share counts once.
        covered[near] = shapely.union(covered[near], pieces)
    return np.asarray(shapely.area(covered) / shapely.area(cells))


def _cells(grid: Grid, tile_ids: NDArray[np.int64]) -> NDArray[np.object_]:
    rows, cols = tile_ids // grid.n_cols, tile_ids % grid.n_cols
    lon, lat = grid.lon_edges(), grid.lat_edges()
    return np.asarray(shapely.box(lon[cols], lat[rows + 1], lon[cols + 1], lat[rows]))


def _centers_in(polygon: shapely.Polygon, points: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which points are in the closed outer ring and in no closed hole."""
    outer = shapely.Polygon(polygon.exterior)
    shapely.prepare(outer)
    inside = np.asarray(shapely.intersects(outer, points))
    for ring in polygon.interiors:
        hole = shapely.Polygon(ring)
        shapely.prepare(hole)
        inside &= ~shapely.intersects(hole, points)
    return inside


def share_outside(features: Sequence[shapely.MultiPolygon], grid: Grid) -> float:
    """Return the share of a country's area, on a sphere, that lies outside the grid; 0 for polygons that GEOS refuses."""
    west, south, east, north = shapely.total_bounds(np.asarray(features, object))
    goes_round = grid.east - grid.west >= _TURN_DEGREES - grid.cell_width / 2
    if (goes_round or (west >= grid.west and east <= grid.east)) and (
        max(south, -90.0) >= grid.south and min(north, 90.0) <= grid.north
    ):
        return 0.0
    try:
        inside = [
            shapely.clip_by_rect(polygon, grid.west, grid.south, grid.east, grid.north)
            for polygon in placed_polygons(features, grid)
        ]
    except shapely.GEOSException:
        return 0.0
    whole = _area_on_sphere(shapely.get_parts(list(features)))
    return 1.0 - _area_on_sphere(np.asarray(inside, object)) / whole if whole else 0.0


def _area_on_sphere(polygons: NDArray[np.object_]) -> float:
    def equal_area(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([lon_lat[:, 0], np.sin(np.radians(lon_lat[:, 1]))])

    return float(shapely.area(shapely.transform(polygons, equal_area)).sum())
