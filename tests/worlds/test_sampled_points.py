"""Points as files: every format says the same, GeoParquet is valid, and files are whole."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import geopandas as gpd
import geoparquet_validator
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest

from closedworld.errors import ConfigError, PublishError
from closedworld.worlds.sampled_points import POINT_SUFFIXES, write_points

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def points() -> pa.Table:
    """Three points; an id that a spreadsheet would spoil, a country that pandas would lose."""
    return pa.table(
        {
            "id": ["007", 'é,"x"', "b"],
            "lon": [-179.99999999999997, 8.500339055238751, 0.1],
            "lat": [-89.5, 51.87330128035922, 0.30000000000000004],
            "country_iso": ["NA", "DE", "DE"],
            "tile_id": pa.array([2**40, 164654009, 0], pa.int64()),
        }
    )


@pytest.mark.parametrize("suffix", POINT_SUFFIXES)
def test_every_format_gives_the_points_back(points: pa.Table, tmp_path: Path, suffix: str) -> None:
    """To the last digit, but for GeoJSON, whose decimals GDAL rounds after the 15th."""
    path = tmp_path / f"points{suffix}"
    write_points(points, path)
    if suffix == ".csv":
        frame = pd.read_csv(path, dtype={"id": str}, keep_default_na=False)
    elif suffix == ".parquet":
        frame = pd.read_parquet(path)
    elif suffix == ".geoparquet":
        frame = gpd.read_parquet(path)
    else:
        frame = gpd.read_file(path)
    for name in ("id", "country_iso", "tile_id"):
        assert frame[name].tolist() == points[name].to_pylist(), name
    for name in ("lon", "lat"):
        digits = 2e-15 if suffix == ".geojson" else 0
        assert np.allclose(frame[name], points[name], rtol=0, atol=digits), name
    if suffix not in {".csv", ".parquet"}:
        assert frame.crs.to_epsg() == 4326 or frame.crs.to_string() == "OGC:CRS84"
        assert np.allclose(frame.geometry.x, points["lon"], rtol=0, atol=1e-13)
        assert np.allclose(frame.geometry.y, points["lat"], rtol=0, atol=1e-13)
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("rows", [3, 0])
def test_geoparquet_is_valid(points: pa.Table, tmp_path: Path, rows: int) -> None:
    """By the validator of the format's own project."""
    path = tmp_path / "points.geoparquet"
    write_points(points.slice(0, rows), path)
    report = geoparquet_validator.check(str(path))
    assert geoparquet_validator.failed(report, "core") == []
    passed = {one["id"] for one in report["outcomes"] if one["status"] == "pass"}
    assert {"/conf/core/geo-metadata", "/conf/core/wkb", "/conf/core/geometry-types"} <= passed


def test_the_validator_would_find_a_fault(points: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "points.geoparquet"
    write_points(points, path)
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"]["bbox"] = [0, 0, 1, 1]
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    assert geoparquet_validator.failed(geoparquet_validator.check(str(path)), "core")


def test_geojson_is_one_feature_collection(points: pa.Table, tmp_path: Path) -> None:
    write_points(points, tmp_path / "points.geojson")
    content = json.loads((tmp_path / "points.geojson").read_text())
    assert content["type"] == "FeatureCollection"
    assert [one["geometry"]["type"] for one in content["features"]] == ["Point"] * 3
    assert content["features"][1]["properties"]["id"] == 'é,"x"'


def test_qgis_s_library_reads_geopackage_and_geojson(points: pa.Table, tmp_path: Path) -> None:
    """GDAL sees one layer of points in WGS 84."""
    for suffix in (".gpkg", ".geojson"):
        path = tmp_path / f"points{suffix}"
        write_points(points, path)
        info = pyogrio.read_info(path)
        assert (info["features"], info["geometry_type"], info["crs"]) == (3, "Point", "EPSG:4326")


def test_a_file_that_is_there_is_replaced(points: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "points.gpkg"
    for rows in (3, 2):
        write_points(points.slice(0, rows), path)
    assert len(gpd.read_file(path)) == 2


@pytest.mark.parametrize("name", ["points", "points.txt", "points.parquet.gz"])
def test_a_name_that_says_no_format_is_refused(points: pa.Table, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="output-format"):
        write_points(points, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", POINT_SUFFIXES)
def test_a_failed_write_leaves_what_was_there(
    points: pa.Table, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"points{suffix}"
    write_points(points, path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("closedworld.store.durable.os.fsync", fail)
    with pytest.raises(PublishError, match="No space left"):
        write_points(points.slice(0, 1), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_folder_is_not_replaced(points: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "points.csv").mkdir()
    with pytest.raises(PublishError, match="it is a folder"):
        write_points(points, tmp_path / "points.csv")


def test_ids_that_do_something_are_escaped_where_that_is_asked_for(tmp_path: Path) -> None:
    ids = ["=1+1", "+a", "-2", "@x", "\tb", "\x1b[31mred", "a\x07b", "plain", "é=1", None]
    table = pa.table({"id": ids, "lon": [0.5] * 10, "lat": [1.5] * 10})
    for escape in (False, True):
        write_points(table, tmp_path / "a.csv", escape_csv=escape)
        with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
            found = [row["id"] for row in csv.DictReader(file)]
        if escape:
            assert found == [
                "'=1+1",
                "'+a",
                "'-2",
                "'@x",
                "'\\x09b",
                "\\x1b[31mred",
                "a\\x07b",
                "plain",
                "é=1",
                "",
            ]
        else:
            assert found == [one or "" for one in ids]
