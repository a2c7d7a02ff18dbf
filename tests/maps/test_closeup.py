"""The close-up: single tiles, the two rules and the border."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import shapely
from PIL import Image

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.maps import (
    Window,
    changes_map,
    closeup,
    draw_closeup,
    weights_map,
    world_map,
)
from closedworld.maps.canvas import SEA, Ramp
from closedworld.maps.map_builder import SHEET_RAMPS
from closedworld.maps.window import tiles_in

if TYPE_CHECKING:
    from pathlib import Path

Colour = tuple[int, int, int]
GRID = Grid.from_resolution("1deg")
WIDTH = 800
MARGIN = 24
TOP = 24  # no heading at this width
# Columns 0..3 have their centre in, column 4 and the rows above and below only an overlap.
BLOCK = shapely.box(0.2, -0.3, 4.4, 3.3)
WINDOW = Window(-2.0, -2.0, 6.0, 6.0)


def draw(polygon: shapely.Polygon, window: Window, path: Path, grid: Grid = GRID) -> Image.Image:
    center, overlap = (RowSpans.from_polygon(polygon, grid, rule) for rule in Rule)
    draw_closeup(center, overlap, polygon, window, path, width=WIDTH)
    with Image.open(path) as image:
        assert image.mode == "P"
        return image.convert("RGB")


def pixel(image: Image.Image, lon: float, lat: float, window: Window = WINDOW) -> Colour:
    """Return the colour at a point of a window."""
    x = MARGIN + (lon - window.west) / (window.east - window.west) * (WIDTH - 2 * MARGIN)
    scale = (WIDTH - 2 * MARGIN) / (window.east - window.west)
    scale /= np.cos(np.radians((window.north + window.south) / 2))
    return cast("Colour", image.getpixel((int(x), int(TOP + (window.north - lat) * scale))))


def test_filled_tiles_are_center_outlined_ones_any_overlap(tmp_path: Path) -> None:
    """Truth by hand: a point beside the middle of a tile of each kind."""
    image = draw(BLOCK, WINDOW, tmp_path / "c.png")
    for lon in (0.7, 1.7, 2.7, 3.7):
        for lat in (0.7, 1.7, 2.7):
            assert pixel(image, lon, lat) == closeup._CENTER
    for lon, lat in ((4.7, 0.7), (4.7, 2.7), (1.7, -0.7), (1.7, 3.7), (4.7, 3.7), (4.7, -0.7)):
        assert pixel(image, lon, lat) == closeup._EXTRA
    for lon, lat in ((5.7, 0.7), (-0.3, 0.7), (1.7, 4.7), (1.7, -1.3)):
        assert pixel(image, lon, lat) == SEA


def test_the_border_is_drawn_where_it_is(tmp_path: Path) -> None:
    image = draw(BLOCK, WINDOW, tmp_path / "c.png")
    for lon, lat in ((0.2, 1.3), (4.4, 1.3), (2.3, -0.3), (2.3, 3.3)):
        assert sum(pixel(image, lon, lat)) < 250


def test_a_country_cut_at_180_shows_as_one(tmp_path: Path) -> None:
    """Both halves lie side by side, and no border runs along the antimeridian."""
    halves = shapely.union_all(
        [shapely.box(177, 0, 180, 3), shapely.box(-179.99999999999991, 0, -178, 3)]
    )
    window = Window(175.0, -1.0, 184.0, 4.0)
    image = draw(halves, window, tmp_path / "c.png")
    for lon in (177.7, 179.7, 180.7, 181.7):
        assert pixel(image, lon, 1.3, window) == closeup._CENTER
    assert sum(pixel(image, 180.0, 1.3, window)) > 350
    assert sum(pixel(image, 182.0, 1.3, window)) < 250


@pytest.mark.parametrize("west", [-180.0, 0.0, 90.0])
def test_tiles_in_a_window_are_found_at_its_own_longitudes(west: float) -> None:
    grid = Grid(west, 90.0, 1.0, 1.0, 360, 180)
    spans = RowSpans.from_polygon(shapely.box(170, 0, 190, 3), grid, Rule.CENTER)
    rows, wests = tiles_in(spans, Window(178.5, 0.5, 181.5, 1.5))
    assert sorted(set(wests.tolist())) == [178, 179, 180, 181]
    assert sorted(set(rows.tolist())) == [88, 89]
    assert len(rows) == 8
    assert sorted(set(tiles_in(spans, Window(-181.5, 0.5, -178.5, 1.5))[1])) == [
        -182,
        -181,
        -180,
        -179,
    ]


def test_a_window_of_sea_and_a_country_without_tiles_can_be_drawn(tmp_path: Path) -> None:
    image = draw(BLOCK, Window(100, 0, 108, 8), tmp_path / "sea.png")
    assert image.width == WIDTH
    speck = shapely.box(0.6, 0.6, 0.7, 0.7)
    image = draw(speck, WINDOW, tmp_path / "speck.png")
    assert pixel(image, 0.3, 0.3) == closeup._EXTRA


def test_tiles_too_small_to_see_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="closeup-too-wide"):
        draw(BLOCK, Window(-150, -60, 150, 60), tmp_path / "c.png", Grid.from_resolution("5m"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "edges", [(1, 0, 1, 5), (5, 0, 1, 5), (0, 5, 1, 0), (0, 0, 400, 5), (0, 0, 5, 91)]
)
def test_a_window_inside_out_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(ConfigError, match="window-empty"):
        Window(*edges)


def test_the_same_window_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw(BLOCK, WINDOW, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    "ramps",
    [
        *((*one.RAMPS, *SHEET_RAMPS) for one in (changes_map, weights_map, world_map)),
        closeup._RAMPS,
    ],
)
def test_the_palettes_fit_a_png(ramps: tuple[Ramp, ...]) -> None:
    """Colours beyond the 256th would be lost silently."""
    assert len({colour for ramp in ramps for colour in ramp.colours()}) <= 256
