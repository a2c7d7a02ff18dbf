"""The world of the benchmarks: WorldPop's global 1 km grid, and rasters on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from closedworld import Grid, bundled

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = Grid(-180.0012493, 83.6329165016827, 0.0083333333, 0.0083333333, 43_199, 16_755)
"""WorldPop's global 1 km grid, which ends above Antarctica's south."""

BLOCK = 512

_PROFILE = {
    "driver": "GTiff",
    "width": GRID.n_cols,
    "height": GRID.n_rows,
    "count": 1,
    "crs": "EPSG:4326",
    "transform": from_origin(GRID.west, GRID.north, GRID.cell_width, GRID.cell_height),
    "tiled": True,
    "blockxsize": BLOCK,
    "blockysize": BLOCK,
}


def write_empty_raster(path: Path) -> None:
    """Write a GeoTIFF that has the grid and no block of data."""
    with rasterio.open(path, "w", **_PROFILE, dtype="uint8", sparse_ok=True):
        return


def write_population(path: Path) -> None:
    """Write float32 population on the grid, deflate, 512 x 512 blocks.

    The persons of each bundled 5 arc-minute cell, spread over its hundred cells unevenly, by a
    log-normal factor, so that it compresses as badly as real counts do. Made from a fixed seed.
    """
    chance = np.random.default_rng(7)
    with rasterio.open(bundled("population_5m.tif").path) as coarse:
        persons, at = coarse.read(1), coarse.transform
    cols = _indices((GRID.lon_centers() - at.c) / at.a, persons.shape[1])
    rows = _indices((GRID.lat_centers() - at.f) / at.e, persons.shape[0])
    options: dict[str, Any] = {"dtype": "float32", "nodata": -99999.0, "compress": "deflate"}
    with rasterio.open(path, "w", **_PROFILE, **options, num_threads="all_cpus") as raster:
        for first in range(0, GRID.n_rows, BLOCK):
            cells = persons[rows[first : first + BLOCK]][:, cols]
            spread = cells / 100 * chance.lognormal(0.0, 1.5, cells.shape)
            values = np.where(cells < 0, -99999.0, spread).astype(np.float32)
            raster.write(values, 1, window=Window(0, first, GRID.n_cols, len(values)))


def _indices(places: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the coarse row or column that each fine one lies in."""
    return np.clip(places.astype(np.int64), 0, count - 1)


if __name__ == "__main__":
    write_population(Path(sys.argv[1]))
