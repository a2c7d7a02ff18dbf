"""What a run would do: tiles and units counted exactly, bytes, memory and time from what was measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedworld.datasets import TILE_BOUNDS, TILE_INDEX
from closedworld.datasets.part_encoder import part_writer
from closedworld.execution import usable_cores
from closedworld.execution.events import NullObserver
from closedworld.execution.meters import peak_memory_bytes
from closedworld.inputs.loading import load_inputs
from closedworld.kernels.tiles import RowGroup, Tiles
from closedworld.run.memory import capped, memory_of_tiles, memory_of_weights
from closedworld.run.rates import Rate, kind_of, read_rates
from closedworld.stages.stage import TILES, WEIGHTS
from closedworld.stages.tiles.plan import plan_run
from closedworld.stages.weights.plan import mixture_of_run

if TYPE_CHECKING:
    from closedworld.config import RunConfig
    from closedworld.execution.events import Observer
    from closedworld.run.memory import StageMemory
    from closedworld.stages.tiles.plan import TilePlan

SAMPLED = "sample"
"""Stands for the run where a rate comes from encoding a sample just now."""

_WORKER_COUNTS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class StageForecast:
    """What a stage would do.

    Attributes:
        stage: Stage number.
        units: Units of work.
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
        executor: Where the work would be done.
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
            **plan.totals(),
            "grid": plan.world.grid.to_dict(),
            "rule": plan.world.rule.value,
            "executor": self.executor,
            "stages": [
                {name: getattr(one, name) for name in one.__dataclass_fields__}
                for one in self.stages
            ],
            "minutes_by_workers": {str(n): self.minutes(n) for n in _WORKER_COUNTS},
            "tiles_by_country": plan.world.tile_counts,
            "planning_seconds": self.seconds,
        }


def forecast(
    config: RunConfig, observer: Observer | None = None, *, weigh: bool = True
) -> Forecast:
    """Count what a run would do; nothing is written.

    Args:
        config: What would be built.
        observer: Told what happens.
        weigh: Whether weights would be made after the tiles.

    Raises:
        ClosedWorldError: As the run would, as far as it is planned.
    """
    began, observer = time.perf_counter(), observer or NullObserver()
    config.require_stages([TILES.number, WEIGHTS.number])
    mixture = mixture_of_run(config, weigh=weigh)
    inputs = load_inputs(config, observer, with_population=weigh and mixture.needs_population)
    plan = plan_run(config, inputs, observer)
    held, rates = peak_memory_bytes(), read_rates()
    cell_width = inputs.grid.cell_width
    tiles_rate = rates.get(kind_of(plan.parameters, cell_width)) or _sampled_rate(plan)
    memory = memory_of_tiles(plan.world.tile_counts.values())
    stages = [
        _stage(
            TILES.number, plan, config, config.stage_workers.get("s1"), memory, held, 0, tiles_rate
        )
    ]
    if weigh:
        layout = None if inputs.population is None else inputs.population.layout
        scratch = 0 if layout is None else plan.tile_count * layout.value_dtype.itemsize
        memory = memory_of_weights(plan.world.tile_counts.values(), layout)
        kind = {
            "stage": WEIGHTS.name,
            "basis": str(mixture),
            "dp": config.dp,
            "weigh_by_coverage": config.weigh_by_coverage,
        }
        rate = rates.get(kind_of(kind, cell_width))
        stages.append(
            _stage(
                WEIGHTS.number,
                plan,
                config,
                config.stage_workers.get("s2"),
                memory,
                held,
                scratch,
                rate,
            )
        )
    return Forecast(plan, tuple(stages), config.executor, time.perf_counter() - began)


def _stage(
    stage: str,
    plan: TilePlan,
    config: RunConfig,
    workers: int | None,
    memory: StageMemory,
    held: int,
    scratch: int,
    rate: Rate | None,
) -> StageForecast:
    """Return what a stage would do."""
    in_processes = config.executor in {"processes", "dask"}
    asked = 1 if config.executor == "serial" else workers or config.workers
    count = capped(memory, asked, config.memory_limit, held, in_processes=in_processes)
    count = count or usable_cores()
    tiles = plan.tile_count
    return StageForecast(
        stage=stage,
        units=len(plan.units),
        workers=count,
        peak_memory_bytes=memory.total(held, count, in_processes=in_processes),
        temporary_bytes=scratch,
        bytes_out=None if rate is None else round(tiles * rate.bytes_per_tile),
        worker_seconds=None if rate is None else tiles / rate.tiles_per_worker_second,
        measured_in=None if rate is None else rate.run_id,
    )


def _sampled_rate(plan: TilePlan) -> Rate:
    """Return the rate of S1 from encoding the largest unit, in memory."""
    unit = plan.units[0]
    spans, world = plan.world.spans[unit.country_iso], plan.world
    began = time.perf_counter()
    index, bounds = part_writer(TILE_INDEX), part_writer(TILE_BOUNDS)
    for part in unit.parts:
        for first, stop in part.row_groups():
            group = RowGroup(unit.country_iso, Tiles.ranked(spans, first, stop), world.areas)
            index.write(group.index(world.rule))
            bounds.write(group.bounds())
    size = index.finish().size + bounds.finish().size
    seconds = time.perf_counter() - began
    return Rate(unit.tile_count / seconds, size / unit.tile_count, SAMPLED)
