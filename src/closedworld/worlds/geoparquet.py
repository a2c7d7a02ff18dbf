"""GeoParquet 1.1: geometry columns as WKB, and the metadata of the file.

https://geoparquet.org/releases/v1.1.0/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

GEOMETRY = "geometry"
COVERING = "bbox"

SIDES = ("xmin", "ymin", "xmax", "ymax")
COVERING_TYPE = pa.struct([pa.field(side, pa.float64(), nullable=False) for side in SIDES])
_LITTLE_ENDIAN = 1
_POINT, _POLYGON = 1, 3
_CORNERS = 5


def point_wkb(x: NDArray[np.float64], y: NDArray[np.float64]) -> pa.Array:
    """Return points as WKB, binary (n,)."""
    kind = np.dtype([("order", "u1"), ("type", "<u4"), ("at", "<f8", 2)])
    records = np.empty(len(x), kind)
    records["order"], records["type"] = _LITTLE_ENDIAN, _POINT
    records["at"][:, 0], records["at"][:, 1] = x, y
    return _binary(records)


def box_wkb(
    west: NDArray[np.float64],
    south: NDArray[np.float64],
    east: NDArray[np.float64],
    north: NDArray[np.float64],
) -> pa.Array:
    """Return boxes as WKB polygons, counterclockwise from the south-west, binary (n,)."""
    kind = np.dtype(
        [("order", "u1"), ("type", "<u4"), ("rings", "<u4"), ("size", "<u4"), ("at", "<f8", (5, 2))]
    )
    records = np.empty(len(west), kind)
    records["order"], records["type"] = _LITTLE_ENDIAN, _POLYGON
    records["rings"], records["size"] = 1, _CORNERS
    for corner, (x, y) in enumerate(
        ((west, south), (east, south), (east, north), (west, north), (west, south))
    ):
        records["at"][:, corner, 0], records["at"][:, corner, 1] = x, y
    return _binary(records)


def covering(sides: Sequence[NDArray[np.float64]]) -> pa.StructArray:
    """Return the bounding box column that lets readers skip row groups.

    Args:
        sides: xmin, ymin, xmax and ymax, float64 (n,) each.
    """
    return pa.StructArray.from_arrays(
        [pa.array(side) for side in sides], fields=list(COVERING_TYPE)
    )


def geo_metadata(
    kind: Literal["Point", "Polygon"], bounds: Sequence[float] | None, *, has_covering: bool
) -> dict[bytes, bytes]:
    """Return the metadata of a file with one geometry column in WGS 84 longitude and latitude.

    Args:
        kind: Type of all geometries.
        bounds: xmin, ymin, xmax and ymax of all; None when there are none.
        has_covering: Whether the file has the column of ``covering``.
    """
    column: dict[str, object] = {"encoding": "WKB", "geometry_types": [kind], "crs": _wgs_84()}
    if kind == "Polygon":
        column["orientation"] = "counterclockwise"
    if bounds is not None:
        column["bbox"] = list(bounds)
    if has_covering:
        column["covering"] = {"bbox": {side: [COVERING, side] for side in SIDES}}
    content = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    return {b"geo": json.dumps(content, sort_keys=True).encode()}


def _wgs_84() -> dict[str, Any]:
    """Return EPSG:4326 as PROJJSON.

    Without it the column would be in OGC:CRS84. That is the same, but GeoPandas warns when a file in it
    meets points in EPSG:4326, as most have them. Coordinates of GeoParquet are longitude first in both.
    """
    import pyproj  # noqa: PLC0415 -- only for files with geometry

    content: dict[str, Any] = pyproj.CRS.from_epsg(4326).to_json_dict()
    return content


def _binary(records: NDArray[np.void]) -> pa.Array:
    """Return packed records as one binary value each."""
    size, count = records.dtype.itemsize, len(records)
    offsets = pa.py_buffer(np.arange(count + 1, dtype=np.int64) * size)
    values = pa.py_buffer(records.tobytes())
    wkb = pa.Array.from_buffers(pa.large_binary(), count, [None, offsets, values])
    return wkb.cast(pa.binary())
