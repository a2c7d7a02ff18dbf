"""The map of points over the tiles of a world."""

from __future__ import annotations

import itertools
import math
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
    mix,
    shades,
    to_bytes,
)
from closedworld.maps.map_builder import Legend, MapBuilder
from closedworld.maps.sheet import MAP_WIDTH
from closedworld.maps.views import View
from closedworld.sanitize import number_of

_POINT_COLOURS = (COUNTRY_COLOURS[2], COUNTRY_COLOURS[0], COUNTRY_COLOURS[3], COUNTRY_COLOURS[1])
"""Brick, teal, indigo, gold: for the first kind of points, the second, and so on."""

_OPACITY = 0.8
# Many points are drawn smaller, so that dense places can still be told apart.
_RADII_PX = ((1000, 6.0), (10_000, 3.0), (math.inf, 1.4))
_TURNS = 4
_CHUNK_POINTS = 1 << 16

RAMPS = (
    shades(SEA, QUIET_LAND, 20),
    shades(QUIET_LAND, HAIRLINE, 10),
    *(shades(SEA, colour, 12) for colour in _POINT_COLOURS),
    *(shades(QUIET_LAND, colour, 30) for colour in _POINT_COLOURS),
    *(shades(a, b, 6) for a, b in itertools.combinations(_POINT_COLOURS, 2)),
)


def draw_points_map(
    land: Sequence[RowSpans],
    points: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    path: Path,
    *,
    title: str,
    width: int = MAP_WIDTH,
) -> None:
    """Write a PNG of points over tiles, darker where there are more.

    The frame holds the tiles; the legend gives the number of points outside it.

    Args:
        land: Tiles by country, on one grid.
        points: Longitudes and latitudes, degrees, float64 (n,) each, by what the legend calls them, four kinds
            at most; NaN for no point.
        path: Where the PNG goes; replaced if there.
        title: The heading.
        width: Width of the picture, px, >= 200.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
        PublishError: ``output-not-writable``.
    """
    builder = MapBuilder(land, (title, "", ""), width)
    colours = builder.quiet_land(builder.sets)
    count = sum(len(lons) for lons, _ in points.values())
    size = next(radius for most, radius in _RADII_PX if count <= most)
    radius = size * width / MAP_WIDTH
    shape = builder.view.height, builder.view.width
    shown = {name: pixels_of(builder.view, *own) for name, own in points.items()}
    # In turns, so that no kind hides the others.
    for turn in range(_TURNS):
        for (xs, ys), colour in zip(shown.values(), _POINT_COLOURS, strict=False):
            some = slice(turn, None, _TURNS)
            colours = mix(colours, colour, ink_of(xs[some], ys[some], shape, radius))
    legend: Legend = [
        (name, builder.swatch(colour)) for name, colour in zip(shown, _POINT_COLOURS, strict=False)
    ]
    count -= sum(len(xs) for xs, _ in shown.values())
    if count:
        outside = f"outside the map: {number_of(count, 'point', 'points')}"
        legend.insert(0, (outside, None))
    legend = [*builder.far_off(), *legend]
    builder.save(path, to_bytes(colours), legend, RAMPS)


def pixels_of(
    view: View, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points within a view, px from the left and from the top, float64 (m,) each."""
    some = np.isfinite(lons) & np.isfinite(lats)
    lons, lats = lons[some], lats[some]
    east = np.mod(lons - view.lon_center + 180.0, 360.0) - 180.0
    xs = view.width / 2 + east * view.px_per_degree(lats)
    ys = view.y_of(lats)
    inside = (xs >= 0) & (xs < view.width) & (ys >= 0) & (ys < view.height)
    return xs[inside], ys[inside]


def ink_of(
    xs: NDArray[np.float64], ys: NDArray[np.float64], shape: tuple[int, int], radius: float
) -> NDArray[np.float32]:
    """Return how much of each pixel discs around points cover, float32 ``shape``, 0..1.

    A disc over a disc adds to it as ink does: what shines through is multiplied.
    """
    height, width = shape
    reach = int(np.ceil(radius))
    shining = np.zeros(height * width)
    for begin in range(0, len(xs), _CHUNK_POINTS):
        x, y = xs[begin : begin + _CHUNK_POINTS], ys[begin : begin + _CHUNK_POINTS]
        col, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        at, shines = [], []
        for down in range(-reach, reach + 1):
            for across in range(-reach, reach + 1):
                i, j = row + down, col + across
                share = radius + 0.5 - np.hypot(j + 0.5 - x, i + 0.5 - y)
                seen = (share > 0) & (i >= 0) & (i < height) & (j >= 0) & (j < width)
                at.append((i * width + j)[seen])
                shines.append(np.log1p(-_OPACITY * np.minimum(share[seen], 1.0)))
        shining += np.bincount(np.concatenate(at), np.concatenate(shines), minlength=height * width)
    ink: NDArray[np.float32] = (-np.expm1(shining)).astype(np.float32).reshape(shape)
    return ink
