"""The country whose polygons hold a point, exactly, for millions of points.

Tiles that no border passes through decide their points at once; the points of the others are tested against polygons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.inclusion import Rule
from closedworld.kernels.spans import TileOwners, cells_of, region_spans
from closedworld.kernels.spans.regions import border_tiles, single_polygons

NOBODY = -1
_RESOLUTION = "3m"
_TURN = 360.0


@dataclass(frozen=True, slots=True, eq=False)
class PolygonOwners:
    """Polygons of countries, ready to locate points in.

    Attributes:
        isos: Codes of the countries, in the order of their numbers.
        inside: Owners of tiles by their centres.
        border: Tiles that a border passes through.
        polygons: All polygons, Polygon (m,), prepared.
        owners: Number of each polygon's country, int64 (m,), ascending.
    """

    isos: tuple[str, ...]
    inside: TileOwners
    border: TileOwners
    polygons: NDArray[np.object_]
    owners: NDArray[np.int64]

    @classmethod
    def of(cls, countries: Mapping[str, Sequence[shapely.MultiPolygon]]) -> PolygonOwners:
        """Return the owners of the ground that countries cover, valid polygons by code."""
        grid = Grid.from_resolution(_RESOLUTION)
        features = [list(one) for one in countries.values()]
        polygons, owners = single_polygons(features)
        shapely.prepare(polygons)
        return cls(
            tuple(countries),
            TileOwners.of(region_spans(features, grid, Rule.CENTER), grid),
            TileOwners.of([border_tiles(list(polygons), grid)], grid),
            polygons,
            owners,
        )

    def locate(self, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.int16]:
        """Return the number in ``isos`` of the country that holds each point, int16 (n,); -1 for none.

        A point on a border lies in the first of its countries.

        Args:
            lons: Degrees, float64 (n,), -180..180; NaN for no point.
            lats: Degrees, float64 (n,).
        """
        rows, cols = cells_of(self.inside.grid, lons, lats)
        found, _ = self.inside.at(rows, cols)
        _, on_border = self.border.at(rows, cols)
        near = np.flatnonzero(on_border)
        found[near] = self._by_polygons(lons[near], lats[near])
        return found.astype(np.int16)

    def _by_polygons(
        self, lons: NDArray[np.float64], lats: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        found = np.full(len(lons), len(self.isos), np.int64)
        bounds = shapely.bounds(self.polygons)
        tree = shapely.STRtree(shapely.box(*bounds.T))
        for turn in (0.0, _TURN, -_TURN):
            point, polygon = tree.query(shapely.points(lons + turn, lats), predicate="intersects")
            # Polygon by polygon, whose edges then stay in the processor's cache.
            order = np.argsort(polygon)
            point, polygon = point[order], polygon[order]
            holds = shapely.intersects_xy(self.polygons[polygon], lons[point] + turn, lats[point])
            np.minimum.at(found, point[holds], self.owners[polygon[holds]])
        return np.where(found == len(self.isos), NOBODY, found)
