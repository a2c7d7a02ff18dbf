"""What a callback is told, and what the standard logger gets, when a world is built from Python."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from closedworld.config.run import RunConfig
from closedworld.execution import events
from closedworld.execution.events import TaskFinished, WorkStarted
from closedworld.execution.progress import Progress, ProgressObserver
from closedworld.kernels.grid import Grid
from closedworld.published.tile_index import open_index
from closedworld.run.pipeline import run_world
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from built_worlds import Built

GRID = Grid.from_resolution("5deg")


def finished(stage: str, work: str, tiles: int) -> TaskFinished:
    return TaskFinished("w", "p", 0.0, 0.0, 0.0, 0, 0, stage, work, "u", "DE", tiles, {}, "tiles")


def test_progress_adds_up_by_stage_and_work() -> None:
    told: list[Progress] = []
    observer = ProgressObserver(told.append)
    for event in (
        WorkStarted("S1", "writing", 30, 2, 1, "tiles"),
        finished("S1", "writing", 10),
        WorkStarted("S2", "reading", 5, 1, 1, "tiles"),
        finished("S1", "drawing", 0),  # work that was not announced
        events.Warned("code", "message"),
        finished("S2", "reading", 5),
        finished("S1", "writing", 20),
        WorkStarted("S3", "writing", 0, 0, 1, "sites"),
    ):
        observer.on_event(event)
    assert [str(one) for one in told] == [
        "S1 writing: 0 of 30 tiles (0%)",
        "S1 writing: 10 of 30 tiles (33%)",
        "S2 reading: 0 of 5 tiles (0%)",
        "S2 reading: 5 of 5 tiles (100%)",
        "S1 writing: 30 of 30 tiles (100%)",
        "S3 writing: 0 of 0 sites (100%)",
    ]


@pytest.mark.slow
def test_every_way_to_build_tells_its_progress(made_up: Built, tmp_path: Path) -> None:
    told: list[Progress] = []
    index = build_tile_index(made_up.countries, tiny_grid(), tmp_path / "a", progress=told.append)
    build_tile_weights(index, tmp_path / "a", progress=told.append)
    run_world(RunConfig(resolution="5deg", out=tmp_path / "b"), progress=told.append)
    last = {(one.stage, one.work): one.share for one in told}
    assert last["S1", "writing"] == last["S2", "writing"] == 1.0
    assert sum(one.share == 1.0 for one in told) >= 4


def test_what_is_doubtful_is_logged_from_python_too(
    real: Built, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The standard logger ``closedworld``: warnings without being asked, the rest at level INFO."""
    caplog.set_level(logging.INFO, "closedworld")
    build_tile_index(real.countries, GRID, tmp_path)
    build_tile_weights(open_index(tmp_path), tmp_path, basis="area_m2", dp=0)
    records = [one for one in caplog.records if one.name.startswith("closedworld")]
    warned = [one.getMessage() for one in records if one.levelno == logging.WARNING]
    assert any("[countries-without-tiles]" in text for text in warned)
    assert any("[weights-zero]" in text for text in warned)
    assert any("published tile_index" in one.getMessage() for one in records)
