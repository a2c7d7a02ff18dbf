"""Algebra of half-open runs of integer positions.

A run is ``start <= position < stop``. Positions number the cells row after row with one spare position
between rows (``row * (n_cols + 1) + col``), so that a run at the end of a row never touches
one at the start of the next. A list of runs is *canonical* when it is sorted, disjoint, non-empty
and no run begins where another stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import GridError
from closedworld.kernels.grid import Grid

Runs: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64]]"
"""``(starts, stops)``, int64 (n,) each."""

BoolOp: TypeAlias = "Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]]"


@dataclass(frozen=True, slots=True)
class RowMajorIndex:
    """Positions of (key, row, col) in row-major order; the key keeps several sets of runs apart.

    Attributes:
        n_rows: Rows of the grid.
        n_cols: Columns of the grid; a run may stop at column n_cols.
    """

    n_rows: int
    n_cols: int

    @classmethod
    def of(cls, grid: Grid) -> RowMajorIndex:
        """Return the index of a grid."""
        return cls(grid.n_rows, grid.n_cols)

    def encode(
        self, key: NDArray[np.int64] | int, row: NDArray[np.int64], col: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return positions, int64; key >= 0, 0 <= row < n_rows, 0 <= col <= n_cols."""
        return (key * self.n_rows + row) * (self.n_cols + 1) + col

    def runs(
        self,
        key: NDArray[np.int64] | int,
        row: NDArray[np.int64],
        col_start: NDArray[np.int64],
        col_stop: NDArray[np.int64],
    ) -> Runs:
        """Return runs of columns as runs of positions; see ``encode``."""
        starts = self.encode(key, row, col_start)
        return starts, starts + (col_stop - col_start)

    def decode(
        self, starts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return ``(key, row, col)`` of positions, int64 each."""
        # Floor division by a scalar is vectorised where divmod is not.
        width = self.n_cols + 1
        key_row = starts // width
        key = key_row // self.n_rows
        return key, key_row - key * self.n_rows, starts - key_row * width

    def key_bounds(self, starts: NDArray[np.int64], n_keys: int) -> NDArray[np.int64]:
        """Return where each key begins among ascending positions, and their number: (n_keys + 1,)."""
        per_key = self.n_rows * (self.n_cols + 1)
        return np.searchsorted(starts, np.arange(n_keys + 1) * per_key)

    def rekey(self, runs: Runs, new_key: NDArray[np.int64]) -> Runs:
        """Return runs with key k replaced by ``new_key[k]``, in the same order."""
        per_key = self.n_rows * (self.n_cols + 1)
        starts, stops = runs
        key = starts // per_key
        shift = (new_key[key] - key) * per_key
        return starts + shift, stops + shift


def require_positions(keys: int, grid: Grid) -> None:
    """Refuse so many polygons or rings that the positions of all would not fit 64 bits.

    Raises:
        GridError: ``grid-too-fine``.
    """
    if 2 * keys * grid.n_rows * (grid.n_cols + 1) >= 1 << 63:
        raise GridError(
            "grid-too-fine",
            f"{keys} polygons on {grid} are too many for one pass.",
            "Take fewer polygons at a time, or a coarser grid.",
        )


def pair_crossings(positions: NDArray[np.int64]) -> Runs:
    """Return the canonical runs between each odd crossing and the next even one.

    Args:
        positions: Crossings of closed rings with the rows, int64 (2 n,). Each row holds an even
            number of them. Any order will do; that of the rings sorts fastest. Sorted in place.
    """
    positions.sort(kind="stable")
    return _join_adjacent(positions[0::2], positions[1::2])


def wound(crossings: NDArray[np.int64]) -> Runs:
    """Return the canonical runs of positions that rings wind round: from the left, not as often up as down.

    Args:
        crossings: Crossings of closed rings with the rows, ``2 * position`` where the ring runs north and
            ``2 * position + 1`` where it runs south, int64 (n,), any order; sorted in place.
    """
    crossings.sort(kind="stable")
    winding = np.cumsum(1 - 2 * (crossings & 1))
    before = np.concatenate([np.zeros(1, np.int64), winding[:-1]])
    positions = crossings >> 1
    begins, ends = (before == 0) & (winding != 0), (before != 0) & (winding == 0)
    return _join_adjacent(positions[begins], positions[ends])


def covered(starts: NDArray[np.int64], stops: NDArray[np.int64], depth: int = 1) -> Runs:
    """Return the canonical runs of positions that at least ``depth`` of the given runs cover.

    Args:
        starts: Run starts, any order, int64 (n,).
        stops: Run stops, int64 (n,); runs may overlap, touch or be empty.
        depth: 1 for the union.
    """
    # The low bit tells a stop from a start and lets touching runs join: a start sorts first.
    events = np.concatenate([starts * 2, stops * 2 + 1])
    events.sort(kind="stable")
    is_stop = events & 1
    height = np.cumsum(1 - 2 * is_stop)
    begins = (height == depth) & (is_stop == 0)
    ends = (height == depth - 1) & (is_stop == 1)
    return _join_adjacent(events[begins] >> 1, events[ends] >> 1)


def united(parts: Iterable[Runs]) -> Runs:
    """Return the canonical runs of positions in any of some lists of runs, which may overlap and be in any order."""
    every = list(parts)
    none = np.empty(0, np.int64)
    starts, stops = (np.concatenate([none, *(one[side] for one in every)]) for side in (0, 1))
    return covered(starts, stops)


def minus(a: Runs, b: Runs) -> Runs:
    """Return the canonical runs of positions in ``a`` and not in ``b``, both canonical."""
    return combine(a, b, lambda in_a, in_b: in_a & ~in_b)


def combine(a: Runs, b: Runs, op: BoolOp) -> Runs:
    """Return the canonical runs of positions where ``op(in_a, in_b)`` holds.

    Args:
        a: Canonical runs.
        b: Canonical runs.
        op: NumPy logical function of two bool arrays, false for two falses.
    """
    toggles = np.concatenate([a[0] * 2, a[1] * 2, b[0] * 2 + 1, b[1] * 2 + 1])
    toggles.sort(kind="stable")
    of_b = toggles & 1
    positions = toggles >> 1
    in_a = (np.cumsum(of_b ^ 1) & 1).astype(np.bool_)
    in_b = (np.cumsum(of_b) & 1).astype(np.bool_)
    # Several toggles at one position take effect together: only the state after the last counts.
    last = np.ones(len(positions), np.bool_)
    last[:-1] = positions[1:] != positions[:-1]
    positions, inside = positions[last], op(in_a, in_b)[last]
    before = np.zeros_like(inside)
    before[1:] = inside[:-1]
    return positions[inside & ~before], positions[~inside & before]


def _join_adjacent(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Runs:
    """Drop empty runs and join those that touch; the input is sorted and disjoint."""
    full = stops > starts
    if not full.all():
        starts, stops = starts[full], stops[full]
    gap = starts[1:] != stops[:-1]
    return (
        np.concatenate([starts[:1], starts[1:][gap]]),
        np.concatenate([stops[:-1][gap], stops[-1:]]),
    )
