"""Draws of one id without replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.random_streams import Keys, StreamDraws
from closedworld.kernels.sampling.tile_descent import TileHits


class PopulationExhaustedError(Exception):
    """More tiles are wanted than have a weight.

    Args:
        tiles: How many have one.
    """

    def __init__(self, tiles: int) -> None:
        super().__init__(tiles)
        self.tiles = tiles


class SuccessiveSampler:
    """Draws different tiles by weight, one after another.

    A draw that hits a tile drawn since the last restart is rejected. When more than half of the weight that
    was left then is drawn, the sampler restarts: the drawn tiles are removed. So at most every other draw is
    rejected on average, and only the weights of drawn tiles need be known. Which tile comes next depends on
    the numbers alone, not on how many are drawn at once.

    Args:
        key: Key of the id, uint32 (4,).
        wanted: Tiles wanted.
        total: Sum of the country's weights, > 0.
        spare: Draws asked for beyond those that are likely to do; changes no tile.

    Attributes:
        removed: Tiles that the next draws must not hit.
    """

    def __init__(self, key: Keys, wanted: int, total: int, spare: int = 8) -> None:
        self._spare = spare
        self._key = key
        self._wanted = wanted
        self._ranks = np.empty(0, np.int64)
        self._weights = np.empty(0, np.uint64)
        self._number = self._asked = 0
        self._left, self._drawn = total, np.uint64(0)
        self.removed = TileHits(self._ranks, self._weights)

    @property
    def ranks(self) -> NDArray[np.int64]:
        """Ranks of the tiles in the order they were drawn, int64 (n,)."""
        return self._ranks

    @property
    def missing(self) -> int:
        """How many tiles are still to be drawn."""
        return self._wanted - len(self._ranks)

    def candidates(self) -> StreamDraws:
        """Return the draws to make next, without the tiles that are ``removed``."""
        self._asked = self.missing + self.missing // 2 + self._spare
        numbers = np.arange(self._number, self._number + self._asked)
        return StreamDraws(np.broadcast_to(self._key, (self._asked, 4)), numbers)

    def accept(self, hits: TileHits) -> None:
        """Take the tiles that ``candidates`` asked for.

        Raises:
            PopulationExhaustedError: More tiles are wanted than there are with a weight.
        """
        known = self._ranks[len(self.removed.ranks) :]
        _, first = np.unique(np.concatenate([known, hits.ranks]), return_index=True)
        fresh = np.sort(first[first >= len(known)])[: self.missing] - len(known)
        drawn = self._drawn + np.cumsum(hits.weights[fresh])
        over = np.flatnonzero(drawn > np.uint64(self._left) - drawn)
        if len(over):
            fresh = fresh[: over[0] + 1]
        self._ranks = np.concatenate([self._ranks, hits.ranks[fresh]])
        self._weights = np.concatenate([self._weights, hits.weights[fresh]])
        if not len(over):
            self._number += self._asked
            self._drawn = drawn[-1] if len(drawn) else self._drawn
            return
        self._number += int(fresh[-1]) + 1
        self._left, self._drawn = self._left - int(drawn[over[0]]), np.uint64(0)
        self.removed = TileHits(self._ranks, self._weights)
        if self._left == 0 and self.missing:
            raise PopulationExhaustedError(len(self._ranks))
