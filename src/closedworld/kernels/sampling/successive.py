"""Draws without replacement: different tiles for each id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.random_streams import Keys, StreamDraws
from closedworld.kernels.sampling.tile_descent import RemovedTiles, TileDescent, TileHits


class PopulationExhaustedError(Exception):
    """More tiles are wanted than have a weight.

    Args:
        tiles: How many have one.
    """

    def __init__(self, tiles: int) -> None:
        super().__init__(tiles)
        self.tiles = tiles


class SuccessiveSampler:
    """Draws different tiles by weight, one after another.

    A draw that hits a tile drawn since the last restart is rejected. When more than half of the weight that
    was left then is drawn, the sampler restarts: the drawn tiles are removed. So at most every other draw is
    rejected on average, and only the weights of drawn tiles need be known. Which tile comes next depends on
    the numbers alone, not on how many are drawn at once.

    Args:
        key: Key of the id, uint32 (4,).
        wanted: Tiles wanted.
        total: Sum of the country's weights, > 0.
        spare: Draws asked for beyond those that are likely to do; changes no tile.

    Attributes:
        removed: Tiles that the next draws must not hit.
    """

    def __init__(self, key: Keys, wanted: int, total: int, spare: int = 8) -> None:
        self._spare = spare
        self._key = key
        self._wanted = wanted
        self._hits = self.removed = TileHits(np.array([], np.int64), np.array([], np.uint64))
        self._number = self._asked = 0
        self._left, self._drawn = total, np.uint64(0)

    @property
    def ranks(self) -> NDArray[np.int64]:
        """Ranks of the tiles in the order they were drawn, int64 (n,)."""
        return self._hits.ranks

    @property
    def missing(self) -> int:
        """How many tiles are still to be drawn."""
        return self._wanted - len(self._hits)

    def candidates(self) -> StreamDraws:
        """Return the draws to make next, without the tiles that are ``removed``."""
        self._asked = self.missing + self.missing // 2 + self._spare
        numbers = np.arange(self._number, self._number + self._asked)
        return StreamDraws(np.broadcast_to(self._key, (self._asked, 4)), numbers)

    def accept(self, hits: TileHits) -> None:
        """Take the tiles that ``candidates`` asked for.

        Raises:
            PopulationExhaustedError: More tiles are wanted than there are with a weight.
        """
        known = self.ranks[len(self.removed) :]
        _, first = np.unique(np.concatenate([known, hits.ranks]), return_index=True)
        fresh = np.sort(first[first >= len(known)])[: self.missing] - len(known)
        drawn = self._drawn + np.cumsum(hits.weights[fresh])
        over = np.flatnonzero(drawn > np.uint64(self._left) - drawn)
        if len(over):
            fresh = fresh[: over[0] + 1]
        self._hits = TileHits.joined([self._hits, hits.take(fresh)])
        if not len(over):
            self._number += self._asked
            self._drawn = drawn[-1] if len(drawn) else self._drawn
            return
        self._number += int(fresh[-1]) + 1
        self._left, self._drawn = self._left - int(drawn[over[0]]), np.uint64(0)
        self.removed = self._hits
        if self._left == 0 and self.missing:
            raise PopulationExhaustedError(len(self._hits))


def tiles_without_replacement(
    keys: Keys, counts: NDArray[np.int64], descent: TileDescent
) -> NDArray[np.int64]:
    """Return the ranks of different tiles for each id, id by id, int64 (sum of counts,).

    Successive sampling: an id's first tile is drawn by weight, each further one by weight among the
    tiles that the id does not have yet. So its first tiles do not depend on how many follow.

    Args:
        keys: Key of each id, uint32 (ids, 4).
        counts: Tiles wanted by each, >= 0, int64 (ids,).
        descent: Draws tiles of the country.

    Raises:
        PopulationExhaustedError: An id wants more tiles than there are with a weight.
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    hits = descent(StreamDraws(keys[owner], np.arange(len(owner)) - first[owner]))
    ranks = hits.ranks.copy()
    # The first draws of most ids will do; a million ids would be too many for a sampler each.
    samplers = {
        id_: SuccessiveSampler(keys[id_], int(counts[id_]), descent.total)
        for id_ in _unserved(owner, hits, len(counts), descent.total).tolist()
    }
    active = list(samplers.values())
    while active:
        found = draw_candidates(active, descent)
        for sampler, hits in zip(active, found, strict=True):
            sampler.accept(hits)
        active = [sampler for sampler in active if sampler.missing]
    for id_, sampler in samplers.items():
        ranks[first[id_] : first[id_] + counts[id_]] = sampler.ranks
    return ranks


def draw_candidates(samplers: list[SuccessiveSampler], descent: TileDescent) -> list[TileHits]:
    """Return the tiles that each sampler asks for next."""
    draws = [sampler.candidates() for sampler in samplers]
    sizes = [len(one) for one in draws]
    removed = RemovedTiles(
        [sampler.removed.ranks for sampler in samplers],
        [sampler.removed.weights for sampler in samplers],
        descent.spans.tile_count,
    )
    hits = descent(StreamDraws.joined(draws), removed, np.repeat(np.arange(len(samplers)), sizes))
    stops = np.cumsum(sizes)
    return [hits.take(slice(stop - n, stop)) for stop, n in zip(stops, sizes, strict=True)]


def _unserved(owner: NDArray[np.int64], hits: TileHits, ids: int, total: int) -> NDArray[np.int64]:
    """Return the ids whose first draws are not what a ``SuccessiveSampler`` gives, ascending.

    Those are the ids that hit a tile twice, and those whose sampler restarts on the way.
    """
    unserved = np.zeros(ids, np.bool_)
    order = np.lexsort((hits.ranks, owner))
    twice = (np.diff(owner[order]) == 0) & (np.diff(hits.ranks[order]) == 0)
    unserved[owner[order][1:][twice]] = True
    is_last = np.append(owner[1:] != owner[:-1], np.ones(min(len(owner), 1), np.bool_))
    drawn = np.zeros(ids, np.uint64)
    np.add.at(drawn, owner, np.where(is_last, np.uint64(0), hits.weights))
    unserved |= drawn * np.uint64(2) > np.uint64(total)
    return np.flatnonzero(unserved)
