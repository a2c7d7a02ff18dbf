"""The points of one country: tiles by weight, then points in them and in the country, uniform by area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.random_streams import Keys, Purpose, StreamDraws, fractions
from closedworld.kernels.sampling.shape import CountryShape, normalized
from closedworld.kernels.sampling.successive import tiles_without_replacement
from closedworld.kernels.sampling.tile_descent import TileDescent
from closedworld.kernels.sampling.triangulation import points_in_pieces
from closedworld.kernels.spans import RowSpans

TILE_ATTEMPTS = 32
"""Points tried all over the tile before the piece that lies in the country is cut out."""

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


def points_in_tiles(
    grid: Grid,
    tile_ids: NDArray[np.uint64],
    draws: StreamDraws,
    on_border: NDArray[np.bool_],
    shape: CountryShape,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a point in the tile of each draw and inside the country.

    A tile inside the country needs no test against the polygon. In a border tile, points are tried until one
    is in the country; after ``TILE_ATTEMPTS`` the shared piece is cut out and the point is drawn from it.
    Either way it is uniform by area on the ellipsoid, over what tile and country share.

    Args:
        grid: The lattice.
        tile_ids: Tile of each draw, uint64 (n,).
        draws: The draws, n.
        on_border: Whether a border of the country passes through the tile, bool (n,).
        shape: The country.

    Returns:
        ``(lons, lats)``, degrees, longitudes in -180..180, float64 (n,) each.
    """
    rows, cols = (side.astype(np.int64) for side in grid.row_col(tile_ids))
    lon, lat = grid.lon_edges(), np.clip(grid.lat_edges(), -90.0, 90.0)
    densest = area_density(np.clip(0.0, lat[rows + 1], lat[rows]))
    lons, lats = np.empty(len(draws)), np.empty(len(draws))
    left, attempt = np.arange(len(draws)), 0
    while len(left):
        across, up, chance, _ = draws.take(left).words(Purpose.POINT, attempt)
        col, row = cols[left], rows[left]
        x = normalized(lon[col] + fractions(across) * (lon[col + 1] - lon[col]))
        y = lat[row + 1] + fractions(up) * (lat[row] - lat[row + 1])
        good = fractions(chance) * densest[left] < area_density(y)
        asked = np.flatnonzero(good & on_border[left])
        good[asked] = shape.contains(x[asked], y[asked])
        lons[left[good]], lats[left[good]] = x[good], y[good]
        left, attempt = left[~good], attempt + 1
        if attempt == TILE_ATTEMPTS:
            # Tiles inside go on: half of their points are good even where a tile reaches a pole.
            small = left[on_border[left]]
            lons[small], lats[small] = points_in_pieces(
                grid, tile_ids[small], draws.take(small), shape, TILE_ATTEMPTS
            )
            left = left[~on_border[left]]
    return lons, lats
