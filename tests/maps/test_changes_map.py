"""The map of changed tiles: every change is visible, in its colour and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.changes_map import CHANGE_COLOURS, draw_changes_map

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def one_tile(grid: Grid, row: int, col: int) -> RowSpans:
    return RowSpans.from_runs(grid, np.array([row]), np.array([col]), np.array([col + 1]))


def drawn(
    path: Path, land: RowSpans, changed: dict[str, RowSpans], width: int
) -> NDArray[np.uint8]:
    every = dict.fromkeys(CHANGE_COLOURS, RowSpans.empty(land.grid)) | changed
    draw_changes_map([land], every, path, title="Changes", width=width)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def near(picture: NDArray[np.uint8], name: str) -> NDArray[np.intp]:
    """Return the pixels of the map, not the legend, in nearly a colour of change: (n, 2) of y and x."""
    wanted = np.array(CHANGE_COLOURS[name])
    found = np.abs(picture.astype(int) - wanted).max(axis=2) < 24
    found[int(len(picture) * 0.93) :] = False
    return np.argwhere(found)


def test_single_tiles_far_apart_are_marked_on_the_globe(tmp_path: Path) -> None:
    """Tiles of 30 arc-seconds, a thousandth of a pixel each, west and east of the middle."""
    grid = Grid.from_resolution("30s")
    land = RowSpans.from_runs(
        grid, np.arange(4000, 9000), np.full(5000, 10_000), np.full(5000, 30_000)
    )
    changed = {"gained": one_tile(grid, 6000, 12_000), "lost": one_tile(grid, 6000, 30_000)}
    picture = drawn(tmp_path / "map.png", land, changed, 1200)
    gained, lost = near(picture, "gained"), near(picture, "lost")
    assert len(gained) > 4
    assert len(lost) > 4
    assert gained[:, 1].max() < 600 < lost[:, 1].min()
    assert np.ptp(gained[:, 1]) < 12
    assert not len(near(picture, "passed on"))


def test_in_a_window_tiles_have_their_own_shape(tmp_path: Path) -> None:
    """Three kinds side by side, from west to east, each a block of its own."""
    grid = Grid.from_resolution("1deg")
    land = RowSpans.from_runs(grid, np.arange(80, 90), np.full(10, 185), np.full(10, 195))
    names = ("gained", "lost", "passed on")
    changed = {name: one_tile(grid, 85, 187 + 2 * i) for i, name in enumerate(names)}
    picture = drawn(tmp_path / "map.png", land, changed, 1200)
    boxes = [near(picture, name) for name in names]
    ends = [(box[:, 1].min(), box[:, 1].max()) for box in boxes]
    assert ends[0][1] < ends[1][0] < ends[1][1] < ends[2][0]
    for box in boxes:
        assert len(box) > 0.9 * np.prod(np.ptp(box, axis=0) + 1)


def test_the_same_changes_give_the_same_bytes(tmp_path: Path) -> None:
    grid = Grid.from_resolution("1deg")
    tile = one_tile(grid, 85, 187)
    for name in ("a.png", "b.png"):
        drawn(tmp_path / name, tile, {"gained": tile}, 600)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
