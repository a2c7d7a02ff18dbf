"""The part of a country that a circle or a tile leaves to points, and what its tiles weigh, by GEOS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.inputs.regions.country_set import Country
from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.verification.membership import belongs, covered_shares, placed_polygons

_CORNERS_OF_HALF = 64
EARTH_KM = 6371.0088

Weights = tuple[NDArray[np.int64], NDArray[np.int64]]
"""``(tile_ids, weights)``, int64 (n,) each."""


class Part(NamedTuple):
    """Where in a country a point was asked for: on a tile, in a circle, or, with neither, anywhere.

    Attributes:
        tile: Tile; -1 for none.
        circle: Longitude and latitude of the middle, degrees, and radius, km.
    """

    tile: int = -1
    circle: tuple[float, float, float] | None = None


WHOLE = Part()


@dataclass(frozen=True, slots=True, eq=False)
class AskedPart:
    """A part of a country.

    Attributes:
        polygons: What of the country it has, on the longitudes of the grid.
        weights: Its tiles and their weights there.
    """

    polygons: list[shapely.Polygon]
    weights: Weights


def read_parts(
    parts: Iterable[Part], country: Country, grid: Grid, batches: Iterable[Weights]
) -> dict[Part, AskedPart]:
    """Return some parts of a country, whose tiles are read once for all of them.

    Args:
        parts: The parts; not the whole country.
        country: The country.
        grid: The grid.
        batches: All its tiles and their weights.
    """
    circles = {part: _placed_circles(part, grid) for part in parts}
    near: dict[Part, list[Weights]] = {part: [] for part in circles}
    for ids, weights in batches:
        for part, own in circles.items():
            here = ids == part.tile if part.circle is None else _in_bounds(own, grid, ids)
            near[part].append((ids[here], weights[here]))
    whole = list(placed_polygons(country.features, grid))
    found = {}
    for part, own in circles.items():
        ids, weights = map(np.concatenate, zip(*near[part], strict=True))
        if part.circle is None:
            found[part] = AskedPart(whole, (ids, np.maximum(weights, 1)))
        else:
            found[part] = _in_circle(own, whole, grid, ids, weights)
    return found


def _in_circle(
    circles: Sequence[shapely.Polygon],
    country: Sequence[shapely.Polygon],
    grid: Grid,
    ids: NDArray[np.int64],
    weights: NDArray[np.int64],
) -> AskedPart:
    """Return what circle and country share: tiles count by the share of them that the circle has."""
    shared = shapely.intersection(np.asarray(circles, object)[:, None], np.asarray(country, object))
    parts = shapely.get_parts(shared.ravel())
    polygons = parts[shapely.area(parts) > 0].tolist()
    if not polygons:
        return AskedPart([], (ids[:0], weights[:0]))
    some = belongs([shapely.MultiPolygon([one]) for one in polygons], grid, "any_overlap", ids)
    ids, weights = ids[some], weights[some]
    covered = covered_shares([shapely.MultiPolygon([one]) for one in circles], grid, ids)
    own = np.floor(weights * covered).astype(np.int64)
    if not own.any():
        own = np.ceil(tile_areas_cm2(grid)[ids // grid.n_cols] * covered).astype(np.int64)
    return AskedPart(polygons, (ids, own))


def _placed_circles(part: Part, grid: Grid) -> list[shapely.Polygon]:
    if part.circle is None:
        return []
    return list(placed_polygons([shapely.MultiPolygon([circle_polygon(*part.circle)])], grid))


def _in_bounds(
    polygons: Sequence[shapely.Polygon], grid: Grid, ids: NDArray[np.int64]
) -> NDArray[np.bool_]:
    row, col = np.divmod(ids, grid.n_cols)
    near = np.zeros(len(ids), np.bool_)
    for west, south, east, north in (one.bounds for one in polygons):
        near |= (
            (row >= (grid.north - north) / grid.cell_height - 1)
            & (row <= (grid.north - south) / grid.cell_height)
            & (col >= (west - grid.west) / grid.cell_width - 1)
            & (col <= (east - grid.west) / grid.cell_width)
        )
    return near


def is_circle(lon: float | None, lat: float | None, radius_km: float | None) -> bool:
    """Return whether these numbers are a circle's."""
    if lon is None or lat is None or radius_km is None:
        return False
    return abs(lon) <= 180 and abs(lat) <= 90 and 0 < radius_km <= math.pi * EARTH_KM  # noqa: PLR2004 -- degrees


def circle_polygon(lon: float, lat: float, radius_km: float) -> shapely.Polygon:
    """Return the polygon that stands for a circle: 128 corners on it, degrees."""
    angle = radius_km / EARTH_KM
    east, north = [], []
    for k in range(_CORNERS_OF_HALF + 1):
        own = lat + math.degrees(angle) * math.cos(math.pi * k / _CORNERS_OF_HALF)
        own = min(max(own, -90.0), 90.0)
        up = math.sin(math.radians(own - lat) / 2)
        wide = max(math.sin(angle / 2) ** 2 - up * up, 0.0)
        wide /= max(math.cos(math.radians(own)) * math.cos(math.radians(lat)), 1e-9)
        north.append(own)
        east.append(min(2 * math.degrees(math.asin(min(math.sqrt(wide), 1.0))), 179.0))
    ring = [(lon + x, y) for x, y in zip(east, north, strict=True)]
    ring += [(lon - x, y) for x, y in zip(east[-2:0:-1], north[-2:0:-1], strict=True)]
    return shapely.Polygon(ring)
