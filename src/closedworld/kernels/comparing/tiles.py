"""Tiles that countries gained and lost between two worlds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
