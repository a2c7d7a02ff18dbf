"""``closedworld weights``, and the weights of ``closedworld run``, as a user sees them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
import pytest
import rasterio

from closedworld.inputs.raster.info import read_raster_info
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.published.results import find_published, open_published
from closedworld.stages.tiles.build import build_tile_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from closedworld.store.reading import Published

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles of real countries, each on its grid; only to be copied."""
    out = tmp_path_factory.mktemp("worlds")
    countries = read_countries(bundled("countries.parquet").path)
    degrees = Grid.from_resolution("1deg")
    build_tile_index(countries.select(["DE", "ES", "FR"]), degrees, out / "coarse")
    grid = read_raster_info(bundled("population_5m.tif").path).grid
    build_tile_index(countries.select(["LU", "MT"]), grid, out / "fine")
    return out


@pytest.fixture
def coarse(worlds: Path, tmp_path: Path) -> Path:
    """The tiles of three countries on a grid of one degree."""
    return shutil.copytree(worlds / "coarse", tmp_path / "coarse")


@pytest.fixture
def fine(worlds: Path, tmp_path: Path) -> Path:
    """The tiles of two small countries on the grid of the bundled raster."""
    return shutil.copytree(worlds / "fine", tmp_path / "fine")


def weights_of(out: Path) -> Published:
    return open_published(out, "weights")


def sums(published: Published) -> dict[str, int]:
    """Return the sum of the weights of each country."""
    table = published.dataset("tile_weights").to_table()
    found = {}
    for iso in pc.unique(table["country_iso"]).to_pylist():
        own = table.filter(pc.equal(table["country_iso"], iso))
        found[iso] = sum(own["weight_fp"].to_pylist())
    return found


def report_folder(out: Path) -> Path:
    """Return the folder of the newest report."""
    return max((out / "reports").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def report_of(out: Path) -> dict[str, Any]:
    content = json.loads((report_folder(out) / "run_report.json").read_text())
    assert isinstance(content, dict)
    return content


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def test_tiles_on_the_bundled_grid_are_weighed_by_the_bundled_population(
    call: Call, fine: Path
) -> None:
    done = call("weights", fine)
    assert done.exit_code == 0
    published = weights_of(fine)
    published.verify()
    assert published.folder.parent == fine / "weights"
    assert published.receipt.parameters["basis"] == "population"
    assert sums(published) == {"LU": 10**12, "MT": 10**12}
    tiles = published.receipt.totals["tiles"]
    assert f"Built {tiles:,} weights by population, 10^12 in each country" in done.stdout
    assert f"  folder    {fine} (" in done.stdout
    (raster,) = report_of(fine)["inputs"]
    assert raster["path"].endswith("population_5m.tif")
    assert published.receipt.parameters["raster_sha256"] in raster["sha256"].values()


def test_tiles_of_another_resolution_are_weighed_by_the_bundled_population_spread_over_them(
    call: Call, coarse: Path
) -> None:
    done = call("weights", coarse)
    assert done.exit_code == 0
    published = weights_of(coarse)
    assert published.receipt.parameters["basis"] == "population"
    assert sums(published) == dict.fromkeys(("DE", "ES", "FR"), 10**12)
    assert "[population-spread]" not in done.stderr
    assert call("verify", coarse).exit_code == 0


def test_tiles_of_a_region_are_weighed_by_area(
    call: Call, tmp_path: Path, raster: Callable[..., Path]
) -> None:
    people = raster(width=36, height=20)
    assert call("tiles", "--raster", people, "--out", tmp_path).exit_code == 0
    done = call("weights", tmp_path)
    assert done.exit_code == 0
    published = weights_of(tmp_path)
    assert published.receipt.parameters["basis"] == "area_m2"
    assert published.receipt.parameters["raster_sha256"] is None
    assert "weights by area_m2, 10^12 in each country" in done.stdout
    assert report_of(tmp_path)["rasters_read"] == []
    done = call("weights", tmp_path, "--basis", "population")
    assert done.exit_code == 2
    assert "basis-needs-raster" in done.stderr


def test_a_raster_makes_population_the_default_and_decides_the_weights(
    call: Call, tmp_path: Path, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    """All people of the square IN live in the cell from 70 to 75 east and 20 to 25 north."""
    path = raster()
    with rasterio.open(path, "r+") as file:
        pixels = np.zeros((36, 72), np.int16)
        pixels[13, 50] = 1234
        file.write(pixels, 1)
    out = tmp_path / "out"
    words = ("--polygons", polygons(), "--raster", path, "--countries", "IN,FR", "--out", out)
    assert call("tiles", *words).exit_code == 0
    done = call("weights", out, "--raster", path, "--dp", 4)
    assert done.exit_code == 0
    rows = weights_of(out).dataset("tile_weights").to_table().to_pylist()
    assert {
        (row["country_iso"], row["tile_id"]): row["weight_fp"] for row in rows if row["weight_fp"]
    } == {("IN", 13 * 72 + 50): 10**4, ("FR", 9 * 72 + 36): 10**4}
    assert "weights-fallback" in (report_folder(out) / "run.log").read_text()
    assert "1 country has no population" in done.stderr
    (read,) = report_of(out)["rasters_read"]
    assert (read["path"], read["missing"]) == (str(path), 0)


def test_options_reach_the_result(call: Call, coarse: Path, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere"
    done = call(
        "weights", coarse, "--basis", "uniform:1,area_m2:3", "--dp", 5, "--s2-workers", 2, "--out", out
    )  # fmt: skip
    assert done.exit_code == 0
    published = weights_of(out)
    assert published.receipt.parameters["basis"] == "area_m2:3,uniform:1"
    assert published.receipt.parameters["dp"] == 5
    assert sums(published) == dict.fromkeys(("DE", "ES", "FR"), 10**5)
    assert {one.receipt.stage for one in find_published(coarse)} == {"tiles"}


def test_the_folder_of_the_tiles_themselves_can_be_named(call: Call, coarse: Path) -> None:
    folder = open_published(coarse, "tiles").folder
    assert call("weights", folder).exit_code == 0
    assert weights_of(coarse).folder.parent == coarse / "weights"


def test_weighing_again_says_that_it_verified_and_reused(call: Call, coarse: Path) -> None:
    assert "Built " in call("weights", coarse).stdout
    again = call("weights", coarse)
    assert again.exit_code == 0
    assert "Verified and reused " in again.stdout
    (stage,) = report_of(coarse)["stages"]
    assert (stage["name"], stage["reused"]) == ("weights", True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--basis", "people"], "basis-unknown"),
        (["--basis", "area_m2,uniform"], "basis-syntax"),
        (["--basis", "area_m2:0"], "basis-share"),
        (["--basis", "area_m2:1,area_m2:2"], "basis-twice"),
        (["--basis", ""], "basis-syntax"),
        (["--dp", "19"], "19"),
        (["--dp", "-1"], "-1"),
        (["--dp", "many"], "many"),
        (["--s2-workers", "0"], "0"),
        (["--no-such-option"], "no-such-option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_wrong_option_ends_with_status_2_and_leaves_nothing(
    call: Call, coarse: Path, words: list[str], code: str
) -> None:
    before = everything(coarse)
    done = call("weights", coarse, *words)
    assert done.exit_code == 2
    assert code in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert everything(coarse) == before


def test_a_missing_path_ends_with_status_2_and_nothing_is_made(call: Call, tmp_path: Path) -> None:
    done = call("weights", tmp_path / "none", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "path-missing" in done.stderr
    assert str(tmp_path / "none") in done.stderr
    assert call("weights", tmp_path / "none").exit_code == 2
    assert everything(tmp_path) == set()


def test_a_folder_without_tiles_is_refused_and_nothing_is_made(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = call("weights", tmp_path / "empty")
    assert done.exit_code == 5
    assert str(tmp_path / "empty") in done.stderr
    assert everything(tmp_path) == {"empty"}


def test_two_tile_indexes_must_be_told_apart(call: Call, coarse: Path) -> None:
    words = ("--countries", "FR", "--resolution", "1deg", "--out", coarse)
    assert call("tiles", *words, "--rule", "any_overlap").exit_code == 0
    (coarse / "names" / "latest").unlink()
    done = call("weights", coarse)
    assert done.exit_code == 2
    assert "published-several" in done.stderr
    for published in find_published(coarse):
        assert published.folder.name in done.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--weigh-by-coverage"], "coverage-missing"),
    ],
)
def test_what_the_tiles_do_not_allow_ends_with_status_2_and_a_report_that_says_why(
    call: Call, coarse: Path, words: list[str], code: str
) -> None:
    done = call("weights", coarse, *words)
    assert done.exit_code == 2
    assert code in done.stderr
    report = report_of(coarse)
    assert (report["status"], report["error"]["code"]) == ("failed", code)
    assert {one.receipt.stage for one in find_published(coarse)} == {"tiles"}


def test_a_raster_of_another_grid_ends_with_status_3_and_both_grids_are_named(
    call: Call, coarse: Path, raster: Callable[..., Path]
) -> None:
    done = call("weights", coarse, "--raster", raster())
    assert done.exit_code == 3
    assert "grids-differ" in done.stderr
    shown = done.stderr.replace("\n", " ")
    assert "36 rows x 72 columns" in shown
    assert "180 rows x 360 columns" in shown


def test_the_report_has_an_account_of_each_country_s_weights(call: Call, coarse: Path) -> None:
    assert call("weights", coarse, "--basis", "area_m2", "--dp", 1).exit_code == 0
    text = (report_folder(coarse) / "weight_summaries.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["country_iso"] for line in lines] == ["DE", "ES", "FR"]
    summaries = weights_of(coarse).receipt.totals["summaries"]
    for line, sealed in zip(lines, summaries, strict=True):
        assert set(line) == {*sealed, "zero_share", "persons"}
        assert {name: line[name] for name in sealed} == sealed
        assert line["zero_share"] == line["zero_tiles"] / line["tiles"]
        (basis,) = line["bases"]
        assert basis["basis"] == "area_m2"
        assert basis["units"] == 10 == basis["floor_sum"] + basis["remainder_units"]
    assert lines[0]["zero_tiles"] == lines[0]["tiles"] - 10
    (stage,) = report_of(coarse)["stages"]
    assert stage["number"] == "S2"
    assert "summaries" not in stage["totals"]


def test_a_run_at_a_resolution_weighs_by_population(call: Call, tmp_path: Path) -> None:
    done = call("run", "--countries", "DE,FR", "--resolution", "1deg", "--out", tmp_path)
    assert done.exit_code == 0
    published = weights_of(tmp_path)
    assert published.receipt.parameters["basis"] == "population"
    assert sums(published) == {"DE": 10**12, "FR": 10**12}
    assert "weights by population" in done.stdout
    assert "[population-spread]" not in done.stderr
    assert [stage["name"] for stage in report_of(tmp_path)["stages"]] == ["tiles", "weights"]


def test_a_run_on_the_bundled_raster_weighs_by_population(call: Call, tmp_path: Path) -> None:
    assert call("run", "--countries", "LU,MT", "--out", tmp_path).exit_code == 0
    assert weights_of(tmp_path).receipt.parameters["basis"] == "population"
    alone = call("weights", tmp_path)
    assert "Verified and reused " in alone.stdout


def test_grids_far_finer_than_the_bundled_raster_share_the_people_of_its_cells(
    call: Call, tmp_path: Path
) -> None:
    """A block of the file, spread over tiles of 3 arc-seconds, would have 2.6 GB."""
    args = "run", "--countries", "LI", "--resolution", "3s", "--out", tmp_path
    done = call(*args)
    assert (done.exit_code, sums(weights_of(tmp_path))) == (0, {"LI": 10**12})
    assert "[population-spread]" in done.stderr
    assert "cells of 300 arc-seconds are spread evenly over those of 3." in done.stderr
    assert call("plan", *args[1:-2]).exit_code == 0
    index = open_published(tmp_path, "tiles").dataset("tile_index").to_table()
    weights = weights_of(tmp_path).dataset("tile_weights").to_table()
    assert weights["tile_id"].equals(index["tile_id"])
    row, col = (index[f"raster_{axis}"].to_numpy() // 100 for axis in ("row", "col"))
    with rasterio.open(bundled("population_5m.tif").path) as file:
        people = np.maximum(file.read(1), 0).astype(np.float64)[row, col]
    assert len(np.unique(people)) > 3
    expected = people / people.sum() * 10**12
    np.testing.assert_allclose(weights["weight_fp"].to_numpy(), expected, rtol=1e-5)
