"""Comparing two worlds on one grid: tiles gained and lost, overlaps, weight moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, shared_tiles


@dataclass(frozen=True, slots=True, eq=False)
class TileChanges:
    """The tiles of one country in two worlds.

    Attributes:
        before: Its tiles in the first.
        after: Its tiles in the second.
        gained: Tiles that it has in the second alone.
        lost: Tiles that it has in the first alone.
        overlaps_gained: Tiles that it shares with another country in the second alone.
        overlaps_lost: Tiles that it shares with another country in the first alone.
    """

    before: RowSpans
    after: RowSpans
    gained: RowSpans
    lost: RowSpans
    overlaps_gained: RowSpans
    overlaps_lost: RowSpans


def tile_changes(
    before: Mapping[str, RowSpans], after: Mapping[str, RowSpans], grid: Grid
) -> dict[str, TileChanges]:
    """Return the changes of every country that either world has, ascending by code.

    Args:
        before: Tiles by country in the first world.
        after: Tiles by country in the second.
        grid: The lattice of both.
    """
    shared_before = shared_tiles(list(before.values()), grid)
    shared_after = shared_tiles(list(after.values()), grid)
    none = RowSpans.empty(grid)
    changes = {}
    for iso in sorted({*before, *after}):
        old, new = before.get(iso, none), after.get(iso, none)
        with_others = old & shared_before, new & shared_after
        changes[iso] = TileChanges(
            old,
            new,
            new - old,
            old - new,
            with_others[1] - with_others[0],
            with_others[0] - with_others[1],
        )
    return changes


@dataclass(frozen=True, slots=True, eq=False)
class Weighed(Columns):
    """Some tiles of a country and their weights.

    Attributes:
        tile_ids: Ascending, uint64 (n,).
        weights: In units of ``10**-dp`` of the country, uint64 (n,), <= 10^18.
    """

    tile_ids: NDArray[np.uint64]
    weights: NDArray[np.uint64]

    def upto(self, tile_id: np.uint64) -> tuple[Weighed, Weighed]:
        """Return the tiles up to and with one, and those after it."""
        cut = int(np.searchsorted(self.tile_ids, tile_id, side="right"))
        return self.take(slice(cut)), self.take(slice(cut, None))


def units_moved(before: Iterator[Weighed], after: Iterator[Weighed]) -> int:
    """Return the units that lie on other tiles than before, exactly.

    That is the sum of what tiles have gained, which is the sum of what others have lost, as long as
    both weights have the same sum. Divided by it, it is the total variation distance of the two.

    Args:
        before: Weights of one country in batches, ascending by tile_id from one to the next, none
            empty.
        after: Likewise, however cut.
    """
    moved = 0
    old, new = next(before, None), next(after, None)
    while old is not None and new is not None:
        until = min(old.tile_ids[-1], new.tile_ids[-1])
        (old_here, old), (new_here, new) = old.upto(until), new.upto(until)
        moved += _gained(old_here, new_here)
        if not len(old):
            old = next(before, None)
        if not len(new):
            new = next(after, None)
    while new is not None:
        moved += int(new.weights.sum())
        new = next(after, None)
    return moved


def _gained(old: Weighed, new: Weighed) -> int:
    before = old.weights
    if not np.array_equal(old.tile_ids, new.tile_ids):
        before = np.zeros(len(new.tile_ids), np.uint64)
        _, there, here = np.intersect1d(
            old.tile_ids, new.tile_ids, assume_unique=True, return_indices=True
        )
        before[here] = old.weights[there]
    # Both add up to 10^18 at most, so their difference fits 63 bits.
    return int(np.maximum(new.weights.astype(np.int64) - before.astype(np.int64), 0).sum())
