"""The cells that points lie in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.lattice import col_edges, row_edges

_TURN_DEGREES = 360.0
NO_CELL = -1


def cells_of(
    grid: Grid, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and column of points, decided on the float64 lines of the grid.

    A cell has its north and its west side; the last row has its south side too, so that a pole lies in a
    cell.

    Args:
        grid: The lattice.
        lons: Longitudes, degrees, at any turn of 360, float64 (n,); NaN for no point.
        lats: Latitudes, degrees, float64 (n,).

    Returns:
        ``(rows, cols)``, int64 (n,) each, both -1 for points that are none or off the grid.
    """
    rows = np.full(len(lons), NO_CELL, np.int64)
    cols = np.full(len(lons), NO_CELL, np.int64)
    at = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
    lon, lat = lons[at], lats[at]
    turns = np.floor((lon - grid.west) / _TURN_DEGREES)
    # Only points beyond the grid's turn are moved, and so rounded.
    lon = np.where(turns == 0, lon, lon - turns * _TURN_DEGREES)
    row = row_edges(grid).count_before(lat, including=True) - 1
    col = col_edges(grid).count_before(lon, including=True) - 1
    row[lat == grid.lat_edge(np.array([grid.n_rows]))] = grid.n_rows - 1
    inside = (row >= 0) & (row < grid.n_rows) & (col >= 0) & (col < grid.n_cols)
    rows[at[inside]], cols[at[inside]] = row[inside], col[inside]
    return rows, cols
