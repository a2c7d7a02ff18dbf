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
        rows, ranks = spans.rows[here], first_ranks[here]
        starts, stops = spans.col_starts[here].copy(), spans.col_stops[here].copy()
        starts[0] += first_rank - ranks[0]
        stops[-1] = min(stops[-1], spans.col_starts[here][-1] + stop_rank - ranks[-1])
        # A column begins a piece if its block differs from the one before it.
        begins = np.flatnonzero(np.append(True, np.diff(lattice.col_blocks) > 0))
        first = np.searchsorted(begins, starts, side="right") - 1
        count = np.searchsorted(begins, stops) - first
        run = np.repeat(np.arange(len(rows)), count)
        number = counted(first, count)
        cols = np.maximum(begins[number], starts[run])
        piece_ranks = ranks[run] + cols - spans.col_starts[here][run]
        return cls(
            rows[run],
            lattice.row_blocks[rows[run]],
            lattice.col_blocks[cols],
            piece_ranks,
            np.diff(piece_ranks, append=stop_rank),
        )
