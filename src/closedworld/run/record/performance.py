"""What a run took: times by phase, rows per second, and what each worker did of it."""

from __future__ import annotations

import time
from collections import defaultdict

from closedworld.execution import events
from closedworld.execution.meters import cpu_seconds, peak_memory_bytes
from closedworld.run.record.model import Performance, TaskRecord, WorkerRecord
from closedworld.run.record.recorder import Recorder, Work
from closedworld.stages.task_runner import WRITING


def performance_of(recorder: Recorder) -> Performance:
    """Return times, rates and memory of the run so far."""
    wall = time.perf_counter() - recorder.wall
    phases: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    phases[events.INPUTS]["load"] = sum(loaded.seconds for loaded in recorder.inputs)
    for finished in recorder.phases:
        phases[finished.stage][finished.phase] += finished.seconds
    rows: dict[str, int] = defaultdict(int)
    for unit in recorder.units:
        for phase, seconds in unit.phases.items():
            phases[unit.stage][phase] += seconds
        if unit.work == WRITING:
            rows[unit.stage] += unit.rows
    return Performance(
        wall_seconds=wall,
        cpu_seconds=cpu_seconds() - recorder.cpu,
        peak_memory_bytes=peak_memory_bytes(),
        rows_written=dict(rows),
        rows_per_second=sum(rows.values()) / wall,
        phase_seconds={stage: dict(seconds) for stage, seconds in phases.items()},
    )


def worker_records(recorder: Recorder) -> tuple[WorkerRecord, ...]:
    """Return what each worker did of each kind of work, in the order in which the work was done."""
    records = []
    for work in recorder.works:
        by_worker: dict[str, list[events.TaskFinished]] = defaultdict(list)
        for unit in recorder.units:
            if unit.began < work.ended and unit.began + unit.seconds > work.began:
                by_worker[unit.worker].append(unit)
        records += [_worker_record(work, own) for _, own in sorted(by_worker.items())]
    return tuple(records)


def _worker_record(work: Work, done: list[events.TaskFinished]) -> WorkerRecord:
    wall = work.ended - work.began
    busy = sum(
        min(unit.began + unit.seconds, work.ended) - max(unit.began, work.began) for unit in done
    )
    units = [unit for unit in done if unit.work == work.started.work]
    rows = sum(unit.rows for unit in units)
    return WorkerRecord(
        stage=work.started.stage,
        work=work.started.work,
        worker=done[0].worker,
        process=done[0].process,
        units=len(units),
        rows=rows,
        largest_unit_rows=max((unit.rows for unit in units), default=0),
        wall_seconds=wall,
        busy_seconds=busy,
        cpu_seconds=sum(unit.cpu_seconds for unit in units),
        # Clocks of several processes agree to a few milliseconds.
        idle_share=max(0.0, 1.0 - busy / wall) if wall else 0.0,
        rows_per_second=rows / busy if busy else 0.0,
        peak_memory_bytes=max(unit.peak_memory_bytes for unit in done),
    )


def task_records(recorder: Recorder) -> list[TaskRecord]:
    """Return every task, in the order in which they ended."""
    start = recorder.started_at.timestamp()
    return [
        TaskRecord(
            stage=unit.stage,
            work=unit.work,
            unit=unit.unit,
            partition=unit.partition,
            rows=unit.rows,
            worker=unit.worker,
            process=unit.process,
            began_seconds=unit.began - start,
            seconds=unit.seconds,
            phases=unit.phases,
        )
        for unit in recorder.units
    ]
