"""The blocks of a country, and the way of sites down to a block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.placing.block_lattice import BlockLattice, block_lattice
from closedworld.kernels.placing.block_pieces import BlockPieces
from closedworld.kernels.placing.races import first_of_races, slowness
from closedworld.kernels.placing.site_numbers import SiteNumbers
from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.spans import RowSpans

GAMMA_ONE = 8
"""Exponents are counted in eighths."""

DENSITY_RANGE = 2.0**-10, 2.0**10
"""A block's density relative to its country is clamped to these."""

SQUARE_BITS = 6, 6, 16
"""Blocks race in squares of 8 across, these in squares of 64 across, and these in the country."""

_MASS_BITS = 62
_CHUNK_TILES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The blocks of a country that have a weight.

    Attributes:
        lattice: Blocks of the grid.
        ids: Their numbers in the quadtree, int64 (n,), ascending.
        row_blocks: Row of each in the lattice, int64 (n,).
        col_blocks: Column of each in the lattice, int64 (n,).
        weights: Sum of the weights of its tiles, > 0, uint64 (n,).
        areas_cm2: Sum of their areas, > 0, int64 (n,).
        country_weight: Sum of the weights of the whole country.
        country_area_cm2: Sum of the areas of the whole country.
    """

    lattice: BlockLattice
    ids: NDArray[np.int64]
    row_blocks: NDArray[np.int64]
    col_blocks: NDArray[np.int64]
    weights: NDArray[np.uint64]
    areas_cm2: NDArray[np.int64]
    country_weight: int
    country_area_cm2: int
    _masses: dict[int, NDArray[np.uint64]] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, spans: RowSpans, weights: Iterable[NDArray[np.unsignedinteger]]) -> Blocks:
        """Return the blocks of a country.

        Args:
            spans: Its tiles, at least one.
            weights: Their weights in order of rank, in any number of arrays, uint64 or uint32 (n,) each; not all 0.
        """
        lattice = block_lattice(spans.grid)
        pieces = BlockPieces.of(spans, lattice)
        areas = pieces.areas_cm2()
        sums = np.zeros(len(areas), np.uint64)
        for first_rank, chunk in _numbered(weights):
            ranks, block = pieces.between(first_rank, first_rank + len(chunk))
            np.add.at(sums, block, np.add.reduceat(chunk, ranks - first_rank, dtype=np.uint64))
        some = np.flatnonzero(sums)
        row, col = pieces.row_col_blocks(some)
        ids = lattice.block_ids(row, col)
        order = np.argsort(ids)
        some = some[order]
        return cls(
            lattice,
            ids[order],
            row[order],
            col[order],
            sums[some],
            areas[some],
            int(sums.sum()),
            int(areas.sum()),
        )

    def masses(self, gamma8: int) -> NDArray[np.uint64]:
        """Return the mass of each block: its weight times its relative density to the power gamma - 1; kept once made.

        Args:
            gamma8: Eight times gamma.

        Returns:
            Weights for gamma 1; else integers whose sum is below 2^62, scaled by a power of two to come
            near to it, uint64 (n,).
        """
        if gamma8 == GAMMA_ONE:
            return self.weights
        if gamma8 not in self._masses:
            self._masses[gamma8] = self._masses_of(gamma8)
        return self._masses[gamma8]

    def _masses_of(self, gamma8: int) -> NDArray[np.uint64]:
        density = self.weights.astype(np.float64) / self.areas_cm2.astype(np.float64)
        of_country = self.country_weight / self.country_area_cm2
        relative = np.clip(density / of_country, *DENSITY_RANGE)
        mass = self.weights.astype(np.float64) * power(relative, gamma8 - GAMMA_ONE)
        _, exponent = math.frexp(float(mass.max()) * len(mass))
        return np.ldexp(mass, _MASS_BITS - exponent).astype(np.uint64)


def power(base: NDArray[np.float64], eighths: int) -> NDArray[np.float64]:
    """Return ``base ** (eighths / 8)``, by square roots and products alone, float64 (n,).

    Args:
        base: Numbers > 0, float64 (n,).
        eighths: Exponent in eighths, -64..64.
    """
    result = np.ones_like(base)
    root = base
    for _ in range(3):
        root = np.sqrt(root)
    left = abs(eighths)
    while left:
        if left & 1:
            result = result * root
        root, left = root * root, left >> 1
    return 1 / result if eighths < 0 else result


class BlockTree:
    """The way from a country over squares of 64 and of 8 blocks across to a block, with masses for several gammas.

    Three races lead to a block; a site with spacing finds it in the running sum of masses, in the order of a quadtree.

    Args:
        ids: Numbers of the blocks, int64 (n,), ascending.
        masses: Their masses for each gamma, uint64 (gammas, n).
    """

    def __init__(self, ids: NDArray[np.int64], masses: NDArray[np.uint64]) -> None:
        self._sums = np.cumsum(masses, axis=1).astype(np.float64)
        self._races: list[_Race] = []
        for bits in SQUARE_BITS:
            race, ids, masses = _Race.of(ids, masses, bits)
            self._races.insert(0, race)

    def find(
        self, gamma: NDArray[np.int64], spaced: NDArray[np.bool_], numbers: SiteNumbers
    ) -> NDArray[np.int64]:
        """Return the block of each site, as its position among all, int64 (n,).

        Args:
            gamma: Position of each site's gamma among those of the tree, int64 (n,).
            spaced: Which sites have spacing, bool (n,).
            numbers: Numbers of the sites.
        """
        found = np.empty(len(numbers), np.int64)
        with_spacing, others = np.flatnonzero(spaced), np.flatnonzero(~spaced)
        own = numbers.take(with_spacing).spaced()
        for position, sums in enumerate(self._sums):
            here = gamma[with_spacing] == position
            # No product with a number of 53 bits below 1 is rounded up to the whole sum.
            part = own[here] * sums[-1]
            found[with_spacing[here]] = np.searchsorted(sums, part, side="right")
        node, numbers, gamma = np.zeros(len(others), np.int64), numbers.take(others), gamma[others]
        for step, race in enumerate(self._races):
            node = race.run(numbers.seeds(step), gamma, node)
        found[others] = node
        return found


class _Race(NamedTuple):
    """A level of the tree: the parts of each square race.

    Attributes:
        pairs: Which parts there are: pairs p of parts 2p and 2p + 1, uint64 (pairs,).
        slownesses: Inverse of their masses, float64 (gammas x squares, 2 pairs).
        parts: Position of each part among all of the level, int64 (squares, 2 pairs).
    """

    pairs: NDArray[np.uint64]
    slownesses: NDArray[np.float64]
    parts: NDArray[np.int64]

    @classmethod
    def of(
        cls, ids: NDArray[np.int64], masses: NDArray[np.uint64], bits: int
    ) -> tuple[_Race, NDArray[np.int64], NDArray[np.uint64]]:
        """Return a level, and numbers and masses of its squares, as those of its parts.

        Args:
            ids: Numbers of the parts, int64 (n,), ascending.
            masses: Their masses, uint64 (gammas, n).
            bits: Lower bits of their numbers, by which parts of a square differ.
        """
        own = ids & (1 << bits) - 1
        squares, square = np.unique(ids >> bits, return_inverse=True)
        pairs = np.unique(own >> 1)
        column = 2 * np.searchsorted(pairs, own >> 1) + (own & 1)
        columns = 2 * len(pairs)
        of_squares = np.zeros((len(masses), len(squares), columns), np.uint64)
        of_squares[:, square, column] = masses
        parts = np.zeros((len(squares), columns), np.int64)
        parts[square, column] = np.arange(len(ids))
        by_row = of_squares.reshape(len(masses) * len(squares), columns)
        race = cls(pairs.astype(np.uint64), slowness(by_row), parts)
        return race, squares, of_squares.sum(axis=2, dtype=np.uint64)

    def run(
        self, seeds: Words, gamma: NDArray[np.int64], square: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the part that each site goes to from its square, int64 (n,)."""
        first = first_of_races(seeds, self.pairs, self.slownesses, gamma * len(self.parts) + square)
        return self.parts[square, first]


def _numbered(
    weights: Iterable[NDArray[np.unsignedinteger]],
) -> Iterator[tuple[int, NDArray[np.unsignedinteger]]]:
    """Yield weights in chunks that are not large nor empty, with the rank of the first."""
    rank = 0
    for array in weights:
        for begin in range(0, len(array), _CHUNK_TILES):
            chunk = array[begin : begin + _CHUNK_TILES]
            yield rank + begin, chunk
        rank += len(array)
