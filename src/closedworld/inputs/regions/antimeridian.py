"""Unwraps polygons that cross the antimeridian, so that their longitudes do not jump.

A file can cross 180 in three ways: polygons split at +/-180, longitudes that continue (170..190),
or rings that jump from 179 to -179. The first two are left alone; everything downstream takes
longitudes modulo 360. The third is unwrapped here: an edge with 180 < |dlon| < 360 is read as the
short way round the globe, and whole turns are added so that the longitudes of the ring continue.

Adding 360 to a float64 longitude in -180..-128 is exact. Elsewhere the sum is rounded once to the
spacing of float64 at the new longitude, at most 5.7e-14 degrees (6 nanometres).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

_HALF_TURN = 180.0
_TURN = 360.0
# An edge of a whole turn is no jump: Antarctica runs from 180 to -180 along the pole. Its ends may
# carry rounding, such as Natural Earth's -179.99999999999991. 1e-9 degree is 0.1 mm.
_TOLERANCE_DEGREES = 1e-9
_POLE = 90.0 - _TOLERANCE_DEGREES


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A polygon or multipolygon after unwrapping.

    Attributes:
        geometry: With longitudes that do not jump; the object given if nothing had to be done.
        n_jumps: Edges that were read as the short way round.
        round_pole: ``(lon, lat)`` of the first vertex of a ring that goes round a pole, so that it
            cannot be unwrapped; then ``geometry`` is as given.
    """

    geometry: shapely.Geometry
    n_jumps: int = 0
    round_pole: tuple[float, float] | None = None


def may_jump(geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which geometries may need unwrapping, bool in the shape of the argument.

    A jump makes the bounds wider than half the globe, so ordinary polygons cost no more than their
    bounds. ``None`` and empty geometries do not jump.
    """
    bounds = shapely.bounds(geometries)
    # Bounds of None and of empty geometries are NaN, and no comparison with NaN holds.
    wide: NDArray[np.bool_] = bounds[..., 2] - bounds[..., 0] > _HALF_TURN
    return wide


def unwrap(geometry: shapely.Polygon | shapely.MultiPolygon) -> Unwrapped:
    """Return the geometry with longitudes that do not jump within any ring.

    A polygon that had to be moved has its west end in -180..180; its holes are moved
    by whole turns to lie inside their outer ring. The result does not depend on the vertex at which
    a ring starts.
    """
    polygons = shapely.get_parts(geometry)
    n_jumps = 0
    for index in np.flatnonzero(may_jump(polygons)):
        unwrapped = _unwrap_polygon(polygons[index])
        if unwrapped.round_pole is not None:
            return Unwrapped(geometry, 0, unwrapped.round_pole)
        polygons[index] = unwrapped.geometry
        n_jumps += unwrapped.n_jumps
    if not n_jumps:
        return Unwrapped(geometry)
    whole = shapely.multipolygons(polygons) if geometry.geom_type == "MultiPolygon" else polygons[0]
    return Unwrapped(whole, n_jumps)


def closed_round_pole(
    geometry: shapely.Polygon | shapely.MultiPolygon,
) -> shapely.MultiPolygon | None:
    """Return the geometry with outer rings that go round a pole closed along a meridian and the pole.

    The pole is that of the hemisphere in which most of the ring's vertices lie; the meridian is that of its westernmost
    vertex. ``None`` if a hole goes round, or a ring more than once.
    """
    made = []
    for polygon in shapely.get_parts(geometry):
        ring = shapely.get_coordinates(polygon.exterior)
        if _turns(ring)[-1] == 0:
            made.append(polygon)
            continue
        first = int(np.argmin((ring[:-1, 0] + _HALF_TURN) % _TURN))
        ring = np.concatenate([ring[first:-1], ring[:first], ring[first : first + 1]])
        turns = _turns(ring)
        holes = [shapely.get_coordinates(hole) for hole in polygon.interiors]
        if abs(turns[-1]) != 1 or any(_turns(hole)[-1] for hole in holes):
            return None
        lon, pole = ring[:, 0] + _TURN * turns, np.copysign(90.0, ring[:, 1].sum())
        lon -= _TURN * np.floor((lon.min() + _HALF_TURN) / _TURN)
        closed = np.vstack([np.column_stack([lon, ring[:, 1]]), (lon[-1], pole), (lon[0], pole)])
        moved = [hole + np.array([_TURN * _turns_into(lon, hole[:, 0]), 0.0]) for hole in holes]
        made.append(shapely.Polygon(closed, moved))
    return shapely.MultiPolygon(made)


def _unwrap_polygon(polygon: shapely.Polygon) -> Unwrapped:
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(polygon)]
    turns = [_turns(ring) for ring in rings]
    for ring, ring_turns in zip(rings, turns, strict=True):
        if ring_turns[-1] != 0:
            return Unwrapped(polygon, 0, (float(ring[0, 0]), float(ring[0, 1])))
    n_jumps = sum(int(np.count_nonzero(np.diff(ring_turns))) for ring_turns in turns)
    if not n_jumps:
        return Unwrapped(polygon)
    outer, *holes = (
        ring[:, 0] + _TURN * ring_turns for ring, ring_turns in zip(rings, turns, strict=True)
    )
    base = -int(np.floor((outer.min() + _HALF_TURN) / _TURN))
    shifts = [base] + [base + _turns_into(outer, hole) for hole in holes]
    moved = []
    for ring, ring_turns, shift in zip(rings, turns, shifts, strict=True):
        # One sum per vertex, so one rounding, whatever the number of turns.
        lon = ring[:, 0] + _TURN * (ring_turns + shift)
        moved.append(np.column_stack([lon, ring[:, 1]]))
    return Unwrapped(shapely.Polygon(moved[0], moved[1:]), n_jumps)


def _turns(ring: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the whole turns to add at each vertex of a closed ring, int64 (n,), first one 0.

    The last is 0 too unless the ring goes round a pole. All meridians meet at a pole, so an edge
    that runs along it may be read either way; it is read the way that closes the ring.
    """
    steps = np.diff(ring[:, 0])
    size = np.abs(steps)
    is_jump = (size > _HALF_TURN) & (size < _TURN - _TOLERANCE_DEGREES)
    is_whole = (size >= _TURN - _TOLERANCE_DEGREES) & (size <= _TURN + _TOLERANCE_DEGREES)
    on_pole = np.abs(ring[:, 1]) >= _POLE
    along_pole = on_pole[1:] & on_pole[:-1]
    if (is_whole & ~along_pole).any():
        crossing = _accumulate(steps, is_jump | (is_whole & ~along_pole))
        lon = ring[:, 0] + _TURN * crossing
        if crossing[-1] == 0 and lon.max() - lon.min() > _TOLERANCE_DEGREES:
            return crossing
    turns = _accumulate(steps, is_jump)
    if turns[-1] != 0:
        turns_off_pole = _accumulate(steps, is_jump & ~along_pole)
        if turns_off_pole[-1] == 0:
            return turns_off_pole
    return turns


def _accumulate(steps: NDArray[np.float64], is_jump: NDArray[np.bool_]) -> NDArray[np.int64]:
    turn = np.where(is_jump, -np.sign(steps), 0.0).astype(np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(turn)])


def _turns_into(outer: NDArray[np.float64], hole: NDArray[np.float64]) -> int:
    """Return the whole turns that bring ``hole`` to the east of the west end of ``outer``.

    There it lies inside ``outer`` if it can at all; if it does not, the validity check reports it.
    """
    return int(np.ceil((outer.min() - _TOLERANCE_DEGREES - hole.min()) / _TURN))
