"""Figures, totals and inputs that a receipt states wrongly are found."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine
from damage import places

from closedworld.store.local import storage_at
from closedworld.store.receipt import read_receipt
from closedworld.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.verification import Finding

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "figure",
    ["tiles", "zero_tiles", "zero_tiles_with_mass", "basis", "units", "mass_sum", "floor_sum",
     "remainder_units", "fallback"],
)  # fmt: skip
def test_a_wrong_figure_of_a_country_s_summary_is_found(
    world: Any, findings: Callable[..., list[Finding]], figure: str
) -> None:
    """Each figure of the summaries in the receipt, in its country, with what it should be."""
    folder = world.folder("tile_weights")
    totals = world.totals(folder)
    for own in totals["summaries"]:
        if own["country_iso"] == "FR":
            part = own if figure in own else own["bases"][0]
            true = part[figure]
            wrong = {"basis": "populated", "fallback": True}
            part[figure] = wrong.get(figure) if figure in wrong else true + 1
    world.reseal(folder, totals=totals)
    (found,) = findings(world)
    assert (found.code, found.dataset, found.country_iso) == (
        "receipt-summary",
        "tile_weights",
        "FR",
    )
    assert found.example["figure"].endswith(figure)
    assert found.example["data"] == true


@pytest.mark.parametrize("kind", ["lost", "twice", "added", "none", "text"])
def test_summaries_that_are_not_one_for_each_country_are_found(
    world: Any, findings: Callable[..., list[Finding]], kind: str
) -> None:
    folder = world.folder("tile_weights")
    totals = world.totals(folder)
    summaries = totals["summaries"]
    changed: dict[str, Any] = {
        "lost": summaries[1:],
        "twice": [summaries[0], *summaries],
        "added": [*summaries, {**summaries[0], "country_iso": "ZZ"}],
        "none": None,
        "text": "x",
    }
    world.reseal(folder, totals={**totals, "summaries": changed[kind]})
    assert {one.code for one in findings(world)} == {"receipt-summary"}


def test_a_figure_that_no_summary_has_is_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    folder = world.folder("tile_weights")
    totals = world.totals(folder)
    totals["summaries"][0]["fraud_share"] = 0.5
    world.reseal(folder, totals=totals)
    (found,) = findings(world)
    assert (found.code, "fraud_share" in found.message) == ("receipt-summary", True)


@pytest.mark.parametrize(
    ("dataset", "name", "value"),
    [
        ("tile_weights", "countries_fallback", ["FR"]),
        ("tile_weights", "tiles_of_weight_zero", 10**6),
        ("tile_weights", "tiles", True),
        ("tile_index", "countries_kept_small", ["FR"]),
        ("tile_index", "countries_off_grid", ["FR"]),
        ("tile_index", "countries_off_grid", "none"),
    ],
)
def test_a_wrong_list_or_count_in_the_totals_is_found(
    world: Any, findings: Callable[..., list[Finding]], dataset: str, name: str, value: Any
) -> None:
    folder = world.folder(dataset)
    world.reseal(folder, totals={**world.totals(folder), name: value})
    (found,) = findings(world)
    assert (found.code, name in found.message) == ("receipt-total", True)


def test_sums_of_the_receipt_that_its_files_do_not_make_are_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """The table of datasets is there for people to read and must be right, too."""
    receipt = world.folder("tile_weights") / "_receipt.json"
    content = json.loads(receipt.read_text())
    content["datasets"]["tile_weights"]["rows"] += 1
    receipt.write_text(json.dumps(content))
    (found,) = findings(world)
    assert found.code == "receipt-seal"


@pytest.mark.parametrize("persons", [1e13, np.inf])
def test_a_raster_with_a_value_too_large_is_a_finding(
    sound: Path, tmp_path: Path, people: Path, opened: Callable[[Path], Any], persons: float
) -> None:
    """No weights can have been made from it, so they were not."""
    shutil.copytree(sound, tmp_path / "world")
    world = opened(tmp_path / "world")
    raster = tmp_path / "people.tif"
    shutil.copy(people, raster)
    index = pq.read_table(world.part("tile_index", "FR")).to_pylist()[7]
    with rasterio.open(raster, "r+") as file:
        values = file.read(1)
        values[index["raster_row"], index["raster_col"]] = persons
        file.write(values, 1)
    folder = world.folder("tile_weights")
    digest = hashlib.sha256(raster.read_bytes()).hexdigest()
    world.restate(folder, {**world.parameters(folder), "raster_sha256": digest})
    outcome = verify(world.root, raster=raster)
    (found,) = [one for one in outcome.findings if one.code == "raster-value-too-large"]
    assert (found.dataset, found.country_iso) == ("tile_weights", "FR")
    assert found.example["raster_row"] == index["raster_row"]
    assert found.example["raster_col"] == index["raster_col"]


def test_a_raster_on_another_grid_is_a_finding(
    world: Any, findings: Callable[..., list[Finding]], people: Path, tmp_path: Path
) -> None:
    """One that the receipt claims, with as many cells, each two thousandths of a cell further east."""
    raster = tmp_path / "people.tif"
    shutil.copy(people, raster)
    with rasterio.open(raster, "r+") as file:
        file.transform = file.transform @ Affine.translation(0.002, 0)
    folder = world.folder("tile_weights")
    digest = hashlib.sha256(raster.read_bytes()).hexdigest()
    world.restate(folder, {**world.parameters(folder), "raster_sha256": digest})
    assert places(findings(world, raster=raster)) == {("raster-grid", "", "")}


def test_weights_by_coverage_of_an_index_without_coverage_are_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    folder = world.folder("tile_weights")
    world.restate(folder, {**world.parameters(folder), "weigh_by_coverage": True})
    assert places(findings(world)) == {("coverage-missing", "", "")}


def test_a_raster_that_cannot_be_read_is_a_finding_and_the_rest_is_checked(
    world: Any, findings: Callable[..., list[Finding]], people: Path, tmp_path: Path
) -> None:
    """The weights claim a raster whose pixels are cut off."""
    raster = tmp_path / "people.tif"
    raster.write_bytes(people.read_bytes()[:20_000])
    folder = world.folder("tile_weights")
    digest = hashlib.sha256(raster.read_bytes()).hexdigest()
    world.restate(folder, {**world.parameters(folder), "raster_sha256": digest})
    found = places(findings(world, raster=raster))
    assert {(code, dataset) for code, dataset, _ in found} == {("input-unreadable", "tile_weights")}


@pytest.mark.parametrize("name", ["tiles", "runs", "countries", "tiles_shared"])
def test_a_wrong_total_of_the_receipt_is_found(
    world: Any, findings: Callable[..., list[Finding]], name: str
) -> None:
    folder = world.folder("tile_index")
    totals = world.totals(folder)
    world.reseal(folder, totals={**totals, name: totals[name] + 1})
    (found,) = findings(world)
    assert (found.code, name in found.message) == ("receipt-total", True)


def test_a_wrong_row_count_of_the_receipt_is_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    receipt = world.folder("tile_spans") / "_receipt.json"
    path = world.part("tile_spans", "FR").relative_to(receipt.parent).as_posix()
    stated = read_receipt(storage_at(receipt.parent))
    files = [replace(one, rows=one.rows + (one.path == path)) for one in stated.files]
    receipt.write_bytes(replace(stated, files=tuple(files)).to_bytes())
    assert places(findings(world)) == {("row-count", "tile_spans", "FR")}
