"""Sets of tiles on a part of a very fine grid, so that pictures need no table of all its rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_LINES = 1 << 21
"""Rows or columns of which pictures make tables: those of the globe down to 0.6 arc-seconds."""


def cropped(spans: Mapping[str, RowSpans]) -> Mapping[str, RowSpans]:
    """Return sets of tiles on the smallest window of their grid that holds them, if the grid is very fine.

    Edges of the window's cells may differ from the grid's in the last digit, which no picture shows.
    """
    held = [own for own in spans.values() if own.n_runs]
    if not held or max(held[0].grid.n_rows, held[0].grid.n_cols) <= MOST_LINES:
        return spans
    grid = held[0].grid
    row, row_stop = (
        min(int(own.rows[0]) for own in held),
        max(int(own.rows[-1]) for own in held) + 1,
    )
    col = min(int(own.col_starts.min()) for own in held)
    col_stop = max(int(own.col_stops.max()) for own in held)
    window = Grid(
        grid.west + col * grid.cell_width,
        grid.north - row * grid.cell_height,
        grid.cell_width,
        grid.cell_height,
        col_stop - col,
        row_stop - row,
    )
    return {
        iso: RowSpans(window, own.rows - row, own.col_starts - col, own.col_stops - col)
        for iso, own in spans.items()
    }
