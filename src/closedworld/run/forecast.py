"""What a run would do: tiles and units counted exactly, bytes, memory and time from what was measured."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from closedworld.config.run import RunConfig
from closedworld.config.table import IN_PROCESSES
from closedworld.execution import usable_cores
from closedworld.execution.events import NullObserver, Observer
from closedworld.execution.meters import peak_memory_bytes
from closedworld.run.pipeline import workers_of
from closedworld.run.rates import Rate, kind_of, read_rates
from closedworld.run.start import Start
from closedworld.stages.memory import capped
from closedworld.stages.protocol import StagePlan, Upstream
from closedworld.stages.tiles.plan import TilePlan

SAMPLED = "sample"
"""Stands for the run where a rate comes from encoding a sample just now."""

_WORKER_COUNTS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class StageForecast:
    """What a stage would do.

    Attributes:
        stage: Stage number.
        units: Tasks.
        workers: How many would work at once.
        peak_memory_bytes: Of all processes together.
        temporary_bytes: Temporary files at most.
        bytes_out: Size of the published files; None when nothing was measured yet.
        worker_seconds: Work of one worker alone; None when nothing was measured yet.
        measured_in: Run that the rate comes from; ``sample`` for a sample just now; None for no rate.
    """

    stage: str
    units: int
    workers: int
    peak_memory_bytes: int
    temporary_bytes: int
    bytes_out: int | None
    worker_seconds: float | None
    measured_in: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a run would do.

    Attributes:
        plan: The tiles.
        stages: What each stage would do, in order.
        executor: Where the work of the last stage would be done.
        seconds: What planning took.
    """

    plan: TilePlan
    stages: tuple[StageForecast, ...]
    executor: str
    seconds: float

    def minutes(self, workers: int) -> float | None:
        """Return the minutes with so many workers; None when the rate of a stage is not known."""
        seconds = [stage.worker_seconds for stage in self.stages]
        known = [one for one in seconds if one is not None]
        return sum(known) / workers / 60 if len(known) == len(seconds) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the forecast as JSON holds it."""
        plan = self.plan
        return {
            **plan.totals().to_dict(),
            "grid": plan.world.grid.to_dict(),
            "rule": plan.world.rule.value,
            "executor": self.executor,
            "stages": [asdict(one) for one in self.stages],
            "minutes_by_workers": {str(n): self.minutes(n) for n in _WORKER_COUNTS},
            "tiles_by_country": plan.world.tile_counts,
            "planning_seconds": self.seconds,
        }


def forecast(
    config: RunConfig, observer: Observer | None = None, *, until: str | None = None
) -> Forecast:
    """Count what a run would do; nothing is written.

    Args:
        config: What would be built.
        observer: Told what happens.
        until: Name of the last stage; None for the last that is asked for.

    Raises:
        ClosedWorldError: As the run would, as far as it is planned.
    """
    began, observer = time.perf_counter(), observer or NullObserver()
    start = Start.of(config, until)
    context = start.load(observer)
    plans: dict[str, StagePlan[Any, Any, Any]] = {}
    for stage in start.stages:
        needed = {name: Upstream(plans[name], None) for name in stage.needs}
        plans[stage.name] = stage.plan(replace(context, upstream=needed))
    held, rates = peak_memory_bytes(), read_rates()
    found = []
    for plan in plans.values():
        kind = kind_of(plan.parameters.to_dict(), context.inputs.grid.cell_width)
        sample = None if kind in rates else plan.rate_of_sample()
        rate = rates.get(kind) if sample is None else Rate(*sample, SAMPLED)
        found.append(_stage(plan, config, held, rate))
    tiles: TilePlan = plans["tiles"]  # type: ignore[assignment]
    last = plans[start.stages[-1].name]
    executor = config.executor_for(last.executor)
    return Forecast(tiles, tuple(found), executor, time.perf_counter() - began)


def _stage(
    plan: StagePlan[Any, Any, Any], config: RunConfig, held: int, rate: Rate | None
) -> StageForecast:
    asked = 1 if config.executor == "serial" else workers_of(config, plan.stage)
    in_processes = config.executor_for(plan.executor) in IN_PROCESSES
    count = capped(plan.memory, asked, config.memory_limit, held, in_processes=in_processes)
    count = count or usable_cores()
    rows = plan.row_count
    return StageForecast(
        stage=plan.stage.number,
        units=plan.task_count,
        workers=count,
        peak_memory_bytes=plan.memory.total(held, count, in_processes=in_processes),
        temporary_bytes=plan.scratch_bytes,
        bytes_out=None if rate is None else round(rows * rate.bytes_per_row),
        worker_seconds=None if rate is None else rows / rate.rows_per_worker_second,
        measured_in=None if rate is None else rate.run_id,
    )
