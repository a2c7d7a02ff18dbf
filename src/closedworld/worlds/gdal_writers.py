"""Rows with geometry as GeoJSON or GeoPackage, by GDAL."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from closedworld.errors import PublishError
from closedworld.sanitize import library_message
from closedworld.worlds.geoparquet import GEOMETRY

DRIVERS = {".geojson": "GeoJSON", ".gpkg": "GPKG"}
"""Names that GDAL has for the formats of suffixes."""

# 15 digits keep all that float64 does but some nanometres.
_GEOJSON_OPTIONS = {"COORDINATE_PRECISION": "15", "RFC7946": "NO"}
_END_BYTES = 16
_FID_NAMES = ("fid", "ogc_fid", "closedworld_fid")


def write_by_gdal(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    staged: Path,
    path: Path,
    *,
    layer: str,
    shape: Literal["Point", "Polygon"],
) -> None:
    """Write rows in the format of the suffix.

    Args:
        batches: The rows.
        schema: Their columns, among them ``geometry``, WKB in longitude and latitude.
        staged: File to write.
        path: Its later name, for errors.
        layer: Name of the layer.
        shape: Kind of the geometry.

    Raises:
        PublishError: ``output-not-writable``.
    """
    import pyogrio  # noqa: PLC0415 -- 0.1 s that the other formats do not need
    from pyogrio.errors import DataLayerError, DataSourceError  # noqa: PLC0415

    driver = DRIVERS[path.suffix.lower()]
    options: dict[str, Any] = _GEOJSON_OPTIONS
    if driver == "GPKG":
        # The number of a row must not go into a column of the user's.
        taken = {name.casefold() for name in schema.names}
        options = {"FID": next(name for name in _FID_NAMES if name not in taken)}
    try:
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(schema, batches),
            staged,
            layer=layer,
            driver=driver,
            geometry_name=GEOMETRY,
            geometry_type=shape,
            crs="EPSG:4326",
            layer_options=options,
        )
        is_whole = _ends_well(staged) if driver == "GeoJSON" else pyogrio.read_info(staged)
    except (DataSourceError, DataLayerError) as error:
        raise not_written(path, library_message(error)) from error
    if not is_whole:
        raise not_written(path, "its end is not there")


def _ends_well(file: Path) -> bool:
    """Return whether GeoJSON has its end: on a full disk, GDAL closes a file that lacks it without a word."""
    with file.open("rb") as stream:
        stream.seek(max(file.stat().st_size - _END_BYTES, 0))
        return stream.read().split()[-2:] == [b"]", b"}"]


def not_written(path: Path, reason: str) -> PublishError:
    """Return the error for a file that GDAL did not write whole."""
    return PublishError(
        "output-not-writable",
        f"cannot write {path}: {reason}.",
        "Free some space or choose another --out.",
    )
