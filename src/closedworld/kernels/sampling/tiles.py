"""Which tile each point lies on: by weight, with or without replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.random_streams import Keys, StreamDraws
from closedworld.kernels.sampling.successive import SuccessiveSampler
from closedworld.kernels.sampling.tile_descent import RemovedTiles, TileDescent, TileHits


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
