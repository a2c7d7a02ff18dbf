"""The weights of a country's tiles, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted

_LARGEST_32 = 2**32 - 1


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


def in_memory(weights: NDArray[np.unsignedinteger]) -> TileWeights:
    """Return the weights of tiles from an array that has all of them, uint64 or uint32 (tiles,)."""

    def of_runs(
        first_ranks: NDArray[np.int64], stop_ranks: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        at = counted(first_ranks, stop_ranks - first_ranks)
        chosen: NDArray[np.uint64] = weights[at].astype(np.uint64)
        return chosen

    return of_runs


def packed(tiles: int, weights: Iterable[NDArray[np.uint64]]) -> NDArray[np.unsignedinteger]:
    """Return all weights of a country in half the memory, uint32 (tiles,), or uint64 if one does not fit.

    Args:
        tiles: How many there are.
        weights: In order of rank, in any number of arrays, uint64 (n,) each.
    """
    result: NDArray[np.unsignedinteger] = np.empty(tiles, np.uint32)
    done = 0
    for chunk in weights:
        if len(chunk) and chunk.max() > _LARGEST_32:
            result = result.astype(np.uint64)
        result[done : done + len(chunk)] = chunk
        done += len(chunk)
    return result
