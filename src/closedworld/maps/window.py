"""A window: the box of longitudes and latitudes that a close-up shows, and the tiles in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import ConfigError
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.tiles import Tiles

_POLE = 90.0


@dataclass(frozen=True, slots=True)
class Window:
    """A box of longitudes and latitudes; one across 180 degrees has its east beyond 180.

    Attributes:
        west: West edge, degrees.
        south: South edge, degrees, -90..90.
        east: East edge, degrees, above west by at most 360.
        north: North edge, degrees, above south, -90..90.

    Raises:
        ConfigError: ``window-empty``.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        """Refuse a box that is empty or beyond the globe."""
        east_ok = self.west < self.east <= self.west + 360
        if not (east_ok and -_POLE <= self.south < self.north <= _POLE):
            raise ConfigError(
                "window-empty",
                f"{self} is not west to east and south to north on the globe.",
                "Across the antimeridian write an east above 180, such as 177 to 182.",
            )


def tiles_in(spans: RowSpans, window: Window) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the tiles that share area with a window.

    Args:
        spans: The tiles.
        window: The window.

    Returns:
        ``(rows, wests)``: raster rows, int64 (n,), and longitudes of the west edges, degrees at the
        turn of 360 that the window has them at, float64 (n,).
    """
    grid = spans.grid
    lats = grid.lat_edges()
    seen = (lats[spans.rows] > window.south) & (lats[spans.rows + 1] < window.north)
    rows, starts, stops = spans.rows[seen], spans.col_starts[seen], spans.col_stops[seen]
    found_rows, found_wests = [np.empty(0, np.int64)], [np.empty(0)]
    for turn in (-720.0, -360.0, 0.0, 360.0, 720.0):
        first = math.floor((window.west - turn - grid.west) / grid.cell_width)
        stop = math.ceil((window.east - turn - grid.west) / grid.cell_width)
        begin = np.maximum(starts, first)
        tiles = Tiles(grid, rows, begin, np.maximum(np.minimum(stops, stop) - begin, 0))
        found_rows.append(np.repeat(rows, tiles.lengths))
        found_wests.append(grid.lon_edge(tiles.counted(begin)) + turn)
    return np.concatenate(found_rows), np.concatenate(found_wests)
