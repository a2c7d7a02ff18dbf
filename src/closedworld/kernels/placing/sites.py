"""The sites of one country: block, tile, cell and point of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.placing.block_tree import Blocks, BlockTree
from closedworld.kernels.placing.cells_in_tiles import cell_levels, cells_in_tiles
from closedworld.kernels.placing.site_numbers import POINT_STEP, SiteNumbers, uniform
from closedworld.kernels.placing.texture import Texture
from closedworld.kernels.placing.tiles_in_blocks import tiles_in_blocks
from closedworld.kernels.placing.towns import Towns
from closedworld.kernels.sampling.points import Points
from closedworld.kernels.sampling.random_streams import Keys, StreamDraws, stream_keys
from closedworld.kernels.sampling.shape import CountryShape, normalized
from closedworld.kernels.sampling.tile_weights import TileWeights
from closedworld.kernels.sampling.triangulation import points_in_pieces
from closedworld.kernels.spans import RowSpans

ATTEMPTS = 32
"""Points tried in the tile before the piece that lies in the country is cut out."""

_FIRST_OF_PIECE = 2048  # beyond all numbers of the attempts before
_CHUNK_SITES = 1 << 14
_POINTS_AT_ONCE = 1 << 11
_SITE_KEYS, _TEXTURE_KEY = b"site", b"texture"
_CM2_PER_KM2 = 1e10


def site_keys(merchants: Iterable[str], country_iso: str, seed: int) -> Keys:
    """Return the key of each merchant in a country, uint32 (n, 4), for ``SiteRequest``."""
    return stream_keys(merchants, country_iso, seed, kind=_SITE_KEYS)


@dataclass(frozen=True, slots=True, eq=False)
class PlacingDomain:
    """A country to place sites in.

    Attributes:
        spans: Its tiles.
        border: Tiles that its border passes through.
        shape: Its polygons.
        blocks: Its blocks, made of the same tiles.
        tile_weights: Weights of its tiles.
        towns: Its towns; there may be none.
        texture: Texture of its streets.
    """

    spans: RowSpans
    border: RowSpans
    shape: CountryShape
    blocks: Blocks
    tile_weights: TileWeights
    towns: Towns
    texture: Texture

    @staticmethod
    def texture_of(grid: Grid, country_iso: str, seed: int) -> Texture:
        """Return the texture of a country: it depends on the seed, and not on merchants."""
        (key,) = stream_keys([""], country_iso, seed, kind=_TEXTURE_KEY)
        return Texture(grid, key)


@dataclass(frozen=True, slots=True, eq=False)
class SiteRequest(Columns):
    """The sites to place in a country.

    Attributes:
        keys: Key of each site's merchant, as ``site_keys`` has it, uint32 (n, 4).
        orders: Which of the merchant's sites, from 1, int64 (n,), below 2^32.
        gamma8: Eight times the merchant's gamma, int64 (n,).
        spaced: Whether the merchant's sites keep apart, bool (n,).
    """

    keys: Keys
    orders: NDArray[np.int64]
    gamma8: NDArray[np.int64]
    spaced: NDArray[np.bool_]


def place_sites(domain: PlacingDomain, request: SiteRequest) -> Points:
    """Return where each site of a request lies; it depends on the domain and the site's own row alone."""
    numbers = SiteNumbers(request.keys, request.orders)
    blocks, chosen = domain.blocks, _blocks_of(domain.blocks, request, numbers)
    # In order of blocks from north to south, so that a chunk reads few row groups of weights.
    order = np.lexsort((blocks.col_blocks[chosen], blocks.row_blocks[chosen]))
    numbers = numbers.take(order)
    own = _OwnTiles.of(domain, chosen[order], numbers)
    lons, lats, inside = own.points(domain, numbers, 0)
    left, attempt = np.flatnonzero(~inside), 1
    while len(left) and attempt < ATTEMPTS:
        # A call takes as long for one point as for hundreds: several attempts at once for a few sites.
        count = min(max(_POINTS_AT_ONCE // len(left), 1), ATTEMPTS - attempt)
        which = np.repeat(left, count)
        attempts = np.tile(np.arange(attempt, attempt + count), len(left))
        x, y, inside = own.take(which).points(domain, numbers.take(which), attempts)
        first = np.arange(len(left)) * count + inside.reshape(len(left), count).argmax(axis=1)
        lons[left], lats[left] = x[first], y[first]
        left, attempt = left[~inside[first]], attempt + count
    tiles = domain.spans.grid.tile_id(own.rows, own.cols)
    draws = StreamDraws(numbers.keys[left], numbers.orders[left])
    lons[left], lats[left] = points_in_pieces(
        domain.spans.grid, tiles[left], draws, domain.shape, _FIRST_OF_PIECE
    )
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Points(tiles[back], lons[back], lats[back])


def _blocks_of(blocks: Blocks, request: SiteRequest, numbers: SiteNumbers) -> NDArray[np.int64]:
    """Return the block of each site, as its position in ``blocks``, int64 (n,)."""
    gammas, gamma = np.unique(request.gamma8, return_inverse=True)
    tree = BlockTree(blocks.ids, np.stack([blocks.masses(one) for one in gammas.tolist()]))
    chosen = np.empty(len(request), np.int64)
    for some in _chunks(len(request)):
        chosen[some] = tree.find(gamma[some], request.spaced[some], numbers.take(some))
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class _OwnTiles(Columns):
    """The tiles that sites have gone to.

    Attributes:
        rows: Raster row of each site's tile, int64 (n,).
        cols: Raster column, int64 (n,).
        densities: Persons per square kilometre of the tile, float64 (n,).
        on_border: Whether the tile may not lie in the country as a whole, bool (n,).
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    densities: NDArray[np.float64]
    on_border: NDArray[np.bool_]

    @classmethod
    def of(
        cls, domain: PlacingDomain, chosen: NDArray[np.int64], numbers: SiteNumbers
    ) -> _OwnTiles:
        """Return the tiles of sites in the blocks that were chosen."""
        grid, blocks = domain.spans.grid, domain.blocks
        rows, cols = np.empty((2, len(chosen)), np.int64)
        weights = np.empty(len(chosen), np.uint64)
        for some in _chunks(len(chosen)):
            rows[some], cols[some], weights[some] = tiles_in_blocks(
                domain.spans, blocks, chosen[some], numbers.take(some), domain.tile_weights
            )
        persons = weights * (int(domain.towns.persons.sum()) / blocks.country_weight)
        densities = persons / (RowAreas.spanning(grid, rows).of(rows) / _CM2_PER_KM2)
        return cls(rows, cols, densities, domain.border.contains(grid.tile_id(rows, cols)))

    def points(
        self, domain: PlacingDomain, numbers: SiteNumbers, attempts: NDArray[np.int64] | int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return a point for each site in its tile, ``(lons, lats, inside)``, and whether its country has it.

        Args:
            domain: The country.
            numbers: Numbers of the sites.
            attempts: Counts up when the point before lay outside the country, int64 (n,), or one for all.
        """
        grid = domain.spans.grid
        parts = 1 << cell_levels(grid)
        width, height = grid.cell_width / parts, grid.cell_height / parts
        lons, lats = np.empty((2, len(self.rows)))
        for some in _chunks(len(self.rows)):
            own, now = self.take(some), numbers.take(some)
            attempt = attempts if isinstance(attempts, int) else attempts[some]
            down, across = cells_in_tiles(
                grid, own.rows, own.cols, own.densities, now, domain.texture, domain.towns, attempt
            )
            words = now.words(POINT_STEP, attempt)
            lons[some] = grid.lon_edge(own.cols) + (across + uniform(*words[:2])) * width
            lats[some] = grid.lat_edge(own.rows) - (down + uniform(*words[2:])) * height
        lons = normalized(lons)
        inside = ~self.on_border
        asked = np.flatnonzero(self.on_border)
        inside[asked] = domain.shape.contains(lons[asked], lats[asked])
        return lons, lats, inside


def _chunks(count: int) -> Iterator[slice]:
    for begin in range(0, count, _CHUNK_SITES):
        yield slice(begin, begin + _CHUNK_SITES)
