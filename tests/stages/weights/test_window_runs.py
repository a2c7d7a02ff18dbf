"""Tiles of a country in a window, against one tile after another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from closedworld.stages.weights.bands import CountryRuns, WindowRuns

ROWS, COLS = 6, 30


def runs_of(seed: int) -> tuple[WindowRuns, np.ndarray[Any, Any], int, int]:
    """Return the tiles of random cells in some columns, the cells, and these columns."""
    rng = np.random.default_rng(seed)
    cells = rng.random((ROWS, COLS)) < rng.choice([0.2, 0.6, 0.95])
    first, stop = sorted(rng.choice(COLS + 1, 2, replace=False).tolist())
    edges = np.diff(cells.astype(np.int8), axis=1, prepend=0, append=0)
    rows, starts = np.nonzero(edges == 1)
    _, stops = np.nonzero(edges == -1)
    tiles: Any = type("Tiles", (), {"rows": rows, "col_starts": starts, "lengths": stops - starts})
    country = CountryRuns("AA", 0, tiles, None)
    return WindowRuns.between_cols(country, first, stop), cells, first, stop


@pytest.mark.parametrize("seed", range(12))
def test_tiles_are_those_of_the_columns_in_order(seed: int) -> None:
    runs, cells, first, stop = runs_of(seed)
    rows, cols = np.nonzero(cells[:, first:stop])
    assert runs.tile_count == len(rows)
    assert (runs.lengths > 0).all()
    expected = list(zip(rows.tolist(), (cols + first).tolist(), strict=True))
    assert [runs.cell_of(tile) for tile in range(runs.tile_count)] == expected
    block = np.arange(ROWS * (stop - first)).reshape(ROWS, stop - first)
    if expected:
        assert runs.gather(block, 0, first).tolist() == block[rows, cols].tolist()
        top = int(rows.min())
        assert runs.gather(block[top:], top, first).tolist() == block[rows, cols].tolist()


@pytest.mark.parametrize("seed", range(12))
def test_stretches_stand_together_in_the_country_as_long_as_can_be(seed: int) -> None:
    runs, cells, first, stop = runs_of(seed)
    inside = np.zeros_like(cells)
    inside[:, first:stop] = True
    ranks = np.flatnonzero(inside[cells]).tolist()
    found = list(runs.stretches()) if runs.tile_count else []
    assert [rank for a, b, offset in found for rank in range(offset, offset + b - a)] == ranks
    assert [at for a, b, _ in found for at in range(a, b)] == list(range(len(ranks)))
    for (a, b, offset), (_, _, after) in itertools.pairwise(found):
        assert offset + b - a < after


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("tiles", [1, 2, 7, 1000])
def test_batches_are_about_as_large_as_they_are_asked_for(seed: int, tiles: int) -> None:
    runs, *_ = runs_of(seed)
    if not runs.tile_count:
        return
    batches = list(runs.batches(tiles))
    for name in ("rows", "cols", "lengths", "offsets"):
        parts = [getattr(one, name) for one in batches]
        assert np.concatenate(parts).tolist() == getattr(runs, name).tolist()
    sizes = [one.tile_count for one in batches]
    assert min(sizes) > 0
    assert max(sizes) < tiles + runs.lengths.max()
    assert len(sizes) <= -(-runs.tile_count // tiles)
