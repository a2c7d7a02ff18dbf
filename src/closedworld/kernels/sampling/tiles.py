"""Which tile each point lies on: by weight, with or without replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.random_streams import Keys, StreamDraws, integers_below
from closedworld.kernels.sampling.successive import SuccessiveSampler
from closedworld.kernels.sampling.tile_lookup import TileHits, TileLookup


def tiles_with_replacement(draws: StreamDraws, total: int, lookup: TileLookup) -> NDArray[np.int64]:
    """Return the rank of each draw's tile, int64 (n,): probability weight / total, exactly.

    Args:
        draws: The draws.
        total: Sum of the country's weights, > 0.
        lookup: Finds the country's tiles by cumulative weight.
    """
    return lookup(integers_below(np.full(len(draws), total, np.uint64), draws)).ranks


def tiles_without_replacement(
    keys: Keys, counts: NDArray[np.int64], total: int, lookup: TileLookup
) -> NDArray[np.int64]:
    """Return the ranks of different tiles for each id, id by id, int64 (sum of counts,).

    Successive sampling: an id's first tile is drawn by weight, each further one by weight among the
    tiles that the id does not have yet. So its first tiles do not depend on how many follow.

    Args:
        keys: Key of each id, uint32 (ids, 4).
        counts: Tiles wanted by each, >= 0, int64 (ids,).
        total: Sum of the country's weights, > 0.
        lookup: Finds the country's tiles by cumulative weight.

    Raises:
        PopulationExhaustedError: An id wants more tiles than there are with a weight.
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    draws = StreamDraws(keys[owner], np.arange(len(owner)) - first[owner])
    hits = lookup(integers_below(np.full(len(draws), total, np.uint64), draws))
    ranks = hits.ranks.copy()
    # The first draws of most ids will do; a million ids would be too many for a sampler each.
    samplers = {
        id_: SuccessiveSampler(keys[id_], int(counts[id_]), total)
        for id_ in _unserved(owner, hits, len(counts), total).tolist()
    }
    active = list(samplers.values())
    while active:
        asked = [sampler.candidates() for sampler in active]
        found = lookup(np.concatenate(asked))
        stop = 0
        for sampler, targets in zip(active, asked, strict=True):
            start, stop = stop, stop + len(targets)
            sampler.accept(found.take(slice(start, stop)))
        active = [sampler for sampler in active if sampler.missing]
    for id_, sampler in samplers.items():
        ranks[first[id_] : first[id_] + counts[id_]] = sampler.ranks
    return ranks


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
