"""From runs to columns: every column of a tile is a gather from a short table of its row or column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from closedworld.grid import Grid, RowAreas
    from closedworld.spans import RowSpans


@dataclass(frozen=True, slots=True, eq=False)
class GridTables:
    """What the columns of some tiles are gathered from: the rows and columns between their outermost.

    Attributes:
        first_row: The northernmost row.
        first_col: The westernmost column.
        lon_centers: Centre of each column, degrees, float64 (cols,).
        lat_centers: Centre of each row, degrees, float64 (rows,).
        lon_edges: West edge of each column and the last east edge, float64 (cols + 1,).
        lat_edges: North edge of each row and the last south edge, float64 (rows + 1,).
        areas_m2: Area of a tile of each row, square metres, float64 (rows,).
    """

    first_row: int
    first_col: int
    lon_centers: NDArray[np.float64]
    lat_centers: NDArray[np.float64]
    lon_edges: NDArray[np.float64]
    lat_edges: NDArray[np.float64]
    areas_m2: NDArray[np.float64]

    @classmethod
    def of(cls, tiles: Tiles, areas: RowAreas) -> GridTables:
        """Return the tables for a range of tiles, given the areas of their rows."""
        grid = tiles.grid
        first_row, stop_row = int(tiles.rows[0]), int(tiles.rows[-1]) + 1
        first_col = int(tiles.col_starts.min())
        stop_col = int((tiles.col_starts + tiles.lengths).max())
        rows, cols = np.arange(first_row, stop_row + 1), np.arange(first_col, stop_col + 1)
        return cls(
            first_row,
            first_col,
            grid.lon_center(cols[:-1]),
            grid.lat_center(rows[:-1]),
            grid.lon_edge(cols),
            grid.lat_edge(rows),
            areas.slice(first_row, stop_row).m2,
        )


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
        """Return the tiles from one place to another in this range, ``first`` included, counted from 0.

        Raises:
            IndexError: When there are none, or fewer.
        """
        if not 0 <= first < stop <= self.tile_count:
            raise IndexError(f"tiles {first}..{stop} of {self.tile_count}")
        return self._cut(np.cumsum(self.lengths), first, stop)

    def pieces(self, tiles: int) -> Iterator[tuple[int, Tiles]]:
        """Yield ``(place, piece)``: so many tiles at a time, the last ones maybe fewer, and their place."""
        ends = np.cumsum(self.lengths)
        count = self.tile_count
        for first in range(0, count, tiles):
            yield first, self._cut(ends, first, min(first + tiles, count))

    def _cut(self, ends: NDArray[np.int64], first: int, stop: int) -> Tiles:
        """Return the tiles between two places, given the place after each run."""
        runs = slice(
            int(np.searchsorted(ends, first, side="right")),
            int(np.searchsorted(ends, stop, side="left")) + 1,
        )
        begins, lengths = ends[runs] - self.lengths[runs], self.lengths[runs].copy()
        skipped = max(0, first - int(begins[0]))
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
        before = np.cumsum(self.lengths) - self.lengths
        values = np.repeat(run_first - before, self.lengths)
        values += np.arange(len(values))
        return values


def constant_column(value: str, length: int) -> pa.DictionaryArray:
    """Return a text repeated ``length`` times as a dictionary array."""
    zeros = pa.array(np.zeros(length, np.int8))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value]), safe=False)
