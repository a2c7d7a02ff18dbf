"""The world of the benchmarks: WorldPop's global 1 km grid, and rasters on it."""

from __future__ import annotations

import argparse
import json
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
EMPTY_CELLS = 16


def coarser(times: int) -> Grid:
    """Return WorldPop's grid with cells that are several times as wide and as high."""
    width, height = GRID.cell_width * times, GRID.cell_height * times
    return Grid(GRID.west, GRID.north, width, height, GRID.n_cols // times, GRID.n_rows // times)


def write_empty_raster(path: Path, grid: Grid) -> None:
    """Write a GeoTIFF that has the grid and no block of data."""
    with rasterio.open(path, "w", **_profile(grid), dtype="uint8", sparse_ok=True):
        return


def write_population(path: Path, grid: Grid, empty: float) -> None:
    """Write float32 population on the grid, deflate, 512 x 512 blocks.

    The persons of each bundled 5 arc-minute cell, spread over the cells inside it unevenly, by a
    log-normal factor, so that it compresses as badly as real counts do. A share of the cells is empty, a
    stretch of 16 at a time, as where rasters give people to buildings alone. Made from a fixed seed.
    """
    chance = np.random.default_rng(7)
    with rasterio.open(bundled("population_5m.tif").path) as coarse:
        persons, at = coarse.read(1), coarse.transform
    cols = _indices((grid.lon_centers() - at.c) / at.a, persons.shape[1])
    rows = _indices((grid.lat_centers() - at.f) / at.e, persons.shape[0])
    share = grid.cell_width * grid.cell_height / abs(at.a * at.e)
    options: dict[str, Any] = {"dtype": "float32", "nodata": -99999.0, "compress": "deflate"}
    with rasterio.open(path, "w", **_profile(grid), **options, num_threads="all_cpus") as raster:
        for first in range(0, grid.n_rows, BLOCK):
            cells = persons[rows[first : first + BLOCK]][:, cols]
            persons_here = cells * share * chance.lognormal(0.0, 1.5, cells.shape)
            stretches = chance.random((len(cells), -(-grid.n_cols // EMPTY_CELLS))) < empty
            persons_here[np.repeat(stretches, EMPTY_CELLS, axis=1)[:, : grid.n_cols]] = 0
            values = np.where(cells < 0, -99999.0, persons_here).astype(np.float32)
            raster.write(values, 1, window=Window(0, first, grid.n_cols, len(values)))


def _profile(grid: Grid) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "width": grid.n_cols,
        "height": grid.n_rows,
        "count": 1,
        "crs": "EPSG:4326",
        "transform": from_origin(grid.west, grid.north, grid.cell_width, grid.cell_height),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
    }


def _indices(places: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the coarse row or column that each fine one lies in."""
    return np.clip(places.astype(np.int64), 0, count - 1)


def main() -> None:
    """Write a raster and print its grid as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["empty", "population"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--quick", action="store_true", help="cells four times as wide")
    parser.add_argument("--empty", type=float, default=0.0, help="share of cells without people")
    arguments = parser.parse_args()
    grid = coarser(4) if arguments.quick else GRID
    if arguments.kind == "empty":
        write_empty_raster(arguments.path, grid)
    else:
        write_population(arguments.path, grid, arguments.empty)
    print(json.dumps(grid.to_dict()))


if __name__ == "__main__":
    main()
