"""Tiles of a polygon by other libraries: GEOS through shapely, and exactextract.

Slow and obvious: every cell is tested. Only the window of each polygon is looked at, so countries
on a coarse world grid take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Rule

_TURN_DEGREES = 360.0
_MOST_TURNS = 4


def turned(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid
) -> list[shapely.Polygon | shapely.MultiPolygon]:
    """Return the polygon at each of -4..4 turns of 360 degrees where its bounds meet the grid's.

    Each longitude is ``x + 360 * k`` in float64.
    """
    if polygon.is_empty:
        return []
    placed = []
    for turn in range(-_MOST_TURNS, _MOST_TURNS + 1):
        shift = np.array([turn * _TURN_DEGREES, 0.0])
        moved = shapely.transform(polygon, lambda xy, shift=shift: xy + shift) if turn else polygon
        west, south, east, north = moved.bounds
        if west <= grid.east and east >= grid.west and south <= grid.north and north >= grid.south:
            placed.append(moved)
    return placed


def turned_parts(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid
) -> Iterator[shapely.Polygon]:
    """Yield the polygons of a multipolygon, at each turn."""
    for placed in turned(polygon, grid):
        for one in shapely.get_parts(placed):
            if not one.is_empty:
                yield one


def tiles_by_geos(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid, rule: Rule | str
) -> NDArray[np.bool_]:
    """Return which tiles belong to a polygon, by one GEOS predicate per cell.

    ``center``: some polygon of it has the centre in its closed outer ring and in none of its closed holes.
    ``any_overlap``: the interiors of the polygon and the cell meet; two areas whose interiors meet
    share an area above zero. GEOS locates points exactly except in rare cases, but rounds the points
    where slanted edges cross a cell's side: within some 1e-15 degrees of a corner it may be wrong.
    There ``tiles_exactly`` is right.

    Args:
        polygon: Valid polygon, degrees; tested at every turn of 360 degrees.
        grid: The lattice.
        rule: Inclusion rule.

    Returns:
        bool (n_rows, n_cols).
    """
    ask = _centers_in if Rule.parse(rule) is Rule.CENTER else _boxes_overlap
    inside = np.zeros((grid.n_rows, grid.n_cols), np.bool_)
    for one in turned_parts(polygon, grid):
        window = _window(one, grid)
        inside[window] |= ask(one, grid, window)
    return inside


def shared_areas(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid
) -> NDArray[np.float64]:
    """Return the area that each cell shares with the polygon, square degrees, by GEOS overlay.

    The simplest implementation of ``any_overlap``, but rounded: overlay computes crossings in float64, so a
    contact along an edge can come out as 1e-17 square degrees and a sliver as none.

    Returns:
        float64 (n_rows, n_cols).
    """
    areas = np.zeros((grid.n_rows, grid.n_cols))
    for one in turned_parts(polygon, grid):
        window = _window(one, grid)
        areas[window] += shapely.area(shapely.intersection(one, _boxes(grid, window)))
    return areas


def tiles_by_coverage(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid
) -> NDArray[np.bool_]:
    """Return which tiles share area with a polygon, by the coverage fractions of exactextract.

    Reliable only for simple polygons. exactextract 0.3.0 gives fractions in float32 and lays its cells out
    from bounds and counts, so it misses areas thinner than its rounding and may include a cell that
    is only touched. It does not wrap longitudes, so the polygon is passed at every turn of 360 degrees.

    Args:
        polygon: Valid polygon, degrees.
        grid: The lattice.

    Returns:
        bool (n_rows, n_cols).
    """
    from exactextract import exact_extract  # noqa: PLC0415 - an optional extra
    from exactextract.feature import JSONFeatureSource  # noqa: PLC0415
    from exactextract.raster import NumPyRasterSource  # noqa: PLC0415

    inside = np.zeros((grid.n_rows, grid.n_cols), np.bool_)
    raster = NumPyRasterSource(np.ones(inside.shape), grid.west, grid.south, grid.east, grid.north)
    for placed in turned(polygon, grid):
        # exactextract 0.3.0 crashes on some features that miss the raster or only touch it.
        if not shapely.box(grid.west, grid.south, grid.east, grid.north).intersection(placed).area:
            continue
        feature = {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(placed),
            "properties": {},
        }
        answer = exact_extract(
            raster, JSONFeatureSource([feature]), ["cell_id", "coverage"], output="geojson"
        )
        found = answer[0]["properties"]
        cells = np.asarray(found["cell_id"], np.int64)
        inside.flat[cells[np.asarray(found["coverage"]) > 0]] = True
    return inside


def _window(one: shapely.Polygon, grid: Grid) -> tuple[slice, slice]:
    """Return the ``(rows, cols)`` whose closed cells meet the bounds of a polygon."""
    west, south, east, north = one.bounds
    lon, lat = grid.lon_edges(), grid.lat_edges()
    cols = np.flatnonzero((lon[1:] >= west) & (lon[:-1] <= east))
    rows = np.flatnonzero((lat[:-1] >= south) & (lat[1:] <= north))
    return tuple(  # type: ignore[return-value]  # two of them
        slice(side[0], side[-1] + 1) if len(side) else slice(0, 0) for side in (rows, cols)
    )


def _boxes(grid: Grid, window: tuple[slice, slice]) -> NDArray[np.object_]:
    """Return the cells of a window as polygons, object (rows, cols)."""
    lon, lat = grid.lon_edges(), grid.lat_edges()
    rows, cols = window
    west, north = np.meshgrid(lon[:-1][cols], lat[:-1][rows])
    east, south = np.meshgrid(lon[1:][cols], lat[1:][rows])
    boxes: NDArray[np.object_] = shapely.box(west, south, east, north)
    return boxes


def _centers_in(one: shapely.Polygon, grid: Grid, window: tuple[slice, slice]) -> NDArray[np.bool_]:
    """Return whether each centre is in the closed outer ring and in no closed hole."""
    lon, lat = np.meshgrid(grid.lon_centers()[window[1]], grid.lat_centers()[window[0]])
    outer = shapely.Polygon(one.exterior)
    shapely.prepare(outer)
    inside: NDArray[np.bool_] = shapely.intersects_xy(outer, lon, lat)
    for ring in one.interiors:
        hole = shapely.Polygon(ring)
        shapely.prepare(hole)
        inside &= ~shapely.intersects_xy(hole, lon, lat)
    return inside


def _boxes_overlap(
    one: shapely.Polygon, grid: Grid, window: tuple[slice, slice]
) -> NDArray[np.bool_]:
    """Return whether each cell's interior meets that of a polygon."""
    boxes = _boxes(grid, window)
    shapely.prepare(one)
    overlap: NDArray[np.bool_] = shapely.intersects(one, boxes) & ~shapely.touches(one, boxes)
    return overlap
