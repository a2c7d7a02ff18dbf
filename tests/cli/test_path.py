"""``closedworld path``: folders of the newest and of named results, for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


@pytest.fixture
def several(call: Call, polygons: Callable[..., Path], tmp_path: Path) -> Path:
    """An output folder with two worlds, the first one named ``fine``."""
    common = ("--polygons", polygons(), "--out", tmp_path / "world", "-q")
    assert call("run", *common, "--resolution", "0.5deg", "--name", "fine").exit_code == 0
    assert call("tiles", *common, "--resolution", "1deg").exit_code == 0
    return tmp_path / "world"


def rows(done: Result) -> int:
    assert done.exit_code == 0, done.stderr
    return int(pq.read_table(done.stdout.rstrip("\n")).num_rows)


def test_one_line_is_the_folder_of_the_newest_or_the_named(call: Call, several: Path) -> None:
    newest, fine = (
        rows(call("path", several, "tile_index", *words)) for words in ((), ("--name", "fine"))
    )
    assert 0 < newest < fine
    assert rows(call("path", several / "names" / "fine", "tile_index")) == fine
    glob = call("path", several, "tile_index", "--glob").stdout.strip()
    assert sum(pq.read_table(one).num_rows for one in Path("/").glob(glob[1:])) == newest


def test_all_datasets_are_listed(call: Call, several: Path) -> None:
    lines = call("path", several, "--name", "fine").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "tile_bounds", "tile_index", "tile_spans", "span_weights", "tile_weights",
    ]  # fmt: skip
    content = json.loads(call("path", several, "--name", "fine", "--json").stdout)
    folders = [one["folder"] for one in content.values()]
    assert [line.split()[1] for line in lines] == folders
    assert call("path", several, "--name", "fine", "-q").stdout.splitlines() == folders


def test_a_dataset_that_the_newest_does_not_have_is_not_taken_from_an_older_one(
    call: Call, several: Path
) -> None:
    done = call("path", several, "tile_weights")
    assert done.exit_code == 2
    assert "dataset-unknown" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("tile_index", "--name", "none"), 2, "name-unknown"),
        (("no_such",), 2, "dataset-unknown"),
    ],
)
def test_what_is_not_there_is_an_error(
    call: Call, several: Path, words: tuple[str, ...], status: int, code: str
) -> None:
    done = call("path", several, *words)
    assert (done.exit_code, done.stdout) == (status, "")
    assert code in done.stderr


def test_several_without_a_latest_are_told_apart(call: Call, several: Path) -> None:
    (several / "names" / "latest").unlink()
    done = call("path", several, "tile_index")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "published-several" in done.stderr
    empty = several / "reports"
    assert call("path", empty).exit_code == 5


def test_a_name_given_again_is_moved_with_a_warning(
    call: Call, several: Path, polygons: Callable[..., Path]
) -> None:
    words = ("--polygons", polygons(), "--out", several, "-q", "--resolution", "1deg")
    done = call("tiles", *words, "--name", "fine")
    assert done.exit_code == 0
    assert "name-moved" in done.stderr
    assert "name-moved" not in call("tiles", *words, "--name", "fine").stderr
    assert "name-moved" not in call("tiles", *words, "--name", "other").stderr
    shown = call("inspect", several).stdout
    assert "fine, latest, other" in shown


def test_weights_are_named_with_their_tiles(call: Call, several: Path) -> None:
    tiles = several / "names" / "fine"
    assert call("weights", tiles, "--basis", "uniform", "-q", "--name", "even").exit_code == 0
    content = json.loads(call("path", several, "--name", "even", "--json").stdout)
    assert set(content) == {
        "tile_bounds", "tile_index", "tile_spans", "span_weights", "tile_weights",
    }  # fmt: skip
    assert call("verify", several / "names" / "even").exit_code == 0
