"""Checks that a reference system is WGS 84 longitude and latitude."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from closedworld.errors import InputError
from closedworld.sanitize import library_message, one_line, quoted

# A layer without a reference system: GDAL before 3.9 returns one of this name for entries 0 and -1 of a
# GeoPackage, GDAL 3.9 and later for its own entry 99999: https://github.com/OSGeo/gdal/pull/9595
_UNDEFINED = "Undefined "
# A code or WKT. PROJ accepts more, such as +init=<file>:<key>, and would open that file.
_CODE_OR_WKT = re.compile(
    r"\s*(?:[A-Za-z]\w*:[\w.]+|urn:ogc:def:crs:[\w.]+:[\w.]*:\w+|[A-Za-z_]+\s*\[.*)\s*", re.DOTALL
)

VECTOR_TOOL, RASTER_TOOL = "ogr2ogr", "gdalwarp"

_SET = {
    VECTOR_TOOL: "ogr2ogr -a_srs EPSG:4326 out.gpkg in.shp",
    RASTER_TOOL: "gdal_translate -a_srs EPSG:4326 in.tif out.tif",
}
_CONVERT = {
    VECTOR_TOOL: "ogr2ogr -t_srs EPSG:4326 out.gpkg in.shp",
    # Any other resampling would change how many people there are.
    RASTER_TOOL: "gdalwarp -t_srs EPSG:4326 -r sum -et 0 in.tif out.tif (-r sum keeps counts, such as people)",
}


_ASSUME = {
    VECTOR_TOOL: "If metres do not matter, pass --assume-wgs84; else ",
    RASTER_TOOL: "If metres do not matter, say that it is: gdal_translate -a_srs EPSG:4326 in.tif out.tif; else ",
}
_OR_ASSUME = {VECTOR_TOOL: ", or pass --assume-wgs84", RASTER_TOOL: ""}

_PLANE_AXES = 2
_SEMI_MAJOR_M = 6_378_137.0
# WGS 84 has 298.257223563, GRS 1980 298.257222101: 0.1 mm at a pole.
_INVERSE_FLATTENING = 298.257223
# WGS 84 and its realizations.
_WGS84_DATUM = re.compile(r"World Geodetic System 1984|WGS[ _]?(19)?84", re.IGNORECASE)


def require_wgs84(
    crs: str | Mapping[str, Any] | None, tool: str = VECTOR_TOOL, *, assume: bool = False
) -> str:
    """Raise unless ``crs`` is WGS 84 in degrees from Greenwich, with or without heights.

    EPSG:4326, OGC:CRS84 and whatever pyproj considers equal to them apart from the order of the axes: every format
    read here stores the longitude first, and so does GDAL. Likewise a system without a datum on the ellipsoid of
    WGS 84, as older software writes it, and degrees of ten digits.

    Args:
        crs: EPSG code, WKT or PROJJSON.
        tool: The GDAL program that the advice is about, ``VECTOR_TOOL`` or ``RASTER_TOOL``.
        assume: Take no system, and systems that differ from WGS 84 by metres, such as ETRS89 and NAD83, for it.

    Returns:
        What was assumed, in words; empty if nothing was.

    Raises:
        InputError: ``crs-missing``, ``crs-unreadable``, ``crs-not-wgs84``.
    """
    # Importing pyproj costs 50 ms and is not needed to hold countries.
    from pyproj import CRS  # noqa: PLC0415
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    if not crs:
        return _unstated(tool, assume=assume)
    if isinstance(crs, str) and _CODE_OR_WKT.fullmatch(crs) is None:
        raise InputError(
            "crs-unreadable",
            f"the reference system is {quoted(crs)}, which is neither a code nor WKT.",
            f"Set it again: {_SET[tool]}",
        )
    try:
        given = CRS.from_user_input(dict(crs) if not isinstance(crs, str) else crs)
    except CRSError as error:
        raise InputError(
            "crs-unreadable",
            f"the reference system cannot be parsed: {library_message(error)}.",
            f"Set it again: {_SET[tool]}",
        ) from error
    # The placeholder that GDAL writes into a raster of points without one.
    is_unnamed_plane = given.type_name == "Engineering CRS" and given.name == "unnamed"
    if given.name.startswith(_UNDEFINED) or is_unnamed_plane:
        return _unstated(tool, assume=assume)
    if given.is_geographic and len(given.axis_info) > _PLANE_AXES:
        # Heights are dropped with the Z of the coordinates.
        given = given.to_2d()
    if given.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return ""
    code = given.to_authority()
    named = f"{one_line(given.name)!r}" + (f" ({code[0]}:{code[1]})" if code else "")
    if _is_in_degrees_on_earth(given):
        if _is_wgs84(given):
            return ""
        if assume:
            return f"coordinates in {named} are taken for WGS 84, from which they differ by metres at most."
        raise InputError(
            "crs-not-wgs84",
            f"the reference system is {named}, which differs from WGS 84 by metres at most, but differs.",
            f"{_ASSUME[tool]}convert it: {_CONVERT[tool]}",
        )
    raise InputError(
        "crs-not-wgs84",
        f"the reference system is {named}, not WGS 84 longitude and latitude.",
        f"Convert it: {_CONVERT[tool]}",
    )


def _is_wgs84(crs: Any) -> bool:
    """Return whether the datum of a system is WGS 84 or unknown on the ellipsoid of WGS 84."""
    if _WGS84_DATUM.match(crs.datum.name):
        return True
    on_ellipsoid = math.isclose(crs.ellipsoid.inverse_flattening, 298.257223563, abs_tol=1e-8)
    return on_ellipsoid and "unknown" in crs.datum.name.casefold()


def _is_in_degrees_on_earth(crs: Any) -> bool:
    """Return whether a system is geographic, in degrees from Greenwich, on the ellipsoid of WGS 84 or GRS 1980."""
    if not crs.is_geographic or None in (crs.datum, crs.ellipsoid, crs.prime_meridian):
        return False
    return (
        math.isclose(crs.ellipsoid.semi_major_metre, _SEMI_MAJOR_M, abs_tol=1e-3)
        and math.isclose(crs.ellipsoid.inverse_flattening, _INVERSE_FLATTENING, abs_tol=1e-5)
        and crs.prime_meridian.longitude == 0
        and all(
            math.isclose(axis.unit_conversion_factor, math.radians(1), rel_tol=1e-8)
            for axis in crs.axis_info
        )
    )


def _unstated(tool: str, *, assume: bool) -> str:
    if assume:
        return "the file names no reference system; its coordinates are taken for WGS 84 longitude and latitude."
    raise InputError(
        "crs-missing",
        "the file does not say which reference system its coordinates are in.",
        f"If they are WGS 84 longitude and latitude, say so: {_SET[tool]}{_OR_ASSUME[tool]}",
    )
