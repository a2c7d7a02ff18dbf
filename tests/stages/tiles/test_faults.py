"""Killed, failed and repeated runs: what is visible is whole, and the next run succeeds."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.errors import ConfigError, PublishError, UnitError
from closedworld.execution import events
from closedworld.published.results import find_published
from closedworld.stages.tiles import part_files as tile_files
from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.execution.events import Event
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.stages.tasks import TaskResult
    from closedworld.stages.tiles.part_files import TileTask

# The made-up world, by a process that kills itself when an event comes for the second time.
KILLED = """\
import os, signal, sys
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_countries, tiny_grid

class Killer:
    seen = 0

    def on_event(self, event):
        kind = type(event).__name__
        if kind == sys.argv[2] or kind + ":" + str(getattr(event, "phase", "")) == sys.argv[2]:
            self.seen += 1
            if self.seen == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)

build_tile_index(
    countries_from_features(tiny_countries()), tiny_grid(), sys.argv[1],
    observer=Killer(), workers=int(sys.argv[4]),
)
"""


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def everything_below(root: Path, name: str) -> set[str]:
    return {f"{name}/{path}" for path in everything(root / name)}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("kind", "count"),
    [("TaskFinished", 11), pytest.param("TaskFinished", 1, marks=pytest.mark.slow)],
)
def test_a_run_killed_at_work_leaves_no_data_and_the_next_run_succeeds(
    tiny: CountrySet,
    half_degrees: Grid,
    tmp_path: Path,
    contents: Callable[[Path], dict[str, bytes]],
    kind: str,
    count: int,
    workers: int,
) -> None:
    """There are eleven units: at the last, all files are written and nothing is published."""
    whole = build_tile_index(tiny, half_degrees, tmp_path / "whole").published.folder
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(out), kind, str(count), str(workers)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert find_published(out) == []
    assert not (out / "tiles").exists()
    assert len(list((out / ".staging").rglob("*.parquet"))) >= 2
    index = build_tile_index(tiny, half_degrees, out)
    assert not index.reused
    assert contents(index.published.folder) == contents(whole)
    assert not (out / ".staging").exists()


@pytest.mark.slow
def test_a_run_killed_just_after_publishing_has_published(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "PhaseFinished:publish", "1", "1"],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    index = build_tile_index(tiny, half_degrees, tmp_path)
    assert index.reused
    index.published.verify()


@pytest.mark.slow
def test_a_killed_run_does_not_touch_what_was_published_before(
    tiny: CountrySet, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]]
) -> None:
    earlier = build_tile_index(tiny, tiny_grid(2.0), tmp_path).published
    before = contents(earlier.folder)
    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "TaskFinished", "3", "1"], check=False
    )
    assert find_published(tmp_path) == [earlier]
    assert contents(earlier.folder) == before


def test_building_again_changes_no_file_and_says_so(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    first = build_tile_index(tiny, half_degrees, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    watcher = Watcher()
    second = build_tile_index(tiny, half_degrees, tmp_path, observer=watcher)
    assert (first.reused, second.reused) == (False, True)
    assert second.published == first.published
    assert second.summaries == first.summaries
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == stamps
    (reused,) = [event for event in watcher.events if isinstance(event, events.StageReused)]
    assert reused.parameter_hash == first.published.receipt.parameter_hash
    assert not any(isinstance(event, events.TaskFinished) for event in watcher.events)


@pytest.mark.parametrize(
    "options",
    [{"rule": "any_overlap"}, {"keep_small_countries": True}, {"grid": tiny_grid(1.0)}, {"without": "VA"}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_whatever_decides_the_content_makes_another_result_beside_the_first(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, options: dict[str, Any]
) -> None:
    """Also keep_small_countries and a country without tiles, which may change no row."""
    first = build_tile_index(tiny, half_degrees, tmp_path)
    given = {"grid": half_degrees, **options}
    without = given.pop("without", "")
    countries = tiny.select([iso for iso in tiny.isos if iso != without])
    second = build_tile_index(countries, given.pop("grid"), tmp_path, **given)
    assert not second.reused
    assert first.published.receipt.parameter_hash != second.published.receipt.parameter_hash
    assert len(find_published(tmp_path)) == 2
    first.published.verify()


@pytest.fixture
def fails_for_pakistan(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(task: TileTask) -> TaskResult:
        if task.part_range.country_iso == "PK":
            raise ZeroDivisionError("made up")
        return tile_files.write_tiles(task)

    monkeypatch.setattr("closedworld.stages.tiles.plan.write_tiles", write)


@pytest.mark.usefixtures("fails_for_pakistan")
@pytest.mark.parametrize("workers", [1, 3])
def test_a_unit_that_fails_is_named_and_nothing_is_visible(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, workers: int
) -> None:
    with pytest.raises(UnitError) as caught:
        build_tile_index(tiny, half_degrees, tmp_path, workers=workers)
    assert "PK part 0 failed: ZeroDivisionError: made up" in caught.value.message
    assert find_published(tmp_path) == []
    assert everything(tmp_path) == {".staging", *everything_below(tmp_path, ".staging")}


def test_a_full_disk_keeps_its_kind_and_leaves_nothing(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(task: TileTask) -> TaskResult:
        raise PublishError("output-not-writable", f"no space for {task}", "free some")

    monkeypatch.setattr("closedworld.stages.tiles.plan.write_tiles", write)
    with pytest.raises(PublishError) as caught:
        build_tile_index(tiny, half_degrees, tmp_path, workers=1)
    assert caught.value.__notes__ == ["It happened in FJ part 0."]
    assert everything(tmp_path) == set()


def test_an_observer_that_fails_leaves_nothing_though_the_executor_lives_on(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit at work would write into the folder that is being removed, and bring it back."""
    told, at_work = threading.Event(), threading.Event()
    first = threading.Lock()

    def write(task: TileTask) -> TaskResult:
        if not first.acquire(blocking=False):
            at_work.set()
            told.wait(60)
        return tile_files.write_tiles(task)

    class Fails:
        def on_event(self, event: Event) -> None:
            if type(event) is events.TaskFinished:
                at_work.wait(60)
                threading.Timer(0.05, told.set).start()
                raise RuntimeError("no more")

    monkeypatch.setattr("closedworld.stages.tiles.plan.write_tiles", write)
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(RuntimeError, match="no more"):
            build_tile_index(
                tiny, half_degrees, tmp_path, executor=pool, workers=2, observer=Fails()
            )
        assert told.is_set()
    assert everything(tmp_path) == set()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"rule": "nearest"}, "rule-unknown"),
        ({"workers": 0}, "workers"),
        ({"task_tiles": 0}, "unit-size"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anything_is_written(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_tile_index(tiny, half_degrees, tmp_path / "out", **options)
    assert caught.value.code == code
    assert everything(tmp_path) == set()


def test_a_world_without_a_single_tile_is_refused_with_advice(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_tile_index(tiny.select(["VA", "AQ"]), half_degrees, tmp_path / "out")
    assert caught.value.code == "world-empty"
    assert caught.value.message.startswith("2 countries (AQ, VA) have no tile on ")
    assert "--keep-small-countries" in caught.value.hint
    with pytest.raises(ConfigError, match=r"1 country \(VA\) has no tile on "):
        build_tile_index(tiny.select(["VA"]), half_degrees, tmp_path / "out")
    assert everything(tmp_path) == set()
    kept = build_tile_index(
        tiny.select(["VA", "AQ"]), half_degrees, tmp_path / "out", keep_small_countries=True
    )
    assert kept.published.receipt.totals["countries_kept_small"] == ["VA"]


def test_events_come_in_order_and_add_up(
    tiny: CountrySet, half_degrees: Grid, tmp_path: Path
) -> None:
    watcher = Watcher()
    index = build_tile_index(tiny, half_degrees, tmp_path, observer=watcher, executor="serial")
    kinds = [type(event).__name__ for event in watcher.events]
    assert kinds[0] == "EnumerationStarted"
    assert kinds[-3:] == ["DatasetPublished"] * 3
    assert kinds.index("EnumerationFinished") < kinds.index("TaskFinished")
    counts = {iso: count for iso, count in index.world.tile_counts.items() if count}
    units = [event for event in watcher.events if isinstance(event, events.TaskFinished)]
    assert {unit.partition: unit.rows for unit in units} == counts
    tiles = [unit.rows for unit in units]
    assert tiles == sorted(tiles, reverse=True)
    countries = [e for e in watcher.events if isinstance(e, events.PartitionFinished)]
    assert [country.done for country in countries] == list(range(1, len(counts) + 1))
    assert {country.total for country in countries} == {len(counts)}
    assert countries[-1].rows_done == countries[-1].rows_total == sum(counts.values())
    warned = {
        event.code: event.message for event in watcher.events if isinstance(event, events.Warned)
    }
    assert set(warned) == {"countries-off-grid", "countries-without-tiles", "tiles-shared"}
    assert "AQ" in warned["countries-off-grid"]
    assert "VA" in warned["countries-without-tiles"]
    assert "AQ" not in warned["countries-without-tiles"]
    assert "49 tiles" in warned["tiles-shared"]
