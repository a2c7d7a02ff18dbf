"""A cell of some 70 m for each site in its tile: near towns, and where the streets are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing.block_lattice import BLOCK_COLS, block_lattice
from closedworld.kernels.placing.site_numbers import SiteNumbers
from closedworld.kernels.placing.texture import (
    SIGMA_EIGHTHS_ABOVE_1_KM,
    SIGMA_EIGHTHS_BELOW_1_KM,
    Texture,
)
from closedworld.kernels.placing.towns import KM_PER_DEGREE, Towns
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.shape import normalized

CELL_STEP = 26
"""Step of the random numbers for the first quarter of a tile."""

_LARGEST_CELL_KM = 0.1
_TEXTURE_CHANGE_KM = 1.0
_TOWNS_CELL_KM = 0.3
_TOWNS_TILE_KM = 1.5
_FLOOR = 0.01
"""Share of a tile's people that live evenly in it."""


def cell_levels(grid: Grid) -> int:
    """Return how many halvings lead from a tile to cells of at most 100 m."""
    levels, height = 0, grid.cell_height * KM_PER_DEGREE
    while height > _LARGEST_CELL_KM:
        levels, height = levels + 1, height / 2
    return levels


def cells_in_tiles(
    grid: Grid,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    densities: NDArray[np.float64],
    numbers: SiteNumbers,
    texture: Texture,
    towns: Towns,
    attempt: NDArray[np.int64] | int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``(down, across)``: row and column of each site's cell in its tile, int64 (n,) each.

    Args:
        grid: The grid.
        rows: Raster row of each site's tile, int64 (n,).
        cols: Raster column, int64 (n,).
        densities: Persons per square kilometre of the tile, float64 (n,).
        numbers: Numbers of the sites.
        texture: Texture of the country.
        towns: Towns of the country.
        attempt: Counts up when the cell lay outside the country, int64 (n,), or one for all.
    """
    down = np.zeros(len(rows), np.int64)
    across = np.zeros(len(rows), np.int64)
    lat = np.clip(grid.lat_edges(), -90.0, 90.0)
    north_area, south_area = area_density(lat[rows]), area_density(lat[rows + 1])
    tile_km = grid.cell_height * KM_PER_DEGREE
    for level in range(cell_levels(grid)):
        parent_km = tile_km / (1 << level)
        fine = parent_km / 2 < _TEXTURE_CHANGE_KM
        sigma = SIGMA_EIGHTHS_BELOW_1_KM if fine else SIGMA_EIGHTHS_ABOVE_1_KM
        shares = texture.quarters(rows, cols, down, across, level, sigma)
        if parent_km > _TOWNS_CELL_KM and tile_km > _TOWNS_TILE_KM and len(towns.persons):
            shares *= (
                _town_shares(grid, rows, cols, down, across, level, towns) + _FLOOR * densities
            )
        # Area is linear in latitude, all but: to a millionth in a tile of 5 arc-minutes.
        slope = (south_area - north_area) / (4 << level)
        middle = north_area + slope * (4 * down + 2)
        halves = (
            (middle - slope) * (shares[0] + shares[1]),
            (middle + slope) * (shares[2] + shares[3]),
        )
        fresh = numbers.halves(CELL_STEP + level, attempt)
        south = fresh[0] >= halves[0] / (halves[0] + halves[1])
        west = np.where(south, shares[2], shares[0])
        east = np.where(south, shares[3], shares[1])
        down = down << 1 | south
        across = across << 1 | (fresh[1] >= west / (west + east))
    return down, across


def _town_shares(
    grid: Grid,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    down: NDArray[np.int64],
    across: NDArray[np.int64],
    level: int,
    towns: Towns,
) -> NDArray[np.float64]:
    """Return the density of towns in the quarters of cells, float64 (4, n), once for sites that share one."""
    lattice = block_lattice(grid)
    # Sites come sorted by tile, and those of a tile are few: a key of tile and cell.
    key = (rows * grid.n_cols + cols << 2 * level) | down << level | across
    _, first, same = np.unique(key, return_index=True, return_inverse=True)
    rows, cols, down, across = rows[first], cols[first], down[first], across[first]
    width, height = grid.cell_width / (1 << level), grid.cell_height / (1 << level)
    col_block = (lattice.col_blocks[cols] + lattice.first_col_block) % BLOCK_COLS
    return towns.density(
        lattice.row_blocks[rows] * BLOCK_COLS + col_block,
        normalized(grid.lon_edge(cols) + (across + 0.5) * width),
        grid.lat_edge(rows) - (down + 0.5) * height,
        width / 2,
        height / 2,
    )[:, same]
