"""Polygons drawn on the half-cell lattice of a grid, and sets of tiles as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans

Points = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class HalfCells:
    """Addresses the edges and centres of a grid by small integers, to draw polygons exactly on them.

    Along each axis 2 i is the i-th cell edge and 2 i + 1 the i-th cell centre, ``across`` from the
    west, ``down`` from the north; the coordinates are the grid's own float64 values. Numbers beyond
    the grid continue in half cells.

    Attributes:
        grid: The lattice.
    """

    grid: Grid

    def lon(self, across: int) -> float:
        """Return the longitude of an edge (even) or centre (odd)."""
        return float(self.grid.lon_edge(np.array(across / 2)))

    def lat(self, down: int) -> float:
        """Return the latitude of an edge (even) or centre (odd)."""
        return float(self.grid.lat_edge(np.array(down / 2)))

    def polygon(self, outer: Points, *holes: Points) -> shapely.Polygon:
        """Return the polygon with these rings of ``(across, down)``."""
        rings = [
            [(self.lon(across), self.lat(down)) for across, down in ring]
            for ring in (outer, *holes)
        ]
        return shapely.Polygon(rings[0], rings[1:])

    def box(self, west: int, north: int, east: int, south: int) -> shapely.Polygon:
        """Return the box between two meridians and two parallels."""
        return self.polygon(self.corners(west, north, east, south))

    @staticmethod
    def corners(west: int, north: int, east: int, south: int) -> list[tuple[int, int]]:
        """Return the corners of a box as ``(across, down)``, to be a ring."""
        return [(west, north), (west, south), (east, south), (east, north)]


def tiles_of(spans: RowSpans) -> NDArray[np.bool_]:
    """Return which tiles are in a set, bool (n_rows, n_cols)."""
    inside = np.zeros((spans.grid.n_rows, spans.grid.n_cols), np.bool_)
    for row, start, stop in zip(spans.rows, spans.col_starts, spans.col_stops, strict=True):
        inside[row, start:stop] = True
    return inside


def picture_of(tiles: RowSpans | NDArray[np.bool_]) -> str:
    """Return a set of tiles as text, ``#`` for a tile and ``.`` for none, one word per row.

    Args:
        tiles: A set of tiles, or bool (n_rows, n_cols).
    """
    rows: Iterable[Iterable[bool]] = tiles if isinstance(tiles, np.ndarray) else tiles_of(tiles)
    return " ".join("".join("#" if tile else "." for tile in row) for row in rows)
