"""The bundled files, opened once."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource

from closedworld.inputs.reference.registry import bundled

if TYPE_CHECKING:
    import numpy.typing as npt

Rows = list[dict[str, str]]


def _rows(name: str) -> Rows:
    with bundled(name).path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def polygons() -> dict[str, shapely.MultiPolygon]:
    """Country polygons by code."""
    table = pq.read_table(bundled("countries.parquet").path)
    geometries = shapely.from_wkb(table["geometry"].to_pylist())
    return dict(zip(table["country_iso"].to_pylist(), geometries, strict=True))


@pytest.fixture(scope="session")
def provenance() -> Rows:
    return _rows("countries_provenance.csv")


@pytest.fixture(scope="session")
def population_rows() -> Rows:
    return _rows("population_5m_countries.csv")


@pytest.fixture(scope="session")
def population() -> npt.NDArray[np.int32]:
    """Persons per cell, int32 (2160, 4320), row 0 in the north, -1 at sea."""
    with rasterio.open(bundled("population_5m.tif").path) as source:
        grid: npt.NDArray[np.int32] = source.read(1)
    return grid


@pytest.fixture(scope="session")
def cells(polygons: dict[str, shapely.MultiPolygon]) -> dict[str, npt.NDArray[np.int64]]:
    """Flat ids of the cells that each country overlaps, by code."""
    raster = NumPyRasterSource(
        np.zeros((2160, 4320), dtype=np.uint8), xmin=-180, ymin=-90, xmax=180, ymax=90
    )
    features = JSONFeatureSource(
        [
            {
                "type": "Feature",
                "id": code,
                "properties": {},
                "geometry": shapely.geometry.mapping(g),
            }
            for code, g in polygons.items()
        ]
    )
    found = exact_extract(raster, features, ["cell_id", "coverage"])
    covered = {}
    for code, result in zip(polygons, found, strict=True):
        ids = np.asarray(result["properties"]["cell_id"], dtype=np.int64)
        covered[code] = ids[np.asarray(result["properties"]["coverage"]) > 0]
    return covered


@pytest.fixture(scope="session")
def owners(cells: dict[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Number of countries per cell, int64 (2160 * 4320,)."""
    count = np.zeros(2160 * 4320, dtype=np.int64)
    for ids in cells.values():
        count[ids] += 1
    return count
