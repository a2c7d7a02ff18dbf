"""The map of the tiles of the world, country by country."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from closedworld.errors import ConfigError
from closedworld.report.canvas import (
    COUNTRY_COLOURS,
    GRATICULE,
    HAIRLINE,
    INK,
    MUTED_INK,
    OUTLINE,
    PAPER,
    SEA,
    Ramp,
    Type,
    blend,
    save_png,
    write_text,
)
from closedworld.report.colouring import choose_colours, neighbour_weights
from closedworld.report.coverage import add_coverage, finish, slabs_of
from closedworld.report.framing import choose_view, frame_of
from closedworld.report.painting import LEAST_TILE_PX, Coverage, paint
from closedworld.spans import shared_tiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.grid import Grid
    from closedworld.report.views import View
    from closedworld.spans import RowSpans

LEAST_WIDTH = 200
"""Narrowest picture, px: less leaves no room for the map between its margins."""

_BASE_WIDTH = 2400
_MARGIN = 60
_TITLE_SIZE, _TITLE_BASELINE = 70, 118
_SUBTITLE_SIZE, _SUBTITLE_BASELINE = 36, 176
_CREDIT_SIZE, _FOOTER = 27, 110
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
    width: int = _BASE_WIDTH,
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
    if width < LEAST_WIDTH:
        raise ConfigError(
            "picture-width",
            f"a map of {width} px is too narrow to read.",
            f"Take a width of at least {LEAST_WIDTH} px.",
        )
    sets = list(spans.values())
    grid = _common_grid(sets)
    kind = Type(width, _BASE_WIDTH)
    frame = frame_of(sets)
    view = choose_view(frame, grid.cell_height if grid else 1.0, width - 2 * kind.px(_MARGIN))
    coverage = _coverage(sets, grid, view)
    line_px = max(1.0, _LINE * width / _BASE_WIDTH)
    picture = Image.fromarray(paint(view, coverage, grid, line_px))
    tiles_show = grid is not None and _tile_px(grid, view) >= LEAST_TILE_PX
    key: list[tuple[str, Image.Image | None]] = []
    if frame is not None and frame.tiles_left_out:
        key.append((f"far off, not shown: {frame.tiles_left_out:,} tiles", None))
    if not tiles_show:
        key.append(("share of a pixel under tiles, 0 to 100%", _ramp(kind)))
    elif coverage.shared.any():
        key.append(("tile of two countries", _striped_swatch(kind)))
    save_png(_page(picture, kind, view, (title, subtitle, credit), key), path, _RAMPS)


def _common_grid(sets: Sequence[RowSpans]) -> Grid | None:
    """Return the grid that all sets lie on; None when there are no sets."""
    if not sets:
        return None
    grid = sets[0].grid
    for one in sets:
        if one.grid != grid:
            raise ConfigError(
                "grids-differ",
                f"sets of tiles lie on two grids: {grid}; and {one.grid}.",
                "Build all on one grid.",
            )
    return grid


def _tile_px(grid: Grid, view: View) -> float:
    """Return the height of a tile in the middle of the view, px."""
    middle = view.lat_of(np.array([view.height / 2]))
    ys = view.y_of(middle + np.array([0.5, -0.5]) * grid.cell_height)
    return float(ys[1] - ys[0])


def _coverage(sets: Sequence[RowSpans], grid: Grid | None, view: View) -> Coverage:
    """Return what the tiles cover of each pixel, by the colours chosen for their countries."""
    shape = (view.height, view.width + 2)
    by_colour = np.zeros((len(COUNTRY_COLOURS), view.height, view.width), np.float32)
    if grid is None:
        return Coverage(by_colour, np.zeros(shape, np.float32)[:, 2:])
    reach = max(1, round(_NEAR_PX / _tile_px(grid, view)))
    sizes = np.array([one.tile_count for one in sets], np.int64)
    colours = choose_colours(neighbour_weights(sets, reach), sizes, len(COUNTRY_COLOURS))
    slabs = slabs_of(grid, view)

    def shares_of(chosen: Sequence[RowSpans]) -> NDArray[np.float32]:
        plane = np.zeros(shape, np.float32)
        for one in chosen:
            add_coverage(plane, one, slabs, view)
        return finish(plane)

    for colour in range(len(COUNTRY_COLOURS)):
        by_colour[colour] = shares_of([sets[i] for i in np.flatnonzero(colours == colour).tolist()])
    return Coverage(by_colour, shares_of([shared_tiles(sets, grid)]))


def _page(
    picture: Image.Image,
    kind: Type,
    view: View,
    texts: tuple[str, str, str],
    key: Sequence[tuple[str, Image.Image | None]],
) -> Image.Image:
    """Return the map with heading and foot; ``texts`` are title, subtitle and credit."""
    title, subtitle, credit = texts
    margin = kind.px(_MARGIN)
    baseline = _SUBTITLE_BASELINE if subtitle else _TITLE_BASELINE
    top = kind.px(baseline + 44)
    page = Image.new("RGB", (kind.width, top + picture.height + kind.px(_FOOTER)), PAPER)
    draw = ImageDraw.Draw(page)
    room = kind.width - 2 * margin
    page.paste(picture, (margin, top))
    if not view.is_globe:
        box = (margin, top, margin + picture.width - 1, top + picture.height - 1)
        draw.rectangle(box, outline=OUTLINE, width=kind.px(2))
    at = (margin, kind.px(_TITLE_BASELINE))
    write_text(draw, at, title, kind.font(_TITLE_SIZE), max_width=room)
    at = (margin, kind.px(_SUBTITLE_BASELINE))
    font = kind.font(_SUBTITLE_SIZE)
    write_text(draw, at, subtitle, font, colour=MUTED_INK, max_width=room)
    foot = page.height - kind.px(_FOOTER / 2 - 14)
    right = _write_key(page, kind, foot, key)
    font = kind.font(_CREDIT_SIZE)
    room = right - 2 * margin
    write_text(draw, (margin, foot), credit, font, colour=MUTED_INK, max_width=max(0, room))
    return page


def _write_key(
    page: Image.Image, kind: Type, foot: int, key: Sequence[tuple[str, Image.Image | None]]
) -> int:
    """Write the key, texts with or without swatches, at the right of the foot line.

    Returns:
        Its left end, px.
    """
    font, right = kind.font(_CREDIT_SIZE), kind.width - kind.px(_MARGIN)
    draw = ImageDraw.Draw(page)
    for text, swatch in reversed(key):
        write_text(draw, (right, foot), text, font, colour=MUTED_INK, anchor="rs")
        left = round(right - font.getlength(text))
        if swatch is not None:
            left -= kind.px(16) + swatch.width
            page.paste(swatch, (left, foot - swatch.height))
        right = left - kind.px(48)
    return right


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
