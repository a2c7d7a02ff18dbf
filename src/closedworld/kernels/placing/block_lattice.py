"""The lattice that sites are placed on: blocks of 5 arc-minutes, halved down to the tiles of a grid.

It is the same for every grid, so that a site finds nearly the same way in worlds of other rasters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid

BLOCKS_PER_DEGREE = 12
BLOCK_COLS = 360 * BLOCKS_PER_DEGREE


@dataclass(frozen=True, slots=True, eq=False)
class BlockLattice:
    """The blocks of a grid, and where the halves of its blocks begin.

    A tile belongs to the block of its centre. Half blocks, quarters and so on are numbered along each axis
    as ``block << levels | part``, 2^levels parts to a block; no two rows share a part, nor two columns.

    Attributes:
        grid: The grid.
        levels: Halvings that lead from a block to a single tile.
        row_blocks: Block of each raster row, from 90 degrees north, int64 (n_rows,), ascending.
        col_blocks: Block of each raster column, from the first column's, int64 (n_cols,), ascending.
        first_col_block: The first column's block, from -180 degrees; negative or beyond a turn on some grids.
        col_begins: First raster column of each block that has any, and their number, int64 (n + 1,), ascending.
        row_starts: First raster row at or after each part, int64 (blocks << levels + 1,).
        col_starts: First raster column at or after each part, likewise.
    """

    grid: Grid
    levels: int
    row_blocks: NDArray[np.int64]
    col_blocks: NDArray[np.int64]
    first_col_block: int
    col_begins: NDArray[np.int64]
    row_starts: NDArray[np.int64]
    col_starts: NDArray[np.int64]

    def block_ids(
        self, row_blocks: NDArray[np.int64], col_blocks: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the number of blocks in the quadtree, int64: bits of row and column in turn, row first.

        A column beyond a whole turn of the globe has blocks of its own.
        """
        col = np.mod(col_blocks + self.first_col_block, BLOCK_COLS)
        beyond = col_blocks >= BLOCK_COLS
        return _spread(row_blocks) << 1 | _spread(col + BLOCK_COLS * beyond)


@lru_cache(maxsize=4)
def block_lattice(grid: Grid) -> BlockLattice:
    """Return the blocks of a grid."""
    # Two parts to a cell at least, so that rounding never puts two rows into one.
    levels = 1
    while min(grid.cell_width, grid.cell_height) * (BLOCKS_PER_DEGREE << levels - 1) < 1:
        levels += 1
    parts = BLOCKS_PER_DEGREE << levels
    rows = np.floor((90.0 - grid.lat_centers()) * parts).astype(np.int64)
    cols = np.floor((grid.lon_centers() + 180.0) * parts).astype(np.int64)
    first = int(cols[0]) >> levels
    cols -= first << levels
    row_parts = np.arange(((int(rows[-1]) >> levels) + 1 << levels) + 1)
    col_parts = np.arange(((int(cols[-1]) >> levels) + 1 << levels) + 1)
    _, col_begins = np.unique(cols >> levels, return_index=True)
    return BlockLattice(
        grid,
        levels,
        rows >> levels,
        cols >> levels,
        first,
        np.append(col_begins, grid.n_cols),
        np.searchsorted(rows, row_parts),
        np.searchsorted(cols, col_parts),
    )


def _spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers below 2^16 with a zero bit above each of their bits."""
    wide = numbers
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        wide = (wide | wide << shift) & mask
    return wide
