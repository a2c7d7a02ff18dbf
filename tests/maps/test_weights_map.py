"""The map of weights: which colour stands where."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PIL import Image

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps import draw_weights_map
from closedworld.maps.canvas import SEA
from closedworld.maps.weights_map import NO_WEIGHT, SCALE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

BoxMaker = Callable[..., RowSpans]
Colour = tuple[int, int, int]


def lightness(colour: Colour) -> float:
    """Return CIELAB lightness of an sRGB colour, 0..100."""
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    y = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def picture_of(path: Path) -> dict[Colour, int]:
    """Return how many pixels have each colour."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        counted = image.convert("RGB").getcolors(1 << 16)
    assert counted is not None
    return {cast("Colour", colour): count for count, colour in counted}


def quarters(box_tiles: BoxMaker) -> tuple[dict[str, RowSpans], NDArray[np.uint64]]:
    """Return a country of 4 x 10 degrees whose four belts weigh 0, 1, 100 and 10,000 a tile."""
    country = box_tiles(0, 0, 10, 4)
    belts = np.repeat(np.array([0, 1, 100, 10000], np.uint64), 10)
    return {"QQ": country}, belts


def test_heavier_is_darker_and_no_weight_is_grey(box_tiles: BoxMaker, tmp_path: Path) -> None:
    spans, weights = quarters(box_tiles)
    path = tmp_path / "map.png"
    draw_weights_map(spans, [weights], path, total=101010, title="T", width=1200)
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    colours = picture_of(path)
    assert colours[NO_WEIGHT] > 10000
    assert colours[SEA] > 10000
    beside = image.width // 2 + 40  # not on the line between two tiles
    down = [cast("Colour", image.getpixel((beside, y))) for y in range(120, image.height - 80)]
    belts = [c for c in dict.fromkeys(down) if down.count(c) > 40 and c not in {SEA, NO_WEIGHT}]
    assert len(belts) == 3
    light = [lightness(colour) for colour in belts]
    assert light == sorted(light, reverse=True)


def test_the_scale_is_ordered_by_lightness_alone() -> None:
    """So it is read the same without red, green or blue cones, and in print."""
    steps = np.diff([lightness(colour) for colour in SCALE])
    assert (steps < -12).all()


def test_scaling_all_weights_changes_nothing(box_tiles: BoxMaker, tmp_path: Path) -> None:
    """Weights count as shares of 10^dp."""
    spans, weights = quarters(box_tiles)
    for name, factor in (("a.png", 1), ("b.png", 1000)):
        draw_weights_map(
            spans, [weights * factor], tmp_path / name, total=101010 * factor, title="T", width=600
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_no_tiles_give_a_map_of_the_sea(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    draw_weights_map({}, [], path, total=1, title="T", width=600)
    assert max(picture_of(path).items(), key=lambda item: item[1])[0] == SEA


def test_a_long_credit_stands_below_the_key_in_full(box_tiles: BoxMaker, tmp_path: Path) -> None:
    """A licence may ask for its words: the picture grows rather than cutting them."""
    spans, weights = quarters(box_tiles)
    heights = []
    for name, credit in (("a.png", "Short."), ("b.png", "Contains data of somebody. " * 4)):
        draw_weights_map(
            spans, [weights], tmp_path / name, total=101010, title="T", credit=credit, width=1200
        )
        with Image.open(tmp_path / name) as image:
            heights.append(image.height)
    assert heights[1] > heights[0]


def test_refusals(box_tiles: BoxMaker, tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    with pytest.raises(ConfigError, match="picture-width"):
        draw_weights_map({}, [], path, total=1, title="T", width=100)
    with pytest.raises(ValueError, match="weights"):
        draw_weights_map({"A": box_tiles(0, 0, 5, 5)}, [], path, total=1, title="T")
    assert not path.exists()


def test_memory_follows_pixels_not_tiles(tmp_path: Path) -> None:
    """93 million tiles at 30 arc-seconds, weights streamed: less than 400 MB at full width."""
    grid = Grid.from_resolution("30s")
    rows = np.arange(0, grid.n_rows, 10, dtype=np.int64)
    spans = RowSpans(grid, rows, np.zeros_like(rows), np.full_like(rows, grid.n_cols))

    def weights() -> Iterator[NDArray[np.uint64]]:
        row = np.arange(grid.n_cols, dtype=np.uint64)
        for _ in rows:
            yield row

    tracemalloc.start()
    draw_weights_map({"ALL": spans}, weights(), tmp_path / "map.png", total=10**12, title="T")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400e6


def test_tiles_of_a_millimetre_are_drawn_without_tables_of_the_whole_grid(tmp_path: Path) -> None:
    """Of 95 million rows and columns, each a table of 760 MB."""
    fine = Grid(10.0, 50.0, 1e-8, 1e-8, 95_000_000, 95_000_000)
    rows = np.arange(94_000_000, 94_000_040)
    spans = RowSpans.from_runs(fine, rows, rows, rows + 60)
    weights = np.arange(spans.tile_count, dtype=np.uint64)
    total = int(weights.sum())
    path = tmp_path / "fine.png"
    tracemalloc.start()
    draw_weights_map({"DE": spans}, [weights], path, total=total, title="Fine", width=600)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 256 << 20
    assert picture_of(path)[NO_WEIGHT] > 0
