"""Invalid polygons: what touches only, what is repaired, part by part, and how much that changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.inclusion import Fill

Progress = Callable[[int, int], None]
"""Called with how many polygons are done and how many there are."""


def unobserved(done: int, total: int) -> None:
    """Tell nobody of progress."""


# Radius of the sphere that has the area of the WGS 84 ellipsoid, km. On that sphere areas are off by
# at most 0.5%, alike before and after; these are figures for a report, no tile depends on them.
_AUTHALIC_RADIUS_KM = 6371.0072
# By how much lengths and areas of the same edges may differ when they are added up in another order, relative.
_ROUNDING = 1e-12
# Two polygons of one multipolygon may share points and nothing more: not their interiors, not a piece of border.
_OVERLAP = ("T********", "****1****")
# What GEOS may call polygons whose rings touch at points only.
_TOUCHES = ("Ring Self-intersection", "Interior is disconnected")


@dataclass(frozen=True, slots=True)
class Repair:
    """A repaired geometry.

    Attributes:
        before: The invalid geometry.
        geometry: Valid and not empty; ``None`` when nothing with an area is left.
        n_polygons: Polygons that were changed or united.
    """

    before: shapely.MultiPolygon
    geometry: shapely.MultiPolygon | None
    n_polygons: int

    def __str__(self) -> str:
        of = dict(self.figures())
        return (
            f"{of['vertices_before']} vertices became {of['vertices_after']}, "
            f"{of['area_km2_before']:,.6f} km2 became {of['area_km2_after']:,.6f} km2"
        )

    def figures(self) -> tuple[tuple[str, float], ...]:
        """Return numbers by name; vertices with those that close rings, an invalid area by the shoelace formula."""
        return (
            ("polygons", self.n_polygons),
            ("vertices_before", int(shapely.get_num_coordinates(self.before))),
            ("vertices_after", int(shapely.get_num_coordinates(self.geometry))),
            ("area_km2_before", _area_km2(self.before)),
            ("area_km2_after", _area_km2(self.geometry)),
        )


def repaired(geometries: Sequence[shapely.MultiPolygon], progress: Progress) -> list[Repair]:
    """Return valid geometries that cover what the rings of invalid ones enclose.

    GEOS' structural repair, of each invalid polygon by itself, on all cores: every ring is made valid by itself,
    holes are taken out. Polygons that then overlap, or share a piece of border, are united. Lines and points that
    would remain are dropped, and no vertex of any other polygon changes.
    """
    polygons, of_geometry = shapely.get_parts(list(geometries), return_index=True)
    bad = np.flatnonzero(~shapely.is_valid(polygons))
    # The most work first, so that no core is left with it at the end.
    bad = bad[np.argsort(-shapely.get_num_coordinates(polygons[bad]), kind="stable")]
    made = [[polygon] for polygon in polygons]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (at, parts) in enumerate(
            zip(bad.tolist(), pool.map(_structure, polygons[bad]), strict=True), start=1
        ):
            made[at] = parts
            progress(done, len(bad))
    is_bad = np.zeros(len(polygons), np.bool_)
    is_bad[bad] = True
    repairs = []
    for number, geometry in enumerate(geometries):
        own = np.flatnonzero(of_geometry == number)
        parts = [part for at in own.tolist() for part in made[at]]
        united, n_united = _united(np.array(parts, object))
        after = shapely.MultiPolygon(list(united))
        if not after.is_valid:
            # Unions may make parts meet that did not.
            after = shapely.MultiPolygon(_structure(after))
        n_polygons = int(is_bad[own].sum()) + n_united
        repairs.append(Repair(geometry, None if after.is_empty else after, n_polygons))
    return repairs


def without_touches(geometry: shapely.MultiPolygon) -> shapely.MultiPolygon | None:
    """Return a valid geometry of the same vertices and edges; None if there is none.

    There is one if rings of the geometry do nothing worse than touch themselves at points.
    """
    polygons = shapely.get_parts(geometry)
    made: list[shapely.Polygon] = []
    for polygon in polygons:
        if polygon.is_valid:
            made.append(polygon)
            continue
        if not shapely.is_valid_reason(polygon).startswith(_TOUCHES):
            return None
        valid = _polygons_of(shapely.make_valid(polygon))
        if not _has_same_edges(polygon, shapely.MultiPolygon(valid)):
            return None
        made += valid
    whole = shapely.MultiPolygon(made)
    return whole if whole.is_valid else None


def enclosed(feature: shapely.MultiPolygon, fill: Fill) -> shapely.MultiPolygon:
    """Return valid polygons of what a fill rule encloses; vertices where edges cross are rounded."""
    if feature.is_valid:
        return feature
    if fill is Fill.EVENODD:
        return shapely.MultiPolygon(_polygons_of(shapely.make_valid(feature)))
    areas = []
    for polygon in feature.geoms:
        rings = [shapely.Polygon(ring) for ring in shapely.get_rings(polygon)]
        outer, *holes = (shapely.MultiPolygon(_structure(ring)) for ring in rings)
        areas.append(shapely.difference(outer, shapely.union_all(holes)))
    return shapely.MultiPolygon(_polygons_of(shapely.union_all(areas)))


def _structure(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    return _polygons_of(shapely.make_valid(polygon, method="structure", keep_collapsed=False))


def _polygons_of(geometry: shapely.Geometry) -> list[shapely.Polygon]:
    """Return the polygons of a geometry; a collection may hold multipolygons, and these hold polygons."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def _has_same_edges(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Return whether two geometries have the same vertices, and the same length and area but for rounding.

    Noding adds a vertex where edges cross, and drops edges that run along each other; where a ring crosses itself
    at a vertex, the area changes.
    """
    vertices, others = (
        {tuple(point) for point in shapely.get_coordinates(geometry).tolist()}
        for geometry in (one, other)
    )
    return (
        vertices == others
        and abs(one.length - other.length) <= _ROUNDING * one.length
        and abs(one.area - other.area) <= _ROUNDING * one.area
    )


def _united(polygons: NDArray[np.object_]) -> tuple[NDArray[np.object_], int]:
    """Return valid polygons with those united that overlap or share a piece of border, and how many were."""
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pairs = left < right
    left, right = left[pairs], right[pairs]
    meet = np.zeros(len(left), np.bool_)
    for pattern in _OVERLAP:
        meet |= shapely.relate_pattern(polygons[left], polygons[right], pattern)
    if not meet.any():
        return polygons, 0
    group = np.arange(len(polygons))
    for one, other in zip(left[meet].tolist(), right[meet].tolist(), strict=True):
        group[group == group[other]] = group[one]
    joined = np.flatnonzero(np.bincount(group, minlength=len(polygons))[group] > 1)
    alone = np.setdiff1d(np.arange(len(polygons)), joined)
    new = [
        part
        for number in np.unique(group[joined]).tolist()
        for part in _polygons_of(shapely.union_all(polygons[group == number]))
    ]
    return np.array([*polygons[alone], *new], object), len(joined)


def _area_km2(geometry: shapely.MultiPolygon | None) -> float:
    return 0.0 if geometry is None else shapely.transform(geometry, _to_equal_area_km).area


def _to_equal_area_km(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lambert's cylindrical equal-area projection of degrees, (n, 2) to (n, 2) km."""
    radians = np.radians(lon_lat)
    return _AUTHALIC_RADIUS_KM * np.column_stack([radians[:, 0], np.sin(radians[:, 1])])
