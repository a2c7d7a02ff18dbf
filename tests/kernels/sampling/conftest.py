"""Tiles with weights held in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling import TileDescent, in_memory
from closedworld.kernels.spans import RowSpans

if TYPE_CHECKING:
    from collections.abc import Sequence

DescentOf = Callable[["Sequence[int]"], TileDescent]

GRID = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)


@pytest.fixture
def descent_of() -> DescentOf:
    """Return what draws tiles with these weights: rows of three, with a gap after the first of a row."""

    def descent(weights: Sequence[int]) -> TileDescent:
        rank = np.arange(len(weights))
        rows, cols = 61 + rank // 3, 125 + rank % 3 + (rank % 3 > 0)
        spans = RowSpans.from_runs(GRID, rows, cols, cols + 1)
        every = np.array(weights, np.uint64)
        before = (np.cumsum(every) - every)[spans.first_ranks]
        return TileDescent(spans, before, sum(weights), in_memory(every))

    return descent
