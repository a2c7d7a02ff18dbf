"""Scratch files give back each day's rows as they were, those of one file after those of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closedworld.stages.purchases.scratch import (
    BOUGHT,
    SCRATCH_TABLES,
    STAYED,
    Rows,
    ScratchTable,
    read_day,
    write_scratch,
)

DAYS = 5


def made_up(kind: ScratchTable, rows: int, chance: np.random.Generator) -> Rows:
    """Return any values that the columns hold, the least and the greatest among them."""

    def column(one: type[Any]) -> Any:
        if one is np.float64:
            return np.append(chance.normal(0, 90, max(rows - 1, 0)), [np.nan] * min(rows, 1))
        bounds = np.iinfo(one)
        values = chance.integers(bounds.min, bounds.max, rows, np.int64)
        values[:2] = [bounds.min, bounds.max][:rows]
        return values

    return {name: column(one) for name, one in kind.columns.items()}


@pytest.mark.parametrize("kind", SCRATCH_TABLES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("counts", [(7, 300, 0), (1,), (0,)], ids=str)
def test_each_day_has_its_rows_of_all_files_in_order(
    tmp_path: Path, kind: ScratchTable, counts: tuple[int, ...]
) -> None:
    chance = np.random.default_rng(3)
    files = [(made_up(kind, rows, chance), chance.integers(0, DAYS - 1, rows)) for rows in counts]
    for number, (rows, day) in enumerate(files):
        found = write_scratch(Path(kind.path(tmp_path, number)), rows, day, kind, DAYS)
        assert found.tolist() == [np.count_nonzero(day == one) for one in range(DAYS)]
    for one in range(DAYS):  # nothing is on the last
        for name, values in read_day(tmp_path, len(files), kind, one).items():
            expected = np.concatenate([rows[name][day == one] for rows, day in files])
            assert values.dtype == kind.columns[name]
            np.testing.assert_array_equal(values, expected)


def test_zeros_in_the_upper_bytes_take_almost_no_space(tmp_path: Path) -> None:
    chance, rows = np.random.default_rng(3), 20_000
    small = {name: chance.integers(0, 256, rows) for name in BOUGHT.columns}
    write_scratch(tmp_path / "small", small, np.zeros(rows, np.int64), BOUGHT, 1)
    assert (tmp_path / "small").stat().st_size < 1.05 * rows * len(BOUGHT.columns)


@pytest.mark.parametrize("left", [0, 10, 500])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, left: int) -> None:
    rows = made_up(STAYED, 100, np.random.default_rng(3))
    path = Path(STAYED.path(tmp_path, 0))
    write_scratch(path, rows, np.zeros(100, np.int64), STAYED, 1)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises((OSError, ValueError)):
        read_day(tmp_path, 1, STAYED, 0)
