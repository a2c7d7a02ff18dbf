"""Rasters as people have them, whose numbers would be wrong if nobody asked: weights by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from weights_law import Watcher

from closedworld.inputs.loading import load_population
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.verification import verify

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(autouse=True)
def all_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closedworld.store.durable.os.fsync", lambda _: None)


def write(
    path: Path, pixels: NDArray[Any], west: float, north: float, cell: float = 1.0, **more: Any
) -> Path:
    profile = {"driver": "GTiff", "count": 1, "dtype": pixels.dtype.name, "crs": "EPSG:4326"}
    shape = {"height": pixels.shape[0], "width": pixels.shape[1]}
    transform = Affine(cell, 0, west, 0, -cell, north)
    with rasterio.open(path, "w", transform=transform, **profile, **shape, **more) as file:
        file.write(pixels, 1)
    return path


def one_country(iso: str, *bounds: float) -> CountrySet:
    return CountrySet((Country(iso, iso, (shapely.MultiPolygon([shapely.box(*bounds)]),)),))


def weighed(
    tmp_path: Path, raster: Path, countries: CountrySet
) -> tuple[dict[tuple[int, int], int], Watcher]:
    """Return the weight of each row and column, and what was told; verify must be content."""
    watcher = Watcher()
    population = load_population(raster, watcher)
    build_tile_index(countries, population.layout.info.grid, tmp_path, observer=watcher)
    index = open_index(tmp_path)
    weights = build_tile_weights(
        index, tmp_path, basis="population", population=population, observer=watcher
    )
    table = weights.published.dataset("tile_weights").to_table()
    rows, cols = index.grid.row_col(table["tile_id"].to_numpy().astype(np.uint64))
    found = verify(tmp_path, raster=raster, polygons=countries)
    assert [finding.code for finding in found.findings] == []
    places = zip(rows.tolist(), cols.tolist(), strict=True)
    return dict(zip(places, table["weight_fp"].to_pylist(), strict=True)), watcher


@pytest.mark.parametrize(("west", "cols"), [(-180, 361), (-180, 360), (0, 361)])
def test_ground_that_a_raster_covers_twice_counts_once(
    tmp_path: Path, west: float, cols: int
) -> None:
    """Four equal columns of land at the antimeridian have a quarter each."""
    raster = write(tmp_path / "a.tif", np.ones((180, cols), "float32"), west, 90)
    weights, watcher = weighed(tmp_path, raster, one_country("FJ", -180, -20, -176, -16))
    assert len(weights) == 16
    by_column: dict[int, int] = {}
    for (_, col), weight in weights.items():
        by_column[col] = by_column.get(col, 0) + weight
    assert list(by_column.values()) == [10**12 // 4] * 4
    assert ("raster-column-twice" in watcher.warnings()) is (cols == 361)


def test_cells_centred_on_the_poles_are_left_out_and_the_others_keep_their_values(
    tmp_path: Path,
) -> None:
    """Row 1 of the file is row 0 of the grid; a value for each cell shows that none is moved."""
    values = np.arange(1, 37 * 72 + 1, dtype="float32").reshape(37, 72)
    raster = write(tmp_path / "a.tif", values, -182.5, 92.5, 5)
    weights, watcher = weighed(tmp_path, raster, one_country("GB", -7.5, 47.5, 2.5, 57.5))
    # Latitudes 52.5..57.5 are centred on 55 = row (90 - 55) / 5 = 7 of the file.
    own = {(row, col): int(values[row + 1, col]) for row, col in weights}
    assert sorted(own) == [(6, 35), (6, 36), (7, 35), (7, 36)]
    assert watcher.warnings().keys() == {"raster-rows-beyond-pole"}
    total = sum(own.values())
    for place, weight in weights.items():
        assert weight == pytest.approx(10**12 * own[place] / total, abs=1)
