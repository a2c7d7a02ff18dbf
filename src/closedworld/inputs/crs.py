"""Checks that a reference system is WGS 84 longitude and latitude."""

from __future__ import annotations

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
    RASTER_TOOL: "gdalwarp -t_srs EPSG:4326 -r sum in.tif out.tif (-r sum keeps counts, such as people)",
}


_PLANE_AXES = 2


def require_wgs84(crs: str | Mapping[str, Any] | None, tool: str = VECTOR_TOOL) -> None:
    """Raise unless ``crs`` is WGS 84 in degrees from Greenwich, with or without heights.

    EPSG:4326, OGC:CRS84 and whatever pyproj considers equal to them apart from the order of the axes:
    every format read here stores the longitude first, and so does GDAL.

    Args:
        crs: EPSG code, WKT or PROJJSON.
        tool: The GDAL program that the advice is about, ``VECTOR_TOOL`` or ``RASTER_TOOL``.

    Raises:
        InputError: ``crs-missing``, ``crs-unreadable``, ``crs-not-wgs84``.
    """
    # Importing pyproj costs 50 ms and is not needed to hold countries.
    from pyproj import CRS  # noqa: PLC0415
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    if not crs:
        raise _missing(tool)
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
    if given.name.startswith(_UNDEFINED):
        raise _missing(tool)
    if given.is_geographic and len(given.axis_info) > _PLANE_AXES:
        # Heights are dropped with the Z of the coordinates.
        given = given.to_2d()
    if not given.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        raise InputError(
            "crs-not-wgs84",
            f"the reference system is {one_line(given.name)!r}{_authority(given)}, not WGS 84 "
            "longitude and latitude.",
            f"Convert it: {_CONVERT[tool]}",
        )


def _missing(tool: str) -> InputError:
    return InputError(
        "crs-missing",
        "the file does not say which reference system its coordinates are in.",
        f"If they are WGS 84 longitude and latitude, say so: {_SET[tool]}",
    )


def _authority(crs: Any) -> str:
    """Return the code of a reference system in brackets, or nothing when it has none."""
    code = crs.to_authority()
    return f" ({code[0]}:{code[1]})" if code else ""
