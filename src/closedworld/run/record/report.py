"""The run report: what a run did, how long it took and what it needed. Nothing here is sealed."""

from __future__ import annotations

import json
import os
import platform
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__
from closedworld.errors import ClosedWorldError
from closedworld.run.record.performance import performance, unit_lines, worker_lines
from closedworld.stages.stage import TILES, WEIGHTS
from closedworld.store.durable import not_writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.config import RunConfig, WeightsConfig
    from closedworld.run.observers import Recorder
    from closedworld.run.outcome import RunOutcome
    from closedworld.run.record.clock import RunClock
    from closedworld.run.record.metrics import Line
    from closedworld.stages.stage import Stage
    from closedworld.stages.tiles.build import TileIndex
    from closedworld.stages.weights.build import TileWeights
    from closedworld.store.reading import Published

REPORTS_NAME = "reports"
REPORT_NAME = "run_report.json"
SUMMARIES_NAME = "country_summaries.jsonl"
WEIGHT_SUMMARIES_NAME = "weight_summaries.jsonl"
UNITS_NAME = "units.jsonl"
LOG_NAME = "run.log"


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
    config: RunConfig | WeightsConfig,
    recorder: Recorder,
    clock: RunClock,
    outcome: RunOutcome,
    acceptance: Sequence[Line],
    error: BaseException | None,
) -> dict[str, Any]:
    """Write ``run_report.json``, the units and the summaries of the countries, as far as the run came.

    Args:
        config: What was asked for.
        recorder: What happened.
        clock: When it began.
        outcome: What came of it.
        acceptance: Figures and limits.
        error: What ended the run early, if anything.

    Returns:
        The content of the report.

    Raises:
        PublishError: ``output-not-writable``.
    """
    index, weights, folder = outcome.index, outcome.weights, outcome.report_folder
    stages = []
    if index is not None:
        stages.append(_stage(TILES, index.published, reused=index.reused))
    if weights is not None:
        stages.append(_stage(WEIGHTS, weights.published, reused=weights.reused))
    report = {
        "run_id": clock.run_id,
        "status": _status(error),
        "error": error and _failure(error),
        "started_at": clock.started_at.isoformat(timespec="seconds"),
        "config": {k: _plain(v) for k, v in asdict(config).items()},
        "inputs": [asdict(loaded) for loaded in recorder.inputs],
        "rasters_read": [asdict(read) for read in recorder.rasters],
        "warnings": [asdict(warned) for warned in recorder.warnings],
        "stages": stages,
        "performance": performance(recorder, clock),
        "workers": worker_lines(recorder),
        "acceptance": [line.to_dict() for line in acceptance],
        "machine": {
            "closedworld": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
        },
    }
    try:
        (folder / REPORT_NAME).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        _write_lines(folder / UNITS_NAME, unit_lines(recorder, clock))
        if index is not None:
            _write_lines(folder / SUMMARIES_NAME, _tile_lines(index, recorder))
        if weights is not None:
            _write_lines(folder / WEIGHT_SUMMARIES_NAME, _weight_lines(weights))
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
    elif isinstance(error, KeyboardInterrupt):
        what = {"code": "interrupted", "message": "the run was interrupted.", "hint": ""}
    else:
        what = {"code": "unexpected", "message": f"{type(error).__name__}: {error}", "hint": ""}
    return {**what, "notes": list(getattr(error, "__notes__", []))}


def _stage(stage: Stage, published: Published, *, reused: bool) -> dict[str, Any]:
    """Return what a stage made."""
    receipt = published.receipt
    # The accounts of the countries have a file of their own.
    totals = {name: total for name, total in receipt.totals.items() if name != "summaries"}
    return {
        "number": stage.number,
        "name": receipt.stage,
        "parameter_hash": receipt.parameter_hash,
        "folder": str(published.folder),
        "reused": reused,
        "parameters": dict(receipt.parameters),
        "totals": totals,
        "datasets": receipt.datasets(),
    }


def _tile_lines(index: TileIndex, recorder: Recorder) -> list[dict[str, Any]]:
    """Return the account of each country's tiles."""
    seconds: dict[str, float] = defaultdict(float)
    for unit in recorder.units:
        if unit.stage == TILES.number:
            seconds[unit.country_iso] += unit.seconds
    lines = []
    for summary in index.summaries:
        spent = seconds[summary.country_iso]
        rate = summary.cells_included / spent if spent else None
        lines.append({**summary.to_dict(), "seconds": spent, "rows_per_second": rate})
    return lines


def _weight_lines(weights: TileWeights) -> list[dict[str, Any]]:
    """Return the account of each country's weights."""
    return [
        {**summary.to_dict(), "zero_share": summary.zero_share} for summary in weights.summaries
    ]


def _write_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write one JSON object per line."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return a configuration value as JSON holds it."""
    return str(value) if isinstance(value, Path) else value
