"""The blocks of a country as a quadtree, and the way of sites down to a block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid.area import RowAreas
from closedworld.kernels.placing.block_lattice import BLOCK_LEVELS, BlockLattice
from closedworld.kernels.placing.block_pieces import BlockPieces
from closedworld.kernels.placing.site_numbers import SiteNumbers
from closedworld.kernels.spans import RowSpans

GAMMA_ONE = 8
"""Exponents are counted in eighths."""

DENSITY_RANGE = 2.0**-10, 2.0**10
"""A block's density relative to its country is clamped to these."""

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

    @classmethod
    def of(cls, spans: RowSpans, weights: Iterable[NDArray[np.unsignedinteger]]) -> Blocks:
        """Return the blocks of a country.

        Args:
            spans: Its tiles, at least one.
            weights: Their weights in order of rank, in any number of arrays, uint64 or uint32 (n,) each; not all 0.
        """
        lattice = BlockLattice.of(spans.grid)
        first_row, stop_row = int(spans.rows[0]), int(spans.rows[-1]) + 1
        row_0 = int(lattice.row_blocks[first_row])
        col_0 = int(lattice.col_blocks[spans.col_starts.min()])
        shape = (
            int(lattice.row_blocks[stop_row - 1]) - row_0 + 1,
            int(lattice.col_blocks[spans.col_stops.max() - 1]) - col_0 + 1,
        )
        areas, sums = (
            np.zeros(shape[0] * shape[1], np.int64),
            np.zeros(shape[0] * shape[1], np.uint64),
        )
        row_areas = RowAreas.between(spans.grid, first_row, stop_row)
        for first_rank, chunk in _numbered(weights):
            pieces = BlockPieces.between(spans, lattice, first_rank, first_rank + len(chunk))
            block = (pieces.row_blocks - row_0) * shape[1] + pieces.col_blocks - col_0
            np.add.at(areas, block, row_areas.of(pieces.rows) * pieces.lengths)
            np.add.at(
                sums, block, np.add.reduceat(chunk, pieces.ranks - first_rank, dtype=np.uint64)
            )
        some = np.flatnonzero(sums)
        row, col = np.divmod(some, shape[1])
        ids = lattice.block_ids(row + row_0, col + col_0)
        order = np.argsort(ids)
        some = some[order]
        return cls(
            lattice,
            ids[order],
            row[order] + row_0,
            col[order] + col_0,
            sums[some],
            areas[some],
            int(sums.sum()),
            int(areas.sum()),
        )

    def masses(self, gamma8: int) -> NDArray[np.uint64]:
        """Return the mass of each block: its weight times its relative density to the power gamma - 1.

        Args:
            gamma8: Eight times gamma.

        Returns:
            Weights for gamma 1; else integers whose sum is below 2^62, scaled by a power of two to come
            near to it, uint64 (n,).
        """
        if gamma8 == GAMMA_ONE:
            return self.weights
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


@dataclass(frozen=True, slots=True, eq=False)
class BlockTree:
    """The quadtree of a country's blocks, with masses for several gammas.

    Nodes are numbered level by level, those of a level in order.

    Attributes:
        first_level: Level of the root: above it there is no choice.
        masses: Masses of the quarters of each node (NW, NE, SW, SE), by level, float64 (4, gammas, nodes of the level).
        children: Node of the next level in each quarter, by level, int64 (nodes, 4).
    """

    first_level: int
    masses: list[NDArray[np.float64]] = field(default_factory=list)
    children: list[NDArray[np.int64]] = field(default_factory=list)

    @classmethod
    def of(cls, ids: NDArray[np.int64], masses: NDArray[np.uint64]) -> BlockTree:
        """Return the tree of some blocks.

        Args:
            ids: Their numbers, int64 (n,), ascending.
            masses: Their masses for each gamma, uint64 (gammas, n).
        """
        first_level = BLOCK_LEVELS - (int(ids[0] ^ ids[-1]).bit_length() + 1) // 2
        tree = cls(first_level)
        for _ in range(BLOCK_LEVELS - first_level):
            parents = ids >> 2
            is_first = np.append(True, parents[1:] != parents[:-1])
            parent, quarter = np.cumsum(is_first) - 1, ids & 3
            ids = parents[is_first]
            four = np.zeros((4, len(masses), len(ids)), np.uint64)
            four[quarter, :, parent] = masses.T
            children = np.zeros((len(ids), 4), np.int64)
            children[parent, quarter] = np.arange(len(parent))
            masses = four.sum(axis=0, dtype=np.uint64)
            tree.masses.append(four.astype(np.float64))
            tree.children.append(children)
        for levels in (tree.masses, tree.children):
            levels.reverse()
        return tree

    def find(self, gamma: NDArray[np.int64], numbers: SiteNumbers) -> NDArray[np.int64]:
        """Return the block of each site, as its position among all, int64 (n,).

        Args:
            gamma: Position of each site's gamma among those of the tree, int64 (n,).
            numbers: Numbers of the sites.
        """
        node = np.zeros(len(numbers), np.int64)
        levels = zip(self.masses, self.children, strict=True)
        for level, (masses, children) in enumerate(levels, self.first_level):
            node = children[node, numbers.quarters(level, masses[:, gamma, node])]
        return node


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
