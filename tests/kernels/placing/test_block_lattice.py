"""The lattice of blocks is what a look at each row and column by itself gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing.block_lattice import BLOCK_COLS, block_lattice

GRIDS = {
    "a tile to a block": Grid.from_resolution("5m"),
    "10 tiles to a block": Grid(7.0, 50.0, 1 / 120, 1 / 120, 71, 91),
    "blocks of 2 and 3 columns": Grid(-3.01, 10.0, 0.035, 0.02, 40, 60),
    "the last row and column in a block of their own": Grid(2.0, 3.0, 1 / 24, 1 / 24, 7, 7),
    "tiles of several blocks": Grid(170.0, 2.0, 0.25, 0.5, 9, 13),
    "wide tiles": Grid(-190.0, 10.0, 0.5, 1 / 60, 5, 30),
    "tall tiles": Grid(400.0, 10.0, 1 / 60, 0.5, 30, 5),
    "a row of one block": Grid(0.0, 0.05, 0.01, 0.01, 1, 8),
}


def plain_levels(grid: Grid) -> int:
    """Return how many halvings of 5 arc-minutes, one at least, give half of the smaller side or less."""
    half = min(grid.cell_width, grid.cell_height) / 2
    return next(levels for levels in range(1, 40) if 1 / 12 / 2**levels <= half * (1 + 1e-12))


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_rows_and_columns_lie_in_the_blocks_and_parts_of_their_centres(grid: Grid) -> None:
    lattice = block_lattice(grid)
    assert lattice.levels == plain_levels(grid)
    size = 2**lattice.levels
    rows = [math.floor((90.0 - lat) * 12 * size) for lat in grid.lat_centers().tolist()]
    cols = [math.floor((lon + 180.0) * 12 * size) for lon in grid.lon_centers().tolist()]
    first = cols[0] // size
    cols = [col - first * size for col in cols]
    assert lattice.first_col_block == first
    assert lattice.row_blocks.tolist() == [row // size for row in rows]
    assert lattice.col_blocks.tolist() == [col // size for col in cols]
    for parts, starts in ((rows, lattice.row_starts), (cols, lattice.col_starts)):
        # Each tile has a part of its own, up to the end of the last block.
        assert len(set(parts)) == len(parts)
        assert len(starts) == (parts[-1] // size + 1) * size + 1
        chosen = [0, parts[0], parts[0] + 1, parts[-1], parts[-1] + 1, len(starts) - 1]
        for part in {*chosen, *range(max(0, parts[-1] - 3 * size), len(starts))}:
            assert starts[part] == sum(one < part for one in parts)
    begins = [
        col for col in range(grid.n_cols) if not col or cols[col] // size > cols[col - 1] // size
    ]
    assert lattice.col_begins.tolist() == [*begins, grid.n_cols]


def interleaved(row: int, col: int) -> int:
    """Return the bits of row and column in turn, row first."""
    return int("".join(a + b for a, b in zip(f"{row:016b}", f"{col:016b}", strict=True)), 2)


def test_the_number_of_a_block_has_the_bits_of_its_row_and_column_in_turn() -> None:
    lattice = block_lattice(Grid.from_resolution("5m"))
    powers = 2 ** np.arange(12)
    row, col = (one.ravel() for one in np.meshgrid([0, *powers, 2159], [0, *powers, 4319]))
    expected = [interleaved(*one) for one in zip(row.tolist(), col.tolist(), strict=True)]
    assert lattice.block_ids(row, col).tolist() == expected


@pytest.mark.parametrize("turn", [-360, 0, 360])
def test_columns_of_blocks_are_counted_from_180_degrees_west_and_beyond_a_turn_anew(
    turn: int,
) -> None:
    """This grid begins and ends in the middle of a block, 7 of the 12 to a degree east of 10 degrees."""
    west = 10 + 7.5 / 12
    lattice = block_lattice(Grid(west + turn, 1.0, 1 / 24, 1.0, 360 * 24, 1))
    first = 190 * 12 + 7
    assert lattice.col_blocks[[0, 1, -2, -1]].tolist() == [0, 1, BLOCK_COLS - 1, BLOCK_COLS]
    col = np.array([0, 1, BLOCK_COLS - first - 1, BLOCK_COLS - first, BLOCK_COLS - 1, BLOCK_COLS])
    expected = [first, first + 1, BLOCK_COLS - 1, 0, first - 1, first + BLOCK_COLS]
    ids = lattice.block_ids(np.zeros(6, np.int64), col)
    assert ids.tolist() == [interleaved(0, one) for one in expected]
