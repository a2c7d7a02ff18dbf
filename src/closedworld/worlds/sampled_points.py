"""Sampled points: a table that knows where its points lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from closedworld.inputs.tables.geometry import GEOMETRY, to_geopandas, to_pandas
from closedworld.sanitize import HTML_ROWS, html_table, number_of
from closedworld.worlds.geoparquet import point_wkb
from closedworld.worlds.point_writers import write_points

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


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
        points = point_wkb(self.table["lon"].to_numpy(), self.table["lat"].to_numpy())
        return to_geopandas(self.table.append_column(GEOMETRY, points))

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
