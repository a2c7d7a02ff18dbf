"""The map of tiles that differ between two worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.spans import RowSpans
from closedworld.maps.canvas import (
    COUNTRY_COLOURS,
    HAIRLINE,
    QUIET_LAND,
    SEA,
    Colour,
    mix,
    shades,
    to_bytes,
)
from closedworld.maps.map_builder import MapBuilder
from closedworld.maps.sheet import MAP_WIDTH

_MARK_PX = 3.5
_MARK_SHARE = 0.92

CHANGE_COLOURS: Mapping[str, Colour] = {
    "gained": COUNTRY_COLOURS[0],
    "lost": COUNTRY_COLOURS[2],
    "passed on": COUNTRY_COLOURS[3],
}
"""Teal, brick and indigo, which colour-blind readers can distinguish, too."""

RAMPS = (
    shades(SEA, QUIET_LAND, 20),
    shades(QUIET_LAND, HAIRLINE, 10),
    *(shades(SEA, colour, 20) for colour in CHANGE_COLOURS.values()),
    *(shades(QUIET_LAND, colour, 20) for colour in CHANGE_COLOURS.values()),
    shades(CHANGE_COLOURS["gained"], CHANGE_COLOURS["lost"], 5),
)


def draw_changes_map(
    land: Sequence[RowSpans],
    changed: Mapping[str, RowSpans],
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    width: int = MAP_WIDTH,
) -> None:
    """Write a PNG of the tiles that changed over those of both worlds.

    The frame holds the changed tiles. Tiles too small to be visible are marked by dots a few px wide, so
    that even a single one is found on a map of the globe.

    Args:
        land: All tiles of both worlds, on one grid; at least one set.
        changed: The changed tiles by kind of change: ``gained``, ``lost`` and ``passed on``.
        path: Where the PNG goes; replaced if there.
        title: The heading.
        subtitle: A line below it.
        width: Width of the picture, px, >= 200.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
        PublishError: ``output-not-writable``.
    """
    changes = [changed[name] for name in CHANGE_COLOURS]
    builder = MapBuilder(changes, (title, subtitle, ""), width, context=land)
    colours = builder.quiet_land(builder.context)
    radius = 0 if builder.shows_tiles else builder.sheet.px(_MARK_PX)
    for tiles, colour in zip(builder.sets, CHANGE_COLOURS.values(), strict=True):
        shown = builder.shares([tiles])
        if radius:
            shown = np.maximum(shown, _dots(shown > 0, radius) * np.float32(_MARK_SHARE))
        colours = mix(colours, colour, shown)
    legend = [(name, builder.swatch(colour)) for name, colour in CHANGE_COLOURS.items()]
    builder.save(path, to_bytes(colours), [*builder.far_off(), *legend], RAMPS)


def _dots(marked: NDArray[np.bool_], radius: int) -> NDArray[np.float32]:
    """Return discs of a radius in px around the marked pixels, 0 or 1."""
    padded = np.pad(marked, radius)
    height, width = marked.shape
    dots = np.zeros(marked.shape, np.bool_)
    for down in range(-radius, radius + 1):
        for across in range(-radius, radius + 1):
            if down * down + across * across <= radius * radius:
                y, x = radius + down, radius + across
                dots |= padded[y : y + height, x : x + width]
    return dots.astype(np.float32)
