"""``--raster`` repeated, in every command that takes a raster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from affine import Affine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

CELL = 1 / 60


@pytest.fixture
def halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two rasters of Malta that share a column of cells, west and east, as repeated options."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(3)
    for name, col in (("west.tif", 0), ("east.tif", 19)):
        profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
        transform = Affine(CELL, 0, 14 + col * CELL, 0, -CELL, 36.2)
        with rasterio.open(
            tmp_path / name, "w", width=20, height=30, transform=transform, **profile
        ) as file:
            file.write(draw.gamma(1, 50, (30, 20)).astype("float32"), 1)
    return ["--raster", "west.tif", "--raster", "east.tif"]


def weights_of(call: Call, out: str) -> dict[str, Any]:
    """Return the parameters of the weights that are published there."""
    text = call("inspect", f"{out}/weights", "--json").stdout
    parameters: dict[str, Any] = json.loads(text)["parameters"]
    return parameters


def test_a_world_of_two_rasters_is_locked_built_and_verified(call: Call, halves: list[str]) -> None:
    found = json.loads(call("inputs", *halves, "--lock", "--json").stdout)
    assert found["raster"]["files"] == ["west.tif", "east.tif"]
    assert found["raster"]["path"] == "west.tif, east.tif"
    assert found["raster"]["grid"]["n_cols"] == 39
    assert {"west.tif", "east.tif"} < {one["path"] for one in found["lock"]["files"]}
    run = ("--countries", "MT", "--lock", "--out", "world", *halves)
    assert call("plan", *run[:2], *halves).exit_code == 0
    built = call("run", *run, "--json")
    assert built.exit_code == 0, built.stderr
    assert json.loads(built.stdout)["config"]["raster"] == ["west.tif", "east.tif"]
    done = call("verify", "world", *halves, "--recompute", "all")
    assert done.exit_code == 0, done.stdout
    assert "weights by the law" in done.stdout
    assert "[raster-differs]" in call("verify", "world", *halves[2:], *halves[:2]).stdout
    assert "[raster-differs]" in call("verify", "world", *halves[:2]).stdout


def test_a_run_file_has_a_list(call: Call, halves: list[str], tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('raster = ["west.tif", "east.tif"]\ncountries = "MT"\n')
    given = ("run", "--config", "run.toml", "--quiet")
    assert call(*given, "--out", "world").exit_code == 0
    assert call("run", "--countries", "MT", *halves, "--quiet", "--out", "same").exit_code == 0
    assert call(*given, *halves[2:], *halves[:2], "--out", "turned").exit_code == 0
    digests = [weights_of(call, out)["raster_sha256"] for out in ("world", "same", "turned")]
    assert digests[0] == digests[1] != digests[2]


def test_weights_of_published_tiles_take_two_rasters(call: Call, halves: list[str]) -> None:
    given = ("--countries", "MT", "--quiet", "--out", "world", *halves)
    assert call("tiles", *given).exit_code == 0
    assert call("weights", "world", *halves, "--quiet").exit_code == 0
    assert call("verify", "world", *halves).exit_code == 0
    again = call("weights", "world", "--raster", "west.tif", "--quiet")
    assert again.exit_code == 3
    assert "[grids-differ]" in again.stderr


@pytest.mark.parametrize("command", [("inputs",), ("run", "--countries", "MT"), ("verify", ".")])
def test_a_raster_given_twice_is_refused(
    call: Call, halves: list[str], command: tuple[str, ...]
) -> None:
    done = call(*command, *halves, "--raster", "./west.tif")
    assert done.exit_code == 3
    assert "[raster-twice]" in done.stdout + done.stderr
