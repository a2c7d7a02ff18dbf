"""Finding the report of a run, and the results that it tells of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from closedworld.errors import ConfigError
from closedworld.run.record.report import REPORT_NAME, REPORTS_NAME
from closedworld.stages.stage import TILES, WEIGHTS
from closedworld.store.paths import RECEIPT_NAME, stage_folder
from closedworld.store.reading import find_published, open_folder

if TYPE_CHECKING:
    from closedworld.html_report.account import Account
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
            f"{run} holds no report of a run.",
            f"Give the --out folder of a `closedworld run`, or a folder in its {REPORTS_NAME}/.",
        )
    return found[-1]


def published_tiles(account: Account, report: Path) -> Published | None:
    """Return the tile index that a run built or weighed, or None when it is no longer there.

    Raises:
        IntegrityError: Its receipt is damaged.
    """
    weights = account.stage(WEIGHTS.name)
    if account.stage(TILES.name) is None and weights is not None:
        digest = str(weights.parameters.get("tiles_parameter_hash", ""))
        beside = stage_folder(report.parent.parent, TILES.name, digest)
        if (beside / RECEIPT_NAME).is_file():
            return open_folder(beside)
        index = Path(str(account.config.get("index", "")))
        found = find_published(index) if index.is_dir() else []
        return next((one for one in found if one.receipt.parameter_hash == digest), None)
    return _published(account, report, TILES.name)


def published_weights(account: Account, report: Path) -> Published | None:
    """Return the weights that a run made, or None when they are no longer there.

    Raises:
        IntegrityError: Their receipt is damaged.
    """
    return _published(account, report, WEIGHTS.name)


def _published(account: Account, report: Path, name: str) -> Published | None:
    """Return what a stage published: beside the report, or where it was written to."""
    stage = account.stage(name)
    if stage is None:
        return None
    beside = stage_folder(report.parent.parent, name, stage.parameter_hash)
    for folder in (beside, Path(stage.folder)):
        if (folder / RECEIPT_NAME).is_file():
            return open_folder(folder)
    return None
