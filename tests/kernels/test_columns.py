"""Tables of arrays are taken apart and put together row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns


@dataclass(frozen=True, slots=True, eq=False)
class Pairs(Columns):
    keys: NDArray[np.uint32]
    numbers: NDArray[np.int64]


TABLE = Pairs(np.arange(8, dtype=np.uint32).reshape(4, 2), np.arange(10, 14))


@pytest.mark.parametrize("which", [slice(1, 3), np.array([1, 2])])
def test_rows_are_taken_by_number(which: slice | NDArray[np.int64]) -> None:
    taken = TABLE.take(which)
    assert (len(taken), taken.keys.tolist()) == (2, [[2, 3], [4, 5]])
    assert taken.numbers.tolist() == [11, 12]


def test_tables_are_joined_in_order() -> None:
    joined = Pairs.joined([TABLE, TABLE.take(slice(1))])
    assert joined.keys.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7], [0, 1]]
    assert joined.numbers.tolist() == [10, 11, 12, 13, 10]
    assert joined.keys.dtype == np.uint32
