"""The map of the tiles of the world, country by country."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from closedworld.kernels.spans import shared_tiles
from closedworld.maps.canvas import (
    COUNTRY_COLOURS,
    GRATICULE,
    HAIRLINE,
    INK,
    MUTED_INK,
    OUTLINE,
    PAPER,
    SEA,
    Ramp,
    blend,
    save_png,
)
from closedworld.maps.colouring import choose_colours, neighbour_weights
from closedworld.maps.coverage import add_coverage, finish, slabs_of
from closedworld.maps.cropping import cropped
from closedworld.maps.framing import choose_view, common_grid, frame_of, tile_px
from closedworld.maps.painting import LEAST_TILE_PX, Coverage, paint
from closedworld.maps.sheet import BASE_WIDTH, compose, map_width, sheet_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid
    from closedworld.kernels.spans import RowSpans
    from closedworld.maps.canvas import Type
    from closedworld.maps.sheet import Key
    from closedworld.maps.views import View

_LINE = 1.6
_NEAR_PX = 14.0

# At most 256 colours in all: coasts, hairlines and tile lines, mixtures of two countries, type and outlines.
_RAMPS = (
    *(Ramp(SEA, colour, 20) for colour in COUNTRY_COLOURS),
    *(Ramp(colour, HAIRLINE, 14) for colour in COUNTRY_COLOURS),
    *(Ramp(a, b, 5) for a, b in itertools.combinations(COUNTRY_COLOURS, 2)),
    Ramp(PAPER, INK, 14),
    Ramp(PAPER, MUTED_INK, 12),
    Ramp(PAPER, OUTLINE, 8),
    Ramp(SEA, OUTLINE, 8),
    Ramp(SEA, GRATICULE, 6),
)


def draw_world_map(
    spans: Mapping[str, RowSpans],
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    credit: str = "",
    width: int = BASE_WIDTH,
) -> None:
    """Write a PNG of the tiles of countries, each country in a colour other than its neighbours'.

    The more of a pixel its tiles cover, the fuller its colour. Tiles that all lie in a small window
    are drawn there, true to shape; those of a wider region or of the globe in Equal Earth. A few
    tiles beyond an ocean are left out of the frame, and the key says how many. Tiles at least 3 px
    wide are told apart by lines, and those of two countries are striped. The work follows the number
    of runs and of pixels, not that of tiles.

    Args:
        spans: Tiles by country, on one grid; none gives a map of the sea.
        path: Where the PNG goes; replaced if there.
        title: The heading.
        subtitle: A line below it, such as the number of tiles, the resolution and the rule.
        credit: A line at the foot, such as the source of the borders.
        width: Width of the picture, px, >= 200.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
    """
    kind = sheet_of(width)
    sets = list(cropped(spans).values())
    grid = common_grid(sets)
    frame = frame_of(sets)
    view = choose_view(frame, grid.cell_height if grid else 1.0, map_width(kind))
    coverage = _coverage(sets, grid, view)
    line_px = max(1.0, _LINE * width / BASE_WIDTH)
    picture = Image.fromarray(paint(view, coverage, grid, line_px))
    tiles_show = grid is not None and tile_px(grid, view) >= LEAST_TILE_PX
    key: Key = []
    if frame is not None and frame.tiles_left_out:
        key.append((f"far off, not shown: {frame.tiles_left_out:,} tiles", None))
    if not tiles_show:
        key.append(("share of a pixel under tiles, 0 to 100%", _ramp(kind)))
    elif coverage.shared.any():
        key.append(("tile of two countries", _striped_swatch(kind)))
    save_png(compose(picture, kind, view, (title, subtitle, credit), key), path, _RAMPS)


def _coverage(sets: Sequence[RowSpans], grid: Grid | None, view: View) -> Coverage:
    """Return what the tiles cover of each pixel, by the colours chosen for their countries."""
    shape = (view.height, view.width + 2)
    by_colour = np.zeros((len(COUNTRY_COLOURS), view.height, view.width), np.float32)
    if grid is None:
        return Coverage(by_colour, np.zeros(shape, np.float32)[:, 2:])
    reach = max(1, round(_NEAR_PX / tile_px(grid, view)))
    sizes = np.array([one.tile_count for one in sets], np.int64)
    colours = choose_colours(neighbour_weights(sets, reach), sizes, len(COUNTRY_COLOURS))
    slabs = slabs_of(grid.lat_edges(), view)

    def shares_of(chosen: Sequence[RowSpans]) -> NDArray[np.float32]:
        plane = np.zeros(shape, np.float32)
        for one in chosen:
            add_coverage(plane, one, slabs, view)
        return finish(plane)

    for colour in range(len(COUNTRY_COLOURS)):
        by_colour[colour] = shares_of([sets[i] for i in np.flatnonzero(colours == colour).tolist()])
    return Coverage(by_colour, shares_of([shared_tiles(sets, grid)]))


def _ramp(kind: Type) -> Image.Image:
    """Return the key to coverage: from the sea's to a country's colour."""
    swatch = Image.new("RGB", (kind.px(150), kind.px(22)))
    draw = ImageDraw.Draw(swatch)
    for x in range(swatch.width):
        colour = blend(SEA, COUNTRY_COLOURS[0], x / max(1, swatch.width - 1))
        draw.line((x, 0, x, swatch.height), colour)
    return swatch


def _striped_swatch(kind: Type) -> Image.Image:
    """Return the key to tiles of two countries."""
    colour = blend(COUNTRY_COLOURS[0], COUNTRY_COLOURS[1], 0.5)
    swatch = Image.new("RGB", (kind.px(60), kind.px(22)), colour)
    draw = ImageDraw.Draw(swatch)
    for x in range(0, 2 * swatch.width, kind.px(12)):
        draw.line((x, 0, x - swatch.height, swatch.height), HAIRLINE, kind.px(3))
    return swatch
