"""Names stand for results: the latest of several, and those that were named."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from closedworld.config.run import RunConfig
from closedworld.errors import ConfigError, IntegrityError, PublishError
from closedworld.published.names import (
    give_name,
    named_results,
    names_in,
    names_of,
    read_name,
)
from closedworld.published.results import choose_published, find_published, open_published
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.local import LocalStorage
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.store.reading import Published

pytestmark = pytest.mark.slow


@pytest.fixture
def two(tmp_path: Path, tiny: CountrySet) -> tuple[Published, Published]:
    """Two indexes in one output folder, the second one the latest."""
    first = build_tile_index(tiny, tiny_grid(), tmp_path / "out").published
    return first, build_tile_index(tiny, tiny_grid(1.0), tmp_path / "out").published


def test_the_latest_is_chosen_and_building_again_makes_it_so(
    two: tuple[Published, Published], tiny: CountrySet, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert open_published(out) == open_published(out / "tiles") == two[1]
    assert len(find_published(out)) == 2
    assert build_tile_index(tiny, tiny_grid(), out).reused
    assert open_published(out) == open_published(out / "names" / "latest") == two[0]


def test_the_latest_weights_come_with_their_tiles(
    two: tuple[Published, Published], tiny: CountrySet, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    weights = build_tile_weights(build_tile_index(tiny, tiny_grid(), out), out).published
    assert choose_published(out) == [two[0], weights]
    build_tile_index(tiny, tiny_grid(1.0), out)
    assert choose_published(out) == [two[1]]


def test_a_result_knows_its_names(two: tuple[Published, Published]) -> None:
    give_name(LocalStorage(two[0].output), "coarse", [two[0]])
    assert names_of(two[0]) == ["coarse"]
    assert names_of(two[1]) == ["latest"]


def test_a_name_stands_for_what_it_was_given_last(two: tuple[Published, Published]) -> None:
    storage = LocalStorage(two[0].output)
    assert give_name(storage, "5m", [two[0]]) == {}
    assert named_results(storage, "5m") == [two[0]]
    before = give_name(storage, "5m", [two[1]])
    assert before == {"tiles": f"tiles/{two[0].folder.name}"}
    assert open_published(storage.root / "names" / "5m") == two[1]
    assert list(names_in(storage)) == ["5m", "latest"]
    assert list(storage.list()) == ["names/", "tiles/"]
    assert read_name(storage, "other") == {}


def test_a_name_is_renamed_as_a_file(two: tuple[Published, Published]) -> None:
    names = two[0].output / "names"
    (names / "latest").rename(names / "first")
    assert open_published(names / "first") == two[1]
    with pytest.raises(ConfigError, match="published-several"):
        open_published(two[0].output)


def test_a_name_does_not_change_a_byte_of_the_result(two: tuple[Published, Published]) -> None:
    files = [path for path in two[0].folder.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    give_name(LocalStorage(two[0].output), "named", [two[0]])
    assert {path: path.read_bytes() for path in files} == before
    two[0].verify()


def test_results_elsewhere_are_left_out(
    two: tuple[Published, Published], tmp_path: Path, tiny: CountrySet
) -> None:
    other = build_tile_index(tiny, tiny_grid(2.0), tmp_path / "other").published
    storage = LocalStorage(two[0].output)
    give_name(storage, "mixed", [two[0], other])
    assert named_results(storage, "mixed") == [two[0]]


def test_unknown_and_stale_names_say_what_to_do(two: tuple[Published, Published]) -> None:
    out = two[0].output
    with pytest.raises(ConfigError, match="name-unknown") as caught:
        open_published(out / "names" / "none")
    assert "latest" in caught.value.hint
    shutil.rmtree(two[1].folder)
    with pytest.raises(ConfigError, match="name-stale"):
        open_published(out / "names" / "latest")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '"tiles"',
        '{"tiles": 1}',
        '{"tiles": "../elsewhere"}',
        '{"tiles": "tiles/parameter_hash=00"}',
        f'{{"tiles": "../tiles/parameter_hash={"0" * 64}"}}',
        "[" * 100_000,
        " " * (1 << 17),
    ],
)
def test_a_damaged_name_leads_nowhere(two: tuple[Published, Published], content: str) -> None:
    storage = LocalStorage(two[0].output)
    (storage.root / "names" / "latest").write_text(content)
    with pytest.raises(IntegrityError, match="name-unreadable"):
        open_published(storage.root)
    give_name(storage, "latest", [two[0]])
    assert open_published(storage.root) == two[0]


def test_what_stands_in_the_way_of_a_name_is_an_error(two: tuple[Published, Published]) -> None:
    storage = LocalStorage(two[0].output)
    (storage.root / "names" / "taken" / "folder").mkdir(parents=True)
    with pytest.raises(PublishError, match="output-not-writable"):
        give_name(storage, "taken", [two[0]])
    assert list(storage.list()) == ["names/", "tiles/"]


def test_names_given_at_once_are_each_whole(two: tuple[Published, Published]) -> None:
    storage = LocalStorage(two[0].output)

    def give(one: Published) -> None:
        for _ in range(25):
            give_name(storage, "busy", [one])

    threads = [threading.Thread(target=give, args=(one,)) for one in two]
    for thread in threads:
        thread.start()
    seen = [read_name(storage, "busy") for _ in range(100)]
    for thread in threads:
        thread.join()
    keys = [{"tiles": f"tiles/{one.folder.name}"} for one in two]
    assert all(one in ({}, *keys) for one in seen)
    assert read_name(storage, "busy") in keys
    assert list(storage.list()) == ["names/", "tiles/"]


@pytest.mark.parametrize("name", ["", "latest", "Upper", ".hidden", "-x", "a/b", "a" * 65, "é"])
def test_names_that_files_cannot_have_everywhere_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="name-invalid"):
        RunConfig(name=name)


def test_what_a_run_left_that_died_as_it_gave_a_name_goes_with_the_next(
    two: tuple[Published, Published],
) -> None:
    storage = LocalStorage(two[0].output)
    debris = [storage.root / ".staging" / f"{one}-0123456789abcdef" for one in ("names", "tiles")]
    for folder in debris:
        folder.mkdir(parents=True)
    give_name(storage, "5m", [two[0]])
    assert [folder.exists() for folder in debris] == [False, True]
