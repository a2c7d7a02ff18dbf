"""Sets of tile ids as runs, collected from the ids of a dataset as they pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LARGEST_ID = np.uint64(1 << 62)
"""Ids are cut to this, so that the id after one is always a number; no grid has as many tiles."""


@dataclass(frozen=True, slots=True, eq=False)
class IdRuns:
    """A set of tile ids as disjoint half-open runs, ascending, none beginning where another stops.

    A run may go on from one raster row into the next.

    Attributes:
        starts: First id of each run, int64 (n,).
        stops: Id after the last, int64 (n,).
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]

    @property
    def tile_count(self) -> int:
        """Number of ids."""
        return int((self.stops - self.starts).sum())

    def without(self, other: IdRuns) -> tuple[int, int]:
        """Return ``(count, first)`` of the ids that are not in the other set; first 0 for none."""
        edges = np.unique(np.concatenate([self.starts, self.stops, other.starts, other.stops]))
        only_here = self.holds(edges) & ~other.holds(edges)
        only_here[-1:] = False
        if not only_here.any():
            return 0, 0
        lengths = np.diff(edges)[only_here[:-1]]
        return int(lengths.sum()), int(edges[only_here][0])

    def holds(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which ids belong to the set, bool in the shape of the argument."""
        begun = np.searchsorted(self.starts, ids, side="right")
        ended = np.searchsorted(self.stops, ids, side="right")
        return np.asarray(begun > ended)

    def by_row(self, n_cols: int) -> IdRuns:
        """Return the same ids in runs that end at the ends of raster rows."""
        first, last = self.starts // n_cols, (self.stops - 1) // n_cols
        pieces = last - first + 1
        nth = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        row_starts = (np.repeat(first, pieces) + nth) * n_cols
        return IdRuns(
            np.maximum(np.repeat(self.starts, pieces), row_starts),
            np.minimum(np.repeat(self.stops, pieces), row_starts + n_cols),
        )

    def ids_at(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the k-th ids, int64 in the shape of the argument."""
        before = np.cumsum(self.stops - self.starts) - (self.stops - self.starts)
        run = np.searchsorted(before, ranks, side="right") - 1
        return np.asarray(self.starts[run] + ranks - before[run])


class RunCollector:
    """Turns tile ids into runs, batch by batch.

    Memory grows with the runs, not with the tiles: 0.5 million for the world at 30 arc-seconds.
    """

    def __init__(self) -> None:
        self._starts: list[NDArray[np.int64]] = []
        self._stops: list[NDArray[np.int64]] = []

    def add(self, tile_ids: NDArray[np.uint64]) -> None:
        """Add ids; the fewer runs they make in their order, the faster."""
        ids = np.minimum(tile_ids, _LARGEST_ID).view(np.int64)
        begins = np.append(0, np.flatnonzero(np.diff(ids) != 1) + 1)[: len(ids)]
        self._starts.append(ids[begins])
        self._stops.append(ids[np.append(begins[1:], len(ids))[: len(begins)] - 1] + 1)

    def add_runs(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> None:
        """Add half-open runs of ids in any order, none of them empty."""
        self._starts.append(starts)
        self._stops.append(stops)

    def finish(self) -> IdRuns:
        """Return the set of all ids that were added."""
        none = np.empty(0, np.int64)
        starts, stops = (np.concatenate([none, *own]) for own in (self._starts, self._stops))
        if not len(starts):
            return IdRuns(none, none)
        by_start = np.argsort(starts, kind="stable")
        starts, reach = starts[by_start], np.maximum.accumulate(stops[by_start])
        is_new = np.append(True, starts[1:] > reach[:-1])
        return IdRuns(starts[is_new], reach[np.append(is_new[1:], True)])


def shared_tiles(sets: list[IdRuns]) -> int:
    """Return how many ids belong to two sets or more."""
    starts = np.sort(np.concatenate([np.empty(0, np.int64), *(one.starts for one in sets)]))
    stops = np.sort(np.concatenate([np.empty(0, np.int64), *(one.stops for one in sets)]))
    edges = np.unique(np.concatenate([starts, stops]))
    owners = np.searchsorted(starts, edges, side="right") - np.searchsorted(
        stops, edges, side="right"
    )
    return int(np.diff(edges)[owners[:-1] > 1].sum()) if len(edges) else 0
