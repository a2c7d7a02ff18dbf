"""Tiles as runs: ranges of them, and the raster columns that they lie in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.spans.runs import covered


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """A range of a country's tiles, in tile_id order, still as runs.

    Attributes:
        grid: The lattice.
        rows: Raster row of each run, int64 (runs,), ascending.
        col_starts: First column of each run, int64 (runs,).
        lengths: Tiles of each run, int64 (runs,), > 0.
    """

    grid: Grid
    rows: NDArray[np.int64]
    col_starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def all_of(cls, spans: RowSpans) -> Tiles:
        """Return all tiles of a set."""
        return cls(spans.grid, spans.rows, spans.col_starts, spans.col_stops - spans.col_starts)

    @classmethod
    def ranked(cls, spans: RowSpans, first_rank: int, stop_rank: int) -> Tiles:
        """Return the tiles with ``first_rank <= rank < stop_rank``; a run may be cut at both ends.

        Raises:
            IndexError: When the range is empty or leaves 0..tile_count.
        """
        return cls.all_of(spans).between(first_rank, stop_rank)

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return int(self.lengths.sum())

    def between(self, first: int, stop: int) -> Tiles:
        """Return the tiles ``first <= offset < stop`` of this range.

        Raises:
            IndexError: When there are none, or fewer.
        """
        if not 0 <= first < stop <= self.tile_count:
            raise IndexError(f"tiles {first}..{stop} of {self.tile_count}")
        return self._cut(np.cumsum(self.lengths), first, stop)

    def batches(self, tiles: int) -> Iterator[tuple[int, Tiles]]:
        """Yield ``(offset, tiles)``: the range in batches of so many tiles, the last one of what is left."""
        ends = np.cumsum(self.lengths)
        count = self.tile_count
        for first in range(0, count, tiles):
            yield first, self._cut(ends, first, min(first + tiles, count))

    def _cut(self, ends: NDArray[np.int64], first: int, stop: int) -> Tiles:
        """Return the tiles between two offsets, given the offset after each run."""
        runs = slice(
            int(np.searchsorted(ends, first, side="right")),
            int(np.searchsorted(ends, stop, side="left")) + 1,
        )
        begins, lengths = ends[runs] - self.lengths[runs], self.lengths[runs].copy()
        skipped = first - int(begins[0])
        lengths[-1] -= ends[runs][-1] - stop
        lengths[0] -= skipped
        col_starts = self.col_starts[runs].copy()
        col_starts[0] += skipped
        return Tiles(self.grid, self.rows[runs], col_starts, lengths)

    def tile_ids(self) -> NDArray[np.uint64]:
        """Return ``row * n_cols + col``, ascending, uint64 (tile_count,)."""
        return self.counted(self.rows * self.grid.n_cols + self.col_starts).view(np.uint64)

    def counted(self, run_first: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return values that start at ``run_first`` in each run and go up by one per tile, int64."""
        return counted(run_first, self.lengths)


def held_columns(
    col_starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the raster columns that hold a tile, and where each run begins among them.

    Args:
        col_starts: First column of each run, int64 (runs,).
        lengths: Tiles of each run, int64 (runs,), > 0.

    Returns:
        Columns, ascending, int64 (columns,); indices into them, int64 (runs,).
    """
    starts, stops = covered(col_starts, col_starts + lengths)
    before = np.cumsum(stops - starts) - (stops - starts)
    cols = counted(starts, stops - starts)
    stretch = np.searchsorted(starts, col_starts, side="right") - 1
    return cols, col_starts - starts[stretch] + before[stretch]
