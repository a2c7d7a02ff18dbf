"""Micro-persons of tiles, read from aligned rasters that are taken as one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.verification.population_raster import PopulationRaster


class SeveralRasters:
    """Rasters as one, with the methods of ``PopulationRaster``; use as a context manager.

    Args:
        files: In the order in which they count.
        band: The band of each, 1 for the first.

    Raises:
        InputError: ``input-unreadable``.
    """

    def __init__(self, files: Sequence[Path], band: int) -> None:
        self._rasters = [PopulationRaster(file, band) for file in files]
        self._places: list[tuple[int, int, int, int]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for raster in self._rasters:
            self._stack.enter_context(raster)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def limit_cell(self) -> tuple[int, int, int] | None:
        """The first cell that holds the largest number of an integer type, in its own raster."""
        return next((one.limit_cell for one in self._rasters if one.limit_cell is not None), None)

    def lies_on(self, grid: Grid) -> bool:
        """Return whether all rasters have cells of a grid."""
        places = [raster.place_on(grid) for raster in self._rasters]
        self._places = [place for place in places if place is not None]
        return len(self._places) == len(places)

    def micro_persons(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the mass of cells, int64 (n,): that of the first raster with people there."""
        masses = np.zeros(len(rows), np.int64)
        for raster, (top, left, n_rows, n_cols) in zip(self._rasters, self._places, strict=True):
            row, col = rows - top, cols - left
            inside = (row >= 0) & (row < n_rows) & (col >= 0) & (col < n_cols)
            open_ = np.flatnonzero(inside & (masses == 0))
            if len(open_):
                masses[open_] = raster.micro_persons(row[open_], col[open_])
        return masses


def raster_of_files(files: Sequence[Path], band: int) -> PopulationRaster | SeveralRasters:
    """Return a raster of one file, or several as one."""
    return PopulationRaster(files[0], band) if len(files) == 1 else SeveralRasters(files, band)
