"""The blocks of a country are what going through its tiles one by one gives."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.placing import Blocks, block_tree
from closedworld.kernels.placing.block_lattice import block_lattice
from closedworld.kernels.placing.block_pieces import BlockPieces
from closedworld.kernels.placing.block_tree import BlockTree, power
from closedworld.kernels.spans import RowSpans

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
def test_blocks_have_the_weights_and_areas_of_their_tiles(
    grid: Grid, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of weights begin and end amid runs and blocks; blocks without a weight are left out."""
    monkeypatch.setattr(block_tree, "_CHUNK_TILES", 30)
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


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_pieces_are_in_the_least_rectangle_of_blocks_round_the_country(grid: Grid) -> None:
    """Its blocks are numbered row by row, those without a tile among them."""
    spans, lattice, areas = spans_of(grid), block_lattice(grid), tile_areas_cm2(grid)
    pieces = BlockPieces.of(spans, lattice)
    tile_row, tile_col = (one.astype(np.int64) for one in grid.row_col(spans.tile_ids()))
    rows, cols = lattice.row_blocks[tile_row], lattice.col_blocks[tile_col]
    # Where tiles are wider than blocks, some columns of blocks have no tile on any grid.
    columns = np.unique(lattice.col_blocks)
    columns = columns[(columns >= cols.min()) & (columns <= cols.max())]
    deep = rows.max() - rows.min() + 1
    assert (pieces.first_row, pieces.n_rows) == (rows.min(), deep)
    expected = np.zeros((deep, len(columns)), np.int64)
    np.add.at(expected, (rows - rows.min(), np.searchsorted(columns, cols)), areas[tile_row])
    assert pieces.areas_cm2().tolist() == expected.ravel().tolist()
    row, col = pieces.row_col_blocks(np.arange(expected.size))
    assert row.tolist() == np.repeat(np.arange(rows.min(), rows.max() + 1), len(columns)).tolist()
    assert col.tolist() == np.tile(columns, deep).tolist()


def blocks_of(weights: list[int], country_weight: int = 0) -> Blocks:
    """Return blocks in a row, each of a square kilometre."""
    n = len(weights)
    own, country = np.array(weights, np.uint64), country_weight or sum(weights)
    number = np.arange(n)
    areas = np.full(n, 10**10)
    lattice = block_lattice(GRIDS["10 tiles to a block"])
    return Blocks(lattice, number, number, number, own, areas, country, n * 10**10)


@pytest.mark.parametrize("gamma8", [1, 4, 7, 9, 10, 13, 16])
def test_masses_grow_with_density_to_the_power_of_gamma_up_to_1024_times_that_of_the_country(
    gamma8: int,
) -> None:
    """Likewise down to a 1024th of it."""
    weights = [1, 5, 900, 1000, 1024, 1100, 4000, 10**6, 2**20, 10**7, 10**9]
    # The country has 4096 to a block on average.
    blocks = blocks_of(weights, len(weights) << 12)
    expected = [
        weight * min(max(weight / 4096, 1 / 1024), 1024) ** (gamma8 / 8 - 1) for weight in weights
    ]
    masses = blocks.masses(gamma8).astype(float)
    scale = masses.max() / max(expected)
    assert masses == pytest.approx(np.array(expected) * scale, rel=1e-9, abs=1.0)


@pytest.mark.parametrize("eighths", [-64, -9, -8, -1, 0, 1, 7, 8, 24, 64])
def test_powers_are_those_of_the_c_library(eighths: int) -> None:
    base = np.array([2.0**-10, 0.3, 1.0, 1.7, 2.0**10])
    assert power(base, eighths) == pytest.approx(base ** (eighths / 8), rel=1e-13)


def test_a_part_of_a_country_has_masses_of_its_own() -> None:
    """Those that a country keeps are none of a copy with another density."""
    blocks = blocks_of([1, 2000])
    before = blocks.masses(9).tolist()
    part = replace(blocks, country_weight=1000)
    assert part.masses(9).tolist() != before
    assert blocks.masses(9).tolist() == before


class Given:
    """Numbers of sites with spacing, as given."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = np.array(numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, which: NDArray[np.int64]) -> Given:
        return Given(self.numbers[which].tolist())

    def spaced(self) -> NDArray[np.float64]:
        return self.numbers

    def seeds(self, step: int) -> NDArray[np.uint64]:
        del step
        return np.zeros(len(self), np.uint64)


@pytest.mark.parametrize("total", [8, 2**40, 3 * 2**40, 10**12 - 8])
def test_a_site_with_spacing_finds_its_block_in_the_sum_of_masses(total: int) -> None:
    """At a bound, that which begins there; the largest number leads to the last block that has any mass."""
    masses = np.array([[1, 1, 2, 0, total - 4, 0], [0, total, 0, 0, 0, 0]], np.uint64)
    tree = BlockTree(np.arange(6), masses)
    numbers = [
        0.0,
        0.99 / total,
        2 / total,
        3.9 / total,
        4 / total,
        1 - 2.0**-53,
        0.0,
        1 - 2.0**-53,
    ]
    gamma = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    found = tree.find(gamma, np.ones(8, np.bool_), Given(numbers))  # type: ignore[arg-type]
    exact = [(number * total, place) for number, place in zip(numbers, found.tolist(), strict=True)]
    upto = [[0, 1, 2, 4, 4, total, total], [0, 0, total, total, total, total, total]]
    for (part, place), own in zip(exact, gamma, strict=True):
        assert upto[own][place] <= part < upto[own][place + 1]


def test_masses_of_equal_blocks_fill_62_bits() -> None:
    grid = GRIDS["10 tiles to a block"]
    spans = RowSpans.from_runs(grid, np.arange(10), np.zeros(10, np.int64), np.full(10, 10))
    blocks = Blocks.of(spans, [np.ones(100, np.uint32)])
    assert blocks.masses(8).tolist() == [100]
    assert 1 << 61 <= int(blocks.masses(9).sum()) < 1 << 62
