"""Gained, lost and shared tiles of small pictures."""

from __future__ import annotations

import numpy as np

from closedworld.kernels.comparing import tile_changes
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.testing import picture_of

GRID = Grid(0.0, 2.0, 1.0, 1.0, 6, 2)


def tiles(picture: str) -> RowSpans:
    """Return the tiles drawn as ``#``, a row to a word."""
    cells = np.array([list(row) for row in picture.split()]) == "#"
    rows, cols = (side.astype(np.int64) for side in np.nonzero(cells))
    return RowSpans.from_runs(GRID, rows, cols, cols + 1)


def test_a_border_that_moves() -> None:
    """One country's loss is the other's gain; the tile that both have now is an overlap of both."""
    before = {"DE": tiles("###... ###..."), "FR": tiles("...### ...###")}
    after = {"DE": tiles("##.... ####.."), "FR": tiles("..#### ...###")}
    changes = tile_changes(before, after, GRID)
    found = {
        iso: [
            picture_of(one)
            for one in (own.gained, own.lost, own.overlaps_gained, own.overlaps_lost)
        ]
        for iso, own in changes.items()
    }
    none = "...... ......"
    assert found == {
        "DE": ["...... ...#..", "..#... ......", "...... ...#..", none],
        "FR": ["..#... ......", none, "...... ...#..", none],
    }


def test_a_country_that_comes_and_one_that_goes() -> None:
    before, after = {"DE": tiles("##.... ......")}, {"FR": tiles("##.... ......")}
    changes = tile_changes(before, after, GRID)
    assert list(changes) == ["DE", "FR"]
    assert changes["DE"].lost == before["DE"]
    assert changes["FR"].gained == after["FR"]
    assert not changes["FR"].lost.n_runs


def test_an_overlap_ends_when_the_other_country_leaves() -> None:
    """The country's own tiles are what they were."""
    before = {"DE": tiles("##.... ......"), "FR": tiles(".#.... ......")}
    changes = tile_changes(before, {"DE": before["DE"]}, GRID)
    assert picture_of(changes["DE"].overlaps_lost) == ".#.... ......"
    assert not changes["DE"].gained.n_runs
    assert not changes["DE"].lost.n_runs
