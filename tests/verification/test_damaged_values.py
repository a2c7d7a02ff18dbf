"""A changed value, row or country is found, with the right code and place, sealed anew or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import places

from closedworld.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.verification import Finding

pytestmark = pytest.mark.slow


def test_a_sound_world_has_no_finding(sound: Path, people: Path) -> None:
    """And every check but the oracle was made."""
    outcome = verify(sound, raster=people, recompute="all")
    assert outcome.findings == ()
    assert [one.what for one in outcome.not_checked] == ["membership by GEOS"]


MUTATIONS = [
    ("tile_index", "centroid_lon", lambda x: x + 1e-9, "centroid"),
    ("tile_index", "centroid_lat", lambda x: np.nextafter(x, 0), "centroid"),
    ("tile_index", "pixel_area_m2", lambda x: x + 1e-4, "area"),
    ("tile_index", "pixel_area_m2", lambda x: x * 1.01, "area-formula"),
    ("tile_index", "raster_row", lambda x: x + 1, "tile-id"),
    ("tile_index", "raster_col", 2_000_000_000, "tile-off-grid"),
    ("tile_index", "inclusion_rule", "any_overlap", "rule"),
    ("tile_index", "country_iso", "DE", "country-differs"),
    ("tile_index", "tile_id", lambda x: x - 1, "tile-twice"),
    ("tile_index", "tile_id", 0, "order"),
    ("tile_index", "tile_id", -1, "tile-id"),
    ("tile_bounds", "west_lon", lambda x: x + 1e-9, "bounds"),
    ("tile_bounds", "east_lon", lambda x: x - 1e-9, "bounds"),
    ("tile_bounds", "south_lat", lambda x: x + 1e-9, "bounds"),
    ("tile_bounds", "north_lat", lambda x: x - 1e-9, "bounds"),
    ("tile_bounds", "country_iso", "DE", "country-differs"),
    ("tile_bounds", "tile_id", 0, "tile-missing"),
    ("tile_bounds", "tile_id", -1, "tile-off-grid"),
    ("tile_spans", "col_stop", lambda x: x - 1, "tile-missing"),
    ("tile_spans", "col_stop", lambda x: x + 1, "tile-extra"),
    ("tile_spans", "col_stop", 0, "span-off-grid"),
    ("tile_spans", "first_rank", lambda x: x + 1, "first-rank"),
    ("tile_spans", "raster_row", 0, "order"),
    ("tile_weights", "weight_fp", lambda x: x + 1, "weight-sum"),
    ("tile_weights", "weight_fp", lambda x: x + 1, "weight-law"),
    ("tile_weights", "weight_fp", -1, "weight-sum"),
    ("tile_weights", "dp", 11, "dp"),
    ("tile_weights", "basis", "area_m2", "basis"),
    ("tile_weights", "country_iso", "DE", "country-differs"),
    ("tile_weights", "tile_id", 0, "tile-missing"),
    ("tile_weights", "tile_id", 0, "tile-extra"),
    ("span_weights", "weight_before", lambda x: x + 1, "weight-before"),
    ("span_weights", "tiles", lambda x: x + 1, "span-tiles"),
    ("span_weights", "tiles", lambda x: x + 1, "span-runs"),
    ("span_weights", "col_start", lambda x: x + 1, "span-runs"),
    ("span_weights", "raster_row", 0, "order"),
]


@pytest.mark.parametrize("seal", [True, False], ids=["sealed", "plain"])
@pytest.mark.parametrize(
    ("dataset", "name", "value", "code"), MUTATIONS, ids=[f"{m[1]}-{m[3]}" for m in MUTATIONS]
)
def test_one_changed_value_is_found(
    world: Any,
    findings: Callable[..., list[Finding]],
    dataset: str,
    name: str,
    value: Any,
    code: str,
    *,
    seal: bool,
) -> None:
    """By its own check, in its country; not by the digest alone."""
    world.set(dataset, "FR", name, 5, value, seal=seal)
    found = findings(world)
    assert (code, dataset, "FR") in places(found)
    (finding,) = [f for f in found if (f.code, f.dataset, f.country_iso) == (code, dataset, "FR")]
    assert finding.message
    by_receipt = {"file-digest", "file-size"} & {one.code for one in found}
    assert bool(by_receipt) is not seal
    assert {one.country_iso for one in found} <= {"FR", ""}


def test_one_unit_moved_between_two_tiles_is_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """The sum still holds; only the law can tell."""
    world.set("tile_weights", "AR", "weight_fp", 10, lambda x: x + 1)
    world.set("tile_weights", "AR", "weight_fp", 11, lambda x: max(x, 1) - 1)
    found = findings(world)
    assert ("weight-law", "tile_weights", "AR") in places(found)
    assert {one.dataset for one in found} <= {"tile_weights", "span_weights"}
    example = next(one.example for one in found if one.code == "weight-law")
    assert example["weight_fp"] == example["by_law"] + 1


def test_swapped_weights_of_unequal_masses_are_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """Without recomputing: a larger mass has a smaller weight, which the law never gives."""

    def swap(table: pa.Table) -> pa.Table:
        weights = table["weight_fp"].to_numpy().copy()
        low, high = weights.argmin(), weights.argmax()
        weights[[low, high]] = weights[[high, low]]
        return table.set_column(2, table.schema.field(2), pa.array(weights))

    world.change("tile_weights", "IN", swap)
    found = places(findings(world, recompute=0))
    assert ("weight-law", "tile_weights", "IN") in found


@pytest.mark.parametrize("dataset", ["tile_bounds", "tile_weights"])
def test_missing_and_extra_tiles_are_found_with_an_example(
    world: Any, findings: Callable[..., list[Finding]], dataset: str
) -> None:
    lost = pq.read_table(world.part(dataset, "FR"))["tile_id"][3].as_py()
    world.change(dataset, "FR", lambda t: pa.concat_tables([t.slice(0, 3), t.slice(4)]))
    gained = pq.read_table(world.part(dataset, "BO"))["tile_id"][-1].as_py() + 1
    world.change(
        dataset,
        "BO",
        lambda t: pa.concat_tables([
            t,
            t.slice(len(t) - 1).set_column(
                1, t.schema.field(1), pa.array([gained], pa.int64())
            ),
        ]),
    )  # fmt: skip
    found = {(f.code, f.country_iso): f.example for f in findings(world) if f.dataset == dataset}
    assert found["tile-missing", "FR"]["tile_id"] == lost
    assert found["tile-extra", "BO"]["tile_id"] == gained


def test_a_tile_missing_from_all_datasets_shows_in_the_totals(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    world.change("tile_index", "FR", lambda t: t.slice(1))
    codes = {(one.code, one.dataset) for one in findings(world)}
    assert {
        ("receipt-total", ""),
        ("tile-extra", "tile_bounds"),
        ("tile-extra", "tile_spans"),
        ("tile-extra", "tile_weights"),
    } <= codes


@pytest.mark.parametrize("dataset", ["tile_index", "tile_bounds", "tile_spans", "tile_weights"])
def test_swapped_countries_are_found(
    world: Any, findings: Callable[..., list[Finding]], dataset: str
) -> None:
    """Two countries whose files changed places, sealed anew."""
    one, other = world.part(dataset, "FR"), world.part(dataset, "LS")
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    world.reseal(world.folder(dataset))
    found = places(findings(world))
    for iso in ("FR", "LS"):
        assert ("country-differs", dataset, iso) in found


def test_a_unit_given_to_a_smaller_remainder_is_found_in_every_country(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """Without recomputing; no tile is more than one unit off, sum and order still hold."""
    path = world.part("tile_weights", "IN")
    table = pq.read_table(path)
    order = np.argsort(table["weight_fp"].to_numpy(), kind="stable")
    # The tile of the largest weight gives a unit to the next.
    world.set("tile_weights", "IN", "weight_fp", int(order[-1]), lambda x: x - 1)
    world.set("tile_weights", "IN", "weight_fp", int(order[-2]), lambda x: x + 1)
    found = places(findings(world, recompute=0))
    assert ("weight-law", "tile_weights", "IN") in found


def test_a_run_of_weights_that_is_missing_is_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    world.change("span_weights", "FR", lambda table: table.slice(0, len(table) - 1))
    found = places(findings(world))
    assert found == {(code, "span_weights", "FR") for code in ("span-runs", "span-tiles")}


def test_a_run_cut_in_two_is_found(world: Any, findings: Callable[..., list[Finding]]) -> None:
    """The same tiles with the right ranks, but not in the fewest runs."""

    def cut(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        middle = rows[3]["col_start"] + 1
        rest = {**rows[3], "col_start": middle, "first_rank": rows[3]["first_rank"] + 1}
        rows[3:4] = [{**rows[3], "col_stop": middle}, rest]
        return pa.Table.from_pylist(rows, table.schema)

    world.change("tile_spans", "FR", cut)
    assert places(findings(world)) == {("span-split", "tile_spans", "FR")}


def test_one_kind_of_damage_is_reported_once_with_its_rows(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    def shift(table: pa.Table) -> pa.Table:
        values = pa.array(table["centroid_lon"].to_numpy() + 0.25)
        return table.set_column(5, table.schema.field(5), values)

    world.change("tile_index", "FR", shift)
    (found,) = findings(world)
    assert found.code == "centroid"
    assert found.message.startswith("100 rows")
    assert found.example["country_iso"] == "FR"
