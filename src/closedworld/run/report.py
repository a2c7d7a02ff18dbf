"""The run report: what a run did, how long it took and what it needed. Nothing here is sealed."""

from __future__ import annotations

import json
import os
import platform
import resource
import secrets
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__
from closedworld.datasets.staging import not_writable
from closedworld.errors import ClosedWorldError
from closedworld.run.stages import TILES

if TYPE_CHECKING:
    from closedworld.config import RunConfig
    from closedworld.run.observers import Recorder
    from closedworld.run.tile_index import TileIndex

REPORTS_NAME = "reports"
REPORT_NAME = "run_report.json"
SUMMARIES_NAME = "country_summaries.jsonl"
LOG_NAME = "run.log"


@dataclass(frozen=True, slots=True)
class RunClock:
    """When a run began.

    Attributes:
        run_id: Its name, from the time in UTC and four random hex digits.
        started_at: Time in UTC.
        wall: ``time.perf_counter()`` at the start, seconds.
        cpu: Processor seconds of this process and its children at the start.
    """

    run_id: str
    started_at: datetime
    wall: float
    cpu: float

    @classmethod
    def start(cls) -> RunClock:
        """Return a clock that starts now."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        return cls(run_id, now, time.perf_counter(), _cpu_seconds())


def make_report_folder(out: Path, run_id: str) -> Path:
    """Return the new folder of a run's report.

    Raises:
        PublishError: ``output-not-writable``.
    """
    folder = out / REPORTS_NAME / run_id
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder


def write_report(
    folder: Path,
    config: RunConfig,
    recorder: Recorder,
    clock: RunClock,
    *,
    index: TileIndex | None,
    error: BaseException | None,
) -> dict[str, Any]:
    """Write ``run_report.json`` and, when S1 finished, ``country_summaries.jsonl``.

    Returns:
        The content of the report.

    Raises:
        PublishError: ``output-not-writable``.
    """
    report = {
        "run_id": clock.run_id,
        "status": _status(error),
        "error": error and _failure(error),
        "started_at": clock.started_at.isoformat(timespec="seconds"),
        "config": {k: _plain(v) for k, v in asdict(config).items()},
        "inputs": [asdict(loaded) for loaded in recorder.inputs],
        "warnings": [asdict(warned) for warned in recorder.warnings],
        "stages": [] if index is None else [_tiles_stage(index)],
        "performance": _performance(recorder, clock),
        "machine": {
            "closedworld": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
        },
    }
    try:
        (folder / REPORT_NAME).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        if index is not None:
            lines = _summary_lines(index, recorder)
            (folder / SUMMARIES_NAME).write_text("".join(lines), encoding="utf-8")
    except OSError as problem:
        raise not_writable(folder, problem) from problem
    return report


def _status(error: BaseException | None) -> str:
    """Return how the run ended."""
    if error is None:
        return "finished"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"


def _failure(error: BaseException) -> dict[str, Any]:
    """Return what ended the run."""
    if isinstance(error, ClosedWorldError):
        what = {"code": error.code, "message": error.message, "hint": error.hint}
    else:
        what = {"code": "unexpected", "message": f"{type(error).__name__}: {error}", "hint": ""}
    return {**what, "notes": list(getattr(error, "__notes__", []))}


def _tiles_stage(index: TileIndex) -> dict[str, Any]:
    """Return what S1 made."""
    receipt = index.published.receipt
    return {
        "number": TILES.number,
        "name": receipt.stage,
        "parameter_hash": receipt.parameter_hash,
        "folder": str(index.published.folder),
        "reused": index.reused,
        "parameters": dict(receipt.parameters),
        "totals": dict(receipt.totals),
        "datasets": receipt.datasets(),
    }


def _performance(recorder: Recorder, clock: RunClock) -> dict[str, Any]:
    """Return times, rates and memory of the run so far."""
    wall = time.perf_counter() - clock.wall
    phases: dict[str, float] = defaultdict(float)
    phases["load"] = sum(loaded.seconds for loaded in recorder.inputs)
    for finished in recorder.phases:
        phases[finished.phase] += finished.seconds
    workers: dict[str, dict[str, float]] = defaultdict(
        lambda: {"units": 0, "tiles": 0, "seconds": 0.0}
    )
    for unit in recorder.units:
        for phase, seconds in unit.phases.items():
            phases[phase] += seconds
        own = workers[unit.worker]
        own["units"] += 1
        own["tiles"] += unit.tiles
        own["seconds"] += unit.seconds
    tiles = sum(unit.tiles for unit in recorder.units)
    return {
        "wall_seconds": wall,
        "cpu_seconds": _cpu_seconds() - clock.cpu,
        "peak_memory_bytes": peak_memory_bytes(),
        "tiles_written": tiles,
        "tiles_per_second": tiles / wall,
        "phase_seconds": dict(phases),
        "workers": dict(workers),
    }


def _summary_lines(index: TileIndex, recorder: Recorder) -> list[str]:
    """Return one JSON line per country."""
    seconds: dict[str, float] = defaultdict(float)
    for unit in recorder.units:
        seconds[unit.country_iso] += unit.seconds
    lines = []
    for summary in index.summaries:
        spent = seconds[summary.country_iso]
        rate = summary.cells_included / spent if spent else None
        line = {**summary.to_dict(), "seconds": spent, "rows_per_second": rate}
        lines.append(json.dumps(line) + "\n")
    return lines


def peak_memory_bytes() -> int:
    """Return the largest resident set of this process so far, bytes."""
    if sys.platform == "linux":
        # getrusage would count what the parent held when it started this process.
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kibibytes, macOS bytes.
    return peak if sys.platform == "darwin" else peak * 1024


def _cpu_seconds() -> float:
    """Return processor time of this process and its finished children, seconds."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _plain(value: Any) -> Any:
    """Return a configuration value as JSON holds it."""
    return str(value) if isinstance(value, Path) else value
