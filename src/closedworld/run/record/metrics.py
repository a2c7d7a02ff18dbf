"""Figures of a run, and whether it kept their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedworld.errors import AcceptanceError
from closedworld.execution.meters import open_files, peak_memory_bytes
from closedworld.execution.worker import this_process
from closedworld.run.record.model import Metric
from closedworld.run.record.performance import worker_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.run.record.model import Performance
    from closedworld.run.record.recorder import Recorder

MEMORY_LIMIT_BYTES = 1 << 30
DISK_LIMIT_BYTES = 2 << 30
OPEN_FILES_LIMIT = 256
READ_LIMIT = 1.25

SMALL_INPUT_BYTES = 16 << 20
"""Reading a smaller input has no limit: what libraries load at the same time would count, too."""


def assess(recorder: Recorder, performance: Performance, memory_limit: int | None) -> list[Metric]:
    """Return the figures of a run.

    Args:
        recorder: What happened.
        performance: Times and rates.
        memory_limit: Most memory of all processes together, bytes; None for no such limit.
    """
    return [
        *_memory(recorder, memory_limit),
        Metric(
            "temporary_disk",
            "temporary files beside the results",
            max(recorder.scratch_bytes, default=0),
            DISK_LIMIT_BYTES,
            "bytes",
        ),
        Metric(
            "open_files",
            "files, sockets and pipes open in one process",
            max([open_files(), *(unit.open_files for unit in recorder.units)]),
            OPEN_FILES_LIMIT,
            "files",
        ),
        *_reading(recorder),
        Metric("wall_seconds", "wall time", performance.wall_seconds, None, "seconds"),
        Metric("cpu_seconds", "processor time", performance.cpu_seconds, None, "seconds"),
        Metric("tiles_per_second", "tiles written", performance.tiles_per_second, None, "tiles/s"),
        *(
            Metric(
                f"idle_share {one.stage} {one.work} {one.worker}",
                f"share of {one.stage} {one.work} in which {one.worker} had no work",
                one.idle_share,
                None,
                "ratio",
            )
            for one in worker_records(recorder)
        ),
    ]


def _memory(recorder: Recorder, memory_limit: int | None) -> list[Metric]:
    """Return the peak of each process, and of all together when that has a limit."""
    peaks = {this_process(): peak_memory_bytes()}
    names = {this_process(): "main"}
    for unit in recorder.units:
        peaks[unit.process] = max(peaks.get(unit.process, 0), unit.peak_memory_bytes)
        names.setdefault(unit.process, unit.worker)
    lines = [
        Metric(
            f"peak_memory {names[process]}",
            f"largest resident memory of the process of {names[process]}",
            peak,
            MEMORY_LIMIT_BYTES,
            "bytes",
        )
        for process, peak in peaks.items()
    ]
    readers = {one.path: one.reader_peak_bytes for one in recorder.inputs if one.reader_peak_bytes}
    lines += [
        Metric(
            f"peak_memory_reader {path}",
            f"largest resident memory of the process that read {path}",
            peak,
            MEMORY_LIMIT_BYTES,
            "bytes",
        )
        for path, peak in readers.items()
    ]
    if memory_limit is not None:
        # A reader has ended before there are workers.
        at_reading = [peaks[this_process()] + peak for peak in readers.values()]
        total = max([sum(peaks.values()), *at_reading])
        what = "largest resident memory of all processes, added up"
        lines.append(Metric("peak_memory_total", what, total, memory_limit, "bytes"))
    return lines


def _reading(recorder: Recorder) -> list[Metric]:
    """Return how much of each file was read; the reading that seals it by SHA-256 is not counted."""
    read = [
        *(
            (f"S0 {one.path}", one.bytes_read, one.size_bytes)
            for one in recorder.inputs
            if one.size_bytes
        ),
        *((f"{one.stage} {one.path}", one.bytes_read, one.size_bytes) for one in recorder.rasters),
    ]
    return [
        Metric(
            f"bytes_read {path}",
            f"bytes read per byte on disk of {path}",
            None if count is None else count / size,
            READ_LIMIT if size >= SMALL_INPUT_BYTES else None,
            "ratio",
        )
        for path, count, size in read
    ]


def enforce(metrics: Sequence[Metric]) -> None:
    """Raise when a limit was not kept.

    Raises:
        AcceptanceError: ``limits-broken``.
    """
    broken = [metric for metric in metrics if metric.passed is False]
    if broken:
        told = "; ".join(
            f"{one.name}: {_shown(one.value, one.unit)}, where {_shown(one.limit, one.unit)} is the limit"
            for one in broken
        )
        raise AcceptanceError(
            "limits-broken",
            f"the results are published and whole, but the run did not keep its limits: {told}.",
            "Take fewer --workers or a --memory-limit; or --pat report, to be told and no more.",
        )


def _shown(value: float | None, unit: str) -> str:
    """Return a figure for people."""
    if unit == "bytes":
        return f"{(value or 0) / (1 << 20):,.0f} MiB"
    return f"{value:,.6g} {unit}"
