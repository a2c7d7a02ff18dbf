"""Finding the report of a run, and the results that its stages published."""

from __future__ import annotations

from pathlib import Path

from closedworld.errors import ConfigError
from closedworld.published.results import find_published
from closedworld.run.record.model import RunRecord
from closedworld.run.record.report import REPORT_NAME, REPORTS_NAME, refuse_damage
from closedworld.stages import STAGES
from closedworld.store.paths import stage_folder
from closedworld.store.reading import Published, result_in


def find_report(run: Path) -> Path:
    """Return the folder of a run's report.

    Args:
        run: That folder itself or, for the newest report, the output folder of runs.

    Raises:
        ConfigError: ``path-missing``, ``report-missing``.
    """
    if not run.exists():
        raise ConfigError("path-missing", f"{run} does not exist.", "Check the path.")
    if (run / REPORT_NAME).is_file():
        return run
    holder = run if run.name == REPORTS_NAME else run / REPORTS_NAME
    found = [path.parent for path in holder.glob(f"*/{REPORT_NAME}")]
    if not found:
        raise ConfigError(
            "report-missing",
            f"{run} has no report of a run.",
            f"Give the --out folder of a `closedworld run`, or a folder in its {REPORTS_NAME}/.",
        )
    return max(found, key=_age)


def _age(report: Path) -> tuple[str, int]:
    """Return the time at which a run began, to the second as its name has it, and when its report was written."""
    return report.name.partition("-")[0], (report / REPORT_NAME).stat().st_mtime_ns


def find_results(record: RunRecord, report: Path) -> dict[str, Published]:
    """Return what a run's stages published and what that was made from, by stage, as far as it is still there.

    It is looked for next to the report first, because an output folder may have been moved.

    Raises:
        IntegrityError: ``report-unreadable``, or a receipt is damaged.
    """
    out, found, hashes = report.parent.parent, dict[str, Published](), dict[str, str]()
    with refuse_damage(report):
        # What a stage was made from is named by its parameters, so the last one comes first.
        for stage in reversed(STAGES):
            own = record.stage(stage.name)
            digest = hashes.get(stage.name) if own is None else own.parameter_hash
            if digest is None:
                continue
            folders = [stage_folder(out, stage.name, digest)]
            folders += _built_on(record, digest) if own is None else [Path(own.folder)]
            results = (result_in(folder) for folder in folders)
            result = next((one for one in results if one is not None), None)
            if result is not None:
                found[stage.name] = result
            parameters = own.parameters if own else result.receipt.parameters if result else {}
            for name in stage.needs:
                if f"{name}_parameter_hash" in parameters:
                    hashes.setdefault(name, str(parameters[f"{name}_parameter_hash"]))
    return {stage.name: found[stage.name] for stage in STAGES if stage.name in found}


def _built_on(record: RunRecord, digest: str) -> list[Path]:
    """Return the folder of a result that a run was told to build on."""
    path = Path(str(record.config.get("result", "")))
    published = find_published(path) if path.is_dir() else []
    return [one.folder for one in published if one.receipt.parameter_hash == digest]
