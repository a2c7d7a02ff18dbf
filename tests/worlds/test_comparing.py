"""Published worlds are compared by what their files say, each file read at most once."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import shapely

from closedworld.errors import ConfigError
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.kernels.grid import Grid
from closedworld.published.results import open_dataset
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_grid
from closedworld.worlds import open_world
from closedworld.worlds.diff import changed_tiles, compare_worlds

if TYPE_CHECKING:
    from pathlib import Path

    from built_worlds import Built

    from closedworld.inputs.regions.country_set import CountrySet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def moved(tiny: CountrySet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up world by area, with India a degree further east and without Lesotho."""
    rows = [
        (
            country.iso,
            country.name,
            shapely.box(71.0, 20.0, 81.0, 30.0) if country.iso == "IN" else country.features[0],
        )
        for country in tiny
        if country.iso != "LS"
    ]
    out = tmp_path_factory.mktemp("moved")
    build_tile_index(countries_from_features(rows), tiny_grid(), out, keep_small_countries=True)
    build_tile_weights(open_index(out), out, basis="area_m2", dp=9)
    return out


def weights_by_tile(root: Path, iso: str) -> dict[int, Fraction]:
    """Return the weights of a country as fractions of it."""
    table = open_dataset(root, "tile_weights").to_table(filter=pc.field("country_iso") == iso)
    scale = 10 ** table["dp"][0].as_py()
    units = zip(table["tile_id"].to_pylist(), table["weight_fp"].to_pylist(), strict=True)
    return {tile: Fraction(weight, scale) for tile, weight in units}


def test_a_world_is_the_same_as_itself_and_no_weight_is_read(
    made_up: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", refuse)
    difference = compare_worlds(open_world(made_up.root), open_world(made_up.root))
    content = difference.to_dict()
    assert content["same"]
    assert content["weights_compared"]
    assert not difference.differing


def test_every_country_is_compared_exactly(made_up: Built, moved: Path) -> None:
    """Weight moved by fractions; the second world has fewer decimal places."""
    difference = compare_worlds(open_world(made_up.root), open_world(moved), workers=2)
    for own in difference.countries:
        if own.country_iso == "LS":
            assert own.units_moved is None
            assert own.weight_moved is None
            continue
        before, after = (weights_by_tile(root, own.country_iso) for root in (made_up.root, moved))
        none = Fraction(0)
        exact = sum(abs(before.get(t, none) - after.get(t, none)) for t in {*before, *after}) / 2
        assert own.units_moved is not None
        assert Fraction(own.units_moved, 10**own.dp) == exact
        assert own.dp == 12


def test_tiles_and_overlaps_are_counted(made_up: Built, moved: Path) -> None:
    """India moves by two columns of half a degree, away from Pakistan, which it overlapped by four."""
    difference = compare_worlds(open_world(made_up.root), open_world(moved))
    found = {row["country_iso"]: row for row in difference.to_dict()["differing"]}
    india, pakistan, lesotho = (found[iso] for iso in ("IN", "PK", "LS"))
    assert (india["gained"], india["lost"]) == (2 * 20, 2 * 20)
    assert (india["overlaps_gained"], india["overlaps_lost"]) == (0, 2 * 12)
    assert (pakistan["gained"], pakistan["lost"], pakistan["overlaps_lost"]) == (0, 0, 2 * 12)
    assert (lesotho["lost"], lesotho["tiles_after"], lesotho["weight_moved"]) == (16, 0, None)
    assert difference.to_dict()["overlaps_lost"] == 2 * 12


def test_changed_tiles_are_gained_lost_or_passed_on(made_up: Built, moved: Path) -> None:
    """What both India and nobody else had is lost; no tile is in two of the sets."""
    changed = changed_tiles(compare_worlds(open_world(made_up.root), open_world(moved)))
    counts = {name: tiles.tile_count for name, tiles in changed.items()}
    assert counts == {"gained": 40, "lost": 40 + 16, "passed on": 0}


def test_tiles_alone_can_be_compared(made_up: Built, moved: Path) -> None:
    tiles = open_world(open_world(moved).index.published.folder)
    difference = compare_worlds(open_world(made_up.root), tiles)
    assert not difference.has_weights
    assert all(own.units_moved is None for own in difference.countries)
    assert {own.country_iso for own in difference.differing} == {"IN", "PK", "LS"}


def test_a_grid_stated_with_fewer_digits_is_the_same(tiny: CountrySet, tmp_path: Path) -> None:
    """A third of a degree with seven digits and with sixteen."""
    for name, cell in (("a", 1 / 3), ("b", 0.3333333333)):
        grid = Grid(-180.0, 60.0, cell, cell, 1080, 360)
        build_tile_index(tiny.select(["FR"]), grid, tmp_path / name)
    difference = compare_worlds(open_world(tmp_path / "a"), open_world(tmp_path / "b"))
    assert not difference.differing


def test_two_grids_cannot_be_compared(made_up: Built, real: Built) -> None:
    with pytest.raises(ConfigError, match="grids-differ"):
        compare_worlds(open_world(made_up.root), open_world(real.root))


def test_weights_across_many_row_groups(real: Built, tmp_path: Path) -> None:
    """Against one file of one row group for each country; weights by another basis, tiles the same."""
    build_tile_weights(open_index(real.root), tmp_path, basis="uniform")
    other = open_world(tmp_path, index=real.root)
    difference = compare_worlds(open_world(real.root), other)
    for iso in ("RU", "NO"):
        (own,) = [one for one in difference.countries if one.country_iso == iso]
        before, after = weights_by_tile(real.root, iso), weights_by_tile(tmp_path, iso)
        exact = sum(max(after[t] - before[t], Fraction(0)) for t in before)
        assert own.units_moved is not None
        assert Fraction(own.units_moved, 10**own.dp) == exact
        assert not own.tiles.gained.n_runs
    assert np.isclose(sum(weights_by_tile(tmp_path, "RU").values()).__float__(), 1.0)
