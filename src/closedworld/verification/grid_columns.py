"""Columns of a tile as functions of its raster row or column, and areas by an independent formula."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid, tile_areas_m2

_SEMI_MAJOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563


@dataclass(frozen=True, slots=True, eq=False)
class GridColumns:
    """What the columns of a tile hold on a grid.

    Attributes:
        grid: The lattice.
        by_row: Values of each raster row, float64 (n_rows,), by name of the column.
        by_col: Values of each raster column, float64 (n_cols,), by name of the column.
    """

    grid: Grid
    by_row: Mapping[str, NDArray[np.float64]]
    by_col: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, grid: Grid) -> GridColumns:
        """Return the columns of a grid, in the order in which digests list them."""
        lon, lat = grid.lon_edges(), grid.lat_edges()
        return cls(
            grid,
            {
                "centroid_lat": grid.lat_centers(),
                "pixel_area_m2": tile_areas_m2(grid),
                "south_lat": lat[1:],
                "north_lat": lat[:-1],
            },
            {"centroid_lon": grid.lon_centers(), "west_lon": lon[:-1], "east_lon": lon[1:]},
        )


@dataclass(frozen=True, slots=True, eq=False)
class BorderTiles:
    """Tiles that do not lie wholly in their country.

    Attributes:
        tile_ids: uint64 (n,), in the order of their dataset.
        coverage: Share of each tile's area that lies in the country, float64 (n,).
    """

    tile_ids: NDArray[np.uint64]
    coverage: NDArray[np.float64]

    @classmethod
    def of(cls, tile_ids: NDArray[np.uint64], coverage: NDArray[np.float64]) -> BorderTiles:
        """Return those of some tiles that do not lie wholly inside."""
        return cls(tile_ids[coverage != 1], coverage[coverage != 1])

    @classmethod
    def joined(cls, batches: Sequence[BorderTiles]) -> BorderTiles:
        """Return the tiles of all batches."""
        return cls(
            np.concatenate([np.empty(0, np.uint64), *(one.tile_ids for one in batches)]),
            np.concatenate([np.empty(0, np.float64), *(one.coverage for one in batches)]),
        )


def zone_areas_m2(grid: Grid) -> NDArray[np.float64]:
    """Return the area of a tile of each row by a closed formula, square metres, float64 (n_rows,), to some 1e-13.

    With s the sine of a latitude, the area from the equator is ``width * b^2 * F(s)``::

        F(s) = s / (2 (1 - e^2 s^2)) + atanh(e s) / (2 e)

    (J. P. Snyder, "Map Projections: A Working Manual", 1987, equation 3-12). The difference of two F
    is written so that nothing cancels on narrow zones.
    """
    edges = np.radians(np.clip(grid.lat_edges(), -90.0, 90.0))
    north, south = edges[:-1], edges[1:]
    e2 = _FLATTENING * (2 - _FLATTENING)
    e, b2 = math.sqrt(e2), (_SEMI_MAJOR_M * (1 - _FLATTENING)) ** 2
    sin_n, sin_s = np.sin(north), np.sin(south)
    rise = 2 * np.cos((north + south) / 2) * np.sin((north - south) / 2)
    product = e2 * sin_n * sin_s
    ends = (1 - e2 * sin_n**2) * (1 - e2 * sin_s**2)
    zone = rise * (1 + product) / (2 * ends) + np.arctanh(e * rise / (1 - product)) / (2 * e)
    return np.asarray(math.radians(grid.cell_width) * b2 * zone)
