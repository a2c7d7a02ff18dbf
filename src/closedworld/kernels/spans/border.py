"""Border tiles: those that do not lie wholly in their region, and how much of each does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """Which tiles of a range lie only partly in their region.

    Attributes:
        ranks: Their offsets in the range, in order of tile_id, int64 (n,), strictly ascending from 0.
        coverage: The share of each tile's area that lies in the region, float64 (n,), in 0..1.
    """

    ranks: NDArray[np.int64]
    coverage: NDArray[np.float64]

    @classmethod
    def none(cls) -> Border:
        """Return the border of a region that covers all its tiles."""
        return cls(np.empty(0, np.int64), np.empty(0))

    def between(self, first: int, stop: int) -> Border:
        """Return the border of the tiles ``first <= offset < stop`` of the range."""
        here = slice(*np.searchsorted(self.ranks, (first, stop)))
        return Border(self.ranks[here] - first, self.coverage[here])

    def gathered(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Border:
        """Return the border of some stretches of the range, concatenated.

        Args:
            starts: Offset of the first tile of each stretch, int64 (n,), ascending.
            lengths: Its tiles, int64 (n,); stretches do not overlap.
        """
        stretch = np.searchsorted(starts, self.ranks, side="right") - 1
        beyond = self.ranks - starts[stretch]
        held = (stretch >= 0) & (beyond < lengths[stretch])
        before = np.cumsum(lengths) - lengths
        return Border(before[stretch[held]] + beyond[held], self.coverage[held])

    def to_dense(self, tiles: int) -> NDArray[np.float64]:
        """Return the coverage of every tile of the range, float64 (tiles,); 1 off the border."""
        every = np.ones(tiles)
        every[self.ranks] = self.coverage
        return every
