"""``closedworld sites``, and the merchants of ``closedworld run``, as a user sees them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from closedworld.errors import ConfigError
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow

STAGES = ["tiles", "weights", "sites", "people", "purchases"]
SHOPS = "merchant_id;country;n;mcc\n007;LU;3;5912\n8;Malta;2;\n9;XX;1;\n"


@pytest.fixture
def shops(tmp_path: Path) -> Path:
    path = tmp_path / "shops.csv"
    path.write_text(SHOPS, encoding="utf-8-sig")
    return path


def test_a_run_without_merchants_ends_with_the_weights_and_says_how_to_go_on(
    call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "world"
    done = call("run", "--countries", "LU,MT", "--out", out)
    assert done.exit_code == 0
    assert f"closedworld sites {out}" in done.stdout
    assert not (out / "sites").exists()
    with pytest.raises(ConfigError, match="sites-missing"):
        _ = open_world(out).sites


def test_one_command_or_two_give_the_same_sites(call: Call, tmp_path: Path, shops: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    options = "--merchants", shops, "--seed", "7", "--skip-unplaceable", "--quiet"
    assert call("run", "--countries", "LU,MT", "--out", one, *options).exit_code == 0
    assert call("run", "--countries", "LU,MT", "--out", two, "--quiet").exit_code == 0
    done = call("sites", two, *options)
    assert done.exit_code == 0
    assert done.stdout.strip().startswith(str(two / "sites"))
    ours, theirs = (open_world(out) for out in (one, two))
    assert ours.sites.to_table().equals(theirs.sites.to_table())
    assert ours.merchants.to_table().num_rows == 2
    assert ours.result("sites").receipt == theirs.result("sites").receipt


def test_rows_that_cannot_be_placed_end_the_command_or_are_listed(
    call: Call, tmp_path: Path, shops: Path
) -> None:
    out = tmp_path / "world"
    command = "run", "--countries", "LU,MT", "--out", out, "--merchants", shops
    done = call(*command)
    assert done.exit_code == 3
    assert "row 3 (9, ?): unknown country 'XX'" in done.stderr
    assert "--skip-unplaceable" in done.stderr
    assert not (out / "sites").exists()
    assert call(*command, "--skip-unplaceable").exit_code == 0
    (listed,) = out.glob("reports/*/skipped_merchants.csv")
    rows = list(csv.DictReader(listed.read_text(encoding="utf-8").splitlines()))
    assert [(row["row"], row["merchant_id"]) for row in rows] == [("3", "9")]


def test_all_rows_that_cannot_be_placed_are_told_at_once(call: Call, tmp_path: Path) -> None:
    """A run tells before it builds tiles what needs none; beside published tiles everything is told together."""
    table, out = tmp_path / "shops.csv", tmp_path / "world"
    rows = "a,LU,-1,,", "b,XX,1,,", "c,DE,1,,", "d,LU,1,Atlantis,", "e,LU,1,,7", ",,1,,"
    table.write_text("\n".join(["merchant_id,country,n,place,tile_id", *rows]))
    found = {
        "row 1 (a, LU): n is not in",
        "row 2 (b, ?): unknown country 'XX'",
        "row 3 (c, DE): the world has no tiles of DE",
        "no place called 'Atlantis'",
        "row 6: it has no merchant_id",
        "row 6: it has no country",
    }
    run = "run", "--countries", "LU,MT", "--out", out
    done = call(*run, "--merchants", table)
    assert done.exit_code == 3
    assert {words for words in found if words in done.stderr} == found
    assert not (out / "tiles").exists()
    assert call(*run).exit_code == 0
    done = call("sites", out, "--merchants", table)
    assert done.exit_code == 3
    found.add("row 5 (e, LU): tile 7 is none of LU")
    assert {words for words in found if words in done.stderr} == found


def test_without_a_table_the_demonstration_is_placed(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert call("run", "--countries", "LU,MT", "--out", out, "--quiet").exit_code == 0
    assert call("sites", out, "--quiet").exit_code == 0
    merchants = open_world(out).merchants.to_table()["merchant_id"].to_pylist()
    assert any(one.startswith("grocery-") for one in merchants)
    assert call("verify", out).exit_code == 0


def test_a_world_without_the_towns_of_the_demonstration_is_refused(
    call: Call, tmp_path: Path
) -> None:
    assert call("run", "--countries", "LU", "--out", tmp_path, "--quiet").exit_code == 0
    done = call("sites", tmp_path, "--merchants", "demo-towns")
    assert done.exit_code == 3
    assert (
        "[merchants-unplaceable]: the world has no country of demo-towns; it has LU" in done.stderr
    )
    assert not (tmp_path / "sites").exists()


def test_each_stage_names_the_next_one(call: Call, tmp_path: Path) -> None:
    """From tiles to purchases, by doing what is advised."""
    out, done = tmp_path / "world", []
    step = ["tiles", "--countries", "LU", "--out", str(out)]
    while step:
        done.append(step[0])
        own = {"people": ("--cards", "20"), "purchases": ("--days", "2")}.get(step[0], ())
        shown = call(*step, *own)
        assert shown.exit_code == 0
        lines = [line.split()[1:] for line in shown.stdout.partition("Next:\n")[2].splitlines()]
        step = next((line for line in lines if line[0] in STAGES), [])
    assert done == STAGES


def test_polygons_that_the_world_was_not_built_from_are_refused(call: Call, tmp_path: Path) -> None:
    out, polygons = tmp_path / "world", tmp_path / "other.geojson"
    polygons.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"iso_a2": "LU"}, '
        '"geometry": {"type": "Polygon", "coordinates": [[[5, 49], [7, 49], [7, 51], [5, 49]]]}}]}',
        encoding="utf-8",
    )
    assert call("run", "--countries", "LU", "--out", out, "--quiet").exit_code == 0
    done = call("sites", out, "--polygons", polygons)
    assert done.exit_code == 2
    assert "polygons-differ" in done.stderr
