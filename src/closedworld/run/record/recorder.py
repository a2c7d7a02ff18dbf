"""When a run began and what happened in it, kept for its report."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from closedworld.execution import events
from closedworld.execution.events import Event
from closedworld.execution.meters import cpu_seconds


@dataclass(slots=True)
class Work:
    """One kind of work in a stage, from its first unit handed out to its last one done.

    Attributes:
        started: What it is.
        began: When it began, seconds since 1970, as workers on any host count.
        ended: When the last unit so far was done, likewise.
    """

    started: events.WorkStarted
    began: float
    ended: float


@dataclass(slots=True)
class Recorder:
    """Keeps events for the report.

    Attributes:
        started_at: When the run began, with the recorder; time in UTC.
        run_id: Its name, from that time and four random hex digits.
        wall: ``time.perf_counter()`` at the start, seconds.
        cpu: Processor seconds of this process and its children at the start.
        inputs: Inputs loaded.
        rasters: Rasters whose values were read.
        warnings: Warnings given.
        works: Kinds of work, in order.
        units: Units finished.
        scratch_bytes: Sizes of temporary files.
        phases: Phases that belong to no unit.
    """

    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = field(init=False)
    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=cpu_seconds)
    inputs: list[events.InputLoaded] = field(default_factory=list)
    rasters: list[events.RasterRead] = field(default_factory=list)
    warnings: list[events.Warned] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    units: list[events.TaskFinished] = field(default_factory=list)
    scratch_bytes: list[int] = field(default_factory=list)
    phases: list[events.PhaseFinished] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Name the run."""
        self.run_id = f"{self.started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"

    def on_event(self, event: Event) -> None:
        """Keep an event that the report needs."""
        match event:
            case events.InputLoaded():
                self.inputs.append(event)
            case events.RasterRead():
                self.rasters.append(event)
            case events.Warned():
                self.warnings.append(event)
            case events.WorkStarted():
                now = time.time()
                self.works.append(Work(event, now, now))
            case events.TaskFinished():
                self._keep_unit(event)
            case events.ScratchUsed():
                self.scratch_bytes.append(event.size_bytes)
            case events.PhaseFinished():
                self.phases.append(event)
            case _:
                return

    def _keep_unit(self, unit: events.TaskFinished) -> None:
        self.units.append(unit)
        for work in self.works[-1:]:
            if work.started.work == unit.work:
                work.ended = max(work.ended, unit.began + unit.seconds)

    def reading_peaks(self) -> list[int]:
        """Return the peak memory of reading each input, here and in a process that reads, bytes."""
        return [one.main_peak_bytes + (one.reader_peak_bytes or 0) for one in self.inputs]

    def seconds_by_partition(self, stage: str) -> dict[str, float]:
        """Return the wall seconds of all units of a stage, given by its number, by partition."""
        seconds: dict[str, float] = defaultdict(float)
        for unit in self.units:
            if unit.stage == stage:
                seconds[unit.partition] += unit.seconds
        return seconds
