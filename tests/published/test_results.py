"""Which results a path leads to, and what is said when it leads to none or to several."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.lineage import open_source
from closedworld.published.polygons import polygons_of
from closedworld.published.results import (
    _briefly,
    _distinctions,
    find_holding,
    open_dataset,
    open_holding,
)
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.store.reading import Published


@pytest.fixture
def two(tmp_path: Path, tiny: CountrySet) -> tuple[Published, Published]:
    """Tiles and weights by area, then by equal shares, in one output folder."""
    index = build_tile_index(tiny, tiny_grid(), tmp_path)
    area = build_tile_weights(index, tmp_path, basis="area_m2").published
    return area, build_tile_weights(index, tmp_path, basis="uniform").published


def test_results_are_found_by_the_dataset_they_hold(
    two: tuple[Published, Published], tmp_path: Path
) -> None:
    assert find_holding(tmp_path, "tile_weights") == sorted(two, key=lambda one: str(one.folder))
    assert [one.receipt.stage for one in find_holding(tmp_path, "tile_index")] == ["tiles"]
    assert len(find_holding(tmp_path, "")) == 3
    with pytest.raises(ConfigError, match=r"dataset 'sites'.*span_weights, tile_bounds"):
        find_holding(tmp_path, "sites")


@pytest.mark.usefixtures("two")
def test_a_folder_without_results_is_told_from_one_without_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(IntegrityError, match="receipt-missing"):
        find_holding(tmp_path / "empty", "tile_index")


@pytest.mark.usefixtures("two")
def test_several_are_listed_with_the_parameters_in_which_they_differ(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "names")
    with pytest.raises(ConfigError, match="published-several") as caught:
        open_holding(tmp_path, "tile_weights")
    assert "(basis area_m2)" in caught.value.hint
    assert "(basis uniform)" in caught.value.hint
    assert " dp " not in caught.value.hint


def test_what_a_result_was_made_from_is_asked_for_where_it_is_gone(
    two: tuple[Published, Published], tmp_path: Path
) -> None:
    tiles = open_source(two[0], "tiles")
    assert tiles.receipt.stage == "tiles"
    (tmp_path / "tiles").rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="index-missing"):
        open_source(two[0], "tiles")
    assert open_source(two[0], "tiles", tmp_path / "elsewhere").receipt == tiles.receipt


def test_polygons_are_those_of_the_index(
    two: tuple[Published, Published], tiny: CountrySet
) -> None:
    tiles = open_source(two[0], "tiles")
    assert polygons_of(tiles, tiny) == tiny
    with pytest.raises(ConfigError, match="these polygons"):
        polygons_of(tiles, tiny.select(tiny.isos[1:]))
    with pytest.raises(ConfigError, match="the bundled polygons"):
        polygons_of(tiles, None)


@pytest.mark.parametrize(
    ("value", "brief"),
    [
        ([], ""),
        (["AT", "BE"], "AT, BE"),
        (["AT", "BE", "CH"], "AT, BE, CH"),
        (["AT", "BE", "CH", "DE"], "AT, BE, CH and 1 more"),
        (None, "none"),
        (0.5, "0.5"),
        ("ab" * 32, "abababab..."),
        ("ab" * 31 + "a", "ab" * 28 + "a..."),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 57 + "..."),
    ],
)
def test_parameters_are_told_in_a_few_letters(value: object, brief: str) -> None:
    assert _briefly(value) == brief


def test_results_that_differ_in_one_parameter_of_a_table_are_told_apart_by_it() -> None:
    def made(stage: str, **parameters: object) -> Any:
        return SimpleNamespace(receipt=SimpleNamespace(stage=stage, parameters=parameters))

    grid = {"cell_width": 1.0, "n_cols": 360}
    first, second = made("tiles", grid=grid, dp=3), made("tiles", grid={**grid, "n_cols": 36}, dp=3)
    assert _distinctions([first, second]) == ["grid n cols 360", "grid n cols 36"]
    assert _distinctions([first, second, first]) == [
        "grid n cols 360",
        "grid n cols 36",
        "grid n cols 360",
    ]
    assert _distinctions([first, first]) == ["the same parameters"] * 2
    assert _distinctions([first, made("weights", grid=grid)]) == [
        "dp 3, stage tiles",
        "dp none, stage weights",
    ]


def test_a_dataset_is_checked_against_its_receipt_only_where_that_is_asked_for(
    two: tuple[Published, Published], tmp_path: Path
) -> None:
    entry = next(one for one in two[0].receipt.files if one.dataset == "tile_weights")
    path = two[0].path_of(entry)
    content = bytearray(path.read_bytes())
    content[8] ^= 1
    path.write_bytes(content)
    assert open_dataset(two[0].folder, "tile_weights").count_rows() > 0
    assert open_dataset(two[0].folder, "tile_weights", verify=False).count_rows() > 0
    with pytest.raises(IntegrityError, match="file-digest"):
        open_dataset(two[0].folder, "tile_weights", verify=True)
    assert open_dataset(tmp_path, verify=True).count_rows() > 0
