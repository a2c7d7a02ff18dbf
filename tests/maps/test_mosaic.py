"""Weights over blocks of tiles and in pixels, against plain sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.framing import globe_view
from closedworld.maps.mosaic import Mosaic
from closedworld.maps.views import LocalView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from closedworld.maps.views import View

BoxMaker = Callable[..., RowSpans]


def random_sets(grid: Grid, seed: int) -> list[RowSpans]:
    """Return two sets, each about a third of the tiles of a grid."""
    chance = np.random.default_rng(seed).random((grid.n_rows, grid.n_cols))
    found = []
    for low in (0.0, 0.3):
        rows, cols = np.nonzero((chance >= low) & (chance < low + 0.35))
        found.append(RowSpans.from_runs(grid, rows, cols, cols + 1))
    return found


def random_weights(sets: Sequence[RowSpans], seed: int) -> NDArray[np.uint64]:
    n = sum(one.tile_count for one in sets)
    return np.random.default_rng(seed).integers(0, 10**15, n, dtype=np.uint64)


def batches(weights: NDArray[np.uint64], size: int) -> list[NDArray[np.uint64]]:
    return [weights[i : i + size] for i in range(0, len(weights), size)]


@pytest.mark.parametrize("block", [1, 3, 7])
@pytest.mark.parametrize("size", [1, 13, 10**6])
def test_blocks_have_the_sums_of_their_tiles(block: int, size: int) -> None:
    """However the weights are batched, and on grids that blocks do not divide evenly."""
    grid = Grid(-180.0, 90.0, 9.0, 9.0, 40, 20)
    sets = random_sets(grid, seed=block)
    weights = random_weights(sets, seed=1)
    mosaic = Mosaic.of(sets, batches(weights, size), globe_view(100), block)
    expected = np.zeros((-(-20 // block), -(-40 // block)))
    rows, cols = grid.row_col(np.concatenate([one.tile_ids() for one in sets]))
    np.add.at(expected, (rows // block, cols // block), weights.astype(float))
    np.testing.assert_allclose(mosaic.sums, expected, rtol=1e-12)


@pytest.mark.parametrize(("west", "n_cols"), [(-180.0, 360), (0.0, 360), (-33.3, 360)])
@pytest.mark.parametrize("block", [1, 4])
def test_no_weight_is_lost_on_the_globe(west: float, n_cols: int, block: int) -> None:
    """Wherever the grid begins, all weight is in the picture."""
    grid = Grid(west, 90.0, 1.0, 1.0, n_cols, 180)
    sets = random_sets(grid, seed=n_cols)
    weights = random_weights(sets, seed=2)
    picture = Mosaic.of(sets, [weights], globe_view(300), block).through(globe_view(300))
    assert picture.sum() == pytest.approx(float(weights.astype(float).sum()), rel=1e-9)
    assert (picture >= 0).all()


@pytest.mark.parametrize("view", [globe_view(160), LocalView(178.0, 30.0, 120, 70, 1.7)])
@pytest.mark.parametrize("west", [-180.0, 0.0, -33.3])
def test_a_tile_s_weight_lies_where_the_tile_does(view: View, west: float) -> None:
    """One heavy tile: its weight is within two pixels of its middle, seen across the seam, too."""
    grid = Grid(west, 90.0, 2.0, 2.0, 180, 90)
    for lon, lat in ((179.0, 31.0), (-179.0, 21.0), (170.0, 35.0)):
        row = int((90 - lat) // 2)
        col = int(np.mod(lon - west, 360) // 2)
        one = RowSpans.from_runs(grid, np.array([row]), np.array([col]), np.array([col + 1]))
        picture = Mosaic.of([one], [np.array([7], np.uint64)], view, 1).through(view)
        middle_lat = grid.lat_centers()[row : row + 1]
        y = view.y_of(middle_lat)[0]
        east = np.mod(grid.lon_centers()[col] - view.lon_center + 180, 360) - 180
        x = view.width / 2 + east * view.px_per_degree(middle_lat)[0]
        if not (8 < x < view.width - 8 and 8 < y < view.height - 8):
            continue
        assert picture.sum() == pytest.approx(7)
        ys, xs = np.nonzero(picture)
        assert np.average(ys + 0.5, weights=picture[ys, xs]) == pytest.approx(y, abs=0.3)
        assert np.average(xs + 0.5, weights=picture[ys, xs]) == pytest.approx(x, abs=0.3)


def test_a_fine_grid_seen_in_a_small_window_needs_little_memory(box_tiles: BoxMaker) -> None:
    """A grid of 839 billion cells: only the blocks of the view are held."""
    grid = Grid.from_resolution("1s")
    island = box_tiles(14.2, 35.8, 14.6, 36.1, grid)
    view = LocalView(14.4, 35.95, 400, 300, 1000.0)
    weights = np.ones(island.tile_count, np.uint64)
    mosaic = Mosaic.of([island], [weights], view, 2)
    assert mosaic.sums.size < 10**6
    assert mosaic.through(view).sum() == pytest.approx(island.tile_count, rel=1e-9)


@pytest.mark.parametrize("n", [3, 5])
def test_weights_must_be_as_many_as_tiles(n: int, degree_grid: Grid) -> None:
    spans = RowSpans.from_runs(degree_grid, np.array([5]), np.array([0]), np.array([4]))
    with pytest.raises(ValueError, match="weights"):
        Mosaic.of([spans], [np.ones(n, np.uint64)], globe_view(100), 1)
