"""Datasets of runs: tile_spans and span_weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.verification.rows import RowChecks, column
from closedworld.verification.runs import RunCollector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid
    from closedworld.verification.files import Parts
    from closedworld.verification.findings import Account
    from closedworld.verification.runs import IdRuns


def read_columns(checks: RowChecks) -> dict[str, NDArray[Any]]:
    """Return every column of numbers of a country whole; for datasets with a row for each run."""
    names = [name for name in checks.parts.schema.names if name != "country_iso"]
    batches = [
        {name: column(batch, name) for name in names}
        for batch in checks.batches(checks.parts.schema.names)
    ]
    return {
        name: np.concatenate([batch[name] for batch in batches])
        if batches
        else np.empty(0, checks.parts.schema.field(name).type.to_pandas_dtype())
        for name in names
    }


def check_spans(parts: Parts, index: IdRuns, grid: Grid, account: Account) -> int:
    """Check a country's runs and their ranks against its tiles; return how many there are."""
    checks = RowChecks(account, parts)
    runs = read_columns(checks)
    if not parts.is_whole:
        return 0
    rows, starts, stops = (
        runs[name].astype(np.int64) for name in ("raster_row", "col_start", "col_stop")
    )
    is_run = (rows < grid.n_rows) & (starts < stops) & (stops <= grid.n_cols)
    note(checks, runs, ~is_run, "span-off-grid", f"no run on the grid of {grid}.")
    expect_ascending(checks, runs, rows, starts)
    lengths = np.maximum(stops - starts, 0)
    ranks = np.cumsum(lengths) - lengths
    note(
        checks,
        runs,
        runs["first_rank"] != ranks.astype(np.uint64),
        "first-rank",
        "first_rank is not the number of tiles before the run.",
    )
    if is_run.all():
        _expect_runs(checks, runs, index, grid)
    return len(rows)


def _expect_runs(
    checks: RowChecks, runs: dict[str, NDArray[Any]], index: IdRuns, grid: Grid
) -> None:
    """Note tiles that are not those of the index, or the same ones in other runs."""
    first = runs["raster_row"].astype(np.int64) * grid.n_cols + runs["col_start"]
    stops = first + (runs["col_stop"].astype(np.int64) - runs["col_start"])
    collector = RunCollector()
    collector.add_runs(first, stops)
    checks.expect_same_tiles(collector.finish(), index, grid.n_cols)
    true = index.by_row(grid.n_cols)
    if not checks.account.has(checks.parts.dataset, checks.parts.country_iso) and not (
        np.array_equal(first, true.starts) and np.array_equal(stops, true.stops)
    ):
        joined = np.append(False, (first[1:] == stops[:-1]) & (first[1:] % grid.n_cols != 0))
        note(checks, runs, joined, "span-split", "begins where the run before stops.")


def expect_ascending(
    checks: RowChecks,
    runs: dict[str, NDArray[Any]],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> None:
    """Note runs that do not come after the one before, by row and first column."""
    step = np.diff(rows)
    after = (step > 0) | ((step == 0) & (np.diff(starts) > 0))
    note(checks, runs, np.append(False, ~after), "order", "does not come after the run before.")


def note(
    checks: RowChecks,
    runs: dict[str, NDArray[Any]],
    is_wrong: NDArray[np.bool_],
    code: str,
    message: str,
) -> None:
    """Note the runs for which something is wrong, bool (runs,)."""
    # A single run has False from np.append, but no step: lengths of 0 and 1 both come here.
    wrong = np.flatnonzero(is_wrong[: len(next(iter(runs.values())))])
    if len(wrong):
        parts = checks.parts
        example = {name: values[wrong[0]].item() for name, values in runs.items()}
        checks.account.find(
            code,
            message,
            dataset=parts.dataset,
            country_iso=parts.country_iso,
            example={"country_iso": parts.country_iso, **example},
            rows=len(wrong),
        )
