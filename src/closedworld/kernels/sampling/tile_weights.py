"""The weights of a country's tiles, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
        """Copy the weights of the runs out of the array, one run after another."""
        at = counted(first_ranks, stop_ranks - first_ranks)
        chosen: NDArray[np.uint64] = weights[at].astype(np.uint64)
        return chosen

    return of_runs


class HeldWeights:
    """The weights of all tiles of a country in memory: 32 bits each, and the few that need more whole.

    Args:
        tiles: How many tiles.
        total: Sum of their weights.
    """

    def __init__(self, tiles: int, total: int) -> None:
        # No more weights than this can be 2^32 or more; with many, 64 bits each take less.
        few = total >> 32 <= tiles // 8
        self._lower: NDArray[np.unsignedinteger] = np.empty(tiles, np.uint32 if few else np.uint64)
        self._large_ranks, self._large = np.array([], np.int64), np.array([], np.uint64)

    def fill(self, weights: Iterable[NDArray[np.uint64]]) -> Iterator[NDArray[np.uint64]]:
        """Yield weights as they are taken in, in order of rank, in any number of arrays, uint64 (n,) each."""
        done = 0
        for chunk in weights:
            self._lower[done : done + len(chunk)] = chunk
            if self._lower.dtype == np.uint32 and chunk.max(initial=0) > _LARGEST_32:
                large = np.flatnonzero(chunk > _LARGEST_32)
                self._large_ranks = np.append(self._large_ranks, done + large)
                self._large = np.append(self._large, chunk[large])
            done += len(chunk)
            yield chunk

    @property
    def size_bytes(self) -> int:
        """Memory that they take."""
        return self._lower.nbytes + self._large_ranks.nbytes + self._large.nbytes

    def __call__(
        self, first_ranks: NDArray[np.int64], stop_ranks: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """Return the weights of some runs of tiles; see ``TileWeights``."""
        at = counted(first_ranks, stop_ranks - first_ranks)
        chosen: NDArray[np.uint64] = self._lower[at].astype(np.uint64)
        begin = np.searchsorted(at, self._large_ranks)
        asked = begin < np.searchsorted(at, self._large_ranks, "right")
        chosen[begin[asked]] = self._large[asked]
        return chosen
