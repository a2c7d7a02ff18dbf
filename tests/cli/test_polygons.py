"""Polygons as people have them, from the command line to points."""

from __future__ import annotations

import csv
import json
import shlex
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

from closedworld.inputs.isolated import check_in_subprocess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Call = Callable[..., Any]

BOW = shapely.Polygon([(0, 40), (10, 50), (10, 40), (0, 50)])
OVERLAPPING = shapely.MultiPolygon([shapely.box(10, 50, 13, 53), shapely.box(12, 52, 15, 54)])
MALTA = shapely.box(14, 35, 15, 37)


def write(path: Path, rows: dict[str, shapely.Geometry | None], **columns: list[str]) -> Path:
    table = {"iso_a2": list(rows), **columns}
    gpd.GeoDataFrame(table, geometry=list(rows.values()), crs=4326).to_file(path)
    return path


def parameters(root: Path) -> dict[str, Any]:
    (receipt,) = root.glob("tiles/*/_receipt.json")
    content: dict[str, Any] = json.loads(receipt.read_text())["parameters"]
    return content


@pytest.mark.slow
@pytest.mark.parametrize(("fill", "tiles"), [("evenodd", 4 * 13), ("nonzero", 4 * 14)])
def test_invalid_polygons_are_built_verified_and_sampled_by_a_fill_rule(
    fill: str, tiles: int, call: Call, tmp_path: Path
) -> None:
    path = write(tmp_path / "w.gpkg", {"FR": BOW, "DE": OVERLAPPING, "MT": MALTA})
    options = ["--polygons", path, "--fill", fill]
    call("tiles", *options, "--resolution", "0.5deg", "--out", tmp_path / "w")
    made = parameters(tmp_path / "w")
    assert made["fill"] == fill
    summaries = (
        next((tmp_path / "w" / "reports").glob("*")) / "country_summaries.jsonl"
    ).read_text()
    counts = {
        one["country_iso"]: one["cells_included"] for one in map(json.loads, summaries.splitlines())
    }
    assert counts["DE"] == tiles
    verified = call("verify", tmp_path / "w", *options, "--oracle-sample", 300)
    assert "no problems found" in verified.output
    call("weights", tmp_path / "w", "--basis", "area_m2")
    out = tmp_path / "p.csv"
    call("sample", tmp_path / "w", "--country", "FR,DE", "--n", 40, *options, "--out", out)
    with out.open() as file:
        points = [(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)]
    land = shapely.union_all([shapely.make_valid(BOW), *OVERLAPPING.geoms])
    assert all(land.covers(shapely.Point(point)) for point in points)


@pytest.mark.slow
@pytest.mark.parametrize(("fill", "tiles"), [("evenodd", 4 * 13), ("nonzero", 4 * 14)])
def test_invalid_polygons_have_the_tiles_that_share_an_area_by_a_fill_rule(
    fill: str, tiles: int, call: Call, tmp_path: Path
) -> None:
    """OVERLAPPING on its own cells; the square in common is out by evenodd."""
    path = write(tmp_path / "w.gpkg", {"FR": BOW, "DE": OVERLAPPING})
    options = ["--polygons", path, "--fill", fill]
    rule = ["--rule", "any_overlap", "--resolution", "0.5deg"]
    made = call("tiles", *options, *rule, "--out", tmp_path / "w")
    assert made.exit_code == 0, made.output
    summaries = next((tmp_path / "w" / "reports").glob("*")) / "country_summaries.jsonl"
    counts = {
        one["country_iso"]: one["cells_included"]
        for one in map(json.loads, summaries.read_text().splitlines())
    }
    assert counts["DE"] == tiles
    # Each lobe of the tie is 10 high and 5 wide at its end, and enters the cells on its slanted edges.
    assert counts["FR"] == 2 * (10 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2 + 1) * 2
    verified = call("verify", tmp_path / "w", *options, "--oracle-sample", 300)
    assert "no problems found" in verified.output
    refused = call("tiles", *options, *rule, "--coverage", "--out", tmp_path / "x")
    assert (refused.exit_code, "fill-coverage" in refused.output) == (2, True)


@pytest.mark.slow
def test_a_selection_makes_no_ado_about_other_rows(call: Call, tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", {"FR": BOW, "AQ": None, "MT": MALTA})
    options = ["--polygons", path, "--resolution", "1deg"]
    call("tiles", *options, "--countries", "mt", "--out", tmp_path / "a")
    call("tiles", *options, "--except", "FR,AQ", "--out", tmp_path / "b")
    call("tiles", *options, "--skip-bad-rows", "--out", tmp_path / "c")
    first, *others = (parameters(tmp_path / name) for name in "abc")
    assert first["countries"] == ["MT"]
    assert all(other == first for other in others)
    assert "can be used" in call("inputs", "--polygons", path, "--countries", "MT").output


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ["--fill", "nonzero", "--except", "AQ"],
        ["--repair-geometry", "--skip-bad-rows"],
        ["--countries", "MT"],
    ],
)
def test_the_command_that_a_run_suggests_reads_its_polygons_again(
    options: list[str], call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "my world.gpkg", {"FR": BOW, "AQ": None, "MT": MALTA})
    run = ["run", "--polygons", path, "--resolution", "1deg", "--basis", "area_m2", "--out", "w"]
    made = call(*run, *options)
    (line,) = [one for one in made.output.splitlines() if "closedworld sample" in one]
    sampled = call(*shlex.split(line)[1:])
    assert (sampled.exit_code, "5 points" in sampled.output) == (0, True)


@pytest.mark.slow
def test_states_are_regions_with_points_and_never_countries(call: Call, tmp_path: Path) -> None:
    """DE is Delaware in tiles, weights, tables of points and exports."""
    path = tmp_path / "states.gpkg"
    rows = {"DE": shapely.box(-76, 38, -75, 40), "US.TX": shapely.box(-106, 26, -94, 36)}
    write(path, rows, NAME=["Delaware", "Texas"])
    refused = call("run", "--polygons", path, "--skip-unknown-codes", "--out", tmp_path / "x")
    assert (refused.exit_code, "codes-contradict-names" in refused.output) == (3, True)
    options = ["--polygons", path, "--regions", "any", "--code-column", "iso_a2"]
    root = tmp_path / "w"
    call("run", *options, "--resolution", "1deg", "--basis", "area_m2", "--out", root)
    assert parameters(root)["regions"] == "any"
    assert {file.name for file in root.glob("tiles/*/tile_index/*")} == {
        "DE-00000.parquet",
        "US.TX-00000.parquet",
    }
    (tmp_path / "t.csv").write_text("id,country,n\na,de,2\nb,US.TX,3\n")
    out = tmp_path / "p.csv"
    call("sample", root, "--table", tmp_path / "t.csv", *options, "--out", out)
    with out.open() as file:
        points = [(row["country_iso"], float(row["lon"])) for row in csv.DictReader(file)]
    assert [code for code, _ in points] == ["DE", "DE", "US.TX", "US.TX", "US.TX"]
    assert all(lon < -75 for _, lon in points)
    assert "no problems found" in call("verify", root, *options).output
    call("export", root, "--cog", "--out", tmp_path / "cog")
    key = (tmp_path / "cog" / "country_ids.csv").read_text()
    assert key == "country_id,country_iso,name\n1,DE,\n2,US.TX,\n"
    asked = call("sample", root, "--country", "FR", *options, "--out", out)
    assert (asked.exit_code, "unknown region 'FR'" in asked.output) == (3, True)


@pytest.mark.slow
def test_repairs_tell_their_progress_across_processes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = write(tmp_path / "w.gpkg", {"FR": BOW, "DE": OVERLAPPING, "MT": MALTA})
    found = check_in_subprocess(
        path, repair_geometry=True, progress=lambda done, total: told.append((done, total))
    )
    assert found.check.ok
    assert told == [(1, 1)]


def test_parts_of_one_name_in_several_folders_are_each_sealed(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    for name, iso, shape in (("a", "FR", shapely.box(0, 44, 4, 48)), ("b", "MT", MALTA)):
        (folder / name).mkdir(parents=True)
        frame = gpd.GeoDataFrame({"iso_a2": [iso]}, geometry=[shape], crs=4326)
        frame.to_parquet(folder / name / "x.parquet")
    call("tiles", "--polygons", folder, "--resolution", "1deg", "--out", tmp_path / "w")
    assert parameters(tmp_path / "w")["countries"] == ["FR", "MT"]
    (report,) = (tmp_path / "w" / "reports").glob("*/run_report.json")
    for name in ("a/x.parquet", "b/x.parquet"):
        assert f'"{name}"' in report.read_text()
