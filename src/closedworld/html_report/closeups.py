"""Close-ups: which countries are shown tile by tile, and which window of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from closedworld.errors import ConfigError
from closedworld.inputs.regions.country_codes import wanted_codes
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule, region_spans
from closedworld.maps import Window

# A window this large shows single tiles with a dot in each.
_ROWS, _COLS = 26, 44
_LEAST_ROWS, _LEAST_COLS = 10, 17
_ROOM = 2
_WHOLE_COUNTRIES = 2


@dataclass(frozen=True, slots=True, eq=False)
class CloseUp:
    """Where a country is shown tile by tile.

    Attributes:
        country: The country.
        border: Its polygons as one.
        center: Its tiles by rule ``center``.
        any_overlap: Its tiles by rule ``any_overlap``.
        window: What to show.
        is_whole: Whether all its tiles are in the window.
    """

    country: Country
    border: shapely.Polygon | shapely.MultiPolygon
    center: RowSpans
    any_overlap: RowSpans
    window: Window
    is_whole: bool


def choose_countries(tiles: Mapping[str, int], spans: Mapping[str, RowSpans]) -> list[str]:
    """Return the countries that show best what a tile is.

    Two that just fit into a window, one with a long border, and one without tiles, because users ask
    why it has none.

    Args:
        tiles: Tiles by code.
        spans: The tiles of those that have any.
    """
    ordered = sorted(spans, key=lambda iso: (-tiles.get(iso, 0), iso))
    whole = [iso for iso in ordered if _fits(spans[iso])]
    parted = sorted(
        (iso for iso in ordered if iso not in set(whole)),
        key=lambda iso: (-spans[iso].n_runs, iso),
    )
    without = sorted(iso for iso, count in tiles.items() if not count)
    return whole[:_WHOLE_COUNTRIES] + parted[:1] + without[:1]


def close_ups(
    countries: CountrySet, isos: Sequence[str], grid: Grid, *, are_asked_for: bool = True
) -> list[CloseUp]:
    """Return the close-ups of countries in the order given.

    A country that fits into a window is shown whole, any other where the two rules differ most. One that lies
    off the grid is left out unless it is asked for.

    Raises:
        ConfigError: ``country-unknown``; ``closeup-off-grid`` for a country that lies off the grid.
    """
    chosen = countries.select(isos)
    features = [country.features for country in chosen]
    center = region_spans(features, grid, Rule.CENTER)
    wider = region_spans(features, grid, Rule.ANY_OVERLAP)
    found = {
        country.iso: _close_up(country, own, more)
        for country, own, more in zip(chosen, center, wider, strict=True)
        if are_asked_for or more.n_runs
    }
    return [found[iso] for iso in wanted_codes(isos, countries.isos) if iso in found]


def _close_up(country: Country, center: RowSpans, any_overlap: RowSpans) -> CloseUp:
    if not any_overlap.n_runs:
        raise ConfigError(
            "closeup-off-grid",
            f"{country.iso} is not on the grid of this run.",
            "Choose other countries with --closeups.",
        )
    is_whole = _fits(any_overlap)
    shown = any_overlap if is_whole else _most_differing(center, any_overlap)
    return CloseUp(
        country=country,
        border=shapely.union_all(country.features),
        center=center,
        any_overlap=any_overlap,
        window=_window(shown),
        is_whole=is_whole,
    )


def _fits(spans: RowSpans) -> bool:
    """Return whether all tiles of a set fit into a window, with room around them."""
    if not spans.n_runs:
        return False
    rows = int(spans.rows[-1] - spans.rows[0]) + 1
    cols = int(spans.col_stops.max() - spans.col_starts.min())
    return rows <= _ROWS - 2 * _ROOM and cols <= _most_cols(spans.grid, int(spans.rows[0]))


def _most_cols(grid: Grid, row: int) -> int:
    """Return how many columns fit into a window; more where they are narrow."""
    return round((_COLS - 2 * _ROOM) / _narrowness(grid, row))


def _narrowness(grid: Grid, row: int) -> float:
    """Return the width of a tile in a row over its height, on the ground and at least a fifth."""
    lat = grid.north - (row + 0.5) * grid.cell_height
    return max(0.2, math.cos(math.radians(lat)) * grid.cell_width / grid.cell_height)


def _most_differing(center: RowSpans, any_overlap: RowSpans) -> RowSpans:
    """Return the tiles of a window around the point where the rules differ most."""
    extra = any_overlap - center
    if not extra.n_runs:
        extra = any_overlap
    grid, height, width = extra.grid, _ROWS - 2 * _ROOM, _COLS - 2 * _ROOM
    n_across = -(-grid.n_cols // width)
    block = (extra.rows // height) * n_across + extra.col_starts // width
    # By area: near a pole a coast meets many tiles, because they are narrow.
    area = (extra.col_stops - extra.col_starts) * np.cos(np.radians(grid.lat_centers()[extra.rows]))
    _, which = np.unique(block, return_inverse=True)
    best = which == np.argmax(np.bincount(which, area))
    row = round(np.average(extra.rows[best], weights=area[best])) - height // 2
    col = round(np.average(extra.col_starts[best], weights=area[best])) - width // 2
    rows = np.arange(max(0, row), min(row + height, grid.n_rows), dtype=np.int64)
    starts = np.full_like(rows, max(0, col))
    stops = np.full_like(rows, min(col + width, grid.n_cols))
    return RowSpans.from_runs(grid, rows, starts, stops)


def _window(spans: RowSpans) -> Window:
    """Return a window around some tiles, with room around them and not too flat or tall."""
    grid = spans.grid
    rows = int(spans.rows[0]), int(spans.rows[-1]) + 1
    cols = int(spans.col_starts.min()), int(spans.col_stops.max())
    height = float(max(rows[1] - rows[0] + 2 * _ROOM, _LEAST_ROWS))
    middle = (rows[0] + rows[1]) / 2, (cols[0] + cols[1]) / 2
    narrowness = _narrowness(grid, int(middle[0]))
    width = max(cols[1] - cols[0] + 2 * _ROOM, _LEAST_COLS, 1.5 * height / narrowness)
    # A window is at most one turn wide, with room for rounding.
    width = min(width, 350 / grid.cell_width)
    height = max(height, 0.45 * width * narrowness)
    return Window(
        west=grid.west + (middle[1] - width / 2) * grid.cell_width,
        south=max(-90.0, grid.north - (middle[0] + height / 2) * grid.cell_height),
        east=grid.west + (middle[1] + width / 2) * grid.cell_width,
        north=min(90.0, grid.north - (middle[0] - height / 2) * grid.cell_height),
    )
