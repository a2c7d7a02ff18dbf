"""Rasters as people have them, whose numbers would be wrong if nobody asked: weights by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from weights_law import Watcher

from closedworld.errors import InputError
from closedworld.inputs.loading import load_population
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.kernels.grid import Grid
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


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_the_largest_number_of_a_wide_type_is_refused_with_place_and_command(
    tmp_path: Path, dtype: str
) -> None:
    """Sea that the file does not declare would get nearly all weight of its country."""
    persons = np.arange(1, 17).astype(dtype).reshape(4, 4)
    persons[2, 1] = np.iinfo(dtype).max
    raster = write(tmp_path / "a.tif", persons, 0, 50)
    with pytest.raises(InputError) as caught:
        weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    assert caught.value.code == "raster-nodata-undeclared"
    assert "row 2, column 1" in caught.value.message
    assert f"gdal_edit.py -a_nodata {np.iinfo(dtype).max} " in caught.value.hint
    if np.dtype(dtype).itemsize > 4:
        return  # rasterio cannot declare what float64 cannot hold
    with rasterio.open(raster, "r+") as file:
        file.nodata = np.iinfo(dtype).max
    weights, watcher = weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    assert weights[2, 1] == 0
    assert watcher.warnings() == {}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16"])
def test_the_largest_number_of_a_narrow_type_is_warned_of(tmp_path: Path, dtype: str) -> None:
    persons = np.arange(1, 17).astype(dtype).reshape(4, 4)
    persons[2, 1] = persons[3, 3] = np.iinfo(dtype).max
    raster = write(tmp_path / "a.tif", persons, 0, 50)
    _, watcher = weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    message = watcher.warnings()["raster-value-limit"]
    assert message.startswith("2 of 16 tiles")
    assert "row 2, column 1" in message
    assert f"-a_nodata {np.iinfo(dtype).max} " in message


@pytest.mark.parametrize(("value", "is_told"), [(65_534, True), (1e6, True), (1000, False)])
def test_one_cell_with_nearly_all_of_a_country_is_warned_of(
    tmp_path: Path, value: float, *, is_told: bool
) -> None:
    persons = np.full((4, 4), 9.0)
    persons[1, 2] = value
    raster = write(tmp_path / "a.tif", persons, 0, 50)
    _, watcher = weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    told = watcher.warnings().get("raster-one-cell", "")
    assert ("row 1, column 2" in told) is is_told


def test_verify_notes_what_the_run_warned_of(tmp_path: Path) -> None:
    """Ground that the grid lacks, a tile with nearly everything, the largest number of the type."""
    persons = np.ones((20, 20), "uint16")
    persons[1, 11] = 65535
    raster = write(tmp_path / "a.tif", persons, 20, 70)
    countries = one_country("RU", 30, 50, 60, 70)
    weighed(tmp_path, raster, countries)
    found = verify(tmp_path, raster=raster, polygons=countries)
    assert found.ok
    assert {note.code for note in found.notes} == {"country-cut", "one-tile", "raster-value-limit"}
    texts = {note.code: note.message for note in found.notes}
    assert "66.7%" in texts["country-cut"]
    assert "row 1, column 11 holds 65535" in texts["raster-value-limit"]


def test_verify_notes_nothing_of_sound_inputs(tmp_path: Path) -> None:
    raster = write(tmp_path / "a.tif", np.ones((20, 20), "uint16"), 20, 70)
    countries = one_country("RU", 30, 50, 40, 70)
    weighed(tmp_path, raster, countries)
    assert verify(tmp_path, raster=raster, polygons=countries).notes == ()


@pytest.mark.parametrize(
    ("dtype", "digits"),
    [
        ("int16", "-32768"),
        ("int32", "-2147483648"),
        ("int64", "-9223372036854775808"),
        ("float32", "-3.4028235e+38"),
        ("float64", "-1.7976931348623157e+308"),
    ],
)
def test_the_lowest_value_below_zero_is_named_by_digits_that_declare_it(
    tmp_path: Path, dtype: str, digits: str
) -> None:
    """Rounded to six digits it would be NODATA of no pixel, and the advice would change nothing."""
    persons = np.ones((4, 4), dtype)
    limits = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    persons[0, 0], persons[0, 1] = limits.min, -1
    raster = write(tmp_path / "a.tif", persons, 0, 50)
    _, watcher = weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    assert f"gdal_edit.py -a_nodata {digits} " in watcher.warnings()["raster-negative"]
    if dtype == "int64":
        return  # rasterio cannot declare what float64 cannot hold
    with rasterio.open(raster, "r+") as file:
        file.nodata = float(digits)
    _, watcher = weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    assert "down to -1," in watcher.warnings()["raster-negative"]


def test_a_value_of_a_scaled_raster_is_not_offered_as_its_pixel(tmp_path: Path) -> None:
    persons = np.ones((4, 4), "int16")
    persons[0, 0] = -32768
    raster = write(tmp_path / "a.tif", persons, 0, 50)
    with rasterio.open(raster, "r+") as file:
        file.scales = (0.5,)
    _, watcher = weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    assert "down to -16384," in watcher.warnings()["raster-negative"]
    assert "-a_nodata PIXEL_VALUE " in watcher.warnings()["raster-negative"]


def test_a_value_too_large_is_named_by_digits_that_declare_it(tmp_path: Path) -> None:
    persons = np.ones((4, 4), "float32")
    persons[0, 0] = np.finfo("float32").max
    raster = write(tmp_path / "a.tif", persons, 0, 50)
    with pytest.raises(InputError) as caught:
        weighed(tmp_path, raster, one_country("FR", 0, 46, 4, 50))
    assert caught.value.code == "raster-value-too-large"
    assert "-a_nodata 3.4028235e+38 " in caught.value.hint


def test_a_reused_result_repeats_its_warnings(tmp_path: Path) -> None:
    persons = np.ones((20, 20), "int16")
    persons[0, 0], persons[1, 1], persons[2, 2] = -1, 32767, 1
    raster = write(tmp_path / "a.tif", persons, 20, 70)
    countries = one_country("RU", 30, 50, 60, 70)
    persons[:] = 1
    persons[0, 10], persons[1, 11] = -1, 32767
    write(raster, persons, 20, 70)
    _, first = weighed(tmp_path, raster, countries)
    _, again = weighed(tmp_path, raster, countries)
    assert first.warnings() == again.warnings()
    assert set(first.warnings()) == {
        "countries-cut",
        "raster-negative",
        "raster-value-limit",
        "raster-one-cell",
    }


def test_the_band_that_is_named_gives_the_weights_and_another_identity(tmp_path: Path) -> None:
    """The first band has one person in each cell, the second has them in one row."""
    bands = np.ones((2, 4, 4), "float32")
    bands[1] = 0
    bands[1, 2] = 5
    profile = {"driver": "GTiff", "count": 2, "dtype": "float32", "crs": "EPSG:4326"}
    raster = tmp_path / "a.tif"
    with rasterio.open(
        raster, "w", height=4, width=4, transform=Affine(1, 0, 0, 0, -1, 50), **profile
    ) as file:
        file.write(bands)
    countries = one_country("FR", 0, 46, 4, 50)
    build_tile_index(countries, Grid(0.0, 50.0, 1.0, 1.0, 4, 4), tmp_path)
    sums = {}
    for band in (None, 1, 2):
        watcher = Watcher()
        people = load_population(raster, watcher, band=band)
        assert ("raster-bands" in watcher.warnings()) is (band is None)
        built = build_tile_weights(
            open_index(tmp_path), tmp_path, basis="population", population=people
        )
        table = built.published.dataset("tile_weights").to_table()
        sums[built.published.receipt.parameter_hash] = table["weight_fp"].to_pylist()[8:12]
    assert list(sums.values()) == [[10**12 // 16] * 4, [10**12 // 4] * 4]
    assert verify(tmp_path, raster=raster).ok
    with pytest.raises(InputError, match="raster-band"):
        load_population(raster, band=3)
