"""Sites that must lie within a circle, or on one tile: the part of a country that is left to them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import RowAreas
from closedworld.kernels.placing.block_tree import Blocks
from closedworld.kernels.placing.sites import PlacingDomain
from closedworld.kernels.sampling.area_density import cosine
from closedworld.kernels.sampling.shape import CountryShape
from closedworld.kernels.sampling.tile_weights import in_memory
from closedworld.kernels.spans import RowSpans, border_coverage, border_tiles
from closedworld.kernels.sphere import EARTH_RADIUS_KM

_CORNERS_OF_HALF = 64
_HALVINGS, _ARCSINE_TERMS = 3, 10


@dataclass(frozen=True, slots=True)
class Circle:
    """All points within a distance.

    Attributes:
        lon: Longitude of the middle, degrees in -180..180.
        lat: Latitude of the middle, degrees.
        radius_km: Great-circle distance, > 0.
    """

    lon: float
    lat: float
    radius_km: float

    def polygon(self) -> shapely.Polygon:
        """Return a polygon with 128 corners on the circle, degrees, the same on every machine.

        Round a pole, it is the part of the cap that a polygon of longitudes and latitudes can have.
        """
        quarter = cosine(np.linspace(0, 90, _CORNERS_OF_HALF // 2 + 1))
        north = np.concatenate([quarter, -quarter[-2::-1]])
        angle = math.degrees(self.radius_km / EARTH_RADIUS_KM)
        lats = np.clip(self.lat + angle * north, -90.0, 90.0)
        # The haversine formula, solved for the difference of longitudes.
        up, whole = _half_sine(lats - self.lat), _half_sine(np.array([angle]))
        cosines = cosine(lats) * cosine(np.array([self.lat]))
        wide = np.sqrt(np.maximum(whole * whole - up * up, 0) / np.maximum(cosines, 1e-9))
        east = np.minimum(2 * _arcsine(np.minimum(wide, 1.0)), 179.0)
        lons = np.concatenate([self.lon + east, self.lon - east[-2:0:-1]])
        return shapely.Polygon(np.stack([lons, np.concatenate([lats, lats[-2:0:-1]])], axis=1))


def have_circles(circles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows have a circle, bool (rows,).

    Args:
        circles: Longitude and latitude of the centre, degrees, and radius, km; NaN for none; float64 (rows, 3).
    """
    _, _, radius_km = circles.T
    asked: NDArray[np.bool_] = np.isfinite(radius_km)
    return asked


def within_circle(domain: PlacingDomain, circle: Circle) -> PlacingDomain | None:
    """Return the part of a country that lies in a circle, or None if it has no tile there.

    A tile counts with the share of it that the circle has; if nobody lives there, tiles count by area.
    """
    grid, polygon = domain.spans.grid, circle.polygon()
    shape = domain.shape.within(polygon)
    spans = tiles_of_shape(domain.spans, shape)
    if not len(spans):
        return None
    around = RowSpans.from_polygon(polygon, grid, "any_overlap")
    ids = spans.tile_ids()
    ranks = domain.spans.ranks_of(ids)
    covered = border_coverage([polygon], around).to_dense(len(around))[around.ranks_of(ids)]
    weights = np.floor(domain.tile_weights(ranks, ranks + 1) * covered).astype(np.uint64)
    if not weights.any():
        rows = spans.rows.repeat(spans.col_stops - spans.col_starts)
        areas = RowAreas.spanning(grid, rows).of(rows)
        weights = np.ceil(areas * covered).astype(np.uint64)
    part = _with_tiles(domain, spans, weights)
    return replace(part, border=border_tiles(shape.features, grid), shape=shape)


def tiles_of_shape(spans: RowSpans, shape: CountryShape) -> RowSpans:
    """Return those of some tiles that share any area with a shape."""
    found = RowSpans.empty(spans.grid)
    for feature in shape.features:
        found |= RowSpans.from_polygon(feature, spans.grid, "any_overlap")
    return spans & found


def on_tile(domain: PlacingDomain, tile_id: int) -> PlacingDomain:
    """Return the part of a country that lies on one of its tiles; it may have no weight.

    Raises:
        KeyError: The country does not have the tile.
    """
    grid = domain.spans.grid
    ids = np.array([tile_id], np.uint64)
    rank = domain.spans.ranks_of(ids)
    row, col = (side.astype(np.int64) for side in grid.row_col(ids))
    spans = RowSpans.from_runs(grid, row, col, col + 1)
    weights = np.maximum(domain.tile_weights(rank, rank + 1), np.uint64(1))
    return _with_tiles(domain, spans, weights)


def _with_tiles(
    domain: PlacingDomain, spans: RowSpans, weights: NDArray[np.uint64]
) -> PlacingDomain:
    """Return a country with other tiles; the density of their blocks is relative to the whole country."""
    weight, area = domain.blocks.country_weight, domain.blocks.country_area_cm2
    blocks = replace(Blocks.of(spans, [weights]), country_weight=weight, country_area_cm2=area)
    return replace(domain, spans=spans, blocks=blocks, tile_weights=in_memory(weights))


def _half_sine(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sine of half an angle up to 180 degrees, without its sign."""
    return cosine(90.0 - np.abs(degrees) / 2)


def _arcsine(sines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle of sines in 0..1, degrees."""
    half = sines
    for _ in range(_HALVINGS):
        half = half / np.sqrt(2 * (1 + np.sqrt(1 - half * half)))
    term, total = half, half
    for k in range(1, _ARCSINE_TERMS):
        term = term * half * half * ((2 * k - 1) / (2 * k))
        total = total + term / (2 * k + 1)
    return total * ((1 << _HALVINGS) * 180 / math.pi)
