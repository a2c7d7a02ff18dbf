"""The tile of a set that is nearest to a point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.spans.lattice import NO_CELL, cells_of
from closedworld.kernels.spans.owners import TileOwners
from closedworld.kernels.sphere import EARTH_RADIUS_KM, arc_km, chord_km, to_xyz

_EARTH_RADIUS_M = 1000 * EARTH_RADIUS_KM

_TURN = 360.0


def nearest_cells(
    tiles: TileOwners, lons: NDArray[np.float64], lats: NDArray[np.float64], within_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest tile of each point, and how far it is.

    The distance is that on a sphere to the point of the tile with the closest longitude and the closest
    latitude: 0 on the tile itself. Rows are searched outwards from the point's own, each by binary search,
    until they are farther away than what was found. Of tiles that are equally near, the point's own comes first,
    then the one to the north, then the one to the west.

    Args:
        tiles: The tiles.
        lons: Longitudes, degrees, float64 (n,); NaN for no point.
        lats: Latitudes, degrees, float64 (n,).
        within_m: Look no farther than this, metres, >= 0.

    Returns:
        ``(rows, cols, metres)``: int64, int64, float64 (n,); -1, -1 and NaN where none is near enough.
    """
    grid = tiles.grid
    rows, cols = np.full((2, len(lons)), NO_CELL, np.int64)
    best = np.full(len(lons), np.nextafter(within_m, np.inf))
    sought, step = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats)), 0
    home_row, home_col = _home_cells(tiles, lons, lats, sought)
    width = grid.n_cols + 1
    # In the order of the cells, so that binary searches stay close to each other.
    sought = sought[np.argsort(home_row[sought] * width + home_col[sought])]
    bounds = np.searchsorted(tiles.starts, np.arange(grid.n_rows + 1) * width)
    while len(sought):
        is_open = np.zeros(len(sought), np.bool_)
        for down in (-step, step) if step else (0,):
            row = home_row[sought] + down
            near = _off_row(tiles, lats[sought], row) < best[sought]
            is_open |= near
            near &= (row >= 0) & (row < grid.n_rows)
            at = sought[near]
            where = at, row[near], home_col[at]
            _improve(tiles, bounds, (lons[at], lats[at]), where, (rows, cols, best))
        sought, step = sought[is_open], step + 1
        sought = sought[(home_row[sought] >= step) | (home_row[sought] + step < grid.n_rows)]
    return rows, cols, np.where(rows == NO_CELL, np.nan, best)


def _home_cells(
    tiles: TileOwners,
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
    points: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and column of points, for those off the grid the closest row, int64 (n,) each."""
    grid = tiles.grid
    rows, cols = cells_of(grid, lons, lats)
    off = points[rows[points] == NO_CELL]
    down = (grid.north - lats[off]) / grid.cell_height
    across = np.mod(lons[off] - grid.west, _TURN) / grid.cell_width
    rows[off] = np.clip(np.floor(down), 0, grid.n_rows - 1)
    # A column beyond the grid is as good as the last one: the ends of a row are looked at in any case.
    cols[off] = np.floor(across)
    return rows, cols


def _off_row(
    tiles: TileOwners, lats: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how far rows are from latitudes, metres."""
    grid = tiles.grid
    off = np.maximum(grid.lat_edge(rows + 1) - lats, lats - grid.lat_edge(rows))
    return np.radians(np.maximum(off, 0.0)) * _EARTH_RADIUS_M


def _improve(
    tiles: TileOwners,
    bounds: NDArray[np.int64],
    points: tuple[NDArray[np.float64], NDArray[np.float64]],
    where: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    found: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> None:
    """Take the nearest tile of a row for each point, if it is nearer than the one found so far.

    Args:
        tiles: The tiles.
        bounds: Where the pieces of each row begin.
        points: Longitudes and latitudes of some points.
        where: Their numbers, the row to look at, and their own column.
        found: Rows, columns and distances found so far, of all points; changed.
    """
    grid, (lons, lats), (at, row, col) = tiles.grid, points, where
    begin, end = bounds[row], bounds[row + 1]
    some = begin < end
    lons, lats, at = lons[some], lats[some], at[some]
    row, col, begin, end = row[some], col[some], begin[some], end[some]
    base = row * (grid.n_cols + 1)
    piece = np.searchsorted(tiles.starts, base + col, side="right") - 1
    before, after = np.clip(piece, begin, end - 1), np.clip(piece + 1, begin, end - 1)
    # In the run, or the tiles on both sides; round the globe, those at the ends of the row.
    inner = [
        np.clip(base + col, tiles.starts[one], tiles.stops[one] - 1) for one in (before, after)
    ]
    closest = np.full(len(lons), np.inf)
    for position in (*inner, tiles.starts[begin], tiles.stops[end - 1] - 1):
        off = _off_col(tiles, lons, position - base)
        nearer = np.abs(off) < np.abs(closest)
        closest, col = np.where(nearer, off, closest), np.where(nearer, position - base, col)
    # Along a parallel, what is closer in longitude is nearer.
    lat = np.clip(lats, grid.lat_edge(row + 1), grid.lat_edge(row))
    metres = 1000 * arc_km(chord_km(to_xyz(lons, lats), to_xyz(lons - closest, lat)))
    rows, cols, best = found
    nearer = metres < best[at]
    rows[at[nearer]], cols[at[nearer]] = row[nearer], col[nearer]
    best[at[nearer]] = metres[nearer]


def _off_col(
    tiles: TileOwners, lons: NDArray[np.float64], cols: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how far east of columns longitudes are, degrees round the globe; 0 within a column."""
    grid = tiles.grid
    off = lons - grid.lon_center(cols)
    off -= np.rint(off / _TURN) * _TURN
    half = grid.cell_width / 2
    return off - np.clip(off, -half, half)
