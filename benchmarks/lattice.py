"""A grid of the whole globe and windows of it, in plain NumPy: what peers need, without closedworld."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import shapely
    from numpy.typing import NDArray
    from rasterio.transform import Affine


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the globe's grid; rows count from the north, columns from -180 degrees, half-open.

    Attributes:
        cell: Width and height of a tile, degrees.
        row_start: First row.
        row_stop: One past the last row.
        col_start: First column.
        col_stop: One past the last column.
    """

    cell: float
    row_start: int
    row_stop: int
    col_start: int
    col_stop: int

    @classmethod
    def around(cls, polygon: shapely.Geometry, cell: float) -> Self:
        """Return the smallest window that covers a polygon."""
        west, south, east, north = polygon.bounds
        return cls(
            cell,
            int(np.floor((90 - north) / cell)),
            int(np.ceil((90 - south) / cell)),
            int(np.floor((west + 180) / cell)),
            int(np.ceil((east + 180) / cell)),
        )

    @classmethod
    def whole(cls, cell: float) -> Self:
        """Return the window of all tiles."""
        return cls(cell, 0, round(180 / cell), 0, round(360 / cell))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.row_stop - self.row_start, self.col_stop - self.col_start

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge, degrees."""
        return (
            self.col_start * self.cell - 180,
            90 - self.row_stop * self.cell,
            self.col_stop * self.cell - 180,
            90 - self.row_start * self.cell,
        )

    @property
    def transform(self) -> Affine:
        """The transform that rasterio wants."""
        from rasterio.transform import from_origin

        west, _, _, north = self.extent
        return from_origin(west, north, self.cell, self.cell)

    def lons(self) -> NDArray[np.floating]:
        """Longitude of the centre of each column."""
        return (np.arange(self.col_start, self.col_stop) + 0.5) * self.cell - 180

    def lats(self) -> NDArray[np.floating]:
        """Latitude of the centre of each row."""
        return 90 - (np.arange(self.row_start, self.row_stop) + 0.5) * self.cell

    def tile_ids(self, inside: NDArray[Any]) -> NDArray[np.int64]:
        """Return the identifiers of the tiles where a mask of this window is not zero."""
        return self.tile_ids_at(*np.nonzero(inside))

    def tile_ids_at(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the identifiers of the tiles at rows and columns of this window."""
        width = round(360 / self.cell)
        return (rows + self.row_start) * width + cols + self.col_start
