"""Runs of tiles, cut where blocks begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.placing.block_lattice import BlockLattice
from closedworld.kernels.spans import RowSpans


@dataclass(frozen=True, slots=True, eq=False)
class BlockPieces:
    """Runs of tiles, each in one row of one block.

    Attributes:
        rows: Raster row of each, int64 (n,).
        row_blocks: Row of its block in the lattice, int64 (n,).
        col_blocks: Column of its block in the lattice, int64 (n,).
        ranks: Rank of its first tile, int64 (n,), ascending.
        lengths: Its tiles, int64 (n,).
    """

    rows: NDArray[np.int64]
    row_blocks: NDArray[np.int64]
    col_blocks: NDArray[np.int64]
    ranks: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def between(
        cls, spans: RowSpans, lattice: BlockLattice, first_rank: int, stop_rank: int
    ) -> BlockPieces:
        """Return the pieces of the tiles with ``first_rank <= rank < stop_rank``."""
        first_ranks = spans.first_ranks
        begin = int(np.searchsorted(first_ranks, first_rank, side="right")) - 1
        here = slice(begin, int(np.searchsorted(first_ranks, stop_rank)))
        rows, from_col_to_rank = spans.rows[here], first_ranks[here] - spans.col_starts[here]
        starts, stops = spans.col_starts[here].copy(), spans.col_stops[here].copy()
        starts[0] = first_rank - from_col_to_rank[0]
        stops[-1] = min(stops[-1], stop_rank - from_col_to_rank[-1])
        # A column begins a piece if its block differs from the one before it.
        begins = np.flatnonzero(np.append(True, np.diff(lattice.col_blocks) > 0))
        first = np.searchsorted(begins, starts, side="right") - 1
        count = np.searchsorted(begins, stops) - first
        number = counted(first, count)
        cols = begins[number]
        cols[np.cumsum(count) - count] = starts
        piece_ranks = cols + np.repeat(from_col_to_rank, count)
        return cls(
            np.repeat(rows, count),
            np.repeat(lattice.row_blocks[rows], count),
            lattice.col_blocks[begins][number],
            piece_ranks,
            np.diff(piece_ranks, append=stop_rank),
        )
