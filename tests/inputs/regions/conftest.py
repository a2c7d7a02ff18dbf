"""Files of countries, written the way users have them."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyogrio import raw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

DRIVERS = {
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
}


def _objects(values: Sequence[object]) -> np.ndarray[Any, Any]:
    array = np.full(len(values), None)
    array[:] = values
    return array


def write_vector(
    path: Path,
    geometries: Sequence[shapely.Geometry | None],
    columns: dict[str, Sequence[object]],
    *,
    crs: str | None = "EPSG:4326",
    **options: Any,
) -> Path:
    fields = [
        np.array(values) if isinstance(values[0], int) else _objects(values)
        for values in columns.values()
    ]
    with warnings.catch_warnings():
        # pyogrio warns of what some tests are about: no reference system, unclosed rings.
        warnings.simplefilter("ignore")
        raw.write(
            str(path),
            shapely.to_wkb(_objects(geometries)),
            fields,
            np.array(list(columns)),
            geometry_type=options.pop("geometry_type", "Unknown"),
            crs=crs,
            driver=DRIVERS[path.suffix.lower()],
            # GDAL's default of seven decimals would move vertices.
            **({"COORDINATE_PRECISION": 15} if "json" in path.suffix else {}),
            **options,
        )
    return path


def write_parquet(
    path: Path,
    geometries: Sequence[shapely.Geometry | None],
    columns: dict[str, Sequence[object]],
    **column_metadata: Any,
) -> Path:
    wkb = [None if g is None else shapely.to_wkb(g) for g in geometries]
    table = pa.table({**columns, "shape": pa.array(wkb, pa.binary())})
    described = {"encoding": "WKB", "geometry_types": [], **column_metadata}
    geo = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": described}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write ``name`` with ``(code, name, geometry)`` rows in the format of its suffix."""

    def write_file(
        name: str, rows: Sequence[tuple[object, object, shapely.Geometry | None]], **options: Any
    ) -> Path:
        columns: dict[str, Sequence[object]] = {
            options.pop("code_column", "iso2"): [code for code, _, _ in rows],
            "name": [text for _, text, _ in rows],
        }
        geometries = [geometry for _, _, geometry in rows]
        path = tmp_path / name
        if path.suffix in (".parquet", ".geoparquet"):
            return write_parquet(path, geometries, columns, **options)
        return write_vector(path, geometries, columns, **options)

    return write_file
