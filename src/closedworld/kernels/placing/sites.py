"""The sites of one country: block, tile, cell and point of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.placing.block_tree import Blocks, BlockTree
from closedworld.kernels.placing.cells_in_tiles import cell_levels, cells_in_tiles
from closedworld.kernels.placing.site_numbers import POINT_STEP, SiteNumbers, uniform
from closedworld.kernels.placing.texture import Texture
from closedworld.kernels.placing.tiles_in_blocks import tiles_in_blocks
from closedworld.kernels.placing.towns import Towns
from closedworld.kernels.sampling.random_streams import Keys, StreamDraws, stream_keys
from closedworld.kernels.sampling.shape import CountryShape, normalized
from closedworld.kernels.sampling.tile_weights import TileWeights
from closedworld.kernels.sampling.triangulation import points_in_piece
from closedworld.kernels.spans import RowSpans

ATTEMPTS = 32
"""Points tried in the tile before the piece that lies in the country is cut out."""

_FIRST_OF_PIECE = 1 << 11  # beyond all numbers of the attempts before
_CHUNK_SITES = 1 << 14
_SITE_KEYS, _TEXTURE_KEY = b"site", b"texture"
_CM2_PER_KM2 = 10_000_000_000


def site_keys(merchants: Iterable[str], country_iso: str, seed: int) -> Keys:
    """Return the key of each merchant in a country, uint32 (n, 4), for ``Sites``."""
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
        return Texture(grid, stream_keys([""], country_iso, seed, kind=_TEXTURE_KEY)[0])


@dataclass(frozen=True, slots=True, eq=False)
class SiteRequest:
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

    def __len__(self) -> int:
        return len(self.orders)

    def take(self, which: NDArray[np.integer]) -> SiteRequest:
        """Return some of the sites."""
        return SiteRequest(
            self.keys[which], self.orders[which], self.gamma8[which], self.spaced[which]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Placed sites, in the order of their request.

    Attributes:
        tile_ids: Tile of each, uint64 (n,).
        lons: Longitudes, degrees in -180..180, float64 (n,).
        lats: Latitudes, degrees, float64 (n,).
    """

    tile_ids: NDArray[np.uint64]
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]


def place_sites(domain: PlacingDomain, request: SiteRequest) -> Sites:
    """Return where each site lies; it depends on the domain and the site's own row alone."""
    numbers = SiteNumbers(request.keys, request.orders)
    gammas, gamma = np.unique(request.gamma8, return_inverse=True)
    blocks = domain.blocks
    masses = np.stack([blocks.masses(one) for one in gammas.tolist()])
    tree, chosen = BlockTree(blocks.ids, masses), np.empty(len(request), np.int64)
    for begin in range(0, len(request), _CHUNK_SITES):
        some = np.arange(begin, min(begin + _CHUNK_SITES, len(request)))
        chosen[some] = tree.find(gamma[some], request.spaced[some], numbers.take(some))
    tiles, lons, lats = np.empty(len(request), np.uint64), *np.empty((2, len(request)))
    # In order of blocks from north to south, so that a chunk reads few row groups of weights.
    order = np.lexsort((blocks.col_blocks[chosen], blocks.row_blocks[chosen]))
    for begin in range(0, len(request), _CHUNK_SITES):
        here = order[begin : begin + _CHUNK_SITES]
        tiles[here], lons[here], lats[here] = _points(
            domain, chosen[here], request.take(here), numbers.take(here)
        )
    return Sites(tiles, lons, lats)


def _points(
    domain: PlacingDomain, chosen: NDArray[np.int64], request: SiteRequest, numbers: SiteNumbers
) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.float64]]:
    """Return ``(tile_ids, lons, lats)`` of sites in the blocks that were chosen."""
    grid, blocks = domain.spans.grid, domain.blocks
    rows, cols, weights = tiles_in_blocks(
        domain.spans, blocks, chosen, numbers, domain.tile_weights
    )
    tiles = grid.tile_id(rows, cols)
    on_border = domain.border.contains(tiles)
    persons = weights * (int(domain.towns.persons.sum()) / blocks.country_weight)
    areas = RowAreas.between(grid, int(rows.min()), int(rows.max()) + 1)
    densities = persons / (areas.of(rows) / _CM2_PER_KM2)
    lons, lats = np.empty((2, len(chosen)))
    left = np.arange(len(chosen))
    for attempt in range(ATTEMPTS):
        now = numbers if attempt == 0 else numbers.take(left)
        row, col = rows[left], cols[left]
        down, across = cells_in_tiles(
            grid, row, col, densities[left], now, domain.texture, domain.towns, attempt
        )
        words = now.words(POINT_STEP, attempt)
        parts = 1 << cell_levels(grid)
        width, height = grid.cell_width / parts, grid.cell_height / parts
        x = normalized(grid.lon_edge(col) + (across + uniform(*words[:2])) * width)
        y = grid.lat_edge(row) - (down + uniform(*words[2:])) * height
        lons[left], lats[left] = x, y
        asked = np.flatnonzero(on_border[left])
        left = left[asked[~domain.shape.contains(x[asked], y[asked])]]
        if not len(left):
            break
    for tile in np.unique(tiles[left]):
        here = left[tiles[left] == tile]
        draws = StreamDraws(request.keys[here], request.orders[here])
        lons[here], lats[here] = points_in_piece(
            grid, int(rows[here[0]]), int(cols[here[0]]), draws, domain.shape, _FIRST_OF_PIECE
        )
    return tiles, lons, lats
