"""Tables of points as files, in the format of the file's suffix."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from closedworld.store.atomic import refuse_folder, require_suffix, whole_file
from closedworld.worlds.gdal_writers import DRIVERS, write_by_gdal
from closedworld.worlds.geoparquet import GEOMETRY, geo_metadata, point_wkb

POINT_SUFFIXES = (".parquet", ".geoparquet", ".csv", *DRIVERS)

_POINT = pa.field(GEOMETRY, pa.binary(), nullable=False)

# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_ROW_GROUP_ROWS = 1 << 20


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
            case _:
                located = table.append_column(_POINT, _wkb_of(table))
                batches = located.to_batches()
                write_by_gdal(batches, located.schema, staged, path, layer="points", shape="Point")


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
    table = table.append_column(_POINT, _wkb_of(table))
    # Points are in the order of the request, so a covering would let readers skip nothing.
    return table.replace_schema_metadata(geo_metadata("Point", bounds, has_covering=False))


def _wkb_of(table: pa.Table) -> pa.Array:
    return point_wkb(table["lon"].to_numpy(), table["lat"].to_numpy())
