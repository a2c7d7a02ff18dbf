"""The blocks of a country are what going through its tiles one by one gives."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.placing import Blocks
from closedworld.kernels.placing.block_lattice import block_lattice
from closedworld.kernels.spans import RowSpans

GRIDS = {
    "10 tiles to a block": Grid(7.0, 50.0, 1 / 120, 1 / 120, 70, 90),
    "blocks of 2 and 3 columns": Grid(-3.01, 10.0, 0.035, 0.02, 40, 60),
    "tiles of several blocks": Grid(170.0, 2.0, 0.25, 0.5, 9, 13),
    "a row of one block": Grid(0.0, 0.05, 0.01, 0.01, 1, 8),
}


def spans_of(grid: Grid) -> RowSpans:
    """Return a third of the rows' tiles in runs of all lengths, whole rows and gaps among them."""
    rng = np.random.default_rng(2)
    held = rng.random((grid.n_rows, grid.n_cols)) < rng.choice([0.1, 0.9, 1.0], (grid.n_rows, 1))
    held[0, 0] = True
    rows, cols = np.nonzero(held)
    return RowSpans.from_runs(grid, rows, cols, cols + 1)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("batch", [5, 41, 100_000])
def test_blocks_have_the_weights_and_areas_of_their_tiles(grid: Grid, batch: int) -> None:
    """Batches of weights begin and end amid runs and blocks; blocks without a weight are left out."""
    spans, lattice, areas = spans_of(grid), block_lattice(grid), tile_areas_cm2(grid)
    weights = np.random.default_rng(3).integers(-20, 20, len(spans)).clip(0).astype(np.uint64)
    weights[0] = 1 << 40
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for tile, weight in zip(spans.tile_ids().tolist(), weights.tolist(), strict=True):
        row, col = divmod(tile, grid.n_cols)
        block = found[int(lattice.row_blocks[row]), int(lattice.col_blocks[col])]
        block[0], block[1] = block[0] + weight, block[1] + int(areas[row])
    cuts = [*range(0, len(spans), batch), len(spans)]
    parts = [weights[a:b] for a, b in itertools.pairwise(cuts)]
    blocks = Blocks.of(spans, [*parts[:2], np.empty(0, np.uint64), *parts[2:]])
    columns = blocks.row_blocks, blocks.col_blocks, blocks.weights, blocks.areas_cm2
    rows = zip(*(side.tolist() for side in columns), strict=True)
    assert {(row, col): [weight, area] for row, col, weight, area in rows} == {
        block: sums for block, sums in found.items() if sums[0]
    }
    assert (np.diff(blocks.ids) > 0).all()
    assert blocks.country_weight == sum(weight for weight, _ in found.values())
    assert blocks.country_area_cm2 == sum(area for _, area in found.values())


def test_masses_of_equal_blocks_fill_62_bits() -> None:
    grid = GRIDS["10 tiles to a block"]
    spans = RowSpans.from_runs(grid, np.arange(10), np.zeros(10, np.int64), np.full(10, 10))
    blocks = Blocks.of(spans, [np.ones(100, np.uint32)])
    assert blocks.masses(8).tolist() == [100]
    assert 1 << 61 <= int(blocks.masses(9).sum()) < 1 << 62
