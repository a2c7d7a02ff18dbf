"""Checks that the geometry of every row is a polygon, on the globe, and valid.

Each check takes the geometries of all rows (``None`` where an earlier check failed) in one vectorised
pass; only rows with a finding are handled one by one.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate

from closedworld.errors import GeometryError
from closedworld.inputs.regions.antimeridian import closed_round_pole, may_jump, unwrap
from closedworld.inputs.regions.read_options import ReadOptions
from closedworld.inputs.regions.repair import Progress, repaired, without_touches
from closedworld.inputs.regions.rows import RowChecks
from closedworld.sanitize import number_of, one_line

_POLYGON, _MULTIPOLYGON = 3, 6
# A longitude may lie up to half a turn beyond -180 and a whole one beyond 180: 0..360 and unwrapped
# polygons of it. Rounding at a pole is harmless, no row of a grid lies there.
_WEST, _EAST, _POLE = -360.0, 540.0, 90.0 + 1e-9
_HALF_TURN = 180.0
_TURN = 360.0
_INTERIORS_MEET = "T********"
# Polygons that touch may overlap once shifted, by the rounding of the shift (1e-13 degrees). 1e-9 square
# degrees is 12 square metres.
_SLIVER_DEG2 = 1e-9
_SURELY_METRES = 1000.0
_REASON = re.compile(r"^(?P<what>.*?)\[(?P<x>\S+) (?P<y>\S+)\]$", re.DOTALL)

REPAIR_HINT = (
    "Fix the file, or pass --repair-geometry to have it repaired (the report then says what changed), or --fill "
    "evenodd or nonzero to take the rings as they are."
)


def check_geometries(rows: RowChecks, options: ReadOptions, progress: Progress) -> None:
    """Turn the geometry of every row into a valid multipolygon, or refuse it.

    Afterwards ``rows.geometries`` are non-empty two-dimensional multipolygons, valid unless ``rows.invalid`` says
    that they are taken as they are, or ``None`` where there is a problem.

    Args:
        rows: With shapely geometries of any kind, or ``None``.
        options: What becomes of invalid polygons.
        progress: Told of repairs.
    """
    _not_empty(rows)
    _polygons_only(rows, keep_from_collections=options.repair_geometry)
    _finite(rows)
    _on_globe(rows)
    _unwrapped(rows, close_round_pole=options.repair_geometry)
    _to_multipolygons(rows.geometries)
    _valid(rows, options, progress)
    _once_round_globe(rows)


def _where(condition: NDArray[np.bool_]) -> list[int]:
    """Return the offsets where ``condition`` (n,) holds, ascending."""
    offsets: list[int] = np.flatnonzero(condition).tolist()
    return offsets


def _not_empty(rows: RowChecks) -> None:
    unreadable = {problem.row for problem in rows.problems if problem.branch is GeometryError}
    missing = shapely.is_missing(rows.geometries)
    for at in _where(missing | shapely.is_empty(rows.geometries)):
        if rows.labels[at].row not in unreadable:
            what = "has no geometry." if missing[at] else "has an empty geometry."
            hint = "Give it a polygon, take the row out of the file, or pass --skip-bad-rows."
            rows.refuse(at, "geometry-empty", what, hint)


def _polygons_only(rows: RowChecks, *, keep_from_collections: bool) -> None:
    """Turn collections of polygons into multipolygons, refuse other types, and drop Z and M."""
    kinds = shapely.get_type_id(rows.geometries)
    for at in _where((kinds >= 0) & (kinds != _POLYGON) & (kinds != _MULTIPOLYGON)):
        given = rows.geometries[at]
        polygons, others = _members_of(given)
        rows.geometries[at] = shapely.MultiPolygon(polygons)
        if not polygons:
            what = f"is a {given.geom_type} without a polygon, not a polygon or multipolygon."
            hint = "Take the row out of the file, or pass --skip-bad-rows."
            rows.refuse(at, "geometry-not-polygon", what, hint)
        elif others:
            kept = f"{number_of(len(polygons), 'polygon', 'polygons')}"
            dropped = ", ".join(
                f"{count} {kind}" for kind, count in sorted(Counter(others).items())
            )
            if keep_from_collections:
                figures = (("polygons", len(polygons)), ("dropped", len(others)))
                what = f"kept of a collection: {kept}; dropped: {dropped}."
                rows.note("repaired", at, what, figures)
                continue
            what = f"is a collection of {kept} and other geometries: {dropped}."
            hint = "Pass --repair-geometry to keep the polygons alone, or --skip-bad-rows to leave the row out."
            rows.refuse(at, "geometry-not-polygon", what, hint)
    rows.geometries = shapely.force_2d(rows.geometries)


def _members_of(geometry: shapely.Geometry) -> tuple[list[shapely.Polygon], list[str]]:
    """Return the polygons of a geometry, and the types of what else it holds."""
    members = [geometry]
    polygons, others = [], []
    while members:
        member = members.pop(0)
        if member.geom_type == "Polygon":
            polygons.append(member)
        elif member.geom_type in ("MultiPolygon", "GeometryCollection"):
            members[:0] = shapely.get_parts(member)
        else:
            others.append(member.geom_type)
    return polygons, others


def _finite(rows: RowChecks) -> None:
    coordinates, of_row = shapely.get_coordinates(rows.geometries, return_index=True)
    bad = ~np.isfinite(coordinates).all(axis=1)
    wrong, firsts = np.unique(of_row[bad], return_index=True)
    for at, (lon, lat) in zip(wrong.tolist(), coordinates[bad][firsts].tolist(), strict=True):
        what = f"has a vertex at lon {lon}, lat {lat}."
        hint = "Every coordinate must be a finite number; fix the file."
        rows.refuse(at, "coordinates-not-finite", what, hint)


def _on_globe(rows: RowChecks) -> None:
    bounds = shapely.bounds(rows.geometries)
    west, south, east, north = bounds.T
    # Bounds of None are NaN, and no comparison with NaN holds.
    for at in _where((west < _WEST) | (east > _EAST) | (south < -_POLE) | (north > _POLE)):
        lon, lat = shapely.get_coordinates(rows.geometries[at]).T
        first = _where((lon < _WEST) | (lon > _EAST) | (np.abs(lat) > _POLE))[0]
        what = f"has a vertex at lon {lon[first]:.10g}, lat {lat[first]:.10g}, not on the globe."
        rows.refuse(at, "coordinates-out-of-range", what, _advice_off_globe(bounds[at]))


def _advice_off_globe(bounds: NDArray[np.float64]) -> str:
    west, _, east, _ = np.abs(bounds).tolist()
    if float(np.abs(bounds).max()) > _SURELY_METRES:
        return (
            "These look like projected coordinates: ogr2ogr -t_srs EPSG:4326 out.gpkg in.shp "
            "(with -s_srs if the file names the wrong system)."
        )
    if max(west, east) <= _POLE:
        return "Latitude and longitude may be swapped: x must be the longitude."
    return "Longitudes must lie in -360..540 and latitudes in -90..90, both in degrees."


def _unwrapped(rows: RowChecks, *, close_round_pole: bool) -> None:
    for at in _where(may_jump(rows.geometries)):
        result = unwrap(rows.geometries[at])
        if result.round_pole is not None:
            closed = closed_round_pole(rows.geometries[at]) if close_round_pole else None
            if closed is not None:
                rows.geometries[at] = closed
                what = "a ring that goes round a pole was closed along a meridian and the pole."
                rows.note("repaired", at, what)
                continue
            lon, lat = result.round_pole
            what = (
                f"has a ring (first vertex lon {lon:.10g}, lat {lat:.10g}) that goes round a pole."
            )
            hint = (
                "Close it along the antimeridian and the pole: ... 180 lat, 180 -90, -180 -90, "
                "-180 lat ... (90 for the north pole), or pass --repair-geometry. If the ring is not meant to go round, but has "
                "180 and -180 in a row, remove one of the two vertices."
            )
            rows.refuse(at, "ring-round-pole", what, hint)
        elif result.n_jumps:
            rows.geometries[at] = result.geometry
            what = (
                f"{result.n_jumps} edges longer than 180 degrees were read as the short way round, "
                "across the antimeridian."
            )
            rows.note("unwrapped", at, what, (("edges", result.n_jumps),))


def _to_multipolygons(geometries: NDArray[np.object_]) -> None:
    """Turn polygons into multipolygons of one polygon, and leave out empty polygons."""
    for at in _where(shapely.get_type_id(geometries) == _POLYGON):
        geometries[at] = shapely.MultiPolygon([geometries[at]])
    polygons, of_row = shapely.get_parts(geometries, return_index=True)
    for at in np.unique(of_row[shapely.is_empty(polygons)]).tolist():
        geometries[at] = shapely.MultiPolygon([p for p in geometries[at].geoms if not p.is_empty])


def _valid(rows: RowChecks, options: ReadOptions, progress: Progress) -> None:
    rows.invalid = np.zeros(len(rows.geometries), np.bool_)
    reasons: dict[int, str] = {}
    for at in _where(~shapely.is_valid(rows.geometries) & ~shapely.is_missing(rows.geometries)):
        reasons[at] = _reason(rows.geometries[at])
        same = without_touches(rows.geometries[at])
        if same is not None:
            rows.geometries[at] = same
            same_as = "so it was written as a valid polygon of the same vertices"
            rows.note("touching", at, f"touches itself, {same_as}: {reasons.pop(at)}.")
        elif options.fill is not None:
            rows.invalid[at] = True
            rows.note("filled", at, f"taken as it is by {options.fill}: {reasons.pop(at)}.")
        elif not options.repair_geometry:
            what = f"is not a valid polygon: {reasons.pop(at)}."
            rows.refuse(at, "geometry-invalid", what, REPAIR_HINT)
    for at, repair in zip(
        reasons, repaired([rows.geometries[at] for at in reasons], progress), strict=True
    ):
        rows.geometries[at] = repair.geometry
        if repair.geometry is None:
            what = f"has no area left after repair of: {reasons[at]}."
            hint = "Replace the row's geometry in the file."
            rows.refuse(at, "geometry-unrepairable", what, hint)
        else:
            count = number_of(repair.n_polygons, "polygon", "polygons")
            what = f"repaired {count}, first {reasons[at]}; {repair}."
            rows.note("repaired", at, what, repair.figures())


def _reason(geometry: shapely.MultiPolygon) -> str:
    """Return why and where a geometry is invalid, such as ``Self-intersection at lon 1, lat 2``."""
    reason = shapely.is_valid_reason(geometry)
    match = _REASON.match(reason)
    if match is None:
        return one_line(reason)
    return f"{match['what']} at lon {float(match['x']):.10g}, lat {float(match['y']):.10g}"


def _once_round_globe(rows: RowChecks) -> None:
    bounds = shapely.bounds(rows.geometries)
    beyond = np.abs(bounds[:, ::2]).max(axis=1) > _HALF_TURN
    # GEOS cannot intersect invalid polygons; of what they cover twice, nothing is lost: turns are united.
    for at in _where(beyond & ~rows.invalid):
        point = _overlap_round_globe(rows.geometries[at])
        if point is not None:
            what = (
                f"covers the same area twice, near lon {point[0]:.6g}, lat {point[1]:.6g}, when "
                "longitudes beyond +/-180 are taken modulo 360."
            )
            hint = "Cut the polygon at +/-180, for example with ogr2ogr -wrapdateline."
            rows.refuse(at, "geometry-overlaps-itself", what, hint)


def _overlap_round_globe(geometry: shapely.MultiPolygon) -> tuple[float, float] | None:
    """Return ``(lon, lat)`` of a point covered twice modulo 360 degrees, else ``None``.

    In the plane 185 and -175 are different longitudes, so a valid multipolygon with one polygon at
    170..190 and another at -180..-170 may still cover a tile twice. Rules that pair crossings (even-odd)
    would punch a hole there.

    Args:
        geometry: Valid, longitudes possibly beyond +/-180.
    """
    west, _, east, _ = geometry.bounds
    for turns in range(1, int((east - west) / _TURN) + 2):
        shifted = translate(geometry, xoff=_TURN * turns)
        if shifted.bounds[0] >= east or not shapely.relate_pattern(
            geometry, shifted, _INTERIORS_MEET
        ):
            continue
        common = shapely.intersection(geometry, shifted)
        if common.area > _SLIVER_DEG2:
            point = common.point_on_surface()
            return float(point.x), float(point.y)
    return None
