"""Integers in order: runs of them one after another, numbers within runs, pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def counted(starts: NDArray[np.int64] | int, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``starts[i], starts[i] + 1, ...``, as many as ``counts[i]``, for every i in turn, int64.

    Args:
        starts: First integer of each run, int64 (runs,), or of all.
        counts: Integers of each run, int64 (runs,), >= 0.
    """
    values = np.repeat(starts - np.cumsum(counts) + counts, counts)
    values += np.arange(len(values))
    return values


def numbered_in_runs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each value among its equals next to it, from 0, int64 (n,).

    Args:
        values: Equal ones next to each other, int64 (n,).
    """
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    return counted(0, np.diff(starts, append=len(values)))


def all_pairs(count: int, values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``(number, value)`` of all pairs of 0..count - 1 and a value, number by number, int64 (count * values,)."""
    return np.repeat(np.arange(count), len(values)), np.tile(values, count)
