"""A whole run: inputs, stages, pictures, report. The only place that knows their order."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedworld.errors import PublishError
from closedworld.execution.events import PhaseFinished
from closedworld.run.inputs import load_inputs
from closedworld.run.logs import log_file
from closedworld.run.observers import LOGGER, LogObserver, Observers, Recorder
from closedworld.run.pictures import draw_pictures
from closedworld.run.report import LOG_NAME, RunClock, make_report_folder, write_report
from closedworld.run.tile_index import TileIndex, build_tile_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from closedworld.config import RunConfig
    from closedworld.execution.events import Observer


@dataclass(frozen=True, slots=True, eq=False)
class RunOutcome:
    """What a run leaves.

    Attributes:
        index: The published tile index.
        report_folder: Folder of the run's report.
        report: Content of ``run_report.json``.
    """

    index: TileIndex
    report_folder: Path
    report: dict[str, Any]


def run_world(config: RunConfig, observers: Sequence[Observer] = ()) -> RunOutcome:
    """Run all stages (S0 inputs, S1 tiles) and write the report.

    A run that fails or is interrupted leaves a report that says so; what was published before stays
    as it was.

    Args:
        config: What to build.
        observers: Told what happens, besides the log.

    Raises:
        ClosedWorldError: As the stages.
    """
    clock = RunClock.start()
    folder = make_report_folder(config.out, clock.run_id)
    recorder = Recorder()
    observer = Observers([recorder, LogObserver(), *observers])
    index: TileIndex | None = None
    with log_file(folder / LOG_NAME):
        try:
            inputs = load_inputs(config, observer)
            index = build_tile_index(
                inputs.countries,
                inputs.grid,
                config.out,
                rule=config.rule,
                keep_small_countries=config.keep_small_countries,
                workers=config.s1_workers,
                observer=observer,
            )
            began = time.perf_counter()
            draw_pictures(index, inputs.attribution, folder)
            observer.on_event(PhaseFinished("pictures", time.perf_counter() - began))
        except BaseException as error:
            # Ctrl-C and whatever nobody foresaw leave their account, too, and go on.
            LOGGER.debug("run ended early: %s: %s", type(error).__name__, error)
            try:
                write_report(folder, config, recorder, clock, index=index, error=error)
            except PublishError as second:
                # The first error is the one to mend; a full disk often causes both.
                error.add_note(f"The report could not be written either: {second.message}")
            raise
        report = write_report(folder, config, recorder, clock, index=index, error=None)
    return RunOutcome(index, folder, report)
