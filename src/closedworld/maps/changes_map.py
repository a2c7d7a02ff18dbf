"""The map of tiles that differ between two worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from closedworld.maps.canvas import (
    COUNTRY_COLOURS,
    GRATICULE,
    HAIRLINE,
    INK,
    MUTED_INK,
    OUTLINE,
    PAPER,
    SEA,
    Colour,
    Ramp,
    blend,
    mix,
    save_png,
    to_bytes,
)
from closedworld.maps.coverage import add_coverage, finish, slabs_of
from closedworld.maps.framing import choose_view, frame_of, tile_px
from closedworld.maps.painting import LEAST_TILE_PX, paint_values
from closedworld.maps.sheet import BASE_WIDTH, compose, map_width, sheet_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.kernels.spans import RowSpans
    from closedworld.maps.canvas import Type
    from closedworld.maps.coverage import Slabs
    from closedworld.maps.sheet import Key
    from closedworld.maps.views import View

_LINE = 1.6
_MARK_PX = 3.5
_MARK_SHARE = 0.92

CHANGE_COLOURS: Mapping[str, Colour] = {
    "gained": COUNTRY_COLOURS[0],
    "lost": COUNTRY_COLOURS[2],
    "passed on": COUNTRY_COLOURS[3],
}
"""Teal, brick and indigo, which stay apart for colour-blind readers, too."""

_LAND_COLOUR = blend(COUNTRY_COLOURS[4], PAPER, 0.45)
"""Sand, and quiet, so that the changes stand out."""

_RAMPS = (
    Ramp(SEA, _LAND_COLOUR, 20),
    Ramp(_LAND_COLOUR, HAIRLINE, 10),
    *(Ramp(SEA, colour, 20) for colour in CHANGE_COLOURS.values()),
    *(Ramp(_LAND_COLOUR, colour, 20) for colour in CHANGE_COLOURS.values()),
    Ramp(CHANGE_COLOURS["gained"], CHANGE_COLOURS["lost"], 5),
    Ramp(PAPER, INK, 14),
    Ramp(PAPER, MUTED_INK, 12),
    Ramp(PAPER, OUTLINE, 8),
    Ramp(SEA, OUTLINE, 8),
    Ramp(SEA, GRATICULE, 6),
)


def draw_changes_map(
    land: Sequence[RowSpans],
    changed: Mapping[str, RowSpans],
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    width: int = BASE_WIDTH,
) -> None:
    """Write a PNG of the tiles that changed over those of both worlds.

    The frame holds the changed tiles. Where tiles are too small to be seen each is marked by a dot a few
    px wide, so that a single one on a map of the globe is found.

    Args:
        land: All tiles of both worlds, on one grid; at least one set.
        changed: The changed tiles by what became of them: ``gained``, ``lost`` or ``passed on``.
        path: Where the PNG goes; replaced if there.
        title: The heading.
        subtitle: A line below it.
        width: Width of the picture, px.

    Raises:
        ConfigError: ``picture-width``.
    """
    grid = land[0].grid
    kind = sheet_of(width)
    some = [one for one in changed.values() if one.n_runs]
    frame = frame_of(some or land)
    view = choose_view(frame, grid.cell_height, map_width(kind))
    slabs = slabs_of(grid.lat_edges(), view)
    line_px = max(1.0, _LINE * width / BASE_WIDTH)
    quiet = np.empty((3, view.height, view.width), np.float32)
    quiet[:] = np.array(_LAND_COLOUR, np.float32)[:, None, None]
    base = paint_values(view, quiet, _shares(land, slabs, view), grid, line_px)
    colours = np.moveaxis(base, -1, 0).astype(np.float32)
    radius = 0 if tile_px(grid, view) >= LEAST_TILE_PX else kind.px(_MARK_PX)
    for name, colour in CHANGE_COLOURS.items():
        shares = _shares([changed[name]], slabs, view)
        marks = _dots(shares > 0, radius) * np.float32(_MARK_SHARE) if radius else shares
        colours = mix(colours, colour, np.maximum(shares, marks))
    key: Key = [(name, _swatch(kind, colour)) for name, colour in CHANGE_COLOURS.items()]
    if frame is not None and frame.tiles_left_out:
        key.insert(0, (f"far off, not shown: {frame.tiles_left_out:,} tiles", None))
    picture = Image.fromarray(to_bytes(colours))
    save_png(compose(picture, kind, view, (title, subtitle, ""), key), path, _RAMPS)


def _shares(sets: Sequence[RowSpans], slabs: Slabs, view: View) -> NDArray[np.float32]:
    """Return the share of each pixel that tiles cover, float32 (height, width)."""
    plane = np.zeros((view.height, view.width + 2), np.float32)
    for one in sets:
        add_coverage(plane, one, slabs, view)
    return finish(plane)


def _dots(seen: NDArray[np.bool_], radius: int) -> NDArray[np.float32]:
    """Return discs of a radius in px around the pixels that are seen, 0 or 1."""
    padded = np.pad(seen, radius)
    height, width = seen.shape
    dots = np.zeros(seen.shape, np.bool_)
    for down in range(-radius, radius + 1):
        for across in range(-radius, radius + 1):
            if down * down + across * across <= radius * radius:
                y, x = radius + down, radius + across
                dots |= padded[y : y + height, x : x + width]
    return dots.astype(np.float32)


def _swatch(kind: Type, colour: Colour) -> Image.Image:
    """Return the key to a colour."""
    return Image.new("RGB", (kind.px(60), kind.px(22)), colour)
