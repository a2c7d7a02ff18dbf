"""The builder of all maps of tiles: frames the tiles, paints them and writes the sheet.

Each map states only its colours and its legend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.canvas import (
    GRATICULE,
    INK,
    MUTED_INK,
    OUTLINE,
    PAPER,
    QUIET_LAND,
    SEA,
    Colour,
    save_png,
    shades,
)
from closedworld.maps.framing import choose_view, frame_of
from closedworld.maps.painting import MIN_TILE_PX, Land, paint
from closedworld.maps.pixel_shares import pixel_shares, slabs_of
from closedworld.maps.sheet import MAP_WIDTH, Sheet, spelled

SHEET_RAMPS = (
    shades(PAPER, INK, 14),
    shades(PAPER, MUTED_INK, 12),
    shades(PAPER, OUTLINE, 8),
    shades(SEA, OUTLINE, 8),
    shades(SEA, GRATICULE, 6),
)
"""Colours of text, frame and graticule, which every map has beside its own."""

Legend = list[tuple[str, Image.Image | None]]
"""What the colours mean: texts from left to right, each with a swatch or without."""

MAX_LINES = 1 << 21
"""Rows or columns of which pictures make tables: those of the globe down to 0.6 arc-seconds."""

_MIN_WIDTH = 200
_TEXT_SIZE, _FOOT, _LINE_HEIGHT = 27, 110, 46
_SWATCH_WIDTH, _SWATCH_HEIGHT = 60, 22
_SWATCH_GAP, _ENTRY_GAP = 16, 48
_LINE = 1.6


class MapBuilder:
    """A map of tiles that is being drawn.

    Attributes:
        sheet: The sheet and its texts.
        sets: The tiles that the map is about, cropped if their grid is very fine.
        context: Tiles to show around them, likewise; they decide the frame only if ``sets`` has no tiles.
        grid: Grid of all; None when there are no sets.
        frame: Box that holds the tiles; None when there are none.
        view: The view of that box.

    Raises:
        ConfigError: ``picture-width``, ``grids-differ``.
    """

    def __init__(
        self,
        sets: Sequence[RowSpans],
        texts: tuple[str, str, str],
        width: int,
        context: Sequence[RowSpans] = (),
    ) -> None:
        if width < _MIN_WIDTH:
            raise ConfigError(
                "picture-width",
                f"a map of {width} px is too narrow to read.",
                f"Take a width of at least {_MIN_WIDTH} px.",
            )
        self.sheet = Sheet(width, *texts)
        every = cropped([*sets, *context])
        self.sets, self.context = every[: len(sets)], every[len(sets) :]
        self.grid = grid = every[0].grid if every else None
        self.frame = frame_of(self.sets) or frame_of(self.context)
        cell_height = 1.0 if grid is None else grid.cell_height
        self.view = choose_view(self.frame, cell_height, self.sheet.picture_width)
        lat_edges = np.zeros(1) if grid is None else grid.lat_edges()
        self._slabs = slabs_of(lat_edges, self.view)

    @property
    def tile_px(self) -> float:
        """Height of a tile in the middle of the view, px; infinite when there are no sets."""
        if self.grid is None:
            return math.inf
        middle = self.view.lat_of(np.array([self.view.height / 2]))
        ys = self.view.y_of(middle + np.array([0.5, -0.5]) * self.grid.cell_height)
        return float(ys[1] - ys[0])

    @property
    def shows_tiles(self) -> bool:
        """Whether there are tiles large enough to be told apart."""
        return self.grid is not None and self.tile_px >= MIN_TILE_PX

    def shares(self, sets: Sequence[RowSpans]) -> NDArray[np.float32]:
        """Return the share of each pixel that tiles cover, float32 (height, width), 0..1."""
        return pixel_shares(sets, self._slabs, self.view)

    def paint(self, land: Callable[[slice], Land]) -> NDArray[np.uint8]:
        """Return the picture, RGB, uint8 (height, width, 3); see ``painting.paint``."""
        return paint(self.view, land, self.grid, max(1.0, _LINE * self.sheet.width / MAP_WIDTH))

    def quiet_land(self, sets: Sequence[RowSpans]) -> NDArray[np.float32]:
        """Return the picture of tiles in one pale colour, float32 (3, height, width), 0..255."""
        share = self.shares(sets)
        pale = np.array(QUIET_LAND, np.float32).reshape(3, 1, 1)
        colours = np.broadcast_to(pale, (3, *share.shape))
        base = self.paint(lambda rows: Land(colours[:, rows], share[rows], share[rows]))
        return np.moveaxis(base, -1, 0).astype(np.float32)

    def far_off(self) -> Legend:
        """Return what a legend says of tiles outside the frame: nothing, or how many there are."""
        if self.frame is None or not self.frame.tiles_left_out:
            return []
        return [(f"far off, not shown: {self.frame.tiles_left_out:,} tiles", None)]

    def swatch(self, colour: Colour) -> Image.Image:
        """Return a swatch of one colour."""
        return self.gradient(_SWATCH_WIDTH, lambda _: colour)

    def gradient(self, width: int, colour_at: Callable[[float], Colour]) -> Image.Image:
        """Return a swatch ``width`` px wide at ``MAP_WIDTH``, its colour a function of 0..1."""
        swatch = Image.new("RGB", (self.sheet.px(width), self.sheet.px(_SWATCH_HEIGHT)))
        draw = ImageDraw.Draw(swatch)
        for x in range(swatch.width):
            draw.line((x, 0, x, swatch.height), colour_at(x / max(1, swatch.width - 1)))
        return swatch

    def save(
        self,
        path: Path | str,
        pixels: NDArray[np.uint8],
        legend: Legend,
        ramps: Sequence[Sequence[Colour]],
    ) -> None:
        """Write the sheet as a PNG.

        A credit that does not fit beside the legend stands on a line of its own below it.

        Args:
            path: Where the PNG goes; replaced if there.
            pixels: The picture, RGB, uint8 (height, width, 3).
            legend: What the colours mean.
            ramps: Colours of the map beside ``SHEET_RAMPS``.

        Raises:
            PublishError: ``output-not-writable``.
        """
        sheet = self.sheet
        entries = [(text, sheet.text_width(text, _TEXT_SIZE), swatch) for text, swatch in legend]
        room = sheet.picture_width - sheet.margin
        for _, width, swatch in entries:
            room -= math.ceil(width) + sheet.px(_ENTRY_GAP)
            room -= 0 if swatch is None else sheet.px(_SWATCH_GAP) + swatch.width
        own_line = sheet.text_width(spelled(sheet.credit), _TEXT_SIZE) > room
        extra = sheet.px(_LINE_HEIGHT) if own_line else 0
        below = sheet.px(_FOOT) + extra
        page = sheet.page(Image.fromarray(pixels), below, is_framed=not self.view.is_globe)
        foot = page.height - sheet.px(_FOOT / 2 - 14)
        right = sheet.width - sheet.margin
        for text, width, swatch in reversed(entries):
            sheet.write(page, (right, foot - extra), text, _TEXT_SIZE, anchor="rs")
            right = round(right - width)
            if swatch is not None:
                right -= sheet.px(_SWATCH_GAP) + swatch.width
                page.paste(swatch, (right, foot - extra - swatch.height))
            right -= sheet.px(_ENTRY_GAP)
        room = sheet.picture_width if own_line else max(0, room)
        sheet.write(page, (sheet.margin, foot), sheet.credit, _TEXT_SIZE, max_width=room)
        save_png(page, path, (*ramps, *SHEET_RAMPS))


def cropped(sets: Sequence[RowSpans]) -> Sequence[RowSpans]:
    """Return sets of tiles, on the smallest window of their grid that holds them if the grid is very fine.

    Edges of the window's cells may differ from the grid's in the last digit, which no picture shows.

    Raises:
        ConfigError: ``grids-differ``.
    """
    for one in sets:
        if one.grid != sets[0].grid:
            raise ConfigError(
                "grids-differ",
                f"sets of tiles lie on two grids: {sets[0].grid}; and {one.grid}.",
                "Build all on one grid.",
            )
    held = [one for one in sets if one.n_runs]
    if not held or max(held[0].grid.n_rows, held[0].grid.n_cols) <= MAX_LINES:
        return sets
    grid = held[0].grid
    row = min(int(one.rows[0]) for one in held)
    row_stop = max(int(one.rows[-1]) for one in held) + 1
    col = min(int(one.col_starts.min()) for one in held)
    col_stop = max(int(one.col_stops.max()) for one in held)
    window = Grid(
        grid.west + col * grid.cell_width,
        grid.north - row * grid.cell_height,
        grid.cell_width,
        grid.cell_height,
        col_stop - col,
        row_stop - row,
    )
    return [
        RowSpans(window, one.rows - row, one.col_starts - col, one.col_stops - col) for one in sets
    ]
