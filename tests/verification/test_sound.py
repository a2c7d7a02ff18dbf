"""No finding on what is right, whatever rule, grid, basis and coverage; and what cannot be checked."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import rasterio

from closedworld.errors import ConfigError, InputError, IntegrityError
from closedworld.inputs.loading import load_population
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_grid
from closedworld.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("rule", ["center", "any_overlap"])
@pytest.mark.parametrize(
    "grid",
    [tiny_grid(1), Grid(0.0, 60.0, 0.7, 0.3, 514, 400), Grid(-180.1, 61.0, 2.5, 1.5, 144, 70)],
    ids=["degrees", "from zero", "odd"],
)
def test_tiles_of_any_grid_and_rule_have_no_finding(
    tiny: CountrySet, tmp_path: Path, grid: Grid, rule: str
) -> None:
    """GEOS asked of many tiles included; a kept country is left out of that, and reported."""
    build_tile_index(tiny, grid, tmp_path, rule=rule, keep_small_countries=True)
    outcome = verify(tmp_path, polygons=tiny, oracle_sample=300)
    assert outcome.findings == ()
    asked = {check.what: check.count for check in outcome.checks}
    assert asked["membership by GEOS: sampled tiles are inside"] > 100
    assert asked["membership by GEOS: beyond runs is outside"] > 20


@pytest.mark.parametrize("dp", [0, 3, 12, 18])
@pytest.mark.parametrize(
    "basis",
    ["uniform", "area_m2", "population", "populated", "population:9,area_m2:1", "area_m2:1,populated:1,uniform:1"],
)  # fmt: skip
def test_weights_of_any_basis_have_no_finding(
    sound: Path, people: Path, weigh: Callable[..., Path], tmp_path: Path, basis: str, dp: int
) -> None:
    shutil.copytree(sound / "tiles", tmp_path / "tiles")
    weigh(tmp_path, basis=basis, dp=dp)
    outcome = verify(tmp_path, raster=people, recompute="all")
    assert outcome.findings == ()
    done = {check.what: check.count for check in outcome.checks if check.unit == "countries"}
    assert done["weights recomputed in Python integers"] == 11


@pytest.mark.parametrize("basis", ["uniform", "population", "area_m2", "populated:2,area_m2:1"])
def test_weights_by_coverage_have_no_finding(
    tiny: CountrySet, people: Path, weigh: Callable[..., Path], tmp_path: Path, basis: str
) -> None:
    build_tile_index(tiny, tiny_grid(), tmp_path, rule="any_overlap", coverage=True)
    weigh(tmp_path, basis=basis, weigh_by_coverage=True)
    outcome = verify(tmp_path, raster=people, recompute="all", polygons=tiny, oracle_sample=100)
    assert outcome.findings == ()
    assert outcome.not_checked == ()


@pytest.mark.parametrize(
    ("dataset", "value", "code"),
    [
        ("tile_coverage", 0.25, "coverage-differs"),
        ("tile_coverage", 1.0, "coverage"),
        ("tile_index", 1.5, "coverage"),
        ("tile_index", 0.0, "coverage"),
    ],
)
def test_wrong_coverage_is_found(
    tiny: CountrySet,
    tmp_path: Path,
    opened: Callable[[Path], Any],
    dataset: str,
    value: float,
    code: str,
) -> None:
    build_tile_index(tiny, tiny_grid(), tmp_path, rule="any_overlap", coverage=True)
    opened(tmp_path).set(dataset, "AR", "coverage", 3, value)
    found = {(one.code, one.dataset, one.country_iso) for one in verify(tmp_path).findings}
    assert (code, dataset, "AR") in found


def test_a_result_is_verified_from_each_of_its_paths(sound: Path, people: Path) -> None:
    """The weights alone find their index beside them, and say that it was not verified."""
    (tiles,), (weights,) = sound.glob("tiles/*"), sound.glob("weights/*")
    for path, folders in (
        (sound, [tiles, weights]),
        (tiles.parent, [tiles]),
        (tiles, [tiles]),
        (weights.parent, [weights]),
        (weights, [weights]),
    ):
        outcome = verify(path, raster=people)
        assert outcome.findings == ()
        assert outcome.folders == tuple(map(str, folders))
        read_only = any("comparison only" in str(one) for one in outcome.not_checked)
        assert read_only is (folders == [weights])


def test_weights_without_their_index_say_so_and_the_rest_is_checked(
    world: Any, people: Path, tmp_path: Path
) -> None:
    tiles = world.folder("tile_index").parent
    tiles.rename(tmp_path / "elsewhere")
    world.set("span_weights", "FR", "weight_before", 2, lambda x: x + 1)
    outcome = verify(world.root, raster=people)
    assert {one.code for one in outcome.findings} == {"index-missing", "weight-before"}
    assert any("no index" in str(one) for one in outcome.not_checked)
    given = verify(world.root, raster=people, index=tmp_path / "elsewhere")
    assert {one.code for one in given.findings} == {"weight-before"}


def test_without_the_raster_masses_are_reported_as_not_checked(sound: Path) -> None:
    outcome = verify(sound)
    assert outcome.findings == ()
    assert any("--raster" in one.reason for one in outcome.not_checked)
    assert not any("law" in check.what for check in outcome.checks)


def test_another_raster_is_a_finding(sound: Path) -> None:
    outcome = verify(sound, raster=bundled("population_5m.tif").path)
    assert [one.code for one in outcome.findings] == ["raster-differs"]


def test_a_raster_of_one_result_is_no_finding_in_another(
    sound: Path, people: Path, tmp_path: Path
) -> None:
    """Weights from two rasters in one folder: whichever is given, the others are left out and reported."""
    shutil.copytree(sound, tmp_path / "world")
    other = tmp_path / "other.tif"
    shutil.copy(people, other)
    with rasterio.open(other, "r+") as file:
        file.write(file.read(1) + 1, 1)
    index = open_index(tmp_path / "world")
    population = load_population(other)
    build_tile_weights(index, tmp_path / "world", basis="population", population=population)
    for raster in (people, other):
        outcome = verify(tmp_path / "world", raster=raster)
        assert outcome.findings == ()
        (left,) = (one for one in outcome.not_checked if "--raster" in one.reason)
        assert left.folder in outcome.folders
        law = [one for one in outcome.checks if one.what.startswith("weights by the law")]
        assert len(law) == 1


def test_polygons_that_are_not_those_of_the_receipt_are_refused(sound: Path, people: Path) -> None:
    others = read_countries(bundled("countries.parquet").path).select(["FR"])
    for polygons in (None, others):
        with pytest.raises(ConfigError, match="--polygons"):
            verify(sound, raster=people, polygons=polygons, oracle_sample=1)


def test_what_cannot_be_verified_is_an_error(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="path-missing"):
        verify(tmp_path / "none")
    with pytest.raises(IntegrityError, match="receipt-missing"):
        verify(tmp_path)
    with pytest.raises(InputError, match="input-missing"):
        verify(sound, raster=tmp_path / "none.tif")
    with pytest.raises(ConfigError, match="recompute"):
        verify(sound, recompute=-1)


def test_bad_receipts_are_findings_and_the_rest_is_checked(world: Any, people: Path) -> None:
    receipt = world.folder("tile_weights") / "_receipt.json"
    text = receipt.read_text()
    for content, code in (
        ("{", "receipt-unreadable"),
        (text.replace('"dp": 12', '"dp": 11'), "receipt-hash"),
        (text.replace('"receipt_format": ', '"receipt_format": 9'), "receipt-format"),
    ):
        receipt.write_text(content)
        assert [one.code for one in verify(world.root, raster=people).findings] == [code]
    receipt.unlink()
    assert [one.code for one in verify(world.root).findings] == ["receipt-missing"]
    receipt.write_text(text)
    moved = receipt.parent.with_name("parameter_hash=" + "0" * 64)
    receipt.parent.rename(moved)
    codes = [one.code for one in verify(world.root, raster=people).findings]
    assert codes == ["published-under-another-hash"]


def test_parameters_that_make_no_sense_are_a_finding(world: Any) -> None:
    folder = world.folder("tile_weights")
    right = world.parameters(folder)
    wrong: list[dict[str, Any]] = [
        {**right, "basis": "area_m2:1,population:9"},
        {**right, "dp": 19},
        {**right, "dp": None},
        {**right, "raster_sha256": 1},
        {"stage": "weights"},
    ]
    for parameters in wrong:
        folder = world.restate(folder, parameters)
        codes = [one.code for one in verify(folder).findings]
        assert codes == ["receipt-parameters"]
