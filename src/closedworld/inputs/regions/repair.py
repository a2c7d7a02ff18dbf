"""Repair of invalid polygons, and how much it changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

# Radius of the sphere that has the area of the WGS 84 ellipsoid, km. On that sphere areas are off by
# at most 0.5%, alike before and after; these are figures for a report, no tile depends on them.
_AUTHALIC_RADIUS_KM = 6371.0072


@dataclass(frozen=True, slots=True)
class Repair:
    """A repaired geometry and its figures.

    Attributes:
        geometry: Valid and not empty; ``None`` when nothing with an area is left.
        n_vertices_before: Vertices, those that close rings included.
        n_vertices_after: Likewise.
        area_km2_before: Area of the invalid geometry by the shoelace formula, km2.
        area_km2_after: Area of the repaired geometry, km2.
    """

    geometry: shapely.MultiPolygon | None
    n_vertices_before: int
    n_vertices_after: int
    area_km2_before: float
    area_km2_after: float

    def __str__(self) -> str:
        return (
            f"{self.n_vertices_before} vertices became {self.n_vertices_after}, "
            f"{self.area_km2_before:,.6f} km2 became {self.area_km2_after:,.6f} km2"
        )

    def figures(self) -> tuple[tuple[str, float], ...]:
        """Return the four numbers by name."""
        return (
            ("vertices_before", self.n_vertices_before),
            ("vertices_after", self.n_vertices_after),
            ("area_km2_before", self.area_km2_before),
            ("area_km2_after", self.area_km2_after),
        )


def repaired(geometry: shapely.MultiPolygon) -> Repair:
    """Return a valid geometry that covers what the rings of an invalid one enclose.

    GEOS' structural repair: every ring is made valid by itself, outer rings are united, holes are
    taken out. Lines and points that would remain are dropped.
    """
    made = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    # A collection may hold multipolygons, and these hold polygons.
    parts = shapely.get_parts(shapely.get_parts(made))
    polygons = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    after = shapely.MultiPolygon(polygons) if polygons else None
    return Repair(
        after,
        int(shapely.get_num_coordinates(geometry)),
        int(shapely.get_num_coordinates(after)) if after is not None else 0,
        _area_km2(geometry),
        _area_km2(after) if after is not None else 0.0,
    )


def _area_km2(geometry: shapely.MultiPolygon) -> float:
    return float(shapely.transform(geometry, _to_equal_area_km).area)


def _to_equal_area_km(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lambert's cylindrical equal-area projection of degrees, (n, 2) to (n, 2) km."""
    radians = np.radians(lon_lat)
    return _AUTHALIC_RADIUS_KM * np.column_stack([radians[:, 0], np.sin(radians[:, 1])])
