"""Finding the report of a run, and the results that its stages published."""

from __future__ import annotations

from pathlib import Path

from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.errors import ConfigError
from closedworld.published.results import find_result
from closedworld.run.record.model import RunRecord
from closedworld.run.record.report import REPORT_NAME, REPORTS_NAME, refuse_damage
from closedworld.store.reading import Published


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
    # A run's name begins with the time at which it began, so the last one is the newest.
    found = sorted(path.parent for path in holder.glob(f"*/{REPORT_NAME}"))
    if not found:
        raise ConfigError(
            "report-missing",
            f"{run} has no report of a run.",
            f"Give the --out folder of a `closedworld run`, or a folder in its {REPORTS_NAME}/.",
        )
    return found[-1]


def find_results(record: RunRecord, report: Path) -> dict[str, Published]:
    """Return what a run's stages published, by stage name, where it still exists.

    It is looked for next to the report first, because an output folder may have been moved. The
    tiles of a run that only weighted them are found as well.

    Raises:
        ConfigError: ``path-unreadable``.
        IntegrityError: ``report-unreadable``, or a receipt is damaged.
    """
    out = report.parent.parent
    with refuse_damage(report):
        wanted = {stage.name: (stage.parameter_hash, stage.folder) for stage in record.stages}
        weights = record.parameters(WeightParameters)
        if weights is not None:
            index = weights.tiles_parameter_hash, str(record.config.get("index", ""))
            wanted.setdefault(TileParameters.stage, index)
        found = {
            name: find_result(out, name, digest) or find_result(place, name, digest)
            for name, (digest, place) in wanted.items()
        }
    return {name: published for name, published in found.items() if published is not None}
