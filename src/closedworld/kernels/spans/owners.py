"""Which of several sets of tiles own a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.lattice import NO_CELL
from closedworld.kernels.spans.regions import joined_runs
from closedworld.kernels.spans.rowspans import RowSpans
from closedworld.kernels.spans.runs import RowMajorIndex

NO_OWNER = -1


@dataclass(frozen=True, slots=True, eq=False)
class TileOwners:
    """The runs of all sets, cut where the owners change.

    Attributes:
        grid: The lattice.
        starts: Row-major position of the first tile of each piece, int64 (n,), ascending.
        stops: Position after its last tile, int64 (n,); pieces are disjoint.
        first: The first set that owns the piece, in the order of the sets, int32 (n,).
        counts: How many sets own it, int32 (n,), >= 1.
    """

    grid: Grid
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    first: NDArray[np.int32]
    counts: NDArray[np.int32]

    @classmethod
    def of(cls, sets: Sequence[RowSpans], grid: Grid) -> TileOwners:
        """Return the owners of the tiles of some sets on one grid."""
        owner = np.repeat(np.arange(len(sets), dtype=np.int32), [one.n_runs for one in sets])
        starts, stops = RowMajorIndex.of(grid).runs(0, *joined_runs(sets))
        cuts = np.unique(np.concatenate([starts, stops]))
        begin, end = np.searchsorted(cuts, starts), np.searchsorted(cuts, stops)
        pieces = end - begin
        piece = counted(begin, pieces)
        first = np.full(len(cuts), len(sets), np.int32)
        # Assigned from the last set to the first, so that the first stays.
        first[piece[::-1]] = np.repeat(owner, pieces)[::-1]
        counts = np.bincount(piece, minlength=len(cuts)).astype(np.int32)
        owned = np.flatnonzero(counts)
        return cls(grid, cuts[owned], cuts[owned + 1], first[owned], counts[owned])

    def at(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the first owner of cells and the number of owners.

        Args:
            rows: Rows, int64 (n,); -1 for no cell.
            cols: Columns, int64 (n,).

        Returns:
            ``(first, counts)``, int32 (n,) each: -1 and 0 for cells that nobody owns.
        """
        position = RowMajorIndex.of(self.grid).encode(0, rows, cols)
        # Ascending positions are looked up several times faster than scattered ones.
        order = np.argsort(position)
        piece = np.empty(len(position), np.int64)
        piece[order] = np.searchsorted(self.starts, position[order], side="right") - 1
        owned = (piece >= 0) & (rows != NO_CELL)
        owned[owned] = position[owned] < self.stops[piece[owned]]
        first = np.full(len(rows), NO_OWNER, np.int32)
        counts = np.zeros(len(rows), np.int32)
        first[owned], counts[owned] = self.first[piece[owned]], self.counts[piece[owned]]
        return first, counts
