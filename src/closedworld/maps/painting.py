"""Painting: the sea, the land and the lines of a view, as colours of pixels.

Edges are anti-aliased by arithmetic: areas by the share of the pixel that they cover, lines by their
distance from the middle of the pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.maps.canvas import GRATICULE, HAIRLINE, OUTLINE, PAPER, SEA, mix, to_bytes
from closedworld.maps.views import View

MIN_TILE_PX = 3.0
"""Tiles at least this wide are separated by lines."""

_BAND_ROWS = 64
# Islets far smaller than a pixel would drown in the sea at their true share.
_LAND_GAMMA = 0.8
_HAIRLINE_SHARE = 0.8
_TILE_LINE_SHARE = 0.45
_TILE_LINE_FULL_PX = 12.0
_STRIPE_PX = 7
_STRIPE_SHARE = 0.36
_GRATICULE_STEPS = (30.0, 15.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25)
_GRATICULE_MIN_LINES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """The land in some pixel rows.

    Attributes:
        colours: Its colour in each pixel, float32 (3, rows, width), 0..255.
        share: How much of each pixel is land, float32 (rows, width), 0..1.
        lined: How much of each pixel has lines between tiles, float32 (rows, width), 0..1.
        striped: How much of each pixel is under tiles of several countries, likewise; None for none.
        border: How much of each pixel is a border between countries, likewise; None for none.
    """

    colours: NDArray[np.float32]
    share: NDArray[np.float32]
    lined: NDArray[np.float32]
    striped: NDArray[np.float32] | None = None
    border: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """Some pixel rows of a view and where their pixels lie.

    Attributes:
        rows: The pixel rows.
        ys: Middle of each row, px from the top, float64 (rows,).
        lats: Latitude of the middles, degrees, float64 (rows,).
        px_per_degree: Px per degree of longitude, float64 (rows,).
        east: Degrees east of the view's middle, float64 (rows, width); beyond 180 off the globe.
        lean: Length of a meridian per px of height, float64 (rows, width), >= 1.
    """

    rows: slice
    ys: NDArray[np.float64]
    lats: NDArray[np.float64]
    px_per_degree: NDArray[np.float64]
    east: NDArray[np.float64]
    lean: NDArray[np.float64]


def paint(
    view: View, land: Callable[[slice], Land], grid: Grid | None, line_px: float
) -> NDArray[np.uint8]:
    """Return the picture of a view, RGB, uint8 (height, width, 3).

    Args:
        view: The view.
        land: Returns the land in a slice of the view's pixel rows.
        grid: Grid of the tiles; None when there are none.
        line_px: Width of a thin line, px.
    """
    picture = np.empty((view.height, view.width, 3), np.uint8)
    step = graticule_step(view)
    for band in _bands(view):
        own = land(band.rows)
        colours = mix(_sea(view, band, step, line_px), own.colours, own.share**_LAND_GAMMA)
        lines = None if grid is None else _tile_lines(view, band, grid)
        if lines is not None:
            colours = mix(colours, HAIRLINE, (lines * own.lined).astype(np.float32))
            if own.striped is not None:
                stripes = _stripes(band, view.width, line_px) * own.striped
                colours = mix(colours, HAIRLINE, stripes.astype(np.float32))
        if own.border is not None:
            colours = mix(colours, HAIRLINE, own.border * np.float32(_HAIRLINE_SHARE))
        picture[band.rows] = to_bytes(_beyond(view, band, colours, line_px))
    return picture


def graticule_step(view: View) -> float:
    """Return the degrees between graticule lines that give at least three across the view."""
    degrees = view.height / float(np.abs(np.diff(view.y_of(np.array([1.0, 0.0]))))[0])
    if view.is_globe:
        return _GRATICULE_STEPS[0]
    fitting = [step for step in _GRATICULE_STEPS if degrees / step >= _GRATICULE_MIN_LINES]
    return fitting[0] if fitting else _GRATICULE_STEPS[-1]


def _bands(view: View) -> Iterator[_Band]:
    across = np.arange(view.width) + 0.5 - view.width / 2
    for top in range(0, view.height, _BAND_ROWS):
        rows = slice(top, min(top + _BAND_ROWS, view.height))
        ys = np.arange(rows.start, rows.stop, dtype=np.float64) + 0.5
        lats = view.lat_of(ys)
        scale = view.px_per_degree(lats)
        below = view.px_per_degree(view.lat_of(ys + 0.5)) - view.px_per_degree(
            view.lat_of(ys - 0.5)
        )
        east = across / scale[:, None]
        yield _Band(rows, ys, lats, scale, east, np.hypot(1, east * below[:, None]))


def _line(distance_px: NDArray[np.float64], thickness_px: float) -> NDArray[np.float64]:
    """Return the share of pixels under a line, from the distance of their middles to its middle."""
    return np.clip(thickness_px / 2 + 0.5 - distance_px, 0, min(1.0, thickness_px))


def _off_multiple(numbers: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return np.abs(numbers - np.round(numbers / step) * step)


def _sea(view: View, band: _Band, step: float, line_px: float) -> NDArray[np.float32]:
    sea = np.array(SEA, np.float32).reshape(3, 1, 1)
    colours = np.broadcast_to(sea, (3, *band.east.shape))
    meridian = _off_multiple(band.east + view.lon_center, step) * band.px_per_degree[:, None]
    parallels = np.arange(-90 + step, 90, step)
    off = np.abs(band.ys[:, None] - view.y_of(parallels)).min(axis=1)
    lines = np.maximum(_line(meridian / band.lean, line_px), _line(off, line_px)[:, None])
    return mix(colours, GRATICULE, lines.astype(np.float32))


def _tile_lines(view: View, band: _Band, grid: Grid) -> NDArray[np.float64] | None:
    """Return how much of each pixel is line between tiles; None if all tiles are too small for lines."""
    across_px = grid.cell_width * band.px_per_degree[:, None]
    row_edges = view.y_of(grid.lat_edges())
    nearest = np.clip(np.searchsorted(row_edges, band.ys), 1, grid.n_rows)
    down_px = np.diff(row_edges)[nearest - 1][:, None]
    size_px = np.minimum(across_px, down_px)
    if float(size_px.max()) < MIN_TILE_PX:
        return None
    fade = (size_px - MIN_TILE_PX) / (_TILE_LINE_FULL_PX - MIN_TILE_PX)
    strength = np.where(size_px >= MIN_TILE_PX, np.clip(fade, 0.3, 1), 0) * _TILE_LINE_SHARE
    from_west = band.east + view.lon_center - grid.west
    upright = _off_multiple(from_west / grid.cell_width, 1.0) * across_px / band.lean
    off = np.minimum(np.abs(row_edges[nearest] - band.ys), np.abs(row_edges[nearest - 1] - band.ys))
    return np.maximum(_line(upright, 1.0), _line(off, 1.0)[:, None]) * strength


def _stripes(band: _Band, width: int, line_px: float) -> NDArray[np.float64]:
    period = _STRIPE_PX * line_px
    phase = _off_multiple(band.ys[:, None] + np.arange(width), period)
    return _line(phase / np.sqrt(2), period / 4) * _STRIPE_SHARE


def _beyond(
    view: View, band: _Band, colours: NDArray[np.float32], line_px: float
) -> NDArray[np.float32]:
    """Return the band with paper beyond the globe and the globe's outline."""
    poles = view.y_of(np.array([90.0, -90.0]))
    half = 180 * band.px_per_degree[:, None]
    inside = (half - np.abs(band.east) * band.px_per_degree[:, None]) / band.lean
    inside = np.minimum(inside, (band.ys - poles[0])[:, None])
    inside = np.minimum(inside, (poles[1] - band.ys)[:, None])
    colours = mix(colours, PAPER, np.clip(0.5 - inside, 0, 1).astype(np.float32))
    outline = _line(np.abs(inside), 1.5 * line_px)
    return mix(colours, OUTLINE, outline.astype(np.float32))
