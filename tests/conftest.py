"""Small worlds for every folder of tests, an empty cache for each test, and the scoreboard of faults."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import effort  # noqa: F401 -- the profile of property tests
import pytest

from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.stages.task_runner import PhaseClock
from closedworld.stages.tasks import TaskResult
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.tiles.part_files import MapTask
from closedworld.testing import tiny_countries, tiny_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.stages.tiles.outcome import TileIndex

DRAW = MapTask.draw
CACHES = map("cache-{}".format, itertools.count())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how many faults of each family were survived, also by tests of other processes."""
    survived = Counter[str]()
    for report in terminalreporter.getreports("passed"):
        survived.update(dict(report.user_properties))
    if survived:
        terminalreporter.section("faults survived")
        for family, faults in survived.items():
            terminalreporter.write_line(f"{faults:>9,}  {family}")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what an earlier test left in the cache from this one."""
    monkeypatch.setenv("XDG_CACHE_HOME", f"{tmp_path_factory.getbasetemp()}/{next(CACHES)}")


@pytest.fixture(scope="session")
def tiny() -> CountrySet:
    """The made-up countries of ``closedworld.testing``."""
    return countries_from_features(tiny_countries())


@pytest.fixture(scope="session")
def half_degrees() -> Grid:
    """A grid on which each of the made-up countries shows what it is about."""
    return tiny_grid()


@pytest.fixture(scope="session")
def tiny_index(
    tiny: CountrySet, half_degrees: Grid, tmp_path_factory: pytest.TempPathFactory
) -> TileIndex:
    """The made-up world, published; shared by all tests, so only to be read."""
    return build_tile_index(tiny, half_degrees, tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Return the bytes of every file below a folder by its path there."""

    def contents_of(folder: Path) -> dict[str, bytes]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    return contents_of


@pytest.fixture(scope="session", autouse=True)
def no_world_map() -> Iterator[None]:
    """Let runs of this process write an empty file in place of the map, which takes most of the time of a small one."""

    def draw(task: MapTask) -> TaskResult:
        result = TaskResult()
        clock = PhaseClock(result)
        task.path.touch()
        clock.ends("pictures")
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MapTask, "draw", draw)
        yield


@pytest.fixture
def world_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs draw the map."""
    monkeypatch.setattr(MapTask, "draw", DRAW)
