"""Files that are missing, added, out of place, damaged or of another schema are found."""

from __future__ import annotations

import hashlib
import json
import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import places
from effort import tries

from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_grid
from closedworld.verification import verify
from closedworld.verification.findings import Findings
from closedworld.verification.footer_statistics import GroupRanges

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.verification import Finding

pytestmark = pytest.mark.slow


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
    path.with_name("DE-00000.parquet").write_bytes(path.read_bytes())
    world.reseal(world.folder("tile_index"))
    assert ("country-unexpected", "tile_index", "DE") in places(findings(world))


def test_a_missing_part_and_a_file_out_of_place_are_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    path = world.part("tile_index", "FR")
    path.rename(path.with_name("FR-00001.parquet"))
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
    for at in draw.integers(0, len(sound), tries(8, 200)).tolist():
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
        lambda t: t.set_column(3, "dp", t["dp"].cast(pa.int16())),
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
    (folder / "tile_weights" / "XX" / "deeper").mkdir(parents=True)
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("x")
    reported = {(one.code, one.message.split(" is ")[0]) for one in findings(world)}
    assert reported == {
        ("folder-unexpected", "tile_weights/XX"),
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
    assert count == len(list(folder.rglob("*.parquet"))) == 26


def test_a_file_that_cannot_be_opened_is_found(
    world: Any, findings: Callable[..., list[Finding]]
) -> None:
    """A link to itself is neither missing nor readable."""
    path = world.part("tile_bounds", "FR")
    path.unlink()
    path.symlink_to(path)
    assert places(findings(world)) == {("file-unreadable", "tile_bounds", "FR")}
