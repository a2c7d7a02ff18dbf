"""What only the polygons can tell: tiles, islands, countries and coverage that agree with each other."""

from __future__ import annotations

import dataclasses
import random
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from closedworld.kernels.spans import RowSpans
from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_grid
from closedworld.verification import verify
from closedworld.verification.findings import Findings
from closedworld.verification.id_runs import IdRuns
from closedworld.verification.polygon_checks import PolygonCheck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions import CountrySet


def test_a_country_moved_as_a_whole_is_found_by_the_oracle_only(
    tiny: CountrySet, tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    """Tiles of other polygons, under a receipt that claims the right ones."""

    boxes = {country.iso: country for country in tiny}
    moved = dataclasses.replace(boxes["FR"], features=boxes["IN"].features)
    wrong = type(tiny)((moved,))
    right = tiny.select(["FR"])
    folder = build_tile_index(wrong, tiny_grid(), tmp_path).published.folder
    world = opened(tmp_path)
    polygons_sha256 = right.polygons_sha256()
    world.restate(folder, {**world.parameters(folder), "polygons_sha256": polygons_sha256})
    assert verify(tmp_path).findings == ()
    outcome = verify(tmp_path, polygons=right, oracle_sample=20)
    assert {one.code for one in outcome.findings} == {"tile-not-inside", "tile-not-listed"}


def test_tiles_left_out_at_the_ends_of_runs_are_found_by_the_oracle(
    tiny: CountrySet,
) -> None:
    """Tiles of a smaller country under the receipt of the larger one."""

    grid = tiny_grid()
    whole = tiny.select(["FR"])
    small = dataclasses.replace(
        whole["FR"], features=(shapely.MultiPolygon([shapely.box(1.0, 40.0, 4.0, 45.0)]),)
    )

    spans = RowSpans.from_polygon(small.features[0], grid)
    first = spans.rows * grid.n_cols + spans.col_starts
    runs = IdRuns(first, first + (spans.col_stops - spans.col_starts))
    findings = Findings("")
    check = PolygonCheck(whole["FR"], grid, "center", random.Random(0), findings)
    check.check_membership(runs, np.arange(0, runs.tile_count, 7))
    (found,) = findings.to_list()
    assert found.code == "tile-not-listed"


def test_an_island_of_which_nothing_is_listed_is_found_by_the_oracle(tiny: CountrySet) -> None:
    """No run is near it: only its border can tell."""

    grid, mainland = tiny_grid(), shapely.box(1.0, 40.0, 9.0, 45.0)
    island = shapely.box(20.0, 10.0, 22.0, 12.0)
    whole = tiny.select(["FR"])
    both = dataclasses.replace(whole["FR"], features=(shapely.MultiPolygon([mainland, island]),))
    spans = RowSpans.from_polygon(mainland, grid)
    first = spans.rows * grid.n_cols + spans.col_starts
    runs = IdRuns(first, first + (spans.col_stops - spans.col_starts))
    findings = Findings("")
    check = PolygonCheck(both, grid, "center", random.Random(0), findings)
    check.check_membership(runs, np.arange(20))
    (found,) = findings.to_list()
    assert found.code == "tile-not-listed"
    assert found.example["raster_row"] > runs.stops[-1] // grid.n_cols


def test_wrong_coverage_that_all_datasets_agree_on_is_found_by_the_oracle(
    tiny: CountrySet, tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    """Off by a millionth in one border tile, sealed anew; nothing else can tell."""
    build_tile_index(tiny, tiny_grid(), tmp_path, rule="any_overlap", coverage=True)
    world = opened(tmp_path)
    assert verify(tmp_path, polygons=tiny, oracle_sample=3000).ok
    listed = pq.read_table(world.part("tile_coverage", "AR")).to_pylist()
    ids = pq.read_table(world.part("tile_index", "AR"))["tile_id"].to_pylist()
    tile_id, coverage = listed[5]["tile_id"], listed[5]["coverage"]
    world.set("tile_coverage", "AR", "coverage", 5, coverage * (1 - 1e-6))
    world.set("tile_index", "AR", "coverage", ids.index(tile_id), coverage * (1 - 1e-6))
    world.seal_values(world.folder("tile_index"))
    assert verify(tmp_path).ok
    (found,) = verify(tmp_path, polygons=tiny, oracle_sample=3000).findings
    assert (found.code, found.dataset, found.country_iso) == (
        "coverage-area",
        "tile_coverage",
        "AR",
    )
    assert found.example["tile_id"] == tile_id
    assert found.example["by_geos"] == pytest.approx(coverage, abs=1e-9)


def test_a_border_tile_that_is_called_whole_is_found_by_the_oracle(
    tiny: CountrySet, tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    """It is no longer in tile_coverage, and tile_index says 1."""
    build_tile_index(tiny, tiny_grid(), tmp_path, rule="any_overlap", coverage=True)
    world = opened(tmp_path)
    tile_id = pq.read_table(world.part("tile_coverage", "AR"))["tile_id"][0].as_py()
    ids = pq.read_table(world.part("tile_index", "AR"))["tile_id"].to_pylist()
    world.change("tile_coverage", "AR", lambda table: table.slice(1))
    world.set("tile_index", "AR", "coverage", ids.index(tile_id), 1.0)
    world.seal_values(world.folder("tile_index"))
    assert verify(tmp_path).ok
    codes = {one.code for one in verify(tmp_path, polygons=tiny, oracle_sample=30_000).findings}
    assert codes == {"coverage-area"}


@pytest.mark.parametrize("kind", ["without tiles", "off grid"])
def test_a_country_that_is_said_to_have_no_tiles_is_found_by_the_oracle(
    tiny: CountrySet, tmp_path: Path, opened: Callable[[Path], Any], kind: str
) -> None:
    """All its files are gone, and the receipt agrees with that."""
    build_tile_index(tiny, tiny_grid(), tmp_path)
    world = opened(tmp_path)
    folder = world.folder("tile_index")
    tiles = {}
    for dataset in ("tile_index", "tile_bounds", "tile_spans"):
        table = pq.read_table(world.part(dataset, "FR"))
        tiles[dataset] = len(table)
        shutil.rmtree(world.part(dataset, "FR").parent)
    totals = world.totals(folder)
    totals["countries_without_tiles"] = sorted([*totals["countries_without_tiles"], "FR"])
    totals["countries_off_grid"] += ["FR"] if kind == "off grid" else []
    totals["countries_off_grid"].sort()
    totals["tiles"] -= tiles["tile_index"]
    totals["runs"] -= tiles["tile_spans"]
    world.reseal(folder, totals=totals)
    world.seal_values(folder)
    assert verify(tmp_path).ok
    codes = {one.code for one in verify(tmp_path, polygons=tiny, oracle_sample=5).findings}
    assert codes == {"tile-not-listed"} | ({"receipt-total"} if kind == "off grid" else set())
