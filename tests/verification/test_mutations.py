"""Every kind of damage is found, with the right code and place, sealed anew or not."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine

from closedworld.stages.tiles.build import build_tile_index
from closedworld.store.places import storage_at
from closedworld.store.receipt import read_receipt
from closedworld.testing import tiny_grid
from closedworld.verification import verify
from closedworld.verification.findings import Findings
from closedworld.verification.footer_statistics import GroupRanges

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions import CountrySet
    from closedworld.verification import Finding

PEOPLE = {"recompute": "all"}


@pytest.fixture
def findings(people: Path) -> Callable[..., list[Finding]]:
    """Verify a world with its raster and return what is found."""

    def find(world: Any, **options: Any) -> list[Finding]:
        outcome = verify(world.root, **{"raster": people, "recompute": "all", **options})
        return list(outcome.findings)

    return find


def places(findings: list[Finding]) -> set[tuple[str, str, str]]:
    return {(one.code, one.dataset, one.country_iso) for one in findings}


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
    ("tile_index", "raster_col", 4_000_000_000, "tile-off-grid"),
    ("tile_index", "inclusion_rule", "any_overlap", "rule"),
    ("tile_index", "country_iso", "DE", "country-differs"),
    ("tile_index", "tile_id", lambda x: x - 1, "tile-twice"),
    ("tile_index", "tile_id", 0, "order"),
    ("tile_index", "tile_id", 2**64 - 1, "tile-id"),
    ("tile_bounds", "west_lon", lambda x: x + 1e-9, "bounds"),
    ("tile_bounds", "east_lon", lambda x: x - 1e-9, "bounds"),
    ("tile_bounds", "south_lat", lambda x: x + 1e-9, "bounds"),
    ("tile_bounds", "north_lat", lambda x: x - 1e-9, "bounds"),
    ("tile_bounds", "country_iso", "DE", "country-differs"),
    ("tile_bounds", "tile_id", 0, "tile-missing"),
    ("tile_bounds", "tile_id", 2**63, "tile-off-grid"),
    ("tile_spans", "col_stop", lambda x: x - 1, "tile-missing"),
    ("tile_spans", "col_stop", lambda x: x + 1, "tile-extra"),
    ("tile_spans", "col_stop", 0, "span-off-grid"),
    ("tile_spans", "first_rank", lambda x: x + 1, "first-rank"),
    ("tile_spans", "raster_row", 0, "order"),
    ("tile_weights", "weight_fp", lambda x: x + 1, "weight-sum"),
    ("tile_weights", "weight_fp", lambda x: x + 1, "weight-law"),
    ("tile_weights", "weight_fp", 2**64 - 1, "weight-sum"),
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
                1, t.schema.field(1), pa.array([gained], pa.uint64())
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


@pytest.mark.parametrize("dataset", ["tile_index", "tile_weights"])
def test_a_missing_country_is_found(
    world: Any, findings: Callable[..., list[Finding]], dataset: str
) -> None:
    world.part(dataset, "FR").unlink()
    assert ("file-missing", dataset, "FR") in places(findings(world))
    world.reseal(world.folder(dataset))
    assert ("country-missing", dataset, "FR") in places(findings(world))


def test_a_country_too_many_is_found(world: Any, findings: Callable[..., list[Finding]]) -> None:
    path = world.part("tile_index", "FR")
    more = path.parents[1] / "country_iso=DE" / path.name
    more.parent.mkdir()
    more.write_bytes(path.read_bytes())
    world.reseal(world.folder("tile_index"))
    assert ("country-unexpected", "tile_index", "DE") in places(findings(world))


def test_a_missing_part_and_a_file_out_of_place_are_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    path = world.part("tile_index", "FR")
    path.rename(path.with_name("part-00001.parquet"))
    world.part("tile_bounds", "FR").rename(world.folder("tile_bounds") / "b.parquet")
    world.reseal(world.folder("tile_index"))
    codes = places(findings(world))
    assert ("part-missing", "tile_index", "FR") in codes
    assert ("file-out-of-place", "", "") in codes


def test_all_damaged_files_are_reported_not_only_the_first(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    world.part("tile_index", "FR").unlink()
    world.part("tile_index", "ZA").write_bytes(b"PAR1")
    (world.folder("tile_index") / "note.txt").write_text("x")
    path = world.part("tile_bounds", "IN")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = places(findings(world))
    assert {
        ("file-missing", "tile_index", "FR"),
        ("file-size", "tile_index", "ZA"),
        ("file-unreadable", "tile_index", "ZA"),
        ("file-unexpected", "", ""),
        ("file-digest", "tile_bounds", "IN"),
    } <= found


@pytest.mark.parametrize("dataset", ["tile_index", "tile_spans", "tile_weights"])
def test_any_flipped_bit_ends_in_findings(
    world: Any, findings: Callable[..., list[Finding]], dataset: str
) -> None:
    """At many places of a file, never in a traceback; also when the receipt was made for it."""
    path = world.part(dataset, "LS")
    sound = path.read_bytes()
    draw = np.random.default_rng(0)
    for at in draw.integers(0, len(sound), 25).tolist():
        content = bytearray(sound)
        content[at] ^= 1 << int(draw.integers(8))
        path.write_bytes(content)
        assert ("file-digest", dataset, "LS") in places(findings(world, recompute=0))


@pytest.mark.parametrize("at", [0, 4, 100, -1, -5, -9])
def test_a_damaged_file_with_a_receipt_made_for_it_is_found(
    world: Any, findings: Callable[..., list[Finding]], at: int
) -> None:
    """Pages carry checksums of their own; the footer is needed to read at all."""
    path = world.part("tile_weights", "LS")
    rows = pq.read_metadata(path).num_rows
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    folder = world.folder("tile_weights")
    receipt = (folder / "_receipt.json").read_text()
    name = path.relative_to(folder).as_posix()
    entries = json.loads(receipt)
    for entry in entries["files"]:
        if entry["path"] == name:
            entry["sha256"] = hashlib.sha256(content).hexdigest()
            assert entry["rows"] == rows
    (folder / "_receipt.json").write_text(json.dumps(entries))
    found = findings(world)
    assert not {"file-digest", "file-size"} & {one.code for one in found}
    if at not in {0, 4}:
        assert found


def test_a_wrong_schema_is_found_and_nothing_is_concluded_from_the_file(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    world.change("tile_bounds", "FR", lambda t: t.drop_columns(["west_lon"]))
    world.change(
        "tile_weights",
        "FR",
        lambda t: t.set_column(3, "dp", t["dp"].cast(pa.uint16())),
    )
    found = places(findings(world))
    assert {("schema", "tile_bounds", "FR"), ("schema", "tile_weights", "FR")} <= found
    assert not any(code in {"tile-missing", "weight-sum"} for code, _, _ in found)


@pytest.mark.parametrize(
    ("dataset", "name", "which"),
    [
        ("tile_index", "centroid_lat", "smallest"),
        ("tile_index", "raster_col", "largest"),
        ("tile_bounds", "east_lon", "largest"),
        ("tile_bounds", "tile_id", "smallest"),
        ("tile_spans", "first_rank", "largest"),
        ("tile_weights", "weight_fp", "largest"),
        ("tile_weights", "country_iso", "smallest"),
        ("span_weights", "weight_before", "largest"),
    ],
)
def test_a_changed_statistic_of_a_footer_is_found(
    world: Any, findings: Callable[..., list[Finding]], dataset: str, name: str, which: str
) -> None:
    """Readers skip row groups by it: the rows are right and yet not found."""
    chunk = pq.read_metadata(world.part(dataset, "FR")).row_group(0)
    position = next(n for n in range(chunk.num_columns) if chunk.column(n).path_in_schema == name)
    footer = chunk.column(position).statistics
    raw = footer.min_raw if which == "smallest" else footer.max_raw
    kind = {"INT32": "<i", "INT64": "<q", "DOUBLE": "<d"}.get(footer.physical_type)
    old = raw if kind is None else struct.pack(kind, raw)
    new = b"FX" if kind is None else struct.pack(kind, raw - 1)
    world.patch_footer(dataset, "FR", old, new)
    found = findings(world)
    assert {(one.code, one.dataset, one.country_iso) for one in found} == {
        ("statistics", dataset, "FR")
    }
    example = found[0].example
    assert (example["column"], example["what"]) == (name, f"{which} value")
    assert example["footer"] != example["data"]


def test_nulls_and_rows_that_a_footer_claims_are_found() -> None:
    """No column has nulls; engines count rows by the footer alone."""
    ranges, findings = GroupRanges(), Findings("")
    ranges.add(pa.record_batch({"x": pa.array([2.0, np.nan, 5.0])}))
    footer = SimpleNamespace(
        has_null_count=True, null_count=1, has_min_max=True, min_raw=2.0, max_raw=5.0,
        has_distinct_count=False, physical_type="DOUBLE",
    )  # fmt: skip
    chunk = SimpleNamespace(
        path_in_schema="x", statistics=footer, has_column_index=True, bloom_filter_offset=None
    )
    group = SimpleNamespace(num_rows=4, num_columns=1, column=lambda _: chunk)
    ranges.compare(group, 0, ("tile_bounds", "FR"), findings)
    assert [(one.code, one.example.get("what")) for one in findings.to_list()] == [
        ("row-count", None),
        ("statistics", "number of nulls"),
    ]
    assert "page indexes" in str(findings.not_checked()[0])


def test_an_added_folder_is_found_whether_empty_or_not(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """One that holds a file is reported by the file."""
    folder = world.folder("tile_weights")
    (folder / "tile_weights" / "country_iso=XX" / "deeper").mkdir(parents=True)
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("x")
    reported = {(one.code, one.message.split(" is ")[0]) for one in findings(world)}
    assert reported == {
        ("folder-unexpected", "tile_weights/country_iso=XX"),
        ("file-unexpected", "notes/a.txt"),
    }


def test_only_the_result_s_own_files_are_counted(
    tiny: CountrySet, people: Path, weigh: Callable[..., Path], tmp_path: Path
) -> None:
    """Also when the coverage of the index is read again for the weights."""
    build_tile_index(tiny, tiny_grid(), tmp_path, rule="any_overlap", coverage=True)
    folder = weigh(tmp_path, basis="area_m2", weigh_by_coverage=True)
    outcome = verify(tmp_path, raster=people)
    assert outcome.findings == ()
    (count,) = (
        check.count
        for check in outcome.checks
        if check.what.startswith("schema") and check.folder == str(folder)
    )
    assert count == len(list(folder.rglob("*.parquet"))) == 24


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


def test_a_file_that_cannot_be_opened_is_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """A link to itself is neither missing nor readable."""
    path = world.part("tile_bounds", "FR")
    path.unlink()
    path.symlink_to(path)
    assert places(findings(world)) == {("file-unreadable", "tile_bounds", "FR")}


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
