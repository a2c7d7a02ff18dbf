"""Framing: the view that fits a set of tiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray

from closedworld.kernels.spans import RowSpans, joined_runs
from closedworld.maps.views import EqualEarthView, LocalView, View

GLOBE_LON_CENTER = 11.0
"""Central meridian of the globe: its seam at 169 W runs through the Bering Strait and cuts no
inhabited land but Antarctica's ice."""

_LOCAL_LON_DEGREES = 40.0
_LOCAL_LAT_DEGREES = 30.0
# In wider regions the edges of a cropped Equal Earth lean too far; the globe reads better.
_REGION_LON_DEGREES = 200.0
_MARGIN = 0.06
_FLATTEST, _TALLEST = 0.42, 0.72
# A lone tile is shown with its surroundings: no frame is smaller than this many tiles.
_MIN_TILES = 8
# Tiles are far off beyond this gap; they are left out if they are few and the map gains enough scale.
_FAR_DEGREES = 6.0
_FAR_SHARE = 0.15
_MIN_GAIN = 2.5


@dataclass(frozen=True, slots=True)
class Frame:
    """A box that holds tiles.

    Attributes:
        west: Longitude of the west edge, degrees in 0..360.
        lon_degrees: Width eastwards, degrees, 0 < width <= 360; may run across 360.
        south: Latitude of the south edge, degrees.
        north: Latitude of the north edge, degrees.
        tiles_left_out: Tiles that lie outside; a shared tile counts for each owner.
    """

    west: float
    lon_degrees: float
    south: float
    north: float
    tiles_left_out: int

    @property
    def lon_center(self) -> float:
        """Middle longitude, degrees in -180..180."""
        return (self.west + self.lon_degrees / 2 + 180) % 360 - 180

    @property
    def lat_degrees(self) -> float:
        """Height, degrees."""
        return self.north - self.south


def frame_of(spans: Sequence[RowSpans]) -> Frame | None:
    """Return the box of all tiles, or None when there are none.

    East-west it is the globe without the widest belt of longitudes that holds no tile, so tiles on
    both sides of 180 degrees give a box across it, not a band round the globe.

    When a box of at most two fifths of its area holds at least 85 percent of the tiles, it is that
    smaller one: a country is framed by its mainland, not by islands beyond an ocean.
    """
    some = [one for one in spans if one.n_runs]
    if not some:
        return None
    grid = some[0].grid
    rows, starts, stops = joined_runs(some)
    tiles = stops - starts
    # Tiles per column by a difference array: any number of runs, one number per column.
    steps = np.bincount(starts, minlength=grid.n_cols + 1)
    steps -= np.bincount(stops, minlength=grid.n_cols + 1)
    by_col = np.cumsum(steps)[:-1]
    by_row = np.bincount(rows, tiles, minlength=grid.n_rows)
    cols = _used_belts(by_col.astype(np.float64), grid.lon_edges())
    # Rows run south: negative latitudes ascend with them.
    belts = _used_belts(by_row.astype(np.float64), -grid.lat_edges())
    west, lon_degrees = _shortest_arc(cols.starts, cols.stops)
    whole = Frame(west, lon_degrees, -float(belts.stops[-1]), -float(belts.starts[0]), 0)

    left, right = _fullest(cols.from_degree(west))
    top, bottom = _fullest(belts)
    middles = grid.west + (starts + stops) / 2 * grid.cell_width
    lats = grid.north - (rows + 0.5) * grid.cell_height
    inside = np.mod(middles - (west + left), 360) < right - left
    inside &= (lats < -top) & (lats > -bottom)
    left_out = int(tiles[~inside].sum())
    heart = Frame((west + left) % 360, right - left, -bottom, -top, left_out)
    worth = heart.lon_degrees * heart.lat_degrees * _MIN_GAIN <= lon_degrees * whole.lat_degrees
    return heart if worth and left_out <= _FAR_SHARE * tiles.sum() else whole


@dataclass(frozen=True, slots=True, eq=False)
class _Belts:
    """Belts of rows or columns that hold tiles, with empty ones between them.

    Attributes:
        starts: First edge of each belt, degrees, float64 (n,), ascending.
        stops: Last edge of each belt, degrees, float64 (n,).
        tiles: Tiles in each belt, float64 (n,), > 0.
    """

    starts: NDArray[np.float64]
    stops: NDArray[np.float64]
    tiles: NDArray[np.float64]

    def from_degree(self, zero: float) -> _Belts:
        """Return the belts counted eastwards from a meridian, in order."""
        starts = np.mod(self.starts - zero, 360)
        order = np.argsort(starts, kind="stable")
        stops = starts + (self.stops - self.starts)
        return _Belts(starts[order], stops[order], self.tiles[order])


def _used_belts(tiles: NDArray[np.float64], edges: NDArray[np.float64]) -> _Belts:
    """Return the belts of n rows or columns with tiles, from their n + 1 ascending edges, degrees."""
    turns = np.diff(np.concatenate([[0], (tiles > 0).astype(np.int8), [0]]))
    first, stop = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
    upto = np.concatenate([[0.0], np.cumsum(tiles)])
    return _Belts(edges[first], edges[stop], upto[stop] - upto[first])


def _fullest(belts: _Belts) -> tuple[float, float]:
    """Return ``(start, stop)``, degrees, of the group of belts near each other with most tiles."""
    apart = np.flatnonzero(belts.starts[1:] - belts.stops[:-1] > _FAR_DEGREES)
    firsts = np.concatenate([[0], apart + 1])
    lasts = np.append(apart, len(belts.starts) - 1)
    group = int(np.argmax(np.add.reduceat(belts.tiles, firsts)))
    return float(belts.starts[firsts[group]]), float(belts.stops[lasts[group]])


def _shortest_arc(starts: NDArray[np.float64], stops: NDArray[np.float64]) -> tuple[float, float]:
    """Return ``(west, degrees)`` of the shortest arc that holds all intervals of longitude."""
    order = np.argsort(starts % 360, kind="stable")
    west = (starts % 360)[order]
    reach = np.maximum.accumulate(west + (stops - starts)[order])
    # An interval that runs across 360 also covers the first degrees of the circle.
    reach = np.maximum(reach, reach[-1] - 360)
    # The gap after each interval, up to the next one's start; the last gap closes the circle.
    gaps = np.append(west[1:], west[0] + 360) - reach
    widest = int(np.argmax(gaps))
    if gaps[widest] <= 0:
        return float(west[0]), 360.0
    begin = float(west[(widest + 1) % len(west)])
    return begin, 360.0 - float(gaps[widest])


def choose_view(frame: Frame | None, cell_height: float, width: int) -> View:
    """Return the view that fits the tiles: a local window, a region, or the globe.

    Args:
        frame: The box that holds the tiles; None when there are none.
        cell_height: Height of a tile, degrees.
        width: Px from left to right.
    """
    if frame is None or frame.lon_degrees > _REGION_LON_DEGREES:
        return globe_view(width)
    if frame.lon_degrees <= _LOCAL_LON_DEGREES and frame.lat_degrees <= _LOCAL_LAT_DEGREES:
        return _local_view(frame, width, _MIN_TILES * cell_height)
    return _region_view(frame, width)


def globe_view(width: int) -> EqualEarthView:
    """Return the whole globe, its outline half a pixel inside the picture."""
    proj = pyproj.Proj("+proj=eqearth +ellps=WGS84")
    x_max, _ = proj(180.0, 0.0)
    _, y_max = proj(0.0, 90.0)
    px_per_meter = (width - 2) / (2 * x_max)
    height = math.ceil(2 * y_max * px_per_meter) + 2
    return EqualEarthView(
        GLOBE_LON_CENTER, width, height, px_per_meter, height / 2 / px_per_meter, is_globe=True
    )


def _region_view(frame: Frame, width: int) -> EqualEarthView:
    """Return Equal Earth about the frame's own middle meridian, cropped to the frame."""
    proj = pyproj.Proj("+proj=eqearth +ellps=WGS84")
    lats = np.clip(np.linspace(frame.south, frame.north, 64), -90, 90)
    half = np.full_like(lats, min(180.0, frame.lon_degrees / 2))
    xs, ys = proj(half, lats)
    x_meters, y_meters = 2 * float(np.max(xs)), float(np.max(ys) - np.min(ys))
    height, meters_per_px = _fit(x_meters, y_meters, width)
    middle = float(np.max(ys) + np.min(ys)) / 2
    # A frame near a pole is filled with more of the map, not with paper beyond the pole.
    _, pole = proj(0.0, 90.0)
    north = min(middle + height / 2 * meters_per_px, pole)
    north = max(north, height * meters_per_px - pole)
    return EqualEarthView(frame.lon_center, width, height, 1 / meters_per_px, north, is_globe=False)


def _local_view(frame: Frame, width: int, min_degrees: float) -> LocalView:
    """Return the window of the frame, at least ``min_degrees`` high."""
    middle = (frame.south + frame.north) / 2
    # The pole's own parallel has no length; a window there takes the shape of 85 degrees.
    middle = float(np.clip(middle, -85.0, 85.0))
    lat_degrees = max(frame.lat_degrees, min_degrees)
    lon_degrees = frame.lon_degrees * math.cos(math.radians(middle))
    height, degrees_per_px = _fit(lon_degrees, lat_degrees, width)
    return LocalView(frame.lon_center, middle, width, height, 1 / degrees_per_px)


def _fit(across: float, down: float, width: int) -> tuple[int, float]:
    """Return ``(height, units per px)`` of a picture that holds a box with a margin all round."""
    margin = _MARGIN * max(across, down)
    across, down = across + 2 * margin, down + 2 * margin
    aspect = min(max(down / across, _FLATTEST), _TALLEST)
    height = round(width * aspect)
    return height, max(across / width, down / height)
