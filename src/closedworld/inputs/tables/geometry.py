"""Tables with geometry: the column as GeoArrow has it, GeoPandas, and the points of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from closedworld.errors import ConfigError, InputError, install_hint
from closedworld.inputs.tables.columns import read_as
from closedworld.inputs.tables.reading import table_of
from closedworld.sanitize import quoted

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

GEOMETRY = pa.field(
    "geometry",
    pa.binary(),
    nullable=False,
    metadata={
        "ARROW:extension:name": "geoarrow.wkb",
        # As most data have it; longitude comes first in WKB under this name too.
        "ARROW:extension:metadata": '{"crs": "EPSG:4326", "crs_type": "authority_code"}',
    },
)
"""A column of WKB in WGS 84 that GeoPandas, DuckDB and other readers of GeoArrow take as geometry."""

_EXTENSION = b"ARROW:extension:name"


class LonLat(NamedTuple):
    """Coordinates of points, degrees, float64 (n,) each; NaN where there is none."""

    lons: NDArray[np.float64]
    lats: NDArray[np.float64]


def points_of(source: Any) -> LonLat:
    """Return the points of a table: its columns ``lon`` and ``lat``, or its one column of point geometries.

    Raises:
        InputError: ``table-kind``, ``table-column``.
    """
    table = table_of(source)
    names = table.column_names
    if {"lon", "lat"} <= set(names):
        # Null becomes NaN.
        lons, lats = (
            read_as(table, name, pa.float64(), "numbers").to_numpy(zero_copy_only=False)
            for name in ("lon", "lat")
        )
        return LonLat(lons, lats)
    shapes = [one.name for one in table.schema if _is_wkb(one)]
    if len(shapes) != 1:
        raise InputError(
            "table-column",
            f"the table must have columns lon and lat, or one geometry; it has {quoted(names)}.",
        )
    column = table[shapes[0]].combine_chunks()
    wkb = column.storage if isinstance(column, pa.ExtensionArray) else column
    points = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
    return LonLat(shapely.get_x(points), shapely.get_y(points))


def to_geopandas(table: pa.Table) -> GeoDataFrame:
    """Return a table with a geometry column as a GeoDataFrame in EPSG:4326.

    Raises:
        ConfigError: ``geopandas-missing``.
    """
    try:
        import geopandas as gpd  # noqa: PLC0415 -- optional
    except ModuleNotFoundError as error:
        raise ConfigError(
            "geopandas-missing",
            "GeoPandas is not installed.",
            install_hint("geopandas"),
        ) from error
    return gpd.GeoDataFrame.from_arrow(table)


def to_pandas(table: pa.Table) -> Any:
    """Return a table as a pandas data frame.

    Raises:
        ConfigError: ``pandas-missing``.
    """
    try:
        return table.to_pandas()
    except ModuleNotFoundError as error:
        raise ConfigError(
            "pandas-missing",
            "pandas is not installed.",
            install_hint("pandas"),
        ) from error


def _is_wkb(field: pa.Field) -> bool:
    if isinstance(field.type, pa.ExtensionType):
        return str(field.type.extension_name) == "geoarrow.wkb"
    return (field.metadata or {}).get(_EXTENSION) == b"geoarrow.wkb"
