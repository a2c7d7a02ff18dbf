"""The population model: layout, exact country totals, believable places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from closedworld.inputs.reference.registry import bundled

if TYPE_CHECKING:
    import numpy.typing as npt

pytestmark = pytest.mark.slow


Rows = list[dict[str, str]]


def cell(lon: float, lat: float) -> tuple[int, int]:
    """Row and column of the 5 arc-minute cell that holds a point."""
    return int((90 - lat) * 12), int((lon + 180) * 12)


def test_file_is_a_cog_on_the_promised_grid() -> None:
    with rasterio.open(bundled("population_5m.tif").path) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"] == "DEFLATE"
        assert source.crs == "EPSG:4326"
        assert source.shape == (2160, 4320)
        assert source.transform.almost_equals(rasterio.Affine(1 / 12, 0, -180, 0, -1 / 12, 90))
        assert source.dtypes == ("int32",)
        assert source.nodata == -1


def test_file_says_what_it_is_and_whom_to_thank() -> None:
    with rasterio.open(bundled("population_5m.tif").path) as source:
        tags = source.tags()
        assert source.units == ("persons per cell",)
    assert "A model for demonstration" in tags["TIFFTAG_IMAGEDESCRIPTION"]
    for word in ("GeoNames", "CC BY 4.0", "Natural Earth"):
        assert word in tags["TIFFTAG_COPYRIGHT"]


def test_world_sum_is_the_sum_of_the_table(
    population: npt.NDArray[np.int32], population_rows: Rows
) -> None:
    total = sum(int(row["population"]) for row in population_rows)
    assert int(population[population >= 0].sum(dtype=np.int64)) == total
    assert 7_600_000_000 < total < 7_800_000_000


def test_table_total_is_the_source_total_but_for_antarctica(population_rows: Rows) -> None:
    source = {row["country_iso"]: int(row["source_population"]) for row in population_rows}
    total = sum(int(row["population"]) for row in population_rows)
    assert source["AQ"] == 4490
    assert total == sum(source.values()) - source["AQ"]


def test_every_country_sums_to_its_total_exactly(
    population: npt.NDArray[np.int32],
    population_rows: Rows,
    cells: dict[str, npt.NDArray[np.int64]],
    owners: npt.NDArray[np.int64],
) -> None:
    """Cells of one country alone hold its total less its people in shared border cells."""
    flat = population.ravel()
    assert [row["country_iso"] for row in population_rows] == list(cells)
    for row in population_rows:
        ids = cells[row["country_iso"]]
        alone = ids[owners[ids] == 1]
        expected = int(row["population"]) - int(row["population_in_shared_cells"])
        assert int(flat[alone].sum(dtype=np.int64)) == expected, row["country_iso"]
        assert int(row["cells"]) == ids.size, row["country_iso"]


def test_shared_cells_hold_what_the_table_says(
    population: npt.NDArray[np.int32], population_rows: Rows, owners: npt.NDArray[np.int64]
) -> None:
    shared = population.ravel()[owners > 1]
    told = sum(int(row["population_in_shared_cells"]) for row in population_rows)
    assert int(shared.sum(dtype=np.int64)) == told


def test_cells_of_no_country_are_nodata_and_no_others(
    population: npt.NDArray[np.int32], owners: npt.NDArray[np.int64]
) -> None:
    flat = population.ravel()
    assert (flat[owners == 0] == -1).all()
    assert (flat[owners > 0] >= 0).all()


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ("Paris", 2.35, 48.86),
        ("Tokyo", 139.69, 35.69),
        ("Lagos", 3.38, 6.46),
        ("Mumbai", 72.87, 19.07),
        ("São Paulo", -46.63, -23.55),
        ("New York", -73.98, 40.75),
    ],
)
def test_heart_of_a_great_city_is_full(
    population: npt.NDArray[np.int32], place: str, lon: float, lat: float
) -> None:
    assert 100_000 < population[cell(lon, lat)] < 3_500_000, place


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ("Tanezrouft", 0.0, 24.0),
        ("Rub al Khali", 51.0, 20.0),
        ("Greenland ice", -40.0, 72.0),
        ("Changtang", 87.0, 34.5),
        ("Antarctica", 60.0, -80.0),
        ("Gibson Desert", 125.0, -24.0),
    ],
)
def test_empty_quarter_is_nearly_empty(
    population: npt.NDArray[np.int32], place: str, lon: float, lat: float
) -> None:
    assert 0 <= population[cell(lon, lat)] < 100, place


@pytest.mark.parametrize(("lon", "lat"), [(-30.0, 40.0), (50.5, 41.8), (-140.0, 0.0), (5.0, 43.0)])
def test_open_water_has_no_data(population: npt.NDArray[np.int32], lon: float, lat: float) -> None:
    assert population[cell(lon, lat)] == -1


def test_countries_smaller_than_a_cell_have_their_people(population_rows: Rows) -> None:
    rows = {row["country_iso"]: row for row in population_rows}
    assert int(rows["VA"]["population"]) == 825
    assert all(int(row["cells"]) > 0 for row in population_rows)
    nobody = {code for code, row in rows.items() if row["population"] == "0"}
    assert nobody == {"AQ", "BV", "HM"}


def test_parents_give_up_what_their_carved_parts_have(population_rows: Rows) -> None:
    persons = {row["country_iso"]: int(row["population"]) for row in population_rows}
    assert sum(persons[c] for c in ("FR", "GF", "GP", "MQ", "RE", "YT")) == 67_059_887
    assert sum(persons[c] for c in ("NO", "SJ", "BV")) == 5_347_896
    assert sum(persons[c] for c in ("NL", "BQ")) == 17_332_850
    assert sum(persons[c] for c in ("NZ", "TK")) == 4_917_000
    assert persons["CC"] + persons["CX"] == 2_387
