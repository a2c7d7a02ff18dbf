"""Scratch files give back each day's rows as they were, those of one file after those of another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from closedworld.stages.purchases.scratch import (
    BOUGHT,
    SCRATCH_TABLES,
    Rows,
    ScratchTable,
    read_day,
    scratch_path,
    write_scratch,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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


def made_up_block(
    counts: Sequence[int], chance: np.random.Generator
) -> list[tuple[Rows, NDArray[np.int64]]]:
    """Return rows of each table, and their days, the last of which has none."""
    return [
        (made_up(kind, rows, chance), chance.integers(0, DAYS - 1, rows))
        for kind, rows in zip(SCRATCH_TABLES, counts, strict=True)
    ]


def path_of(folder: Path, number: int) -> Path:
    return Path(scratch_path(folder, number))


@pytest.mark.parametrize(
    "counts", [[(300, 4, 7), (9, 0, 300), (0, 0, 0)], [(1, 1, 1)], []], ids=len
)
def test_each_day_has_its_rows_of_all_files_in_order(
    tmp_path: Path, counts: list[tuple[int, int, int]]
) -> None:
    chance = np.random.default_rng(3)
    blocks = [made_up_block(one, chance) for one in counts]
    for number, tables in enumerate(blocks):
        found = write_scratch(path_of(tmp_path, number), tables, DAYS)
        for own, (_, day) in zip(found, tables, strict=True):
            assert own.tolist() == [np.count_nonzero(day == one) for one in range(DAYS)]
    for one in range(DAYS):
        for number, rows in enumerate(read_day(tmp_path, len(blocks), one)):
            kind, tables = SCRATCH_TABLES[number], [block[number] for block in blocks]
            assert list(rows) == list(kind.columns)
            for name, values in rows.items():
                expected = [own[name][day == one] for own, day in tables]
                assert values.dtype == kind.columns[name]
                np.testing.assert_array_equal(
                    values, np.concatenate([np.empty(0, np.int8), *expected])
                )


def test_zeros_in_the_upper_bytes_take_almost_no_space(tmp_path: Path) -> None:
    chance, rows = np.random.default_rng(3), 20_000
    tables = made_up_block((0, 0, 0), chance)
    small = {name: chance.integers(0, 256, rows) for name in BOUGHT.columns}
    tables[0] = small, np.zeros(rows, np.int64)
    write_scratch(tmp_path / "small", tables, 1)
    assert (tmp_path / "small").stat().st_size < 1.05 * rows * len(BOUGHT.columns)


@pytest.mark.parametrize("left", [0, 10, 500])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, left: int) -> None:
    tables = made_up_block((100, 100, 100), np.random.default_rng(3))
    path = path_of(tmp_path, 0)
    write_scratch(path, tables, DAYS)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises((OSError, ValueError)):
        read_day(tmp_path, 1, 0)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of open files here")
def test_no_file_stays_open(tmp_path: Path) -> None:
    tables = made_up_block((3, 3, 3), np.random.default_rng(3))
    write_scratch(path_of(tmp_path, 0), tables, DAYS)
    before = len([*Path("/proc/self/fd").iterdir()])
    read_day(tmp_path, 1, 0)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
