"""Tables of points as files, in the format of the file's suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from closedworld.errors import PublishError
from closedworld.sanitize import library_message
from closedworld.store.atomic import refuse_folder, require_suffix, whole_file
from closedworld.worlds.geoparquet import GEOMETRY, geo_metadata, point_wkb

_DRIVERS = {".geojson": "GeoJSON", ".gpkg": "GPKG"}
POINT_SUFFIXES = (".parquet", ".geoparquet", ".csv", *_DRIVERS)

# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_ROW_GROUP_ROWS = 1 << 20
# 15 digits keep all that float64 does but some nanometres.
_FID_NAMES = ("fid", "ogc_fid", "closedworld_fid")
_GEOJSON_OPTIONS = {"COORDINATE_PRECISION": "15", "RFC7946": "NO"}


def require_point_suffix(path: Path) -> None:
    """Refuse a file that points cannot be written to, before they are drawn.

    Raises:
        ConfigError: ``output-format``.
        PublishError: ``output-not-writable``.
    """
    require_suffix(path, POINT_SUFFIXES)
    refuse_folder(path)


def write_points(table: pa.Table, path: Path, *, escape_csv: bool = False) -> None:
    """Write points as Parquet, GeoParquet 1.1, CSV, GeoJSON or GeoPackage.

    Args:
        table: Columns ``lon`` and ``lat``, and others.
        path: The file; replaced if there.
        escape_csv: In CSV, put ``'`` before texts that a spreadsheet would run as a formula, and write control
            characters as their codes.

    Raises:
        ConfigError: ``output-format``.
        PublishError: ``output-not-writable``.
    """
    require_point_suffix(path)
    with whole_file(path) as staged:
        match path.suffix.lower():
            case ".parquet":
                _write_parquet(table, staged)
            case ".geoparquet":
                _write_parquet(_with_geometry(table), staged)
            case ".csv":
                pacsv.write_csv(_escaped(table) if escape_csv else table, staged)
            case suffix:
                _write_by_gdal(table, staged, _DRIVERS[suffix], path)


def _escaped(table: pa.Table) -> pa.Table:
    """Return a table whose texts do nothing in a spreadsheet or on a console."""
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            texts = [_escaped_text(text) for text in table[field.name].to_pylist()]
            table = table.set_column(number, field, pa.array(texts, field.type))
    return table


def _escaped_text(text: str | None) -> str | None:
    if text is None:
        return None
    plain = "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)
    return f"'{plain}" if text.startswith(_FORMULA) else plain


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=_ROW_GROUP_ROWS,
        use_dictionary=["country_iso"],
        write_page_checksum=True,
    )


def _with_geometry(table: pa.Table) -> pa.Table:
    """Return the table with its points as geometry, and GeoParquet's metadata."""
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    bounds = [float(s) for s in (lon.min(), lat.min(), lon.max(), lat.max())] if len(lon) else None
    field = pa.field(GEOMETRY, pa.binary(), nullable=False)
    table = table.append_column(field, point_wkb(lon, lat))
    # Points are in the order of the request, so a covering would let readers skip nothing.
    return table.replace_schema_metadata(geo_metadata("Point", bounds, has_covering=False))


def _write_by_gdal(table: pa.Table, staged: Path, driver: str, path: Path) -> None:
    """Write points in one of GDAL's formats; errors name ``path``."""
    import pyogrio  # noqa: PLC0415 -- 0.1 s that the other formats do not need
    from pyogrio.errors import DataLayerError, DataSourceError  # noqa: PLC0415

    geometry = point_wkb(table["lon"].to_numpy(), table["lat"].to_numpy())
    columns = {name: table[name] for name in table.column_names}
    options: dict[str, Any] = _GEOJSON_OPTIONS
    if driver == "GPKG":
        # The number of a row must not go into a column of the user's.
        taken = {name.casefold() for name in columns}
        options = {"FID": next(name for name in _FID_NAMES if name not in taken)}
    try:
        pyogrio.write_arrow(
            pa.table({**columns, GEOMETRY: geometry}),
            staged,
            layer="points",
            driver=driver,
            geometry_name=GEOMETRY,
            geometry_type="Point",
            crs="EPSG:4326",
            layer_options=options,
        )
    except (DataSourceError, DataLayerError) as error:
        raise PublishError(
            "output-not-writable", f"cannot write {path}: {library_message(error)}."
        ) from error
