"""What only the polygons can tell: tiles, islands, countries and coverage that agree with each other."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from closedworld.datasets import DATASETS
from closedworld.datasets.part_encoder import PartEncoder
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

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.verification import Finding

pytestmark = pytest.mark.slow


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


def ids_in(*boxes: shapely.Polygon) -> IdRuns:
    """Return the tiles of boxes on the half-degree grid."""
    grid = tiny_grid()
    spans = RowSpans.from_polygon(shapely.MultiPolygon(boxes), grid)
    first = spans.rows * grid.n_cols + spans.col_starts
    return IdRuns(first, first + (spans.col_stops - spans.col_starts))


def findings_of(tiny: CountrySet, polygons: list[shapely.Polygon], listed: IdRuns) -> list[Finding]:
    """Return what GEOS finds about the tiles listed for a country of some polygons."""
    country = dataclasses.replace(tiny["FR"], features=(shapely.MultiPolygon(polygons),))
    findings = Findings("")
    check = PolygonCheck(country, tiny_grid(), "center", random.Random(0), findings)
    check.check_membership(listed, np.arange(20))
    return findings.to_list()


MAINLAND = shapely.box(1.0, 40.0, 9.0, 45.0)


@pytest.mark.parametrize("gap", [(4.0, 9.0), (4.0, 6.0)], ids=["at the end", "in the middle"])
def test_tiles_left_out_of_runs_are_found_by_the_oracle(
    tiny: CountrySet, gap: tuple[float, float]
) -> None:
    """Next to the ends of the runs that are left, also where no border of the country is near."""
    west, east = shapely.box(1.0, 40.0, gap[0], 45.0), shapely.box(gap[1], 40.0, 9.0, 45.0)
    listed = ids_in(*(box for box in (west, east) if box.area))
    (found,) = findings_of(tiny, [MAINLAND], listed)
    assert found.code == "tile-not-listed"


def test_an_island_of_which_nothing_is_listed_is_found_by_the_oracle(tiny: CountrySet) -> None:
    """No run is near it: only its border can tell."""
    listed = ids_in(MAINLAND)
    assert findings_of(tiny, [MAINLAND], listed) == []
    island = shapely.box(20.0, 10.0, 22.0, 12.0)
    (found,) = findings_of(tiny, [MAINLAND, island], listed)
    assert found.code == "tile-not-listed"
    assert found.example["raster_row"] > listed.stops[-1] // tiny_grid().n_cols


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
def test_a_country_stated_to_have_no_tiles_is_found_by_the_oracle(
    tiny: CountrySet, tmp_path: Path, opened: Callable[[Path], Any], kind: str
) -> None:
    """All its rows are gone, and the receipt agrees with that."""
    build_tile_index(tiny, tiny_grid(), tmp_path)
    world = opened(tmp_path)
    folder = world.folder("tile_index")
    tiles = {}
    for dataset in ("tile_index", "tile_bounds", "tile_spans"):
        table = pq.read_table(world.part(dataset, "FR"))
        tiles[dataset] = len(table)
        world.part(dataset, "FR").write_bytes(PartEncoder(DATASETS[dataset]).finish())
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
