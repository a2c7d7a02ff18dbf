"""``closedworld verify``: what it prints and how it ends."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from closedworld.stages.tiles.outcome import TileIndex

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


@pytest.fixture
def damaged(tiny_index: TileIndex, tmp_path: Path) -> Path:
    """A copy of the made-up world with a file that should not be there and one that is gone."""
    folder = tiny_index.published.folder
    root = tmp_path / "world"
    shutil.copytree(folder.parent.parent, root)
    copy = root / "tiles" / folder.name
    (copy / "note\x1b[31m.txt").write_text("x")
    next(copy.glob("tile_bounds/FR-*")).unlink()
    return root


def test_a_sound_result_ends_with_status_0_and_says_what_was_checked(
    call: Call, tiny_index: TileIndex
) -> None:
    done = call("verify", tiny_index.published.folder)
    assert done.exit_code == 0
    assert str(tiny_index.published.folder) in done.stdout
    assert "checked      tile_index" in done.stdout
    assert "not checked  membership by GEOS" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 result: no problems found; 1 check")


def test_findings_end_with_status_1_and_are_told_with_their_place(
    call: Call, damaged: Path
) -> None:
    done = call("verify", damaged)
    assert done.exit_code == 1
    assert "[file-missing] tile_bounds FR: " in done.stdout
    assert "[file-unexpected]" in done.stdout
    assert "\x1b[31m." not in done.stdout
    assert "1 result: 2 findings" in done.stdout.splitlines()[-1]


def test_json_is_the_whole_outcome(call: Call, damaged: Path) -> None:
    done = call("verify", damaged, "--json")
    assert done.exit_code == 1
    outcome = json.loads(done.stdout)
    assert outcome["ok"] is False
    assert {one["code"] for one in outcome["findings"]} == {"file-missing", "file-unexpected"}
    assert set(outcome) == {"ok", "folders", "findings", "notes", "checks", "not_checked"}
    assert all({"what", "count", "unit"} <= set(one) for one in outcome["checks"])


def test_the_oracle_is_asked_with_the_polygons_given(
    call: Call, tiny_index: TileIndex, polygons: Callable[..., Path]
) -> None:
    words = ("verify", tiny_index.published.folder, "--oracle-sample", 50)
    done = call(*words, "--polygons", polygons())
    assert done.exit_code == 0
    assert "membership by GEOS: sampled tiles are inside" in done.stdout
    without = call(*words)
    assert without.exit_code == 2
    assert "polygons-differ" in without.stderr
    assert "--polygons" in without.stderr


@pytest.mark.parametrize("recompute", ["all", "none", "3"])
def test_weights_are_worked_out_again_as_asked(call: Call, tmp_path: Path, recompute: str) -> None:
    made = ("--countries", "MT,LU,DE", "--resolution", "5m", "--out", tmp_path)
    assert call("tiles", *made).exit_code == 0
    assert call("weights", tmp_path, "--basis", "population").exit_code == 0
    done = call("verify", tmp_path, "--recompute", recompute)
    assert done.exit_code == 0
    told = "weights recomputed in Python integers: 3 countries" in done.stdout
    assert told is (recompute != "none")
    assert ("not drawn" in done.stdout) is (recompute == "none")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["none"], 2, "path-missing"),
        (["."], 5, "receipt-missing"),
        ([".", "--recompute", "some"], 2, "some"),
        ([".", "--raster", "none.tif"], 3, "input-missing"),
    ],
)
def test_what_cannot_be_verified_ends_with_its_own_status(
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    code: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("verify", *words)
    assert done.exit_code == status
    assert code in done.stderr
