"""How fast this machine was in its last runs, for forecasts; a file in the user's cache folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from closedworld.kernels.typed_json import from_json
from closedworld.run.record.recorder import Recorder
from closedworld.stages.task_runner import WRITING
from closedworld.store.atomic import replace_file
from closedworld.store.reading import Published

LOGGER = logging.getLogger("closedworld.run")

LEAST_ROWS = 1_000_000
"""Smaller runs say more of starting than of working."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a stage did in a run.

    Attributes:
        rows_per_worker_second: Rows of a worker in a second of its work, all kinds of work together.
        bytes_per_row: Size of the published files.
        run_id: The run.
    """

    rows_per_worker_second: float
    bytes_per_row: float
    run_id: str


def rates_path() -> Path:
    """Return where rates are kept."""
    return user_cache_path("closedworld") / "rates.json"


def kind_of(parameters: Mapping[str, Any], cell_width: float) -> str:
    """Return what runs must have in common for the rate of one to say something of another.

    Bytes and pace follow from what weights are made of, from columns, and from how fine the grid is.

    Args:
        parameters: Those of the receipt, or to be.
        cell_width: Of the grid, degrees.
    """
    # Digests and lists say which countries, grid and raster it was, not what a tile takes.
    stated = [
        f"{name}={value}"
        for name, value in sorted(parameters.items())
        if isinstance(value, str | int) and not name.endswith(("_sha256", "_hash"))
    ]
    return " ".join([*stated, f"cell={cell_width:.3g}"])


def read_rates() -> dict[str, Rate]:
    """Return the last rates by ``kind_of``; none when there are none, or none that can be read."""
    try:
        content = json.loads(rates_path().read_text(encoding="utf-8"))
        return {kind: from_json(Rate, one) for kind, one in content.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def measured_rates(
    recorder: Recorder, published: Mapping[str, Published], cell_width: float
) -> dict[str, Rate]:
    """Return the rates of the stages that wrote enough, by ``kind_of``.

    Args:
        recorder: What happened.
        published: What stages published and did not reuse, by stage number.
        cell_width: Of the grid, degrees.
    """
    rates = {}
    for stage, result in published.items():
        # The map takes as long for few rows as for many.
        units = [unit for unit in recorder.units if unit.stage == stage and unit.rows]
        rows = sum(unit.rows for unit in units if unit.work == WRITING)
        seconds = sum(unit.seconds for unit in units)
        if rows >= LEAST_ROWS:
            size = sum(entry.size_bytes for entry in result.receipt.files)
            kind = kind_of(result.receipt.parameters, cell_width)
            rates[kind] = Rate(rows / seconds, size / rows, recorder.run_id)
    return rates


def keep_rates(rates: Mapping[str, Rate]) -> None:
    """Add rates to the cache; a cache that cannot be written is no failure."""
    if not rates:
        return
    path = rates_path()
    content = {kind: asdict(rate) for kind, rate in {**read_rates(), **rates}.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        LOGGER.debug("rates were not kept: %s", error)
