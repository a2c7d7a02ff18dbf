"""Interrupted runs are taken up: finished units are used when they are whole, and the bytes are the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from effort import tries
from site_worlds import SiteWorld, table_from

from closedworld.errors import PublishError
from closedworld.execution import events
from closedworld.published.results import find_published
from closedworld.published.tile_index import open_index
from closedworld.stages.sites.build import build_sites
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.execution.events import Event
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid

    Contents = Callable[[Path], dict[str, bytes]]


COUNTRIES = ("BO", "FJ", "LS")
"""Where outlets are placed, in four tasks each; countries of few places, which are read each time."""


class Watcher:
    """Notes events, and raises at the n-th unit that is written."""

    def __init__(self, stop_at: int = 0) -> None:
        self.events: list[Event] = []
        self.stop_at = stop_at

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        is_written = isinstance(event, events.TaskFinished) and event.work == "writing"
        if is_written and self.written == self.stop_at:
            raise KeyboardInterrupt

    @property
    def written(self) -> int:
        return sum(isinstance(e, events.TaskFinished) and e.work == "writing" for e in self.events)

    @property
    def resumed(self) -> int:
        return sum(event.units for event in self.events if isinstance(event, events.TasksResumed))


class Build:
    """One stage of the made-up world; what it needs is built once."""

    def __init__(self, stage: str, tiny: CountrySet, grid: Grid, needed: Path) -> None:
        self.stage, self.tiny, self.grid = stage, tiny, grid
        if stage != "tiles":
            self.tiles = open_index(build_tile_index(tiny, grid, needed).published.folder)
        if stage == "sites":
            weights = build_tile_weights(self.tiles, needed).published
            self.world = SiteWorld(self.tiles, weights, tiny)

    def __call__(self, out: Path, watcher: Watcher, **options: Any) -> Path:
        if self.stage == "tiles":
            options.setdefault("rule", "any_overlap")
            built = build_tile_index(self.tiny, self.grid, out, observer=watcher, **options)
            return built.published.folder
        if self.stage == "sites":
            rows = [{"merchant_id": "a", "country_iso": iso, "n": 12} for iso in COUNTRIES]
            sites = build_sites(
                self.world,
                out,
                merchants=table_from(rows),
                countries=self.tiny,
                task_sites=3,
                observer=watcher,
                **options,
            )
            return sites.published.folder
        weights = build_tile_weights(self.tiles, out, observer=watcher, **options)
        return weights.published.folder


@pytest.fixture(
    scope="module", params=["tiles", "weights", pytest.param("sites", marks=pytest.mark.slow)]
)
def build(
    request: pytest.FixtureRequest,
    tiny: CountrySet,
    half_degrees: Grid,
    tmp_path_factory: pytest.TempPathFactory,
) -> Build:
    return Build(request.param, tiny, half_degrees, tmp_path_factory.mktemp("needed"))


@pytest.fixture(scope="module")
def whole(
    build: Build, contents: Contents, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What a run publishes that nobody interrupts."""
    return contents(build(tmp_path_factory.mktemp("whole"), Watcher()))


def interrupted(build: Build, out: Path, stop_at: int, **options: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(out, Watcher(stop_at), **options)
    assert not (out / build.stage).exists()


@pytest.mark.parametrize("stop_at", [1, 2, 5, 11])
def test_what_was_finished_is_taken_up_and_the_bytes_are_the_same(
    build: Build, tmp_path: Path, contents: Contents, whole: dict[str, bytes], stop_at: int
) -> None:
    """The unit at whose end the run was stopped was not noted yet, so it is done again."""
    interrupted(build, tmp_path / "out", stop_at)
    watcher = Watcher()
    folder = build(tmp_path / "out", watcher)
    assert watcher.resumed == stop_at - 1
    assert contents(folder) == whole
    assert not (tmp_path / "out" / ".staging").exists()


def test_a_run_may_be_interrupted_again_and_again(
    build: Build, tmp_path: Path, contents: Contents, whole: dict[str, bytes]
) -> None:
    for _ in range(4):
        interrupted(build, tmp_path / "out", 3)
    watcher = Watcher()
    assert contents(build(tmp_path / "out", watcher)) == whole
    assert watcher.resumed == 4 * 2


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["flip", "truncate", "delete", "link", "journal", "no journal"])
def test_what_is_not_whole_is_done_again(
    build: Build, tmp_path: Path, contents: Contents, whole: dict[str, bytes], damage: str
) -> None:
    interrupted(build, tmp_path / "out", 5)
    (journal,) = (tmp_path / "out" / ".staging").glob("*.journal")
    line = json.loads(journal.read_text().splitlines()[1].partition(" ")[2])
    file = journal.with_suffix("") / line["files"][0]["path"]
    if damage == "flip":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "truncate":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "delete":
        file.unlink()
    elif damage == "link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    elif damage == "journal":
        text = journal.read_text().replace('"zero_tiles": 0', '"zero_tiles": 9')
        other = text.replace("tile_", "Tile_").replace("sites/", "Sites/")
        journal.write_text(text if "zero_tiles" in text else other)
    else:
        journal.unlink()
    watcher = Watcher()
    assert contents(build(tmp_path / "out", watcher)) == whole
    assert watcher.resumed == {"journal": 0, "no journal": 0}.get(damage, 3)


@pytest.mark.slow
@pytest.mark.parametrize("keep", range(0, 100, tries(33, 9)))
def test_a_torn_journal_costs_work_and_nothing_else(
    build: Build, tmp_path: Path, contents: Contents, whole: dict[str, bytes], keep: int
) -> None:
    """As a power cut leaves it, which nobody waits for."""
    interrupted(build, tmp_path / "out", 5)
    (journal,) = (tmp_path / "out" / ".staging").glob("*.journal")
    content = journal.read_bytes()
    journal.write_bytes(content[: len(content) * keep // 100])
    assert contents(build(tmp_path / "out", Watcher())) == whole


def test_other_parameters_take_nothing_up_and_clear_the_debris(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    interrupted(Build("tiles", tiny, half_degrees, tmp_path), tmp_path, 5)
    watcher = Watcher()
    build_tile_index(tiny, half_degrees, tmp_path, rule="center", observer=watcher)
    assert watcher.resumed == 0
    assert not (tmp_path / ".staging").exists()


def test_another_version_takes_nothing_up(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes may differ, and a receipt names one version."""
    interrupted(build, tmp_path / "out", 5)
    monkeypatch.setattr("closedworld.stages.runner.__version__", "0.0.0")
    watcher = Watcher()
    build(tmp_path / "out", watcher)
    assert watcher.resumed == 0


def test_a_living_run_s_units_are_not_taken(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    inner = Watcher()

    class Outer(Watcher):
        def on_event(self, event: Event) -> None:
            super().on_event(event)
            if self.written == 3 and not inner.events:
                build_tile_index(tiny, half_degrees, tmp_path, observer=inner)

    outer = Outer()
    build_tile_index(tiny, half_degrees, tmp_path, observer=outer)
    assert inner.resumed == 0
    assert outer.written == inner.written
    (published,) = find_published(tmp_path)
    published.verify()


def test_a_full_disk_leaves_nothing_in_its_own_way(build: Build, tmp_path: Path) -> None:
    class Full(Watcher):
        def on_event(self, event: Event) -> None:
            super().on_event(event)
            if self.written == 5:
                raise PublishError("output-not-writable", "made up")

    with pytest.raises(PublishError):
        build(tmp_path / "out", Full())
    assert not (tmp_path / "out" / ".staging").exists()


def test_units_of_another_size_take_nothing_up_that_does_not_fit(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, contents: Contents
) -> None:
    """Countries that one part holds are the same units whatever the size."""
    build = Build("tiles", tiny, half_degrees, tmp_path)
    whole = contents(build(tmp_path / "whole", Watcher()))
    interrupted(build, tmp_path / "out", 5)
    watcher = Watcher()
    folder = build(tmp_path / "out", watcher, task_tiles=1 << 30, workers=2)
    assert watcher.resumed == 4
    assert contents(folder) == whole
