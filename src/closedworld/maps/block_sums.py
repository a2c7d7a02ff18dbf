"""Weights of tiles, added up over square blocks of tiles without a row per tile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.spans import RowSpans, joined_runs

Pieces = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]
"""Row and column of the block of each piece of a run, int64 (n,), and its weight, uint64 (n,)."""


def block_sums(
    spans: Sequence[RowSpans], weights: Iterable[NDArray[np.uint64]], block: int
) -> Iterator[Pieces]:
    """Yield the weights of pieces of runs, each within a block of ``block`` x ``block`` tiles.

    Args:
        spans: Sets of tiles of one grid.
        weights: Weight of every tile, uint64 (n,) in batches of any size: set by set, each in
            the order of its tiles. A batch adds up to less than 2^64.
        block: Tiles along a side of a block, >= 1.

    Raises:
        ValueError: When there are more or fewer weights than tiles.
    """
    rows, starts, stops = joined_runs(spans)
    # Tiles before each run, and all of them.
    upto = np.concatenate([[0], np.cumsum(stops - starts)])
    done = 0
    for batch in weights:
        end = done + len(batch)
        if end > upto[-1]:
            raise ValueError(f"more weights than the {upto[-1]:,} tiles")
        if len(batch):
            run = slice(np.searchsorted(upto, done, "right") - 1, np.searchsorted(upto, end))
            # Only the first run may have begun in the batch before, only the last may end in the next one.
            begin = np.maximum(upto[:-1][run], done)
            first = starts[run] + (begin - upto[:-1][run])
            last = stops[run] - np.maximum(upto[1:][run] - end, 0) - 1
            first_block = first // block
            counts = last // block - first_block + 1
            cols = counted(first_block, counts)
            at = np.maximum(cols * block, np.repeat(first, counts))
            at += np.repeat(begin - first, counts)
            yield np.repeat(rows[run] // block, counts), cols, np.add.reduceat(batch, at - done)
        done = end
    if done < upto[-1]:
        raise ValueError(f"{done:,} weights for {upto[-1]:,} tiles")
