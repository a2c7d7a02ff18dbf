"""Runs of tiles, cut where blocks begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.grid.area import RowAreas
from closedworld.kernels.placing.block_lattice import BlockLattice
from closedworld.kernels.spans import RowSpans


@dataclass(frozen=True, slots=True, eq=False)
class BlockPieces:
    """The tiles of a country, and the blocks of the rectangle around it, numbered row by row.

    Attributes:
        lattice: Blocks of the grid.
        spans: Tiles of the country, at least one.
        first_row: First row of blocks in the rectangle.
        n_rows: Rows of blocks.
        col_begins: First raster column of each column of blocks that has any, and where the last ends, int64
            (columns + 1,).
        first_ranks: Rank of the first tile of each run, int64 (runs,).
        row_blocks: Number of the first block in the row of each run, int64 (runs,).
        first: Column of the rectangle in which each run begins, int64 (runs,).
        last: Column in which it ends, int64 (runs,).
    """

    lattice: BlockLattice
    spans: RowSpans
    first_row: int
    n_rows: int
    col_begins: NDArray[np.int64]
    first_ranks: NDArray[np.int64]
    row_blocks: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, spans: RowSpans, lattice: BlockLattice) -> BlockPieces:
        """Return the blocks around a country of at least one tile."""
        rows = lattice.row_blocks[spans.rows]
        first = np.searchsorted(lattice.col_begins, spans.col_starts, side="right") - 1
        last = np.searchsorted(lattice.col_begins, spans.col_stops) - 1
        first_row, first_col, last_col = int(rows[0]), int(first.min()), int(last.max())
        return cls(
            lattice,
            spans,
            first_row,
            int(rows[-1]) - first_row + 1,
            lattice.col_begins[first_col : last_col + 2],
            spans.first_ranks,
            (rows - first_row) * (last_col - first_col + 1),
            first - first_col,
            last - first_col,
        )

    def between(
        self, first_rank: int, stop_rank: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pieces of the tiles ``first_rank <= rank < stop_rank``: runs, each in one row of one block.

        Returns:
            ``(ranks, blocks)``: the rank of the first tile of each, ascending, and its block, int64 (n,).
        """
        begin = int(np.searchsorted(self.first_ranks, first_rank, side="right")) - 1
        here = slice(begin, int(np.searchsorted(self.first_ranks, stop_rank)))
        ranks = self.first_ranks[here]
        from_col_to_rank = ranks - self.spans.col_starts[here]
        first, count = self.first[here].copy(), self.last[here] + 1
        first[0] = self._col_of(first_rank - from_col_to_rank[0])
        stop_col = min(stop_rank - from_col_to_rank[-1], self.spans.col_stops[here][-1])
        count[-1] = self._col_of(stop_col - 1) + 1
        count -= first
        blocks = counted(first, count)
        piece_ranks = self.col_begins[blocks]
        piece_ranks += np.repeat(from_col_to_rank, count)
        piece_ranks[np.cumsum(count) - count] = np.maximum(ranks, first_rank)
        blocks += np.repeat(self.row_blocks[here], count)
        return piece_ranks, blocks

    def areas_cm2(self) -> NDArray[np.int64]:
        """Return the area of the tiles in each block of the rectangle, square centimetres, int64 (blocks,)."""
        spans, widths = self.spans, np.diff(self.col_begins)
        own = RowAreas.spanning(spans.grid, spans.rows).of(spans.rows)
        begin, end = self.row_blocks + self.first, self.row_blocks + self.last
        # As if each run filled the blocks that it passes: area per column, as differences from block to block.
        filled = np.zeros(self.n_rows * len(widths) + 1, np.int64)
        np.add.at(filled, begin, own)
        np.subtract.at(filled, end + 1, own)
        np.cumsum(filled, out=filled)
        of_blocks = (filled[:-1].reshape(self.n_rows, len(widths)) * widths).ravel()
        # What it leaves out of the first and the last of them.
        np.subtract.at(of_blocks, begin, own * (spans.col_starts - self.col_begins[self.first]))
        np.subtract.at(of_blocks, end, own * (self.col_begins[self.last + 1] - spans.col_stops))
        return of_blocks

    def row_col_blocks(
        self, blocks: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and columns in the lattice of some blocks of the rectangle, int64 (n,) each."""
        row, col = np.divmod(blocks, len(self.col_begins) - 1)
        return row + self.first_row, self.lattice.col_blocks[self.col_begins[col]]

    def _col_of(self, col: np.int64) -> int:
        """Return the column of the rectangle in which a raster column lies."""
        return int(np.searchsorted(self.col_begins, col, side="right")) - 1
