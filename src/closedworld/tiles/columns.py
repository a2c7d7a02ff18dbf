"""From runs to columns: every column of a tile is a gather from a short table of its row or column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from closedworld.grid import Grid, tile_areas_m2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from closedworld.spans import RowSpans


@dataclass(frozen=True, slots=True, eq=False)
class GridTables:
    """What the columns are gathered from.

    Attributes:
        lon_centers: Centre of each column, degrees, float64 (n_cols,).
        lat_centers: Centre of each row, degrees, float64 (n_rows,).
        lon_edges: West edge of each column and the last east edge, float64 (n_cols + 1,).
        lat_edges: North edge of each row and the last south edge, float64 (n_rows + 1,).
        areas_m2: Area of a tile of each row, square metres, float64 (n_rows,).
    """

    lon_centers: NDArray[np.float64]
    lat_centers: NDArray[np.float64]
    lon_edges: NDArray[np.float64]
    lat_edges: NDArray[np.float64]
    areas_m2: NDArray[np.float64]


@lru_cache(maxsize=2)
def grid_tables(grid: Grid) -> GridTables:
    """Return the tables of a grid, kept for the next unit of the same run."""
    return GridTables(
        grid.lon_centers(),
        grid.lat_centers(),
        grid.lon_edges(),
        grid.lat_edges(),
        tile_areas_m2(grid),
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
    def ranked(cls, spans: RowSpans, first_rank: int, stop_rank: int) -> Tiles:
        """Return the tiles with ``first_rank <= rank < stop_rank``; a run may be cut at both ends.

        Raises:
            IndexError: When the range is empty or leaves 0..tile_count.
        """
        if not 0 <= first_rank < stop_rank <= spans.tile_count:
            raise IndexError(f"ranks {first_rank}..{stop_rank} of {spans.tile_count} tiles")
        first_ranks = spans.first_ranks
        first = int(np.searchsorted(first_ranks, first_rank, side="right")) - 1
        last = int(np.searchsorted(first_ranks, stop_rank, side="left"))
        begins = np.maximum(first_ranks[first:last], first_rank)
        ends = np.append(first_ranks[first + 1 : last], stop_rank)
        skipped = begins - first_ranks[first:last]
        return cls(
            spans.grid,
            spans.rows[first:last],
            spans.col_starts[first:last] + skipped,
            ends - begins,
        )

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return int(self.lengths.sum())

    def tile_ids(self) -> NDArray[np.uint64]:
        """Return ``row * n_cols + col``, ascending, uint64 (tile_count,)."""
        return self._counted(self.rows * self.grid.n_cols + self.col_starts).view(np.uint64)

    def row_numbers(self) -> NDArray[np.uint32]:
        """Return the raster row of each tile, uint32 (tile_count,)."""
        return np.repeat(self.rows.astype(np.uint32), self.lengths)

    def col_numbers(self) -> NDArray[np.int64]:
        """Return the raster column of each tile, int64 (tile_count,)."""
        return self._counted(self.col_starts)

    def by_row(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a value of each tile's row, float64 (tile_count,), from one per raster row."""
        return np.repeat(table[self.rows], self.lengths)

    def constant(self, value: str) -> pa.DictionaryArray:
        """Return one text for each tile as a dictionary array (tile_count,)."""
        return constant_column(value, self.tile_count)

    def _counted(self, run_first: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return values that start at ``run_first`` in each run and go up by one per tile."""
        before = np.cumsum(self.lengths) - self.lengths
        values = np.arange(self.tile_count)
        values += np.repeat(run_first - before, self.lengths)
        return values


def ranked_batches(
    spans: RowSpans, first_rank: int, stop_rank: int, batch_tiles: int
) -> Iterator[Tiles]:
    """Yield the tiles of a range of ranks, ``batch_tiles`` at a time, the last batch maybe fewer."""
    for first in range(first_rank, stop_rank, batch_tiles):
        yield Tiles.ranked(spans, first, min(first + batch_tiles, stop_rank))


def constant_column(value: str, length: int) -> pa.DictionaryArray:
    """Return a text repeated ``length`` times as a dictionary array."""
    zeros = pa.array(np.zeros(length, np.int8))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value]))
