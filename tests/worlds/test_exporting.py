"""Exported geometry and rasters say of every tile what the datasets say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import geoparquet_validator
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely

from closedworld.errors import ConfigError, PublishError
from closedworld.published.results import open_dataset
from closedworld.worlds import open_world
from closedworld.worlds.tile_geometry import export_tiles
from closedworld.worlds.tile_rasters import COUNTRY_NAME, KEY_NAME, WEIGHT_NAME, export_rasters

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from built_worlds import Built

    Kind = Literal["point", "box"]

pytestmark = pytest.mark.slow


def rows_of(root: Path, name: str) -> pa.Table:
    return (
        open_dataset(root, name)
        .to_table()
        .sort_by([("country_iso", "ascending"), ("tile_id", "ascending")])
    )


@pytest.mark.parametrize("kind", ["point", "box"])
def test_geometry_is_that_of_the_datasets(real: Built, tmp_path: Path, kind: Kind) -> None:
    """Read by GeoPandas: the same tiles in the same order, weights, centres or sides, covering."""
    path = tmp_path / "tiles.parquet"
    weights, bounds = rows_of(real.root, "tile_weights"), rows_of(real.root, "tile_bounds")
    assert export_tiles(open_world(real.root), path, kind) == weights.num_rows
    frame = gpd.read_parquet(path)
    for name in ("country_iso", "tile_id", "weight_fp"):
        assert frame[name].tolist() == weights[name].to_pylist()
    if kind == "point":
        index = rows_of(real.root, "tile_index")
        assert np.array_equal(frame.geometry.x, index["centroid_lon"])
        assert np.array_equal(frame.geometry.y, index["centroid_lat"])
    else:
        sides = [bounds[name] for name in ("west_lon", "south_lat", "east_lon", "north_lat")]
        assert np.array_equal(frame.geometry.bounds.to_numpy(), np.stack(sides, axis=1))
        assert shapely.is_ccw(frame.geometry.exterior.to_numpy()).all()
    covering = pq.read_table(path)["bbox"].combine_chunks().flatten()
    assert np.array_equal(np.stack(covering, axis=1), frame.geometry.bounds.to_numpy())


@pytest.mark.parametrize("kind", ["point", "box"])
def test_geoparquet_and_its_covering_are_valid(made_up: Built, tmp_path: Path, kind: Kind) -> None:
    """By the validator of the format's own project; also its advice on the distribution."""
    path = tmp_path / "tiles.geoparquet"
    export_tiles(open_world(made_up.root), path, kind)
    report = geoparquet_validator.check(str(path))
    assert geoparquet_validator.failed(report) == []
    passed = {one["id"] for one in report["outcomes"] if one["status"] == "pass"}
    assert {"/conf/core/bbox-extent", "/conf/covering/bbox-paths"} <= passed


def test_readers_pass_over_row_groups_outside_a_window(real: Built, tmp_path: Path) -> None:
    """A window over Namibia reads as if the whole file had been read, by the covering alone."""
    path = tmp_path / "tiles.parquet"
    export_tiles(open_world(real.root), path, "box")
    window = (15.1, -22.9, 16.9, -21.1)
    some = gpd.read_parquet(path, bbox=window)
    every = gpd.read_parquet(path)
    assert set(some["country_iso"]) == {"NA"}
    assert len(some) == every.intersects(shapely.box(*window)).sum() > 40
    file = pq.ParquetFile(path)
    assert file.num_row_groups >= len(set(every["country_iso"]))


def test_tiles_alone_have_no_weights(real: Built, tmp_path: Path) -> None:
    path = tmp_path / "tiles.parquet"
    tiles = open_world(open_world(real.root).index.published.folder)
    export_tiles(tiles, path, "point", ["de"])
    assert pq.read_schema(path).names == ["country_iso", "tile_id", "geometry", "bbox"]
    assert set(gpd.read_parquet(path)["country_iso"]) == {"DE"}
    done = export_rasters(tiles, tmp_path / "rasters")
    assert [one.name for one in done.paths] == [COUNTRY_NAME, KEY_NAME]


def test_rasters_are_those_of_the_datasets(overlapping: Built, tmp_path: Path) -> None:
    """Cell by cell: the first country by code and its weight; no other cell has a value."""
    done = export_rasters(open_world(overlapping.root), tmp_path / "rasters")
    weights = rows_of(overlapping.root, "tile_weights")
    numbers = {
        "DE": 276,
        "FJ": 242,
        "KI": 296,
        "MV": 462,
        "NA": 516,
        "NO": 578,
        "RU": 643,
        "VA": 336,
    }
    with rasterio.open(tmp_path / "rasters" / COUNTRY_NAME) as raster:
        countries = raster.read(1)
        grid = open_world(overlapping.root).index.grid
        assert raster.shape == (grid.n_rows, grid.n_cols)
        assert raster.transform.to_gdal() == (-180.0, 1.0, 0.0, 90.0, 0.0, -1.0)
        assert raster.crs.to_epsg() == 4326
    with rasterio.open(tmp_path / "rasters" / WEIGHT_NAME) as raster:
        shares = raster.read(1)
    expected = np.zeros(countries.size, np.uint16)
    expected_shares = np.full(shares.size, np.nan, np.float32)
    for iso, tile, weight in zip(
        *(weights[name].to_pylist() for name in ("country_iso", "tile_id", "weight_fp")),
        strict=True,
    ):
        if not expected[tile]:
            expected[tile], expected_shares[tile] = numbers[iso], weight / 10**12
    assert np.array_equal(countries.ravel(), expected)
    assert np.array_equal(shares.ravel(), expected_shares, equal_nan=True)
    assert done.tiles == np.count_nonzero(expected)
    assert done.shared == weights.num_rows - done.tiles > 0


def test_rasters_are_cloud_optimized(real: Built, tmp_path: Path) -> None:
    """GDAL's own mark, tiles, overviews that keep country numbers, and no draft left behind."""
    export_rasters(open_world(real.root), tmp_path)
    for name in (COUNTRY_NAME, WEIGHT_NAME):
        with rasterio.open(tmp_path / name) as raster:
            assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert raster.overviews(1)
    with rasterio.open(tmp_path / COUNTRY_NAME, overview_level=0) as small:
        assert set(np.unique(small.read(1))) <= {0, 276, 242, 296, 462, 516, 578, 643, 336}
    assert {path.name for path in tmp_path.iterdir()} == {
        COUNTRY_NAME,
        WEIGHT_NAME,
        KEY_NAME,
        "collection.json",
    }
    key = (tmp_path / KEY_NAME).read_text(encoding="utf-8").splitlines()
    assert key[0] == "country_id,country_iso,name"
    assert "516,NA,Namibia" in key


def test_kosovo_has_a_number_of_its_own() -> None:
    from closedworld.inputs.reference.iso import iso_table  # noqa: PLC0415
    from closedworld.worlds.tile_rasters import country_id  # noqa: PLC0415

    numbers = [country_id(entry.alpha_2) for entry in iso_table().values()]
    assert len(set(numbers)) == len(numbers)
    assert country_id("XK") == 983


def test_what_cannot_be_written_is_refused(real: Built, tmp_path: Path) -> None:
    world = open_world(real.root)
    with pytest.raises(ConfigError, match="output-format"):
        export_tiles(world, tmp_path / "tiles.csv", "point")
    with pytest.raises(ConfigError, match="country-without-tiles"):
        export_tiles(world, tmp_path / "tiles.parquet", "point", ["FR"])
    with pytest.raises(ConfigError, match="country-without-tiles"):
        export_rasters(world, tmp_path / "rasters", ["FR"])
    (tmp_path / "file").touch()
    with pytest.raises(PublishError, match="output-not-writable"):
        export_rasters(world, tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_weights_of_one_country(real: Built, tmp_path: Path) -> None:
    export_rasters(open_world(real.root), tmp_path, ["NO"])
    with rasterio.open(tmp_path / WEIGHT_NAME) as raster:
        total = np.nansum(raster.read(1), dtype=np.float64)
    assert abs(total - 1) < 1e-5
    weights = open_dataset(real.root, "tile_weights").to_table(
        filter=pc.field("country_iso") == "NO"
    )
    with rasterio.open(tmp_path / COUNTRY_NAME) as raster:
        assert np.count_nonzero(raster.read(1)) == weights.num_rows
