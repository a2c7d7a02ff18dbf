"""``closedworld diff`` as a user types it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three countries on one grid under both rules, and on another grid; only to be read."""
    out = tmp_path_factory.mktemp("compared")
    countries = read_countries(bundled("countries.parquet").path).select(["BE", "LU", "NL"])
    grid = Grid.from_resolution("0.25deg")
    for rule in ("center", "any_overlap"):
        build_tile_index(countries, grid, out / rule, rule=rule)
        build_tile_weights(open_index(out / rule), out / rule, basis="uniform")
    build_tile_index(countries, Grid.from_resolution("1deg"), out / "coarse", rule="any_overlap")
    return {name: out / name for name in ("center", "any_overlap", "coarse")}


def test_the_same_world(call: Call, worlds: dict[str, Path]) -> None:
    done = call("diff", worlds["center"], worlds["center"])
    assert done.exit_code == 0
    assert done.output.rstrip().endswith("3 countries: no difference")


def test_worlds_that_differ(call: Call, worlds: dict[str, Path]) -> None:
    """Exit status 1, a line for each country, and a closing line that says it all."""
    done = call("diff", worlds["center"], worlds["any_overlap"])
    assert done.exit_code == 1
    for iso in ("BE", "LU", "NL"):
        assert f"\n{iso} " in done.output
    assert "3 of 3 countries differ: " in done.output
    assert "rule any_overlap, weights by uniform" in done.output
    few = call("diff", worlds["center"], worlds["any_overlap"], "--rows", 1)
    assert "... and 2 more; --json has all" in few.output


def test_json_says_the_same(call: Call, worlds: dict[str, Path]) -> None:
    done = call("diff", worlds["center"], worlds["any_overlap"], "--json")
    assert done.exit_code == 1
    content = json.loads(done.output)
    assert not content["same"]
    assert [row["country_iso"] for row in content["differing"]] == ["BE", "LU", "NL"]
    assert content["gained"] == sum(row["gained"] for row in content["differing"]) > 0
    assert all(0 < row["weight_moved"] < 1 for row in content["differing"])
    same = call("diff", worlds["center"], worlds["center"], "--json")
    assert (same.exit_code, json.loads(same.output)["same"]) == (0, True)


def test_weights_away_from_their_index(call: Call, worlds: dict[str, Path], tmp_path: Path) -> None:
    """A world whose weights lie elsewhere is compared with the index that is named."""
    build_tile_weights(open_index(worlds["center"]), tmp_path, basis="area_m2")
    alone = call("diff", worlds["center"], tmp_path)
    assert (alone.exit_code, "index-missing" in alone.output) == (2, True)
    done = call("diff", worlds["center"], tmp_path, "--index-b", worlds["center"])
    assert done.exit_code == 1
    assert "0 tiles gained, 0 lost" in done.output


def test_the_map_is_a_picture(call: Call, worlds: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "changes.png"
    done = call("diff", worlds["center"], worlds["any_overlap"], "--map", path)
    assert done.exit_code == 1
    with Image.open(path) as picture:
        assert picture.width == 2400
        assert len(picture.getcolors(256) or ()) > 20


def test_a_map_of_no_change(call: Call, worlds: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "changes.png"
    assert call("diff", worlds["center"], worlds["center"], "--map", path).exit_code == 0
    assert path.exists()


def test_mistakes_are_told_apart_from_differences(
    call: Call, worlds: dict[str, Path], tmp_path: Path
) -> None:
    """As with diff(1), trouble has an exit status above 1."""
    other = call("diff", worlds["center"], worlds["coarse"])
    assert (other.exit_code, "grids-differ" in other.output) == (2, True)
    none = call("diff", worlds["center"], tmp_path / "none")
    assert (none.exit_code, "path-missing" in none.output) == (2, True)
    name = call("diff", worlds["center"], worlds["any_overlap"], "--map", tmp_path / "changes.jpg")
    assert (name.exit_code, "output-format" in name.output) == (2, True)
