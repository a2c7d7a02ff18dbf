"""Weights of tiles, added up over square blocks of tiles without a row per tile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.spans import RowSpans, joined_runs

Pieces = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]
"""Row and column of the block of each piece of a run, int64 (n,), and its weight, uint64 (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """The runs of several sets, one after another.

    Attributes:
        rows: Raster row, int64 (n,).
        starts: First column, int64 (n,).
        stops: Column after the last, int64 (n,).
        upto: Tiles before each run, int64 (n + 1,); the last entry counts all.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    upto: NDArray[np.int64]


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
    runs = _Runs(rows, starts, stops, np.concatenate([[0], np.cumsum(stops - starts)]))
    done = 0
    for batch in weights:
        if done + len(batch) > runs.upto[-1]:
            raise ValueError(f"more weights than the {runs.upto[-1]:,} tiles")
        if len(batch):
            yield _add_up(runs, batch, done, block)
        done += len(batch)
    if done < runs.upto[-1]:
        raise ValueError(f"{done:,} weights for {runs.upto[-1]:,} tiles")


def _add_up(runs: _Runs, weights: NDArray[np.uint64], done: int, block: int) -> Pieces:
    """Cut the runs of a batch, which begins at rank ``done``, at the sides of blocks."""
    end = done + len(weights)
    run = slice(
        int(np.searchsorted(runs.upto, done, side="right")) - 1,
        int(np.searchsorted(runs.upto, end, side="left")),
    )
    upto, starts = runs.upto[:-1][run], runs.starts[run]
    # Only the first run may have begun in the batch before, only the last may end in the next one.
    begin: NDArray[np.int64] = np.maximum(upto, done)
    first: NDArray[np.int64] = starts + (begin - upto)
    after: NDArray[np.int64] = np.maximum(runs.upto[1:][run] - end, 0)
    first_block = first // block
    counts: NDArray[np.int64] = (runs.stops[run] - after - 1) // block - first_block + 1
    ends = np.cumsum(counts)
    cols = np.arange(ends[-1]) + np.repeat(first_block - (ends - counts), counts)
    at = np.maximum(cols * block, np.repeat(first, counts)) + np.repeat(begin - first, counts)
    return np.repeat(runs.rows[run] // block, counts), cols, np.add.reduceat(weights, at - done)
