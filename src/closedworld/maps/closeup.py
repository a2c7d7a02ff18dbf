"""A close-up: single tiles over the true border, and what the two inclusion rules do there."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.canvas import (
    COUNTRY_COLOURS,
    HAIRLINE,
    INK,
    MUTED_INK,
    OUTLINE,
    PAPER,
    SEA,
    Colour,
    Ramp,
    blend,
    save_png,
)
from closedworld.maps.sheet import Layout, Sheet
from closedworld.maps.views import LocalView
from closedworld.maps.window import Window, tiles_in

_WIDTH = 1200
_LAYOUT = Layout(_WIDTH, 36, title=(42, 70), subtitle=(23, 106), gap=24, frame=1.2)
_TEXT_SIZE, _LEGEND_TOP, _LEGEND_LINE, _FOOT = 22, 52, 42, 22
_SUPERSAMPLING = 4
_MIN_TILE_PX = 4.0
_DOT_TILE_PX = 9.0
_SNAP_DEGREES = 1e-6

_CENTER = COUNTRY_COLOURS[0]
_CENTER_EDGE = blend(_CENTER, HAIRLINE, 0.4)
_EXTRA_EDGE = blend(COUNTRY_COLOURS[1], COUNTRY_COLOURS[2], 0.25)
_EXTRA = blend(COUNTRY_COLOURS[1], HAIRLINE, 0.55)
_LATTICE = blend(SEA, OUTLINE, 0.16)
_BORDER = INK

TileColours = tuple[Colour, Colour, Colour]
"""Fill, edge and dot of a tile."""

_CENTER_TILE: TileColours = (_CENTER, _CENTER_EDGE, HAIRLINE)
_EXTRA_TILE: TileColours = (_EXTRA, _EXTRA_EDGE, _EXTRA_EDGE)

_RAMPS = (
    *(Ramp(colour, INK, 16) for colour in (_CENTER, _EXTRA, _EXTRA_EDGE, SEA, PAPER, HAIRLINE)),
    *(Ramp(a, b, 12) for a, b in ((_CENTER, _CENTER_EDGE), (_EXTRA, _EXTRA_EDGE), (SEA, _LATTICE))),
    *(Ramp(a, b, 12) for a, b in ((_CENTER, HAIRLINE), (_CENTER, _EXTRA_EDGE), (SEA, _EXTRA_EDGE))),
    *(Ramp(a, b, 12) for a, b in ((PAPER, MUTED_INK), (PAPER, OUTLINE), (SEA, OUTLINE))),
    *(Ramp(_CENTER_EDGE, b, 8) for b in (SEA, _EXTRA_EDGE)),
)


def draw_closeup(
    center: RowSpans,
    any_overlap: RowSpans,
    polygon: shapely.Polygon | shapely.MultiPolygon,
    window: Window,
    path: Path | str,
    *,
    title: str = "",
    subtitle: str = "",
    credit: str = "",
    width: int = _WIDTH,
) -> None:
    """Write a PNG of single tiles and the true border over them.

    Tiles of rule ``center`` are filled; those that ``any_overlap`` adds are outlined. A dot marks
    the centre of each tile that is wide enough, to show why it is inside or outside.

    Args:
        center: Tiles of the polygon by rule ``center``.
        any_overlap: Its tiles by rule ``any_overlap``, on the same grid.
        polygon: The border, degrees, WGS 84.
        window: What to show.
        path: PNG to write; an existing file is replaced.
        title: The heading; empty for none.
        subtitle: A line below it.
        credit: A line at the foot, such as the source of the border.
        width: Width of the picture, px.

    Raises:
        ConfigError: ``grids-differ``, ``closeup-too-wide``.
    """
    extra = any_overlap - center
    sheet = Sheet(_LAYOUT, width, title, subtitle, credit)
    view = _view(window, sheet.picture_width)
    _require_visible_tiles(center.grid, view, window)
    canvas = _Canvas(view, window, sheet)
    canvas.draw_lattice(center.grid)
    n_center = canvas.draw_tiles(center, _CENTER_TILE)
    n_extra = canvas.draw_tiles(extra, _EXTRA_TILE)
    canvas.draw_border(polygon)
    legend = (
        (f"rule center: {n_center:,} tiles have their centre inside the border", _CENTER_TILE),
        (f"rule any_overlap adds {n_extra:,} tiles that share some area with it", _EXTRA_TILE),
        ("the border itself", None),
    )
    _save(sheet, canvas.image(), legend, path)


def _view(window: Window, width: int) -> LocalView:
    lat = (window.south + window.north) / 2
    across = (window.east - window.west) * math.cos(math.radians(lat))
    px_per_degree = width / across
    height = max(1, round((window.north - window.south) * px_per_degree))
    return LocalView((window.west + window.east) / 2, lat, width, height, px_per_degree)


def _require_visible_tiles(grid: Grid, view: LocalView, window: Window) -> None:
    across = grid.cell_width * float(view.px_per_degree(np.zeros(1))[0])
    if min(across, grid.cell_height * view.px_per_lat_degree) < _MIN_TILE_PX:
        raise ConfigError(
            "closeup-too-wide",
            f"tiles of {window} would be less than {_MIN_TILE_PX:g} px wide.",
            "Take a smaller window, a wider picture or a coarser grid.",
        )


class _Canvas:
    """The map part of a close-up, drawn four times as large and shrunk at the end."""

    def __init__(self, view: LocalView, window: Window, sheet: Sheet) -> None:
        self._view = view
        self._window = window
        self._line = max(1, round(_SUPERSAMPLING * sheet.width / _WIDTH))
        size = (view.width * _SUPERSAMPLING, view.height * _SUPERSAMPLING)
        self._image = Image.new("RGB", size, SEA)
        self._draw = ImageDraw.Draw(self._image)

    def image(self) -> Image.Image:
        return self._image.reduce(_SUPERSAMPLING)

    def draw_lattice(self, grid: Grid) -> None:
        width, height = self._image.size
        lats = grid.lat_edges()
        inside = (lats >= self._window.south) & (lats <= self._window.north)
        for y in self._ys(lats[inside]):
            self._draw.line((0, y, width, y), _LATTICE, self._line)
        first = math.ceil((self._window.west - grid.west) / grid.cell_width)
        stop = math.floor((self._window.east - grid.west) / grid.cell_width) + 1
        # Beyond the grid's own columns the lattice goes on with its next turn.
        for x in self._xs(grid.west + np.arange(first, stop, dtype=np.float64) * grid.cell_width):
            self._draw.line((x, 0, x, height), _LATTICE, self._line)

    def draw_tiles(self, spans: RowSpans, colours: TileColours) -> int:
        """Draw the tiles that meet the window, each with a dot in its middle; return how many."""
        grid, (fill, edge, dot) = spans.grid, colours
        rows, wests = tiles_in(spans, self._window)
        left, right = self._xs(wests), self._xs(wests + grid.cell_width)
        edges = self._ys(grid.lat_edges())
        radius = min(grid.cell_height * self._view.px_per_lat_degree / 11, 2.8) * _SUPERSAMPLING
        dots = right.size and (right - left).max() >= _DOT_TILE_PX * _SUPERSAMPLING
        for row, x1, x2 in zip(rows.tolist(), left.tolist(), right.tolist(), strict=True):
            y1, y2 = float(edges[row]), float(edges[row + 1])
            self._draw.rectangle((x1, y1, x2, y2), fill, edge, self._line)
            if dots:
                x, y = (x1 + x2) / 2, (y1 + y2) / 2
                self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), dot)
        return len(rows)

    def draw_border(self, polygon: shapely.Polygon | shapely.MultiPolygon) -> None:
        """Draw the outline of a polygon as one, whatever turns of 360 degrees its polygons are at."""
        window = self._window
        # Larger than the window, so that the edges of the cut fall outside the picture.
        margin = (window.north - window.south) / 10
        box = shapely.box(window.west, window.south, window.east, window.north).buffer(margin)
        turned = [
            shapely.intersection(shapely.affinity.translate(polygon, xoff=turn), box)
            for turn in (-360.0, 0.0, 360.0)
        ]
        # Sources cut a country at 180 with edges that miss each other by 1e-13 degrees.
        whole = shapely.union_all(turned, grid_size=_SNAP_DEGREES)
        outline = shapely.get_parts(whole.boundary)
        for line in shapely.get_parts(shapely.line_merge(outline)):
            lons, lats = shapely.get_coordinates(line).T
            points = np.column_stack([self._xs(lons), self._ys(lats)]).ravel().tolist()
            self._draw.line(points, _BORDER, round(2.4 * self._line), joint="curve")

    def _xs(self, lons: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return supersampled px from the left; longitudes count from the window's, unwrapped."""
        scale = self._view.px_per_degree(np.zeros(1))[0] * _SUPERSAMPLING
        xs: NDArray[np.float64] = (lons - self._window.west) * scale
        return xs

    def _ys(self, lats: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._view.y_of(lats) * _SUPERSAMPLING


def _save(
    sheet: Sheet,
    picture: Image.Image,
    legend: tuple[tuple[str, TileColours | None], ...],
    path: Path | str,
) -> None:
    below = _LEGEND_TOP + _LEGEND_LINE * (len(legend) - 1) + _FOOT
    page = sheet.page(picture, sheet.px(below))
    bottom, left = sheet.picture_top + picture.height, sheet.margin
    for i, (text, colours) in enumerate(legend):
        base = bottom + sheet.px(_LEGEND_TOP + i * _LEGEND_LINE - 8)
        page.paste(_swatch(sheet, colours), (left, base - sheet.px(21)))
        sheet.write(page, (left + sheet.px(62), base), text, _TEXT_SIZE, colour=INK)
    right = sheet.width - sheet.margin
    sheet.write(page, (right, base), sheet.credit, _TEXT_SIZE - 2, anchor="rs")
    save_png(page, path, _RAMPS)


def _swatch(sheet: Sheet, colours: TileColours | None) -> Image.Image:
    """Return a tile in its colours; without any, the border."""
    line = sheet.px(2) * _SUPERSAMPLING // 2
    size = (sheet.px(46) * _SUPERSAMPLING, sheet.px(27) * _SUPERSAMPLING)
    swatch = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(swatch)
    x, y = size[0] / 2, size[1] / 2
    if colours is None:
        draw.line((0, y, size[0], y), _BORDER, round(2.4 * line))
        return swatch.reduce(_SUPERSAMPLING)
    fill, edge, dot = colours
    draw.rectangle((x - y, 0, x + y - 1, 2 * y - 1), fill, edge, line)
    draw.ellipse((x - 2.2 * line, y - 2.2 * line, x + 2.2 * line, y + 2.2 * line), dot)
    return swatch.reduce(_SUPERSAMPLING)
