"""The files of a run's report: written when the run ends, read by whoever shows it. Nothing here is sealed."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from closedworld._version import __version__
from closedworld.config.run import RunConfig
from closedworld.errors import ClosedWorldError, IntegrityError
from closedworld.kernels.typed_json import from_json
from closedworld.run.record.model import DatasetTotals, Metric, RunError, RunRecord, StageRecord
from closedworld.run.record.performance import performance_of, task_records, worker_records
from closedworld.run.record.recorder import Recorder
from closedworld.sanitize import one_line
from closedworld.stages import Stage
from closedworld.stages.protocol import StageOutcome
from closedworld.store.atomic import replace_file
from closedworld.store.durable import writing_to

REPORTS_NAME = "reports"
REPORT_NAME = "run_report.json"
UNITS_NAME = "units.jsonl"
LOG_NAME = "run.log"

T = TypeVar("T")


def make_report_folder(out: Path, run_id: str) -> Path:
    """Return the new folder of a run's report.

    Raises:
        PublishError: ``output-not-writable``.
    """
    folder = out / REPORTS_NAME / run_id
    with writing_to(folder):
        folder.mkdir(parents=True)
    return folder


def write_report(
    folder: Path,
    config: RunConfig,
    recorder: Recorder,
    stages: Sequence[tuple[Stage, StageOutcome]],
    metrics: Sequence[Metric],
    error: BaseException | None,
) -> RunRecord:
    """Write ``run_report.json``, the units and the summaries of the stages that the run finished.

    Args:
        folder: Folder of the report.
        config: The options of the run.
        recorder: What happened.
        stages: Stages that the run finished, in order, and what they made.
        metrics: Figures and limits.
        error: What ended the run early, if anything.

    Raises:
        PublishError: ``output-not-writable``.
    """
    record = RunRecord(
        run_id=recorder.run_id,
        status=_status(error),
        error=None if error is None else _run_error(error),
        started_at=recorder.started_at.isoformat(timespec="seconds"),
        config=config.to_dict(),
        inputs=tuple(recorder.inputs),
        rasters_read=tuple(recorder.rasters),
        warnings=tuple(recorder.warnings),
        stages=tuple(_stage_record(stage, made) for stage, made in stages),
        performance=performance_of(recorder),
        workers=worker_records(recorder),
        acceptance=tuple(metrics),
        machine={
            "closedworld": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
        },
    )
    with writing_to(folder):
        text = json.dumps(record.to_dict(), indent=1) + "\n"
        replace_file(folder / REPORT_NAME, text)
        _write_lines(folder / UNITS_NAME, map(asdict, task_records(recorder)))
        for stage, made in stages:
            lines = made.summary_lines(recorder.seconds_by_partition(stage.number))
            _write_lines(folder / stage.summaries_name, lines)
            for name, content in made.report_files().items():
                replace_file(folder / name, content)
    return record


def read_record(folder: Path) -> RunRecord:
    """Return what the ``run_report.json`` in a folder says.

    Raises:
        IntegrityError: ``report-unreadable``.
    """
    with refuse_damage(folder):
        return from_json(RunRecord, json.loads((folder / REPORT_NAME).read_text(encoding="utf-8")))


def read_lines(path: Path, kind: type[T]) -> list[T]:
    """Return the lines of a file in the folder of a report; none when the run did not write it.

    Raises:
        IntegrityError: ``report-unreadable``.
    """
    if not path.is_file():
        return []
    with refuse_damage(path.parent), path.open(encoding="utf-8") as lines:
        return [from_json(kind, json.loads(line)) for line in lines if line.strip()]


@contextmanager
def refuse_damage(folder: Path) -> Iterator[None]:
    """Raise one kind of error for whatever a malformed report leads to in the block.

    Raises:
        IntegrityError: ``report-unreadable``.
    """
    try:
        yield
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        raise IntegrityError(
            "report-unreadable",
            f"{folder} is not the report of a run: {one_line(str(error), 200)}.",
            "Give a report as `closedworld run` wrote it.",
        ) from error


def _status(error: BaseException | None) -> str:
    if error is None:
        return "finished"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"


def _run_error(error: BaseException) -> RunError:
    notes = tuple(getattr(error, "__notes__", ()))
    if isinstance(error, ClosedWorldError):
        return RunError(code=error.code, message=error.message, hint=error.hint, notes=notes)
    if isinstance(error, KeyboardInterrupt):
        return RunError(code="interrupted", message="the run was interrupted.", notes=notes)
    return RunError(code="unexpected", message=f"{type(error).__name__}: {error}", notes=notes)


def _stage_record(stage: Stage, made: StageOutcome) -> StageRecord:
    receipt = made.published.receipt
    return StageRecord(
        number=stage.number,
        name=receipt.stage,
        parameter_hash=receipt.parameter_hash,
        folder=str(made.published.folder),
        reused=made.reused,
        parameters=dict(receipt.parameters),
        # Summaries of countries have a file of their own.
        totals={name: total for name, total in receipt.totals.items() if name != "summaries"},
        datasets={name: DatasetTotals(**total) for name, total in receipt.datasets().items()},
    )


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    replace_file(path, text)
