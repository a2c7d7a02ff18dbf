"""The points of one country: tiles by weight, then points in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.sampling.point_in_tile import points_in_tiles
from closedworld.kernels.sampling.random_streams import Keys, StreamDraws
from closedworld.kernels.sampling.shape import CountryShape
from closedworld.kernels.sampling.tile_descent import TileDescent
from closedworld.kernels.sampling.tiles import tiles_without_replacement
from closedworld.kernels.spans import RowSpans

_CHUNK_POINTS = 1 << 16
"""Points made at once: their arrays stay in the processor's cache."""

_BLOCK_POINTS = 1 << 20
"""Points whose tiles are drawn at once: a hundred bytes each while they are."""


@dataclass(frozen=True, slots=True, eq=False)
class SamplingDomain:
    """A country to draw points in.

    Attributes:
        border: Tiles that its border passes through.
        descent: Its tiles by weight.
        shape: Its polygons.
    """

    border: RowSpans
    descent: TileDescent
    shape: CountryShape


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of one country.

    Attributes:
        tile_ids: Tile of each point, uint64 (n,).
        lons: Longitudes, degrees in -180..180, float64 (n,).
        lats: Latitudes, degrees, float64 (n,).
    """

    tile_ids: NDArray[np.uint64]
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]


def draw_points(
    domain: SamplingDomain, keys: Keys, counts: NDArray[np.int64], *, with_replacement: bool
) -> Points:
    """Return the points of some ids in a country, id by id.

    Args:
        domain: The country.
        keys: Key of each id, uint32 (ids, 4).
        counts: Points of each, >= 0, int64 (ids,).
        with_replacement: Whether several points of an id may lie on one tile.

    Raises:
        PopulationExhaustedError: Without replacement, an id wants more tiles than there are with a weight.
    """
    stops, total = np.cumsum(counts), int(counts.sum())
    distinct = None
    if not with_replacement:
        distinct = tiles_without_replacement(keys, counts, domain.descent)
    spans = domain.descent.spans
    tile_ids = np.empty(total, np.uint64)
    lons, lats = np.empty(total), np.empty(total)
    for begin in range(0, total, _BLOCK_POINTS):
        block = slice(begin, min(begin + _BLOCK_POINTS, total))
        numbers = np.arange(block.start, block.stop)
        owner = np.searchsorted(stops, numbers, side="right")
        draws = StreamDraws(keys[owner], numbers - (stops - counts)[owner])
        ranks = domain.descent(draws).ranks if distinct is None else distinct[block]
        tile_ids[block] = spans.tiles_at(ranks)
        on_border = domain.border.contains(tile_ids[block])
        for first in range(0, len(draws), _CHUNK_POINTS):
            chunk = slice(first, min(first + _CHUNK_POINTS, len(draws)))
            at = slice(begin + chunk.start, begin + chunk.stop)
            lons[at], lats[at] = points_in_tiles(
                spans.grid, tile_ids[at], draws.take(chunk), on_border[chunk], domain.shape
            )
    return Points(tile_ids, lons, lats)
