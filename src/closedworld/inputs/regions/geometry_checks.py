"""Checks that the geometry of every row is a polygon, on the globe, and valid.

Each check takes the geometries of all rows (``None`` where an earlier check failed) in one vectorised
pass; only rows with a finding are handled one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import GeometryError
from closedworld.inputs.regions.antimeridian import may_jump, unwrap
from closedworld.inputs.regions.country_set import Note
from closedworld.inputs.regions.globe_overlap import overlap_round_globe
from closedworld.inputs.regions.problems import Problem, RowLabel
from closedworld.inputs.regions.repair import repaired
from closedworld.sanitize import one_line

Geometries = NDArray[np.object_]

_POLYGON, _MULTIPOLYGON, _COLLECTION = 3, 6, 7
# A longitude may lie up to half a turn beyond -180 and a whole one beyond 180: 0..360 and unwrapped
# polygons of it. Rounding at a pole is harmless, no row of a grid lies there.
_WEST, _EAST, _POLE = -360.0, 540.0, 90.0 + 1e-9
_HALF_TURN = 180.0
_SURELY_METRES = 1000.0
_REASON = re.compile(r"^(?P<what>.*?)\[(?P<x>\S+) (?P<y>\S+)\]$", re.DOTALL)

REPAIR_HINT = "Fix the file, or pass --repair-geometry to have it repaired; the report then says what changed."


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of the checks.

    Attributes:
        geometries: Valid non-empty two-dimensional multipolygons or ``None`` where there is a
            problem, object (n,), in the order of the rows.
        problems: In no particular order, at most one for a row.
        notes: First those on unwrapped, then those on repaired polygons, each in the order of the rows.
    """

    geometries: Geometries
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]


def check_geometries(
    geometries: Geometries, labels: Sequence[RowLabel], *, repair_geometry: bool
) -> Checked:
    """Turn the geometry of every row into a valid multipolygon, or report why that is impossible.

    Args:
        geometries: Shapely geometries of any kind or ``None``, object (n,).
        labels: Names of the rows, n of them.
        repair_geometry: Whether invalid polygons are repaired and noted, or are a problem.
    """
    kept = geometries.copy()
    problems: list[Problem] = []
    notes: list[Note] = []
    for check in (_not_empty, _polygons_only, _finite, _on_globe):
        problems += check(kept, labels)
    problems += _unwrapped(kept, labels, notes)
    _to_multipolygons(kept)
    problems += _valid(kept, labels, notes, repair_geometry=repair_geometry)
    problems += _once_round_globe(kept, labels)
    return Checked(kept, tuple(problems), tuple(notes))


def _where(condition: NDArray[np.bool_]) -> list[int]:
    """Return the offsets where ``condition`` (n,) holds, ascending."""
    offsets: list[int] = np.flatnonzero(condition).tolist()
    return offsets


def _not_empty(kept: Geometries, labels: Sequence[RowLabel]) -> list[Problem]:
    problems = []
    for at in _where(shapely.is_missing(kept) | shapely.is_empty(kept)):
        what = "has no geometry." if kept[at] is None else "has an empty geometry."
        hint = "Give it a polygon or take the row out of the file."
        problems.append(Problem.of_row(GeometryError, "geometry-empty", labels[at], what, hint))
        kept[at] = None
    return problems


def _polygons_only(kept: Geometries, labels: Sequence[RowLabel]) -> list[Problem]:
    """Turn collections of polygons into multipolygons, refuse other types, and drop Z and M."""
    problems = []
    kinds = shapely.get_type_id(kept)
    for at in _where((kinds >= 0) & (kinds != _POLYGON) & (kinds != _MULTIPOLYGON)):
        polygons = _polygons_of_collection(kept[at]) if kinds[at] == _COLLECTION else None
        if polygons is None:
            what = f"is a {kept[at].geom_type}, not a polygon or multipolygon."
            hint = "Keep only the polygons, for example with ogr2ogr -nlt MULTIPOLYGON."
            code = "geometry-not-polygon"
            problems.append(Problem.of_row(GeometryError, code, labels[at], what, hint))
        kept[at] = polygons
    kept[:] = shapely.force_2d(kept)
    return problems


def _polygons_of_collection(collection: shapely.GeometryCollection) -> shapely.MultiPolygon | None:
    """Return the polygons of a collection; ``None`` if it holds anything else."""
    members = list(shapely.get_parts(collection))
    polygons = []
    while members:
        member = members.pop(0)
        if member.geom_type == "Polygon":
            polygons.append(member)
        elif member.geom_type in ("MultiPolygon", "GeometryCollection"):
            members[:0] = shapely.get_parts(member)
        else:
            return None
    return shapely.MultiPolygon(polygons)


def _finite(kept: Geometries, labels: Sequence[RowLabel]) -> list[Problem]:
    coordinates, of_row = shapely.get_coordinates(kept, return_index=True)
    bad = ~np.isfinite(coordinates).all(axis=1)
    problems = []
    rows, firsts = np.unique(of_row[bad], return_index=True)
    for at, (lon, lat) in zip(rows.tolist(), coordinates[bad][firsts].tolist(), strict=True):
        what = f"has a vertex at lon {lon}, lat {lat}."
        hint = "Every coordinate must be a finite number; fix the file."
        code = "coordinates-not-finite"
        problems.append(Problem.of_row(GeometryError, code, labels[at], what, hint))
        kept[at] = None
    return problems


def _on_globe(kept: Geometries, labels: Sequence[RowLabel]) -> list[Problem]:
    problems = []
    bounds = shapely.bounds(kept)
    west, south, east, north = bounds.T
    # Bounds of None are NaN, and no comparison with NaN holds.
    off = (west < _WEST) | (east > _EAST) | (south < -_POLE) | (north > _POLE)
    for at in _where(off):
        lon, lat = shapely.get_coordinates(kept[at]).T
        first = _where((lon < _WEST) | (lon > _EAST) | (np.abs(lat) > _POLE))[0]
        what = f"has a vertex at lon {lon[first]:.10g}, lat {lat[first]:.10g}, not on the globe."
        hint = _advice_off_globe(bounds[at])
        code = "coordinates-out-of-range"
        problems.append(Problem.of_row(GeometryError, code, labels[at], what, hint))
        kept[at] = None
    return problems


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


def _unwrapped(kept: Geometries, labels: Sequence[RowLabel], notes: list[Note]) -> list[Problem]:
    problems = []
    for at in _where(may_jump(kept)):
        result = unwrap(kept[at])
        label = labels[at]
        if result.round_pole is not None:
            lon, lat = result.round_pole
            what = (
                f"has a ring (first vertex lon {lon:.10g}, lat {lat:.10g}) that goes round a pole."
            )
            hint = (
                "Close it along the antimeridian and the pole: ... 180 lat, 180 -90, -180 -90, "
                "-180 lat ... (90 for the north pole). If the ring is not meant to go round, but has "
                "180 and -180 in a row, remove one of the two vertices."
            )
            problems.append(Problem.of_row(GeometryError, "ring-round-pole", label, what, hint))
            kept[at] = None
        elif result.n_jumps:
            kept[at] = result.geometry
            message = (
                f"{label}: {result.n_jumps} edges longer than 180 degrees were read as the short way "
                "round, across the antimeridian."
            )
            notes.append(Note("unwrapped", label.iso, message, (("edges", result.n_jumps),)))
    return problems


def _to_multipolygons(kept: Geometries) -> None:
    """Turn polygons into multipolygons of one polygon, and leave out empty polygons."""
    for at in _where(shapely.get_type_id(kept) == _POLYGON):
        kept[at] = shapely.MultiPolygon([kept[at]])
    polygons, of_row = shapely.get_parts(kept, return_index=True)
    for at in np.unique(of_row[shapely.is_empty(polygons)]).tolist():
        kept[at] = shapely.MultiPolygon([p for p in kept[at].geoms if not p.is_empty])


def _valid(
    kept: Geometries, labels: Sequence[RowLabel], notes: list[Note], *, repair_geometry: bool
) -> list[Problem]:
    problems = []
    for at in _where(~shapely.is_valid(kept) & ~shapely.is_missing(kept)):
        label = labels[at]
        reason = _reason(kept[at])
        if not repair_geometry:
            what = f"is not a valid polygon: {reason}."
            code, hint = "geometry-invalid", REPAIR_HINT
            problems.append(Problem.of_row(GeometryError, code, label, what, hint))
            kept[at] = None
            continue
        repair = repaired(kept[at])
        kept[at] = repair.geometry
        if repair.geometry is None:
            what = f"has no area left after repair of: {reason}."
            code, hint = "geometry-unrepairable", "Replace the row's geometry in the file."
            problems.append(Problem.of_row(GeometryError, code, label, what, hint))
        else:
            message = f"{label}: repaired {reason}; {repair}."
            notes.append(Note("repaired", label.iso, message, repair.figures()))
    return problems


def _reason(geometry: shapely.MultiPolygon) -> str:
    """Return why and where a geometry is invalid, such as ``Self-intersection at lon 1, lat 2``."""
    reason = shapely.is_valid_reason(geometry)
    match = _REASON.match(reason)
    if match is None:
        return one_line(reason)
    return f"{match['what']} at lon {float(match['x']):.10g}, lat {float(match['y']):.10g}"


def _once_round_globe(kept: Geometries, labels: Sequence[RowLabel]) -> list[Problem]:
    problems = []
    bounds = shapely.bounds(kept)
    for at in _where(np.abs(bounds[:, ::2]).max(axis=1) > _HALF_TURN):
        point = overlap_round_globe(kept[at])
        if point is None:
            continue
        what = (
            f"covers the same area twice, near lon {point[0]:.6g}, lat {point[1]:.6g}, when longitudes "
            "beyond +/-180 are taken modulo 360."
        )
        hint = "Cut the polygon at +/-180, for example with ogr2ogr -wrapdateline."
        code = "geometry-overlaps-itself"
        problems.append(Problem.of_row(GeometryError, code, labels[at], what, hint))
        kept[at] = None
    return problems
