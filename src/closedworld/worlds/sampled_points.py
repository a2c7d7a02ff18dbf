"""Sampled points: a table that knows where its points lie, and its files in the format of their suffix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from closedworld.inputs.tables.geometry import GEOMETRY as GEOARROW
from closedworld.inputs.tables.geometry import to_geopandas, to_pandas
from closedworld.sanitize import HTML_ROWS, html_table, number_of
from closedworld.store.atomic import refuse_folder, require_suffix, whole_file
from closedworld.worlds.gdal_writers import DRIVERS, write_by_gdal
from closedworld.worlds.geoparquet import GEOMETRY, geo_metadata, point_wkb

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


POINT_SUFFIXES = (".parquet", ".geoparquet", ".csv", *DRIVERS)

_POINT = pa.field(GEOMETRY, pa.binary(), nullable=False)

# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_ROW_GROUP_ROWS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class SampledPoints:
    """Points drawn from a world; pandas, Polars, DuckDB and others take them as a table.

    Attributes:
        table: Columns ``id`` (if the request has it), ``point_order`` (1, 2, ... in each row of the request),
            ``lon``, ``lat`` (degrees, WGS 84, longitudes in -180..180), ``country_iso``, ``tile_id``, and the
            request's other columns.
    """

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        points = number_of(len(self), "point", "points")
        return f"<SampledPoints: {points}, columns {', '.join(self.table.column_names)}>"

    def _repr_html_(self) -> str:
        first = [list(row.values()) for row in self.table.slice(0, HTML_ROWS).to_pylist()]
        return html_table(repr(self), self.table.column_names, first, len(self))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of the table."""
        return self.table.__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """Return the points as a pandas data frame.

        Raises:
            ConfigError: ``pandas-missing``.
        """
        return to_pandas(self.table)

    def to_geopandas(self) -> GeoDataFrame:
        """Return the points as a GeoDataFrame in EPSG:4326.

        Raises:
            ConfigError: ``geopandas-missing``.
        """
        return to_geopandas(_with_points(self.table, GEOARROW))

    def write(self, path: Path | str, *, escape_csv: bool = False) -> None:
        """Write the points in the format of the suffix: .parquet, .geoparquet, .csv, .geojson or .gpkg.

        Args:
            path: The file; replaced if there.
            escape_csv: In CSV, put ``'`` before texts that a spreadsheet would run as a formula, and write
                control characters as their codes.

        Raises:
            ConfigError: ``output-format``.
            PublishError: ``output-not-writable``.
        """
        write_points(self.table, Path(path), escape_csv=escape_csv)


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
                _write_parquet(_as_geoparquet(table), staged)
            case ".csv":
                pacsv.write_csv(_escaped(table) if escape_csv else table, staged)
            case _:
                located = _with_points(table, _POINT)
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


def _as_geoparquet(table: pa.Table) -> pa.Table:
    """Return the table with its points as geometry, and GeoParquet's metadata."""
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    bounds = [float(s) for s in (lon.min(), lat.min(), lon.max(), lat.max())] if len(lon) else None
    # Points are in the order of the request, so a covering would let readers skip nothing.
    metadata = geo_metadata("Point", bounds, has_covering=False)
    return _with_points(table, _POINT).replace_schema_metadata(metadata)


def _with_points(table: pa.Table, field: pa.Field) -> pa.Table:
    return table.append_column(field, point_wkb(table["lon"].to_numpy(), table["lat"].to_numpy()))
