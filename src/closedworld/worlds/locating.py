"""Points on a world: the tile and the country that each lies in, points per tile, the nearest tile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from closedworld.errors import ConfigError, GeometryError
from closedworld.inputs.tables.geometry import LonLat
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, TileOwners, cells_of, nearest_cells
from closedworld.kernels.spans.lattice import NO_CELL
from closedworld.sanitize import number_of

_MAX_LON, _MAX_LAT = 1080.0, 90.0
_METRES_PER_KM = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class TileLocator:
    """The tiles of some countries, ready to locate points in.

    Attributes:
        isos: Codes of the countries, ascending.
        owners: Who owns each tile, by number in ``isos``.
    """

    isos: tuple[str, ...]
    owners: TileOwners

    @classmethod
    def of(cls, spans: Mapping[str, RowSpans], grid: Grid) -> TileLocator:
        """Return the locator of countries, given by code in ascending order."""
        return cls(tuple(spans), TileOwners.of(list(spans.values()), grid))

    def locate(self, points: LonLat) -> pa.Table:
        """Return tile, country and number of countries of each point; see ``PublishedWorld.locate``."""
        rows, cols = cells_of(self.owners.grid, *points)
        country, counts = self._countries(rows, cols)
        columns = {"tile_id": self._tile_ids(rows, cols), "country_iso": country}
        return pa.table(columns | {"countries_on_tile": pa.array(counts)})

    def count(self, points: LonLat) -> pa.Table:
        """Return the number of points on each tile that has any; see ``PublishedWorld.count``."""
        rows, cols = cells_of(self.owners.grid, *points)
        n_cols = self.owners.grid.n_cols
        tiles, counts = np.unique(
            np.where(rows == NO_CELL, NO_CELL, rows * n_cols + cols), return_counts=True
        )
        if len(tiles) and tiles[0] == NO_CELL:
            tiles, counts = np.roll(tiles, -1), np.roll(counts, -1)
        rows = np.where(tiles == NO_CELL, NO_CELL, tiles // n_cols)
        cols = tiles - rows * n_cols
        country, _ = self._countries(rows, cols)
        columns = {"country_iso": country, "tile_id": self._tile_ids(rows, cols)}
        return pa.table(columns | {"points": pa.array(counts.astype(np.int64))})

    def nearest(self, points: LonLat, within_km: float) -> pa.Table:
        """Return the nearest tile of each point and its distance; see ``PublishedWorld.nearest``."""
        rows, cols, metres = nearest_cells(self.owners, *points, within_km * _METRES_PER_KM)
        country, _ = self._countries(rows, cols)
        columns = {"tile_id": self._tile_ids(rows, cols), "country_iso": country}
        return pa.table(columns | {"distance_m": pa.array(metres, from_pandas=True)})

    def _tile_ids(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> pa.Array:
        return pa.array(rows * self.owners.grid.n_cols + cols, mask=rows == NO_CELL)

    def _countries(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> tuple[pa.Array, NDArray[np.int32]]:
        first, counts = self.owners.at(rows, cols)
        numbers = pa.array(first, mask=counts == 0)
        return pa.array(self.isos, pa.string()).take(numbers), counts


def lon_lat(lons: ArrayLike, lats: ArrayLike) -> LonLat:
    """Return coordinates as arrays, checked.

    Args:
        lons: Longitudes, degrees, (n,) or one number.
        lats: Latitudes, degrees, as many.

    Raises:
        ConfigError: ``points-lengths``.
        GeometryError: ``coordinates-out-of-range``.
    """
    sides = [np.atleast_1d(np.asarray(side, np.float64)) for side in (lons, lats)]
    if sides[0].ndim != 1 or sides[0].shape != sides[1].shape:
        raise ConfigError(
            "points-lengths",
            f"there are longitudes of shape {sides[0].shape} and latitudes of shape {sides[1].shape}.",
            "Give one latitude for each longitude.",
        )
    return on_globe(LonLat(*sides))


def on_globe(points: LonLat) -> LonLat:
    """Return points unless one lies off the globe; NaN stands for no point.

    Raises:
        GeometryError: ``coordinates-out-of-range``.
    """
    off = (np.abs(points.lats) > _MAX_LAT) | (np.abs(points.lons) > _MAX_LON)
    if off.any():
        first = int(np.argmax(off))
        raise GeometryError(
            "coordinates-out-of-range",
            f"{number_of(int(off.sum()), 'point lies', 'points lie')} off the globe; the first is point "
            f"{first + 1}: lon {points.lons[first]}, lat {points.lats[first]}.",
            "Give degrees of WGS 84, longitudes first.",
        )
    return points
