"""``closedworld inspect``: from whatever path a user has at hand."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.stages.tiles.outcome import TileIndex

    Call = Callable[..., Result]


@pytest.mark.parametrize("level", ["root", "stage", "hash", "receipt"])
def test_a_result_is_shown_from_each_of_its_paths(
    call: Call, tiny_index: TileIndex, level: str
) -> None:
    folder = tiny_index.published.folder
    path = {
        "root": folder.parent.parent,
        "stage": folder.parent,
        "hash": folder,
        "receipt": folder / "_receipt.json",
    }[level]
    done = call("inspect", path)
    assert done.exit_code == 0
    totals = tiny_index.published.receipt.totals
    for text in (
        str(folder),
        f"{totals['tiles']:,}",
        tiny_index.published.receipt.parameter_hash,
        "tile_index",
        "tile_bounds",
        "tile_spans",
        "center",
        "pyarrow",
    ):
        assert text in done.stdout
    assert "int64" not in done.stdout


@pytest.mark.parametrize("name", ["tile_index", "tile_bounds", "tile_spans"])
def test_the_folder_of_a_dataset_shows_its_columns_and_first_rows(
    call: Call, tiny_index: TileIndex, name: str
) -> None:
    by_path = call("inspect", tiny_index.published.folder / name)
    by_name = call("inspect", tiny_index.published.folder, "--dataset", name)
    assert by_path.exit_code == 0
    assert by_path.stdout == by_name.stdout
    for field in tiny_index.published.dataset(name).schema:
        assert f"{field.name:<16} {field.type}" in by_path.stdout
    rows = [json.loads(line) for line in by_path.stdout.splitlines() if line.startswith("  {")]
    assert rows == tiny_index.published.dataset(name).head(5).to_pylist()


@pytest.mark.parametrize("country", ["FJ", "fj"])
def test_rows_of_one_country_are_shown(call: Call, tiny_index: TileIndex, country: str) -> None:
    words = ("--dataset", "tile_bounds", "--country", country, "--rows", "3")
    done = call("inspect", tiny_index.published.folder, *words)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("  {")]
    assert len(rows) == 3
    assert {row["country_iso"] for row in rows} == {"FJ"}


@pytest.mark.parametrize("words", [("--country", "FJ"), ("--rows", "5")])
def test_rows_without_a_dataset_are_a_usage_error(
    call: Call, tiny_index: TileIndex, words: tuple[str, ...]
) -> None:
    """The receipt alone would look like the answer, even if the number is the default."""
    folder = tiny_index.published.folder
    done = call("inspect", folder, *words)
    assert done.exit_code == 2
    assert f"{words[0]} needs --dataset" in done.stderr
    assert not done.stdout
    assert call("inspect", folder / "tile_bounds", *words).exit_code == 0


def test_no_rows_are_shown_when_none_are_asked_for(call: Call, tiny_index: TileIndex) -> None:
    done = call("inspect", tiny_index.published.folder, "--dataset", "tile_index", "--rows", "0")
    assert done.exit_code == 0
    assert "centroid_lon" in done.stdout
    assert "{" not in done.stdout


def test_json_is_the_receipt_as_it_is_on_disk(call: Call, tiny_index: TileIndex) -> None:
    done = call("inspect", tiny_index.published.folder, "--json")
    assert done.stdout == (tiny_index.published.folder / "_receipt.json").read_text()


def test_quiet_gives_the_folder_alone(call: Call, tiny_index: TileIndex) -> None:
    folder = tiny_index.published.folder
    assert call("inspect", folder.parent.parent, "-q").stdout == f"{folder}\n"


def test_all_results_of_a_folder_are_shown(call: Call, tmp_path: Path, tiny: CountrySet) -> None:
    folders = [
        build_tile_index(tiny, tiny_grid(cell), tmp_path).published.folder for cell in (1, 2)
    ]
    done = call("inspect", tmp_path)
    assert all(str(folder) in done.stdout for folder in folders)


def test_a_path_that_is_not_there_ends_with_status_2(call: Call, tmp_path: Path) -> None:
    done = call("inspect", tmp_path / "none")
    assert done.exit_code == 2
    assert "path-missing" in done.stderr
    assert str(tmp_path / "none") in done.stderr


@pytest.mark.parametrize("kind", ["empty", "file"])
def test_a_path_without_a_result_ends_with_status_5_and_advice(
    call: Call, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    done = call("inspect", tmp_path / kind)
    assert done.exit_code == 5
    assert str(tmp_path / kind) in done.stderr
    assert "closedworld run" in done.stderr
    assert done.stdout == ""


def test_a_bad_receipt_ends_with_status_5(call: Call, tmp_path: Path) -> None:
    (tmp_path / "_receipt.json").write_text("{")
    done = call("inspect", tmp_path)
    assert done.exit_code == 5
    assert "receipt-unreadable" in done.stderr


def test_an_unknown_dataset_ends_with_status_2_and_the_known_are_named(
    call: Call, tiny_index: TileIndex
) -> None:
    done = call("inspect", tiny_index.published.folder, "--dataset", "tiles")
    assert done.exit_code == 2
    assert "tile_bounds, tile_index, tile_spans" in done.stderr


def test_a_moved_result_ends_with_status_5(
    call: Call, tiny_index: TileIndex, tmp_path: Path
) -> None:
    moved = tmp_path / ("parameter_hash=" + "0" * 64)
    shutil.copytree(tiny_index.published.folder, moved)
    done = call("inspect", moved)
    assert done.exit_code == 5
    assert "published-under-another-hash" in done.stderr
