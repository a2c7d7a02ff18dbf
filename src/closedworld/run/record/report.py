"""The run report: what a run did, how long it took and what it needed. Nothing here is sealed."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__
from closedworld.errors import ClosedWorldError
from closedworld.run.record.performance import performance, unit_lines, worker_lines
from closedworld.store.durable import not_writable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedworld.config import RunConfig, WeightsConfig
    from closedworld.run.record.clock import RunClock
    from closedworld.run.record.metrics import Metric
    from closedworld.run.record.recorder import Recorder
    from closedworld.store.reading import Published

REPORTS_NAME = "reports"
REPORT_NAME = "run_report.json"
SUMMARIES_NAME = "country_summaries.jsonl"
WEIGHT_SUMMARIES_NAME = "weight_summaries.jsonl"
UNITS_NAME = "units.jsonl"
LOG_NAME = "run.log"


@dataclass(frozen=True, slots=True, eq=False)
class StageResult:
    """What a stage of a run made.

    Attributes:
        number: Stage number, such as ``S1``.
        published: The result.
        reused: Whether it was published before.
        summaries_name: Name of the file of summaries in the folder of the report.
        summary_lines: Its lines, one for each country.
    """

    number: str
    published: Published
    reused: bool
    summaries_name: str
    summary_lines: Sequence[Mapping[str, Any]]


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
    config: RunConfig | WeightsConfig,
    clock: RunClock,
    recorder: Recorder,
    stages: Sequence[StageResult],
    metrics: Sequence[Metric],
    error: BaseException | None,
) -> dict[str, Any]:
    """Write ``run_report.json``, the units and the summaries of the stages that the run finished.

    Args:
        folder: Folder of the report.
        config: The options of the run.
        clock: When it began.
        recorder: What happened.
        stages: Results of the stages, in order.
        metrics: Figures and limits.
        error: What ended the run early, if anything.

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
        "rasters_read": [asdict(read) for read in recorder.rasters],
        "warnings": [asdict(warned) for warned in recorder.warnings],
        "stages": [_stage(one) for one in stages],
        "performance": performance(recorder, clock),
        "workers": worker_lines(recorder),
        "acceptance": [metric.to_dict() for metric in metrics],
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
        for stage in stages:
            _write_lines(folder / stage.summaries_name, stage.summary_lines)
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


def _stage(result: StageResult) -> dict[str, Any]:
    """Return what a stage made."""
    receipt = result.published.receipt
    # The accounts of the countries have a file of their own.
    totals = {name: total for name, total in receipt.totals.items() if name != "summaries"}
    return {
        "number": result.number,
        "name": receipt.stage,
        "parameter_hash": receipt.parameter_hash,
        "folder": str(result.published.folder),
        "reused": result.reused,
        "parameters": dict(receipt.parameters),
        "totals": totals,
        "datasets": receipt.datasets(),
    }


def _write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object per line."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    """Return a configuration value as JSON holds it."""
    return str(value) if isinstance(value, Path) else value
