"""The command line in this process, and files to give to it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from affine import Affine
from click.testing import CliRunner

from closedworld.cli import main
from closedworld.inputs import isolated, loading
from closedworld.inputs.isolated import IsolatedRead
from closedworld.inputs.regions.country_reading import check_countries
from closedworld.testing import tiny_countries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def level_as_before() -> Iterator[None]:
    logger = logging.getLogger("closedworld")
    level = logger.level
    yield
    logger.setLevel(level)


def check_here(
    path: Path, *, input_time_limit: int = 0, progress: object = None, **options: Any
) -> IsolatedRead:
    """Read polygons in this process, which spares a second."""
    del input_time_limit, progress
    return IsolatedRead(check_countries(path, **options))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, level_as_before: None) -> Callable[..., Result]:
    """Call ``closedworld`` with arguments; an exception that it lets through fails the test."""
    del level_as_before
    monkeypatch.setattr(isolated, "check_in_subprocess", check_here)
    monkeypatch.setattr(loading, "check_in_subprocess", check_here)

    def call_main(*words: object, **options: Any) -> Result:
        arguments = [str(word) for word in words]
        monkeypatch.setattr(sys, "argv", ["closedworld", *arguments])
        return CliRunner().invoke(main, arguments, catch_exceptions=False, **options)

    return call_main


def write_polygons(path: Path, rows: list[tuple[str, str, shapely.Geometry | None]]) -> Path:
    """Write a GeoParquet file of ``(code, name, geometry)``."""
    wkb = [None if shape is None else shapely.to_wkb(shape) for _, _, shape in rows]
    table = pa.table(
        {
            "iso_a2": [code for code, _, _ in rows],
            "name": [name for _, name, _ in rows],
            "shape": pa.array(wkb, pa.binary()),
        }
    )
    column = '{"encoding": "WKB", "geometry_types": []}'
    geo = '{"version": "1.1.0", "primary_column": "shape", "columns": {"shape": %s}}' % column  # noqa: UP031
    pq.write_table(table.replace_schema_metadata({"geo": geo}), path)
    return path


@pytest.fixture
def polygons(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of polygons; without rows the made-up world."""

    def write(
        name: str = "countries.parquet",
        rows: list[tuple[str, str, shapely.Geometry | None]] | None = None,
    ) -> Path:
        given = [(iso, label, shape) for iso, label, shape in tiny_countries()]
        return write_polygons(tmp_path / name, given if rows is None else rows)

    return write


@pytest.fixture
def raster(tmp_path: Path) -> Callable[..., Path]:
    """Write a raster of the globe in cells of five degrees."""

    def write(name: str = "raster.tif", **options: Any) -> Path:
        path = tmp_path / name
        profile = {
            "driver": "GTiff",
            "width": 72,
            "height": 36,
            "count": 1,
            "dtype": "int16",
            "crs": "EPSG:4326",
            "transform": Affine(5.0, 0.0, -180.0, 0.0, -5.0, 90.0),
            "nodata": -1,
            **options,
        }
        with rasterio.open(path, "w", **profile) as file:
            file.write(np.zeros((1, 36, 72), np.int16))
        return path

    return write
