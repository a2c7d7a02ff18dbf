"""The law of sites once more: where a site lies, plainly, one site at a time.

Nothing here is shared with the code that places sites; ``docs/explanation/sites.md`` is the source of both.
Sums and random words are Python integers, distances and densities are floats of the C library. These may differ
from the placing code's in the last bit, so points are equal within ``TOLERANCE_DEGREES``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.verification.site_numbers import SiteNumbers, WantedSite, Words, key_of, philox

TOLERANCE_DEGREES = 1e-9
ATTEMPTS = 32
"""Points tried before the piece of the tile that lies in the country is cut out, which is not done here."""

_BLOCKS_PER_DEGREE, _LON_BLOCKS, _NUMBER_BITS = 12, 4320, 14
_TILE_STEP, _CELL_STEP, _POINT_STEP = 3, 26, 63
_TILE_LEVELS, _SQUARE_LEVELS, _ROW = 5, 3, 16
_KM_PER_DEGREE = 111.195
_CELL_KM, _TOWNS_CELL_KM, _TOWNS_TILE_KM, _FINE_KM = 0.1, 0.3, 1.5, 1.0
_SIGMA_ABOVE, _SIGMA_BELOW = 7, 12
_FLOOR = 0.01
_TOWN_DENSITY, _BASE_KM, _PER_RADIUS, _SPREAD, _REACH = 4000.0, 0.4, 0.3, 1.68, 3.0
_ECCENTRICITY_SQUARED = (2 - 1 / 298.257223563) / 298.257223563

Batches = Callable[[], Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]]
"""Reads ``(tile_ids, weights)`` of a country from the start, in any number of batches, int64 (n,) each."""


@dataclass(frozen=True, slots=True, eq=False)
class Towns:
    """The towns of a country.

    Attributes:
        lons: Longitudes, degrees, float64 (n,).
        lats: Latitudes, degrees, float64 (n,).
        persons: Persons in each, > 0, int64 (n,).
    """

    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    persons: NDArray[np.int64]

    def density(
        self, block: tuple[int, int], lon: float, lat: float, km_per_lon_degree: float
    ) -> float:
        """Return persons per square kilometre at a point in a block, a millionth or more of them."""
        root = np.sqrt(self.persons / (_TOWN_DENSITY * math.pi))
        spread = _SPREAD * (_BASE_KM + _PER_RADIUS * root)
        reach = 1 + np.floor(_REACH * spread / (_KM_PER_DEGREE / _BLOCKS_PER_DEGREE))
        wide = np.ceil(reach / np.maximum(np.cos(np.radians(self.lats)), 0.1))
        rows = np.floor((90.0 - self.lats) * _BLOCKS_PER_DEGREE)
        cols = np.floor((self.lons + 180.0) * _BLOCKS_PER_DEGREE)
        apart = np.abs((cols - block[1] + _LON_BLOCKS // 2) % _LON_BLOCKS - _LON_BLOCKS // 2)
        near = (np.abs(rows - block[0]) <= reach) & (apart <= wide)
        east = self.lons[near] - lon
        east = (east - 360.0 * np.round(east / 360.0)) * km_per_lon_degree
        north = (self.lats[near] - lat) * _KM_PER_DEGREE
        spread2 = spread[near] ** 2
        falls = (1 + (east**2 + north**2) / spread2) ** 2
        each = self.persons[near] / (math.pi * spread2 * falls)
        return int(np.floor(each * 2.0**20).sum()) / 2.0**20


@dataclass(slots=True, eq=False)
class SiteLaw:
    """Where sites of a country lie.

    Attributes:
        grid: The grid.
        country_iso: ISO 3166-1 alpha-2 code.
        seed: Seed of the sites.
        batches: Reads its tiles.
        towns: Its towns.
        kind: Kind of the keys, ``site`` or ``home``.
    """

    grid: Grid
    country_iso: str
    seed: int
    batches: Batches
    towns: Towns
    kind: bytes = b"site"
    _blocks: _Blocks = field(init=False)
    _texture_key: Words = field(init=False)

    def __post_init__(self) -> None:
        """Read the blocks."""
        self._blocks = _Blocks.read(self.grid, self.batches)
        self._texture_key = key_of(b"texture", self.seed, self.country_iso, "")

    def within(self, ids: NDArray[np.int64], weights: NDArray[np.int64]) -> SiteLaw:
        """Return the law in a part of the country, densities relative to the whole country.

        Args:
            ids: Tiles of the part, int64 (n,).
            weights: Their weights in it, not all 0, int64 (n,).
        """
        part = SiteLaw(
            self.grid, self.country_iso, self.seed, lambda: [(ids, weights)], self.towns, self.kind
        )
        whole = self._blocks
        part._blocks = replace(part._blocks, weight=whole.weight, area_cm2=whole.area_cm2)
        return part

    def sites(
        self, wanted: Sequence[WantedSite]
    ) -> list[tuple[int, Iterator[tuple[float, float]]]]:
        """Return, for each site, its tile and the points tried in it, ``(lon, lat)``, in order.

        The site is the first of these points that lies in the country.
        """
        numbers = [
            SiteNumbers(key_of(self.kind, self.seed, self.country_iso, one.merchant_id), one.order)
            for one in wanted
        ]
        chosen = [self._blocks.block_of(one, own) for one, own in zip(wanted, numbers, strict=True)]
        tiles = self._blocks.tiles_of(set(chosen), self.batches)
        found = []
        for block, own in zip(chosen, numbers, strict=True):
            row, col, weight = self._tile(*tiles[block], own)
            found.append((row * self.grid.n_cols + col, self._points(row, col, weight, own)))
        return found

    def _tile(
        self,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        weights: NDArray[np.int64],
        numbers: SiteNumbers,
    ) -> tuple[int, int, int]:
        """Return ``(row, col, weight)`` of the tile that a site has among those of its block."""
        levels = 1
        smallest = min(self.grid.cell_width, self.grid.cell_height)
        while smallest * (_BLOCKS_PER_DEGREE << levels - 1) < 1:
            levels += 1
        parts = _BLOCKS_PER_DEGREE << levels
        down = np.floor((90.0 - self.grid.lat_centers()) * parts).astype(np.int64)
        across = np.floor((self.grid.lon_centers() + 180.0) * parts).astype(np.int64)
        left, step = np.arange(len(rows)), _TILE_STEP
        while levels > _TILE_LEVELS:
            smaller = max(levels - _SQUARE_LEVELS, _TILE_LEVELS)
            south, east = (
                at >> smaller & (1 << levels - smaller) - 1
                for at in (down[rows[left]], across[cols[left]])
            )
            left = left[numbers.race(step, _ROW * south + east, weights[left])]
            levels, step = smaller, step + 1
        # Tiles count from the first row and column of the raster in their square.
        first_row, first_col = (
            np.searchsorted(at, at[one[left[0]]] >> levels << levels)
            for at, one in ((down, rows), (across, cols))
        )
        numbered = _ROW * (rows[left] - first_row) + cols[left] - first_col
        left = left[numbers.race(step, numbered, weights[left])]
        (tile,) = left.tolist()
        return int(rows[tile]), int(cols[tile]), int(weights[tile])

    def _points(
        self, row: int, col: int, weight: int, numbers: SiteNumbers
    ) -> Iterator[tuple[float, float]]:
        grid = self.grid
        for attempt in range(ATTEMPTS):
            down, across, levels = self._cell(row, col, weight, numbers, attempt)
            x, y = numbers.fresh(_POINT_STEP, attempt)
            width, height = grid.cell_width / (1 << levels), grid.cell_height / (1 << levels)
            west = grid.west + col * grid.cell_width
            yield (
                west + (across + x) * width,
                grid.north - row * grid.cell_height - (down + y) * height,
            )

    def _cell(
        self, row: int, col: int, weight: int, numbers: SiteNumbers, attempt: int
    ) -> tuple[int, int, int]:
        """Return ``(down, across, levels)`` of a site's cell in its tile."""
        grid = self.grid
        tile_km = grid.cell_height * _KM_PER_DEGREE
        levels = max(0, math.ceil(math.log2(tile_km / _CELL_KM)))
        persons = weight * (int(self.towns.persons.sum()) / self._blocks.weight)
        floor = _FLOOR * persons / (int(self._blocks.areas[row]) / 1e10)
        top, bottom = (
            max(-90.0, min(90.0, grid.north - edge * grid.cell_height)) for edge in (row, row + 1)
        )
        north_area, south_area = _area_density(top), _area_density(bottom)
        down = across = 0
        for level in range(levels):
            km = tile_km / (1 << level)
            shares = self._texture(row, col, down, across, level, fine=km / 2 < _FINE_KM)
            if km > _TOWNS_CELL_KM and tile_km > _TOWNS_TILE_KM and len(self.towns.persons):
                town = self._town_shares(row, col, down, across, level)
                shares = [share * (own + floor) for share, own in zip(shares, town, strict=True)]
            slope = (south_area - north_area) / (4 << level)
            middle = north_area + slope * (4 * down + 2)
            north = (middle - slope) * (shares[0] + shares[1])
            south = (middle + slope) * (shares[2] + shares[3])
            fresh = numbers.fresh(_CELL_STEP + level, attempt)
            is_south = fresh[0] >= north / (north + south)
            west, east = shares[2:] if is_south else shares[:2]
            is_east = fresh[1] >= west / (west + east)
            down, across = down << 1 | is_south, across << 1 | is_east
        return down, across, levels

    def _texture(
        self, row: int, col: int, down: int, across: int, level: int, *, fine: bool
    ) -> list[float]:
        """Return the texture of the four quarters of a cell: NW, NE, SW, SE."""
        grid = self.grid
        lat = grid.north - (row + 0.5) * grid.cell_height
        lon = grid.west + (col + 0.5) * grid.cell_width
        row_of_globe = math.floor((90.0 - lat) / grid.cell_height)
        around = max(round(360 / grid.cell_width), 1)
        col_of_globe = math.floor((lon + 180.0) / grid.cell_width) % around
        k0, k1, k2, _ = self._texture_key
        size = round(180 / grid.cell_height) << level
        counter = (row_of_globe << level | down, col_of_globe << level | across, size, k2)
        table = _texture_table(_SIGMA_BELOW if fine else _SIGMA_ABOVE)
        return [table[word & 255] for word in philox(counter, (k0, k1))]

    def _town_shares(self, row: int, col: int, down: int, across: int, level: int) -> list[float]:
        grid = self.grid
        width, height = grid.cell_width / (1 << level), grid.cell_height / (1 << level)
        lon = grid.west + col * grid.cell_width + (across + 0.5) * width
        lat = grid.north - row * grid.cell_height - (down + 0.5) * height
        block = self._blocks.row_blocks[row], self._blocks.col_blocks[col] % _LON_BLOCKS
        # A degree of longitude is as long in all four quarters.
        km = _KM_PER_DEGREE * math.cos(math.radians(lat))
        return [
            self.towns.density(block, lon + x * width / 4, lat + y * height / 4, km)
            for y in (1, -1)
            for x in (-1, 1)
        ]


@dataclass(slots=True, eq=False)
class _Blocks:
    """The blocks of a country that have a weight, in any order."""

    row_blocks: NDArray[np.int64]
    col_blocks: NDArray[np.int64]
    areas: NDArray[np.int64]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    weights: NDArray[np.int64]
    block_areas: NDArray[np.int64]
    weight: int
    area_cm2: int

    @classmethod
    def read(cls, grid: Grid, batches: Batches) -> _Blocks:
        """Return the blocks from a country's tiles and weights, read once, batch by batch."""
        row_blocks = np.floor((90.0 - grid.lat_centers()) * _BLOCKS_PER_DEGREE).astype(np.int64)
        col_blocks = np.floor((grid.lon_centers() + 180.0) * _BLOCKS_PER_DEGREE).astype(np.int64)
        areas = tile_areas_cm2(grid)
        sums: dict[tuple[int, int], list[int]] = {}
        for ids, weights in batches():
            rows, cols = np.divmod(ids, grid.n_cols)
            key, which = np.unique(
                np.stack([row_blocks[rows], col_blocks[cols]]), axis=1, return_inverse=True
            )
            weight, area = np.zeros((2, key.shape[1]), np.int64)
            np.add.at(weight, which.ravel(), weights)
            np.add.at(area, which.ravel(), areas[rows])
            for row, col, *own in zip(*key.tolist(), weight.tolist(), area.tolist(), strict=True):
                total = sums.setdefault((row, col), [0, 0])
                total[0] += own[0]
                total[1] += own[1]
        held = [(*block, *own) for block, own in sums.items() if own[0]]
        rows, cols, weights, block_areas = np.array(held, np.int64).reshape(-1, 4).T
        country = [sum(one) for one in zip(*sums.values(), strict=True)]
        return cls(
            row_blocks, col_blocks, areas, rows, cols, weights, block_areas, country[0], country[1]
        )

    def masses(self, gamma8: int) -> NDArray[np.int64]:
        """Return the mass of each block, scaled by a power of two so that their sum is below 2^62."""
        if gamma8 == 8:  # noqa: PLR2004  # gamma 1
            return self.weights
        density = self.weights / self.block_areas
        relative = np.clip(density / (self.weight / self.area_cm2), 2.0**-10, 2.0**10)
        root, factor, eighths = (
            np.sqrt(np.sqrt(np.sqrt(relative))),
            np.ones(len(density)),
            gamma8 - 8,
        )
        for bit in range(abs(eighths).bit_length()):
            if abs(eighths) >> bit & 1:
                factor = factor * root
            root = root * root
        mass = self.weights * (1 / factor if eighths < 0 else factor)
        _, exponent = math.frexp(float(mass.max()) * len(mass))
        return np.ldexp(mass, 62 - exponent).astype(np.int64)

    def block_of(self, site: WantedSite, numbers: SiteNumbers) -> tuple[int, int]:
        """Return row and column of the block that a site lies in."""
        masses = self.masses(site.gamma8)
        turn, col = np.divmod(self.cols, _LON_BLOCKS)
        first = int(self.col_blocks[0])
        again = (turn != first // _LON_BLOCKS) & (self.cols - first >= _LON_BLOCKS)
        col = col + _LON_BLOCKS * again
        # Row and column bit by bit, in turn: the order of a quadtree.
        number = sum(
            (self.rows >> bit & 1) << 2 * bit + 1 | (col >> bit & 1) << 2 * bit
            for bit in range(_NUMBER_BITS)
        )
        left = np.argsort(number)
        if site.spaced:
            sums = np.cumsum(masses[left]).astype(np.float64)
            left = left[sums > min(numbers.spaced() * sums[-1], np.nextafter(sums[-1], 0))]
        else:
            for step, shift in enumerate((12, 6, 0)):
                runners = number[left] >> shift & (63 if step else -1)
                left = left[numbers.race(step, runners, masses[left])]
        block = left[0]
        return int(self.rows[block]), int(self.cols[block])

    def tiles_of(
        self, wanted: set[tuple[int, int]], batches: Batches
    ) -> dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """Return ``(rows, cols, weights)`` of the tiles of some blocks."""
        n_cols, width = len(self.col_blocks), 1 << 16
        keys = np.sort([row * width + col for row, col in wanted])
        rows, cols, weights = [], [], []
        for ids, own in batches():
            row, col = np.divmod(ids, n_cols)
            here = np.isin(self.row_blocks[row] * width + self.col_blocks[col], keys)
            rows.append(row[here])
            cols.append(col[here])
            weights.append(own[here])
        row, col, weight = map(np.concatenate, (rows, cols, weights))
        found = {}
        for block in wanted:
            here = (self.row_blocks[row] == block[0]) & (self.col_blocks[col] == block[1])
            found[block] = row[here], col[here], weight[here]
        return found


@cache
def _texture_table(sigma_eighths: int) -> list[float]:
    """Return 256 quantiles of a lognormal distribution, from roots rounded to 2^-30."""
    normal = NormalDist()
    upper = []
    for k in range(128):
        root = round(math.exp(normal.inv_cdf((128.5 + k) / 256) / 8) * 2**30) / 2**30
        value = 1.0
        for _ in range(sigma_eighths):
            value *= root
        upper.append(value)
    return [1 / value for value in reversed(upper)] + upper


def _area_density(lat: float) -> float:
    cosine = math.cos(math.radians(lat))
    return cosine / (1 - _ECCENTRICITY_SQUARED * (1 - cosine * cosine)) ** 2
