"""Finding the report of a run, and the results that its stages published."""

from __future__ import annotations

from pathlib import Path

from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.errors import ConfigError
from closedworld.published.results import find_published
from closedworld.run.record.model import RunRecord
from closedworld.run.record.report import REPORT_NAME, REPORTS_NAME, refuse_damage
from closedworld.store.paths import stage_folder
from closedworld.store.places import storage_at
from closedworld.store.reading import has_receipt


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


def find_results(record: RunRecord, report: Path) -> dict[str, Path]:
    """Return the folders of what a run's stages published, by stage name, where they still exist.

    They are looked for next to the report first, because an output folder may have been moved. The
    tiles of a run that only weighted them are found as well.

    Raises:
        IntegrityError: ``report-unreadable``, or a receipt is damaged.
    """
    out = report.parent.parent
    with refuse_damage(report):
        found: dict[str, tuple[Path, ...]] = {
            stage.name: (stage_folder(out, stage.name, stage.parameter_hash), Path(stage.folder))
            for stage in record.stages
        }
        weights = record.parameters(WeightParameters)
        if weights is not None and TileParameters.stage not in found:
            digest = weights.tiles_parameter_hash
            result = Path(str(record.config.get("result", "")))
            found[TileParameters.stage] = (
                stage_folder(out, TileParameters.stage, digest),
                *(
                    one.folder
                    for one in (find_published(result) if result.is_dir() else ())
                    if one.receipt.parameter_hash == digest
                ),
            )
        present = {
            name: [folder for folder in folders if has_receipt(storage_at(folder))]
            for name, folders in found.items()
        }
    return {name: folders[0] for name, folders in present.items() if folders}
