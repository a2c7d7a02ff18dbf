"""The polygons of a country: whether points are inside, and the piece that a tile has of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.edges import place_on_grid

_TURN_DEGREES = 360.0
_HALF_TURN = 180.0


def normalized(lons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return longitudes within a turn of the globe as -180..180, float64; the shift is exact."""
    east = np.where(lons > _HALF_TURN, lons - _TURN_DEGREES, lons)
    return np.where(east < -_HALF_TURN, east + _TURN_DEGREES, east)


class CountryShape:
    """The polygons of a country.

    Args:
        features: Valid polygons, degrees; longitudes may lie beyond +/-180. They may overlap.

    Attributes:
        features: The same.
    """

    def __init__(self, features: Sequence[shapely.MultiPolygon]) -> None:
        # Copies: a prepared geometry must not be shared by threads (https://github.com/libgeos/geos/issues/825).
        self.features = [shapely.from_wkb(shapely.to_wkb(feature)) for feature in features]
        for feature in self.features:
            shapely.prepare(feature)
        self._turns = [_turns(feature.bounds) for feature in self.features]

    def within(self, polygon: shapely.Polygon) -> CountryShape:
        """Return what the country and a polygon share; there may be no features left.

        Args:
            polygon: Valid polygon, degrees, within a turn of -180..180.
        """
        pieces = []
        for feature in self.features:
            first = math.ceil((feature.bounds[0] - polygon.bounds[2]) / _TURN_DEGREES)
            last = math.floor((feature.bounds[2] - polygon.bounds[0]) / _TURN_DEGREES)
            for turn in range(first, last + 1):
                placed = affinity.translate(polygon, turn * _TURN_DEGREES) if turn else polygon
                inside = feature.contains_properly(placed)
                shared = placed if inside else shapely.intersection(feature, placed)
                parts = [
                    one
                    for one in shapely.get_parts(shared)
                    if one.geom_type == "Polygon" and not one.is_empty
                ]
                if parts:
                    pieces.append(shapely.MultiPolygon(parts))
        return CountryShape(pieces)

    def contains(self, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points lie inside the country, not on its border, bool (n,).

        Args:
            lons: Longitudes, degrees in -180..180, float64 (n,).
            lats: Latitudes, degrees, float64 (n,).
        """
        inside = np.zeros(len(lons), np.bool_)
        for feature, turns in zip(self.features, self._turns, strict=True):
            for turn in turns:
                left = np.flatnonzero(~inside)
                at = lons[left] + turn if turn else lons[left]
                inside[left] = shapely.contains_xy(feature, at, lats[left])
        return inside

    def piece_in(self, grid: Grid, box: shapely.Polygon) -> shapely.Geometry:
        """Return what a tile and the country share, on the grid's own longitudes."""
        placed, _ = place_on_grid(np.asarray(self.features, dtype=object), grid)
        return shapely.union_all(shapely.intersection(placed, box))

    def nearest(self, grid: Grid, box: shapely.Polygon) -> tuple[float, float]:
        """Return the point of the country nearest to the middle of a tile, put onto the tile."""
        placed, _ = place_on_grid(np.asarray(self.features, dtype=object), grid)
        lines = shapely.shortest_line(placed, box.centroid)
        line = lines[np.argmin(shapely.length(lines))]
        west, south, east, north = box.bounds
        x, y = line.coords[0]
        return min(max(x, west), east), min(max(y, south), north)


def _turns(bounds: tuple[float, float, float, float]) -> list[float]:
    """Return by how much longitudes in -180..180 must be moved to meet a polygon, degrees."""
    west, _, east, _ = bounds
    first = math.ceil((west - _HALF_TURN) / _TURN_DEGREES)
    last = math.floor((east + _HALF_TURN) / _TURN_DEGREES)
    return [turn * _TURN_DEGREES for turn in range(first, last + 1)]
