"""``closedworld inputs``: what is bundled, and what is in files of one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import shapely

from closedworld.inputs.reference.registry import bundled_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]


def test_inputs_lists_the_bundled_files_and_checks_them(call: Call) -> None:
    done = call("inputs")
    assert done.exit_code == 0
    for text in (
        "countries.parquet",
        "population_5m.tif",
        "licence",
        "(verified)",
        "Natural Earth",
    ):
        assert text in done.stdout


def test_inputs_says_what_is_in_good_files(
    call: Call, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    done = call("inputs", "--polygons", polygons(), "--raster", raster())
    assert done.exit_code == 0
    assert done.stdout.count("can be used") == 2
    for text in ("column iso_a2", "13: AQ, AR", "36 rows x 72 columns", "1 of int16, NODATA -1"):
        assert text in done.stdout


def test_inputs_lists_everything_that_is_wrong_and_ends_with_status_3(
    call: Call, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    bow = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    rows: list[tuple[str, str, shapely.Geometry | None]] = [
        ("DE", "Bow tie", bow),
        ("QQ", "Nowhere", shapely.box(0, 0, 1, 1)),
        ("FR", "Nothing", None),
        ("IT", "Fine", shapely.box(0, 0, 1, 1)),
        ("PL", "Line", shapely.LineString([(0, 0), (1, 1)])),
    ]
    bad, projected = polygons("bad.parquet", rows), raster("bad.tif", crs="EPSG:3857")
    done = call("inputs", "--polygons", bad, "--raster", projected)
    assert done.exit_code == 3
    assert done.stdout.count("cannot be used") == 2
    for code in ("geometry-invalid", "code-unknown", "geometry-empty", "geometry-not-polygon"):
        assert f"[{code}]" in done.stdout
    assert "[crs-not-wgs84]" in done.stdout
    assert done.stdout.count("What to do:") >= 4


def test_a_good_file_beside_a_bad_one_still_ends_with_status_3(
    call: Call, polygons: Callable[..., Path]
) -> None:
    done = call("inputs", "--polygons", polygons(), "--raster", "none.tif")
    assert done.exit_code == 3
    assert "can be used" in done.stdout
    assert "[input-missing]" in done.stdout


def test_json_has_what_is_shown(
    call: Call, polygons: Callable[..., Path], raster: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "shops.csv").write_text("merchant_id,country_iso,n\nA,FR,2\nB,DE,1\n")
    words = ("--polygons", polygons(), "--raster", raster(), "--merchants", tmp_path / "shops.csv")
    done = call("inputs", *words, "--lock", tmp_path / "closedworld.lock", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert list(found) == ["usable", "polygons", "raster", "merchants", "lock"]
    assert found["usable"]
    assert found["polygons"]["code_column"] == "iso_a2"
    assert len(found["polygons"]["countries"]) == 13
    assert found["polygons"]["problems"] == []
    assert found["raster"]["grid"]["n_cols"] == 72
    assert (found["raster"]["dtype"], found["raster"]["nodata"]) == ("int16", -1)
    assert (found["merchants"]["rows"], found["merchants"]["outlets"]) == (2, 3)
    assert [one["path"] for one in found["lock"]["files"]] == [
        "countries.parquet", "raster.tif", "shops.csv",
    ]  # fmt: skip


def test_json_has_every_problem(
    call: Call, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    bad = polygons("bad.parquet", [("QQ", "Nowhere", shapely.box(0, 0, 1, 1)), ("FR", "No", None)])
    done = call(
        "inputs", "--polygons", bad, "--raster", raster("bad.tif", crs="EPSG:3857"), "--json"
    )
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert not found["usable"]
    problems = found["polygons"]["problems"] + found["raster"]["problems"]
    assert [one["code"] for one in problems] == ["code-unknown", "geometry-empty", "crs-not-wgs84"]
    assert [one["row"] for one in found["polygons"]["problems"]] == [1, 2]
    assert all(one["hint"] for one in problems)


@pytest.mark.parametrize("nodata", [float("nan"), None])
def test_nodata_is_valid_json(
    call: Call, raster: Callable[..., Path], nodata: float | None
) -> None:
    done = call("inputs", "--raster", raster(nodata=nodata, dtype="float32"), "--json")
    expected = None if nodata is None else "nan"
    assert json.loads(done.stdout, parse_constant=pytest.fail)["raster"]["nodata"] == expected


def test_the_bundled_files_as_json(call: Call) -> None:
    (content,) = (json.loads(call("inputs", "--json").stdout)["bundled"],)
    assert [one["name"] for one in content] == [one.name for one in bundled_files()]
    assert all(one["licence"] and one["path"].endswith(one["name"]) for one in content)


def test_quiet_says_it_by_its_status_alone(call: Call, raster: Callable[..., Path]) -> None:
    for name, status in ((raster(), 0), ("none.tif", 3)):
        done = call("inputs", "--raster", name, "-q")
        assert (done.exit_code, done.stdout) == (status, "")


def test_columns_that_are_not_used_are_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "cards.csv").write_text("card_id,country,limit\n1,DE,5\n")
    (tmp_path / "shops.csv").write_text("merchant_id,country,note\na,DE,x\n")
    words = ["inputs", "--cards", tmp_path / "cards.csv", "--merchants", tmp_path / "shops.csv"]
    done = call(*words)
    assert "unused     columns limit; left out" in done.stdout
    assert "unused     columns note; kept in dataset merchants" in done.stdout
    found = json.loads(call(*words, "--json").stdout)
    assert found["cards"]["unused_columns"] == ["limit"]
    assert found["merchants"]["unused_columns"] == ["note"]
    assert (
        json.loads(call("inputs", "--cards", "5", "--json").stdout)["cards"]["unused_columns"] == []
    )
