"""The grid of a picture: one for all sets of tiles, and no larger than their tables may be."""

from __future__ import annotations

from collections.abc import Sequence

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans

MAX_LINES = 1 << 21
"""Rows or columns of which pictures make tables: those of the globe down to 0.6 arc-seconds."""


def cropped(sets: Sequence[RowSpans]) -> Sequence[RowSpans]:
    """Return sets of tiles, on the smallest window of their grid that holds them if the grid is very fine.

    Edges of the window's cells may differ from the grid's in the last digit, which no picture shows.

    Raises:
        ConfigError: ``grids-differ``.
    """
    for one in sets:
        if one.grid != sets[0].grid:
            raise ConfigError(
                "grids-differ",
                f"sets of tiles lie on two grids: {sets[0].grid}; and {one.grid}.",
                "Build all on one grid.",
            )
    held = [one for one in sets if one.n_runs]
    if not held or max(held[0].grid.n_rows, held[0].grid.n_cols) <= MAX_LINES:
        return sets
    grid = held[0].grid
    row = min(int(one.rows[0]) for one in held)
    row_stop = max(int(one.rows[-1]) for one in held) + 1
    col = min(int(one.col_starts.min()) for one in held)
    col_stop = max(int(one.col_stops.max()) for one in held)
    window = Grid(
        grid.west + col * grid.cell_width,
        grid.north - row * grid.cell_height,
        grid.cell_width,
        grid.cell_height,
        col_stop - col,
        row_stop - row,
    )
    return [
        RowSpans(window, one.rows - row, one.col_starts - col, one.col_stops - col) for one in sets
    ]
