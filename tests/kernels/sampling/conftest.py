"""A line of weights held in memory: the slow obvious one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.kernels.sampling import TileHits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from closedworld.kernels.sampling import TileLookup

LookupOf = Callable[["Sequence[int]"], "TileLookup"]


@pytest.fixture
def lookup_of() -> LookupOf:
    """Return who finds tiles on the line of some weights."""

    def line(weights: Sequence[int]) -> TileLookup:
        sizes = np.array(weights, np.uint64)
        upto = np.cumsum(sizes)

        def lookup(targets: NDArray[np.uint64]) -> TileHits:
            rank = np.searchsorted(upto, targets, side="right")
            return TileHits(rank.astype(np.int64), upto[rank] - sizes[rank], sizes[rank])

        return lookup

    return line
