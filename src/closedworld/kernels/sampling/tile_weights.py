"""The weights of a country's tiles, wherever they are kept."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TileWeights(Protocol):
    """The weights of a country's tiles; it need not hold all of them."""

    def __call__(
        self, first_ranks: NDArray[np.int64], stop_ranks: NDArray[np.int64], /
    ) -> NDArray[np.uint64]:
        """Return the weights of some runs of tiles, one after another.

        Args:
            first_ranks: Rank of the first tile of each, int64 (n,), ascending.
            stop_ranks: Rank after its last tile, int64 (n,); runs do not overlap.
        """


def in_memory(weights: NDArray[np.uint64]) -> TileWeights:
    """Return the weights of tiles from an array that has all of them, uint64 (tiles,)."""

    def of_runs(
        first_ranks: NDArray[np.int64], stop_ranks: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        lengths = stop_ranks - first_ranks
        at = np.repeat(first_ranks - np.cumsum(lengths) + lengths, lengths)
        return weights[at + np.arange(len(at))]

    return of_runs
