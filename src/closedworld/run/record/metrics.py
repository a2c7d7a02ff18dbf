"""Figures of a run, and whether it kept their limits."""

from __future__ import annotations

from collections.abc import Sequence

from closedworld.errors import AcceptanceError
from closedworld.execution.events import INPUTS, InputLoaded, RasterRead
from closedworld.execution.meters import open_files, peak_memory_bytes
from closedworld.execution.worker import this_process
from closedworld.run.record.model import Metric, Performance
from closedworld.run.record.performance import worker_records
from closedworld.run.record.recorder import Recorder
from closedworld.sanitize import byte_size

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
    disk = max(recorder.scratch_bytes, default=0)
    files = max([open_files(), *(unit.open_files for unit in recorder.units)])
    return [
        *_memory(recorder, memory_limit),
        Metric("temporary_disk", "temporary files", disk, DISK_LIMIT_BYTES, "bytes"),
        Metric(
            "open_files",
            "files, sockets and pipes open in one process",
            files,
            OPEN_FILES_LIMIT,
            "files",
        ),
        *_reading(recorder),
        Metric("wall_seconds", "wall time", performance.wall_seconds, None, "seconds"),
        Metric("cpu_seconds", "processor time", performance.cpu_seconds, None, "seconds"),
        Metric("rows_per_second", "rows written", performance.rows_per_second, None, "rows/s"),
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
    """Return the peak of each process, and of all together if that has a limit."""
    main = this_process()
    peaks, names = {main: peak_memory_bytes()}, {main: "main"}
    for unit in recorder.units:
        peaks[unit.process] = max(peaks.get(unit.process, 0), unit.peak_memory_bytes)
        names.setdefault(unit.process, unit.worker)
    readers = {one.path: one.reader_peak_bytes for one in recorder.inputs if one.reader_peak_bytes}
    metrics = [
        *(
            _peak(f"peak_memory {names[process]}", f"the process of {names[process]}", peak)
            for process, peak in peaks.items()
        ),
        *(
            _peak(f"peak_memory_reader {path}", f"the process that read {path}", peak)
            for path, peak in readers.items()
        ),
    ]
    if memory_limit is not None:
        # A reader has ended before there are workers, and before this process grows with them.
        total = max([sum(peaks.values()), *recorder.reading_peaks()])
        metrics.append(_peak("peak_memory_total", "all processes, added up", total, memory_limit))
    return metrics


def _peak(name: str, whose: str, value: int, limit: int | None = None) -> Metric:
    what = f"largest resident memory of {whose}"
    return Metric(name, what, value, limit or MEMORY_LIMIT_BYTES, "bytes")


def _reading(recorder: Recorder) -> list[Metric]:
    """Return how much of each file was read; the reading for its SHA-256 is not counted."""
    read: list[tuple[str, InputLoaded | RasterRead]] = [
        *((f"{INPUTS} {one.path}", one) for one in recorder.inputs if one.size_bytes),
        *((f"{one.stage} {one.path}", one) for one in recorder.rasters),
    ]
    return [
        Metric(
            f"bytes_read {name}",
            f"bytes read per byte on disk of {name}",
            None if one.bytes_read is None else one.bytes_read / one.size_bytes,
            READ_LIMIT if one.size_bytes >= SMALL_INPUT_BYTES else None,
            "ratio",
        )
        for name, one in read
    ]


def enforce(metrics: Sequence[Metric]) -> None:
    """Raise when a limit was not kept.

    Raises:
        AcceptanceError: ``limits-broken``.
    """
    broken = [metric for metric in metrics if metric.passed is False]
    if broken:
        figures = "; ".join(
            f"{one.name}: {_in_words(one.value, one.unit)}, limit {_in_words(one.limit, one.unit)}"
            for one in broken
        )
        raise AcceptanceError(
            "limits-broken",
            f"the results are published and complete, but the run exceeded limits: {figures}.",
            "Use fewer --workers or set --memory-limit; --pat report only reports the figures.",
        )


def _in_words(value: float | None, unit: str) -> str:
    if unit == "bytes":
        return byte_size(value or 0)
    return f"{value:,.6g} {unit}"
