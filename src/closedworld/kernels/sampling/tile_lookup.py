"""Looking up tiles by cumulative weight: the weights of a country added up, tile after tile."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class TileHits(NamedTuple):
    """Tiles at some cumulative weights.

    Attributes:
        ranks: Rank of each tile in its country, int64 (n,).
        starts: Weight of all tiles before it, uint64 (n,).
        weights: Its weight, > 0, uint64 (n,).
    """

    ranks: NDArray[np.int64]
    starts: NDArray[np.uint64]
    weights: NDArray[np.uint64]

    def take(self, which: NDArray[np.integer] | slice) -> TileHits:
        """Return some of the tiles."""
        return TileHits(self.ranks[which], self.starts[which], self.weights[which])


class TileLookup(Protocol):
    """Finds tiles by cumulative weight; it need not hold all weights to do so."""

    def __call__(self, targets: NDArray[np.uint64], /) -> TileHits:
        """Return the tile of each target.

        Args:
            targets: Cumulative weights below the sum, any order, uint64 (n,).
        """
