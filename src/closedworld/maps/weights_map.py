"""The map of the weights of the world: which share of its country each pixel holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from closedworld.kernels.spans import RowSpans
from closedworld.maps.canvas import HAIRLINE, PAPER, SEA, Colour, shades
from closedworld.maps.map_builder import Legend, MapBuilder
from closedworld.maps.mosaic import Mosaic
from closedworld.maps.painting import Land
from closedworld.maps.sheet import MAP_WIDTH

# Blocks of tiles stay smaller than a pixel, so that none of them is visible.
_BLOCK_PX = 0.7
# A thousandth of the land with weight is heavier than the scale shows, and a fiftieth lighter.
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
"""From light to heavy. Lightness falls evenly, so the order is seen without hues."""

_LEVELS = 30
_LEVEL_COLOURS = np.column_stack(
    [
        np.interp(np.linspace(0, len(SCALE) - 1, _LEVELS), range(len(SCALE)), channel)
        for channel in np.array(SCALE, float).T
    ]
).astype(np.float32)
_LEVELS_RGB = [(round(r), round(g), round(b)) for r, g, b in _LEVEL_COLOURS.tolist()]

RAMPS = (
    *(shades(SEA, colour, 5) for colour in _LEVELS_RGB),
    shades(SEA, NO_WEIGHT, 6),
    shades(NO_WEIGHT, HAIRLINE, 4),
    *(shades(colour, HAIRLINE, 4) for colour in SCALE),
)


def draw_weights_map(
    spans: Mapping[str, RowSpans],
    weights: Iterable[NDArray[np.uint64]],
    path: Path | str,
    *,
    total: int,
    title: str,
    subtitle: str = "",
    credit: str = "",
    width: int = MAP_WIDTH,
) -> None:
    """Write a PNG of the weights of tiles, with each pixel coloured by the weight in it.

    A weight is shown as a share of its country's total, on a logarithmic colour scale. Tiles
    without weight are grey. The frame is that of ``draw_world_map``. Weights are
    read once.

    Args:
        spans: Tiles by country, on one grid; none gives a map of the sea.
        weights: Weight of every tile, uint64 (n,) in batches of any size: country by country as in
            ``spans``, each in the order of its tiles.
        path: PNG to write; an existing file is replaced.
        total: The sum of the weights of a country, > 0.
        title: The heading.
        subtitle: A line below it.
        credit: A line at the foot, such as the source of the weights.
        width: Width of the picture, px, >= 200.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
        PublishError: ``output-not-writable``.
        ValueError: When there are more or fewer weights than tiles.
    """
    builder = MapBuilder(list(spans.values()), (title, subtitle, credit), width)
    shares = np.zeros((builder.view.height, builder.view.width))
    if builder.sets:
        block = max(1, math.floor(_BLOCK_PX / builder.tile_px))
        shares = Mosaic.of(builder.sets, weights, builder.view, block).through(builder.view) / total
    light, heavy = _scale_of(shares)
    colours, land = _colours(shares, light, heavy), builder.shares(builder.sets)
    pixels = builder.paint(lambda rows: Land(colours[:, rows], land[rows], land[rows]))
    ramp = builder.gradient(300, lambda share: _LEVELS_RGB[round(share * (_LEVELS - 1))])
    _mark_powers(ramp, heavy - light, builder.sheet.px(2))
    legend: Legend = [("no weight", builder.swatch(NO_WEIGHT)), (_scale_text(light, heavy), ramp)]
    builder.save(path, pixels, legend, RAMPS)


def _scale_of(shares: NDArray[np.float64]) -> tuple[int, int]:
    """Return the powers of ten between which the shares of nearly all pixels lie."""
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
    index = np.where(has_weight, level, _LEVELS).astype(np.intp)
    table = np.vstack([_LEVEL_COLOURS, np.array(NO_WEIGHT, np.float32)])
    return np.stack([channel[index] for channel in table.T])


def _scale_text(light: int, heavy: int) -> str:
    low, high = (f"{100 * 10.0**power:.{max(0, -2 - power)}f}%" for power in (light, heavy))
    return f"{low} to {high} of its country's weight in a pixel; a mark at each power of ten"


def _mark_powers(ramp: Image.Image, decades: int, line_px: int) -> None:
    draw, last = ImageDraw.Draw(ramp), max(1, ramp.width - 1)
    for power in range(1, decades):
        x = round(power / decades * last)
        draw.line((x, ramp.height * 2 // 3, x, ramp.height), PAPER, line_px)
