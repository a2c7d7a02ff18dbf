"""The tile of each site in its block, by weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.placing.block_lattice import BLOCK_LEVELS, BlockLattice
from closedworld.kernels.placing.block_tree import Blocks
from closedworld.kernels.placing.site_numbers import SiteNumbers
from closedworld.kernels.sampling.tile_weights import TileWeights
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.spans.runs import RowMajorIndex


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
    top = blocks.row_blocks[held] << lattice.levels
    left = blocks.col_blocks[held] << lattice.levels
    before = _summed(spans, lattice, top, left, weights)
    first_row, first_col = lattice.row_starts[top][block], lattice.col_starts[left][block]
    above, beside = top[block], left[block]
    for level in range(lattice.levels):
        half = 1 << lattice.levels - 1 - level
        rows = [lattice.row_starts[above + part * half] - first_row for part in range(3)]
        cols = [lattice.col_starts[beside + part * half] - first_col for part in range(3)]
        sums = [[before[block, row, col] for col in cols] for row in rows]
        masses = np.stack(
            [
                sums[down + 1][across + 1]
                - sums[down + 1][across]
                - (sums[down][across + 1] - sums[down][across])
                for down in range(2)
                for across in range(2)
            ]
        )
        quarter = numbers.quarters(BLOCK_LEVELS + level, masses.view(np.int64).astype(np.float64))
        above, beside = above + half * (quarter >> 1), beside + half * (quarter & 1)
    weight = masses[quarter, np.arange(len(quarter))]
    return lattice.row_starts[above], lattice.col_starts[beside], weight


def _summed(
    spans: RowSpans,
    lattice: BlockLattice,
    top: NDArray[np.int64],
    left: NDArray[np.int64],
    weights: TileWeights,
) -> NDArray[np.uint64]:
    """Return the weight of each block's tiles north and west of its i-th row and j-th column.

    Args:
        spans: Tiles of the country.
        lattice: Blocks of the grid.
        top: First part of each block from the north, int64 (blocks,).
        left: First part of each block from the west, int64 (blocks,).
        weights: Weights of the tiles.

    Returns:
        uint64 (blocks, rows + 1, cols + 1); 0 in the first row and column.
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
    run_starts = index.encode(0, spans.rows, spans.col_starts)
    run_stops = run_starts + (spans.col_stops - spans.col_starts)
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
    sums.reshape(-1)[counted(at, lengths)] = weights(ranks, ranks + lengths)
    np.cumsum(sums, axis=1, out=sums)
    np.cumsum(sums, axis=2, out=sums)
    return sums
