"""The tile of each draw, by weight: the rows of the grid are halved, then the columns of a row.

Each half is chosen by a number of its own. So where the weight of a tile changes, hardly any other draw does: only
those whose number lies between the old and the new share of a half that holds the tile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws
from closedworld.kernels.sampling.tile_weights import TileWeights
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.spans.runs import RowMajorIndex

_CHUNK_DRAWS = 1 << 15
_CHUNK_TILES = 1 << 22
_WORD_BITS = np.uint64(32)
_COLUMN_CHOICE = 32
"""Choices before it are those of rows: 2^32 rows are more than a grid has."""

_BITS = 64  # of the number of a choice that are known at first
_UNIT = 2.0**-64
_DOUBT = 2.0**-50
"""Above what rounding does to a share and to a number: 2^-52 each at most."""

_MORE_BITS = 1 << 8
"""Draws of later bits are numbered so far from those of the first ones."""

LeftBefore: TypeAlias = "Callable[[NDArray[np.uint64], NDArray[np.int64]], NDArray[np.uint64]]"
"""From the whole weight before some ranks to what is left of it to those who draw."""


@dataclass(frozen=True, slots=True, eq=False)
class TileHits(Columns):
    """Tiles that were drawn.

    Attributes:
        ranks: Rank of each tile in its country, int64 (n,).
        weights: Its weight, > 0, uint64 (n,).
    """

    ranks: NDArray[np.int64]
    weights: NDArray[np.uint64]


class RemovedTiles:
    """Tiles that some ids have drawn before and do not draw again.

    Args:
        ranks: Ranks of the tiles of each id, int64 (n,) for each.
        weights: Their weights, uint64 (n,) for each.
        tiles: Tiles of the country.
    """

    def __init__(
        self, ranks: list[NDArray[np.int64]], weights: list[NDArray[np.uint64]], tiles: int
    ) -> None:
        self._step = tiles + 1
        owner = np.repeat(np.arange(len(ranks)), [len(one) for one in ranks])
        keys = owner * self._step + np.concatenate(ranks)
        order = np.argsort(keys)
        self._keys = keys[order]
        self._upto = np.append(np.uint64(0), np.cumsum(np.concatenate(weights)[order]))
        starts = np.searchsorted(self._keys, np.arange(len(ranks)) * self._step)
        self._before_id = self._upto[starts]

    def before(self, ids: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the weight of an id's tiles before each rank, uint64 (n,)."""
        at = np.searchsorted(self._keys, ids * self._step + ranks)
        return self._upto[at] - self._before_id[ids]


class TileDescent:
    """Draws tiles of a country by weight.

    Args:
        spans: Its tiles.
        before: Weight before each of its runs, uint64 (runs,), ascending from 0.
        total: Sum of its weights, > 0.
        tile_weights: Weights of its tiles.
    """

    def __init__(
        self, spans: RowSpans, before: NDArray[np.uint64], total: int, tile_weights: TileWeights
    ) -> None:
        self.spans, self.total = spans, total
        self._tile_weights = tile_weights
        self._index = RowMajorIndex.of(spans.grid)
        self._starts, _ = spans.positions()
        self._first_ranks = np.append(spans.first_ranks, spans.tile_count)
        self._first_row, self._last_row = int(spans.rows[0]), int(spans.rows[-1])
        first_col, last_col = int(spans.col_starts.min()), int(spans.col_stops.max()) - 1
        # Halvings before these have all tiles on one side.
        self._row_bits = (self._first_row ^ self._last_row).bit_length()
        self._col_bits = (first_col ^ last_col).bit_length()
        self._first_col = first_col >> self._col_bits << self._col_bits
        runs = np.searchsorted(spans.rows, np.arange(self._first_row, self._last_row + 2))
        self._row_ranks = self._first_ranks[runs]
        self._row_weights = np.append(before, np.uint64(total))[runs]

    def __call__(
        self,
        draws: StreamDraws,
        removed: RemovedTiles | None = None,
        ids: NDArray[np.int64] | None = None,
    ) -> TileHits:
        """Return the tile of each draw: its probability is exactly its share of the weight that is left.

        Args:
            draws: The draws.
            removed: Tiles that are not drawn again.
            ids: Whose draw each is among those of ``removed``, int64 (n,).
        """
        ids = np.zeros(len(draws), np.int64) if ids is None else ids
        rows = np.empty(len(draws), np.int64)
        for begin in range(0, len(draws), _CHUNK_DRAWS):
            chunk = slice(begin, begin + _CHUNK_DRAWS)
            rows[chunk] = self._rows(draws.take(chunk), partial(_left_before, removed, ids[chunk]))
        hits = TileHits(np.empty(len(draws), np.int64), np.empty(len(draws), np.uint64))
        order = np.argsort(rows, kind="stable")
        ascending = self._row_ranks[rows[order] + 1]
        begin = 0
        while begin < len(order):
            # As many draws as have their rows in memory.
            stop = int(np.searchsorted(ascending, ascending[begin] + _CHUNK_TILES))
            here = order[begin : min(stop, begin + _CHUNK_DRAWS)]
            left = partial(_left_before, removed, ids[here])
            found = self._in_rows(rows[here], draws.take(here), left)
            hits.ranks[here], hits.weights[here] = found
            begin += len(here)
        return hits

    def _rows(self, draws: StreamDraws, left_before: LeftBefore) -> NDArray[np.int64]:
        """Return the row of each draw, counted from the country's first, int64 (n,)."""
        row = np.full(len(draws), self._first_row)
        choices = _Choices(draws)
        for bit in reversed(range(self._row_bits)):
            # The part of the grid that the draw is in is (row >> bit + 1) << bit + 1 and what follows.
            first = row >> bit + 1 << bit + 1
            bounds = [first, first + (1 << bit), first + (2 << bit)]
            at = [np.clip(one - self._first_row, 0, len(self._row_ranks) - 1) for one in bounds]
            before = [left_before(self._row_weights[one], self._row_ranks[one]) for one in at]
            row = np.where(choices.first(bit, *before), first, bounds[1])
        return row - self._first_row

    def _in_rows(
        self, rows: NDArray[np.int64], draws: StreamDraws, left_before: LeftBefore
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return ``(ranks, weights)`` of the tile of each draw in its row."""
        held, place = np.unique(rows, return_inverse=True)
        first, stop = self._row_ranks[held], self._row_ranks[held + 1]
        # Weight of these rows before each tile, and before what follows a row: only differences within a row count.
        gaps = np.cumsum(stop - first + 1) - (stop - first + 1)
        upto = np.zeros(int((stop - first + 1).sum()), np.uint64)
        at = np.ones(len(upto), np.bool_)
        at[gaps] = False
        apart = np.flatnonzero(np.append(True, first[1:] > stop[:-1]))
        upto[at] = self._tile_weights(first[apart], stop[np.append(apart[1:], len(first)) - 1])
        np.cumsum(upto, out=upto)
        offset = (gaps - first)[place]
        col = np.full(len(rows), self._first_col)
        low, high = first[place], stop[place]
        ends = [left_before(upto[offset + rank], rank) for rank in (low, high)]
        line = self._index.encode(0, rows + self._first_row, np.zeros_like(col))
        choices = _Choices(draws)
        for bit in reversed(range(self._col_bits)):
            rank = np.clip(self._ranks_before(line + col + (1 << bit)), low, high)
            middle = left_before(upto[offset + rank], rank)
            is_first = choices.first(_COLUMN_CHOICE + bit, ends[0], middle, ends[1])
            low, high = np.where(is_first, low, rank), np.where(is_first, rank, high)
            ends = [np.where(is_first, ends[0], middle), np.where(is_first, middle, ends[1])]
            col = np.where(is_first, col, col + (1 << bit))
        return low, ends[1] - ends[0]

    def _ranks_before(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many tiles of the country lie before each position of the grid, int64 (n,)."""
        run = np.maximum(np.searchsorted(self._starts, positions) - 1, 0)
        first = self._first_ranks[run]
        ranks: NDArray[np.int64] = np.minimum(
            first + positions - self._starts[run], self._first_ranks[run + 1]
        )
        return ranks


def _left_before(
    removed: RemovedTiles | None,
    ids: NDArray[np.int64],
    weights: NDArray[np.uint64],
    ranks: NDArray[np.int64],
) -> NDArray[np.uint64]:
    """Return the weight that is left to some ids before each rank, given the whole weight there, uint64 (n,)."""
    return weights if removed is None else weights - removed.before(ids, ranks)


class _Choices:
    """The choices of some draws: two numbers of 64 bits from each call of the generator."""

    def __init__(self, draws: StreamDraws) -> None:
        self._draws = draws
        self._call: int | None = None
        self._numbers: tuple[NDArray[np.uint64], ...] = ()

    def first(
        self,
        choice: int,
        start: NDArray[np.uint64],
        middle: NDArray[np.uint64],
        stop: NDArray[np.uint64],
    ) -> NDArray[np.bool_]:
        """Return which draws choose the first part, given the weight before it, between and after, bool (n,)."""
        if choice >> 1 != self._call:
            self._call = choice >> 1
            a, b, c, d = self._draws.words(Purpose.TILE, self._call)
            self._numbers = a << _WORD_BITS | b, c << _WORD_BITS | d
        parts, wholes = middle - start, stop - start
        return chooses_first(parts, wholes, self._numbers[choice & 1], self._draws, choice)


def chooses_first(
    parts: NDArray[np.uint64],
    wholes: NDArray[np.uint64],
    numbers: NDArray[np.uint64],
    draws: StreamDraws,
    choice: int,
) -> NDArray[np.bool_]:
    """Return whether a real number in 0..1 lies below part / whole for each draw, bool (n,).

    Exactly: where 64 bits of the number do not tell, it has more.

    Args:
        parts: Weight of the first side, uint64 (n,), at most that of both.
        wholes: Weight of both sides, > 0, uint64 (n,).
        numbers: First 64 bits of each number, uint64 (n,).
        draws: The draws, n; they give the later bits.
        choice: Number of the choice, below 256.
    """
    share = parts.astype(np.float64) / wholes.astype(np.float64)
    number = numbers.astype(np.float64) * _UNIT
    first: NDArray[np.bool_] = number < share
    for i in np.flatnonzero(np.abs(number - share) < _DOUBT).tolist():
        first[i] = _below(
            int(parts[i]), int(wholes[i]), int(numbers[i]), draws.take(np.array([i])), choice
        )
    return first


def _below(part: int, whole: int, bits: int, draw: StreamDraws, choice: int) -> bool:
    known = _BITS
    while True:
        if (bits + 1) * whole <= part << known:
            return True
        if bits * whole >= part << known:
            return False
        more = _MORE_BITS * (known // _BITS) + choice
        high, low, _, _ = draw.words(Purpose.TILE, more)
        bits, known = bits << _BITS | high.item() << 32 | low.item(), known + _BITS
