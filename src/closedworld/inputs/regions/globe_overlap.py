"""Polygons that overlap themselves only modulo 360 degrees.

In the plane 185 and -175 are different longitudes, so a valid multipolygon with one polygon at
170..190 and another at -180..-170 may still cover a tile twice. Rules that pair crossings (even-odd)
would punch a hole there.
"""

from __future__ import annotations

import shapely
from shapely.affinity import translate

_TURN = 360.0
_INTERIORS_MEET = "T********"
# Polygons that touch may overlap once shifted, by the rounding of the shift (1e-13 degrees). 1e-9 square
# degrees is 12 square metres.
_SLIVER_DEG2 = 1e-9


def overlap_round_globe(geometry: shapely.MultiPolygon) -> tuple[float, float] | None:
    """Return ``(lon, lat)`` of a point covered twice modulo 360 degrees, else ``None``.

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
