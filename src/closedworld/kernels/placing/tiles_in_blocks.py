"""The tile of each site in its block, by weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.placing.block_lattice import BlockLattice
from closedworld.kernels.placing.block_tree import Blocks
from closedworld.kernels.placing.races import first_of_races, slowness
from closedworld.kernels.placing.site_numbers import SiteNumbers
from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.sampling.tile_weights import TileWeights
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.spans.runs import RowMajorIndex

TILE_STEP = 3
"""Step of the random numbers for the first race in a block."""

PARTS_OF_TILES = 32
"""All tiles of a square of so many parts across race; larger squares are divided first."""

TILES_ACROSS = 16
"""Tiles across such a square at most: two parts to a tile at least. Runners are numbered row by row, 16 to a row."""

SQUARE_LEVELS = 3
"""Halvings at a time: a square is divided into 8 x 8 at most."""

_AXIS_BITS = 32


def tiles_in_blocks(
    spans: RowSpans,
    blocks: Blocks,
    chosen: NDArray[np.int64],
    numbers: SiteNumbers,
    weights: TileWeights,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Return ``(rows, cols, weights)`` of the tile of each site, int64 and uint64 (n,).

    Args:
        spans: Tiles of the country.
        blocks: Its blocks.
        chosen: Block of each site, as its position in ``blocks``, int64 (n,).
        numbers: Numbers of the sites.
        weights: Weights of the tiles.
    """
    lattice = blocks.lattice
    held, block = np.unique(chosen, return_inverse=True)
    size = 1 << lattice.levels
    top, left = blocks.row_blocks[held] * size, blocks.col_blocks[held] * size
    sums = _Sums.of(spans, lattice, top, left, weights)
    # Each site is in a square of this size, which begins at these parts.
    above, beside, step = top[block], left[block], TILE_STEP
    while size > PARTS_OF_TILES:
        smaller = max(size >> SQUARE_LEVELS, PARTS_OF_TILES)
        parts = np.arange(0, size + smaller, smaller)
        one, square = _squares(above, beside)
        rows = lattice.row_starts[above[one, None] + parts]
        cols = lattice.col_starts[beside[one, None] + parts]
        masses = sums.between(block[one], rows, cols)
        down, across, _ = _winners(numbers.seeds(step), masses, square)
        above, beside = above + smaller * down, beside + smaller * across
        size, step = smaller, step + 1
    one, square = _squares(above, beside)
    rows = _every(lattice.row_starts[above[one]], lattice.row_starts[above[one] + size])
    cols = _every(lattice.col_starts[beside[one]], lattice.col_starts[beside[one] + size])
    masses = sums.between(block[one], rows, cols)
    down, across, weight = _winners(numbers.seeds(step), masses, square)
    return rows[square, 0] + down, cols[square, 0] + across, weight


def _squares(
    above: NDArray[np.int64], beside: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return one site of each square that sites are in, and the square of each site."""
    _, one, square = np.unique(above << _AXIS_BITS | beside, return_index=True, return_inverse=True)
    return one, square


def _every(first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where tiles begin and end from the first to the last of each, int64 (n, even + 1)."""
    most = int((stop - first).max())
    edges: NDArray[np.int64] = np.minimum(
        first[:, None] + np.arange(most + most % 2 + 1), stop[:, None]
    )
    return edges


def _winners(
    seeds: Words, masses: NDArray[np.uint64], square: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Return ``(rows, columns, masses)`` of what wins in the square of each site, int64 and uint64 (n,).

    Args:
        seeds: State of each site's race, uint64 (n,).
        masses: What races in each square, uint64 (squares, rows, columns), an even number of columns.
        square: Square of each site, int64 (n,).
    """
    squares, rows, cols = masses.shape
    pairs = np.arange(rows)[:, None] * (TILES_ACROSS // 2) + np.arange(cols // 2)
    own = masses.reshape(squares, rows * cols)
    first = first_of_races(seeds, pairs.ravel().astype(np.uint64), slowness(own), square)
    return first // cols, first % cols, own[square, first]


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Weights of blocks, summed.

    Attributes:
        first_rows: First raster row of each block, int64 (blocks,).
        first_cols: First raster column, int64 (blocks,).
        before: Weight of each block's tiles north and west of its i-th row and j-th column, uint64
            (blocks, rows + 1, columns + 1); 0 in the first row and column.
    """

    first_rows: NDArray[np.int64]
    first_cols: NDArray[np.int64]
    before: NDArray[np.uint64]

    def between(
        self, block: NDArray[np.int64], rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """Return the weights between rows and columns of blocks, uint64 (n, rows - 1, columns - 1).

        Args:
            block: The blocks, int64 (n,).
            rows: Raster rows in them, int64 (n, rows), ascending.
            cols: Raster columns, int64 (n, columns), ascending.
        """
        down = (rows - self.first_rows[block, None])[:, :, None]
        across = (cols - self.first_cols[block, None])[:, None]
        strips = np.diff(self.before[block[:, None, None], down, across], axis=1)
        masses: NDArray[np.uint64] = np.diff(strips, axis=2)
        return masses

    @classmethod
    def of(
        cls,
        spans: RowSpans,
        lattice: BlockLattice,
        top: NDArray[np.int64],
        left: NDArray[np.int64],
        weights: TileWeights,
    ) -> _Sums:
        """Return the sums of some blocks.

        Args:
            spans: Tiles of the country.
            lattice: Blocks of the grid.
            top: First part of each block from the north, int64 (blocks,).
            left: First part of each block from the west, int64 (blocks,).
            weights: Weights of the tiles.
        """
        parts = 1 << lattice.levels
        first_row, first_col = lattice.row_starts[top], lattice.col_starts[left]
        n_rows = lattice.row_starts[top + parts] - first_row
        n_cols = lattice.col_starts[left + parts] - first_col
        sums = np.zeros((len(top), int(n_rows.max()) + 1, int(n_cols.max()) + 1), np.uint64)
        # Each row of each block, then the runs of tiles in it.
        block = np.repeat(np.arange(len(top)), n_rows)
        down = counted(0, n_rows)
        index = RowMajorIndex.of(spans.grid)
        start = index.encode(0, first_row[block] + down, first_col[block])
        stop = start + n_cols[block]
        run_starts, run_stops = spans.positions()
        first = np.searchsorted(run_stops, start, side="right")
        count = np.searchsorted(run_starts, stop) - first
        strip = np.repeat(np.arange(len(block)), count)
        run = counted(first, count)
        begins = np.maximum(run_starts[run], start[strip])
        ranks = spans.first_ranks[run] + begins - run_starts[run]
        lengths = np.minimum(run_stops[run], stop[strip]) - begins
        order = np.argsort(ranks)
        ranks, lengths, strip = ranks[order], lengths[order], strip[order]
        at = (block[strip] * sums.shape[1] + down[strip] + 1) * sums.shape[2]
        at += begins[order] - start[strip] + 1
        sums.ravel()[counted(at, lengths)] = weights(ranks, ranks + lengths)
        np.cumsum(sums, axis=1, out=sums)
        np.cumsum(sums, axis=2, out=sums)
        return cls(first_row, first_col, sums)
