"""The map of the weights of the world: where in its country a place weighs how much."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from closedworld.maps.canvas import (
    GRATICULE,
    HAIRLINE,
    INK,
    MUTED_INK,
    OUTLINE,
    PAPER,
    SEA,
    Colour,
    Ramp,
    save_png,
)
from closedworld.maps.coverage import add_coverage, finish, slabs_of
from closedworld.maps.framing import choose_view, common_grid, frame_of, tile_px
from closedworld.maps.mosaic import Mosaic
from closedworld.maps.painting import paint_values
from closedworld.maps.sheet import BASE_WIDTH, compose, map_width, sheet_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.kernels.spans import RowSpans
    from closedworld.maps.canvas import Type
    from closedworld.maps.sheet import Key

_LINE = 1.6
# Blocks of tiles stay below a pixel, so that none of them is seen.
_BLOCK_PX = 0.7
# The scale ends where a thousandth of the land with weight is heavier, and a fiftieth lighter.
_LIGHT_SHARE, _HEAVY_SHARE = 0.02, 0.999
_MOST_DECADES = 8

NO_WEIGHT: Colour = (201, 199, 191)
SCALE: tuple[Colour, ...] = (
    (252, 238, 190),
    (240, 188, 92),
    (203, 108, 62),
    (136, 49, 74),
    (48, 22, 62),
)
"""From light to heavy. Lightness falls evenly all the way, so the order is seen without hues."""

_LEVELS = 30
_LEVEL_COLOURS = np.column_stack(
    [
        np.interp(np.linspace(0, len(SCALE) - 1, _LEVELS), range(len(SCALE)), channel)
        for channel in np.array(SCALE, float).T
    ]
).astype(np.float32)

_RAMPS = (
    *(Ramp(SEA, (round(r), round(g), round(b)), 5) for r, g, b in _LEVEL_COLOURS.tolist()),
    Ramp(SEA, NO_WEIGHT, 6),
    Ramp(NO_WEIGHT, HAIRLINE, 4),
    *(Ramp(colour, HAIRLINE, 4) for colour in SCALE),
    Ramp(PAPER, INK, 14),
    Ramp(PAPER, MUTED_INK, 12),
    Ramp(PAPER, OUTLINE, 8),
    Ramp(SEA, OUTLINE, 8),
    Ramp(SEA, GRATICULE, 6),
)


def draw_weights_map(
    spans: Mapping[str, RowSpans],
    weights: Iterable[NDArray[np.uint64]],
    path: Path,
    *,
    units: int,
    title: str,
    subtitle: str = "",
    credit: str = "",
    width: int = BASE_WIDTH,
) -> None:
    """Write a PNG of the weights of tiles: each pixel in the colour of the weight that lies in it.

    A weight counts as a share of its country's, and the scale of colours is logarithmic. Tiles
    without weight are grey. The frame is that of ``draw_world_map``. The weights stream by once.

    Args:
        spans: Tiles by country, on one grid; none gives a map of the sea.
        weights: Weight of every tile, uint64 (n,) in batches of any size: country by country as in
            ``spans``, each in the order of its tiles.
        path: Where the PNG goes; replaced if there.
        units: What the weights of a country add up to, > 0.
        title: The heading.
        subtitle: A line below it.
        credit: A line at the foot, such as the source of the weights.
        width: Width of the picture, px, >= 200.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
        ValueError: When there are more or fewer weights than tiles.
    """
    kind = sheet_of(width)
    sets = list(spans.values())
    grid = common_grid(sets)
    view = choose_view(frame_of(sets), grid.cell_height if grid else 1.0, map_width(kind))
    shares = np.zeros((view.height, view.width))
    land = np.zeros((view.height, view.width + 2), np.float32)
    if grid is not None:
        block = max(1, math.floor(_BLOCK_PX / tile_px(grid, view)))
        shares = Mosaic.of(sets, weights, view, block).through(view) / units
        slabs = slabs_of(grid.lat_edges(), view)
        for one in sets:
            add_coverage(land, one, slabs, view)
    light, heavy = _scale_of(shares)
    line_px = max(1.0, _LINE * width / BASE_WIDTH)
    painted = paint_values(view, _colours(shares, light, heavy), finish(land), grid, line_px)
    key: Key = [
        ("no weight", _swatch(kind)),
        (_scale_text(light, heavy), _ramp(kind, heavy - light)),
    ]
    sheet = compose(Image.fromarray(painted), kind, view, (title, subtitle, credit), key)
    save_png(sheet, path, _RAMPS)


def _scale_of(shares: NDArray[np.float64]) -> tuple[int, int]:
    """Return the powers of ten between which the shares of pixels lie, all but a few of them."""
    some = shares[shares > 0]
    if not some.size:
        return -1, 0
    light, heavy = np.log10(np.quantile(some, (_LIGHT_SHARE, _HEAVY_SHARE)))
    top = math.ceil(heavy)
    return max(min(math.floor(light), top - 1), top - _MOST_DECADES), top


def _colours(shares: NDArray[np.float64], light: int, heavy: int) -> NDArray[np.float32]:
    """Return the colour of the land in each pixel, float32 (3, height, width)."""
    has_weight = shares > 0
    decades = np.log10(shares, where=has_weight, out=np.full(shares.shape, float(light)))
    level = np.rint(np.clip((decades - light) / (heavy - light), 0, 1) * (_LEVELS - 1))
    place = np.where(has_weight, level, _LEVELS).astype(np.intp)
    table = np.vstack([_LEVEL_COLOURS, np.array(NO_WEIGHT, np.float32)])
    return np.stack([channel[place] for channel in table.T])


def _scale_text(light: int, heavy: int) -> str:
    """Return the ends of the scale in words."""
    low, high = (f"{100 * 10.0**power:.{max(0, -2 - power)}f}%" for power in (light, heavy))
    return f"{low} to {high} of its country's weight in a pixel; a mark at each power of ten"


def _ramp(kind: Type, decades: int) -> Image.Image:
    """Return the key to the scale, with a mark at each power of ten."""
    swatch = Image.new("RGB", (kind.px(300), kind.px(22)))
    draw = ImageDraw.Draw(swatch)
    last = max(1, swatch.width - 1)
    for x in range(swatch.width):
        red, green, blue = _LEVEL_COLOURS[round(x / last * (_LEVELS - 1))].tolist()
        draw.line((x, 0, x, swatch.height), (round(red), round(green), round(blue)))
    for power in range(1, decades):
        x = round(power / decades * last)
        draw.line((x, swatch.height * 2 // 3, x, swatch.height), PAPER, kind.px(2))
    return swatch


def _swatch(kind: Type) -> Image.Image:
    """Return the key to land without weight."""
    return Image.new("RGB", (kind.px(60), kind.px(22)), NO_WEIGHT)
