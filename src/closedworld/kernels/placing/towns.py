"""How many people live where in a tile: the density of the towns around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.placing.block_lattice import BLOCK_COLS, BLOCKS_PER_DEGREE
from closedworld.kernels.sampling.area_density import cosine

CITY_DENSITY = 4000.0
"""Persons per square kilometre; turns a town's persons into the radius of its footprint."""

BASE_KM, PER_RADIUS, SPREAD = 0.4, 0.3, 1.68
REACH = 3.0
"""A town counts in blocks that lie within so many of its spreads, and in its own and the next anyway."""

KM_PER_DEGREE = 111.195
_BLOCK_KM = KM_PER_DEGREE / BLOCKS_PER_DEGREE
_UNITS = 2.0**20


@dataclass(frozen=True, eq=False)
class Towns:
    """The towns of a country.

    Attributes:
        lons: Longitudes, degrees in -180..180, float64 (towns,).
        lats: Latitudes, degrees, float64 (towns,).
        persons: Their persons, > 0, int64 (towns,).
        spread2: Square of their spread, km2, float64 (towns,).
    """

    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    persons: NDArray[np.int64]
    spread2: NDArray[np.float64]

    @classmethod
    def of(
        cls, lons: NDArray[np.float64], lats: NDArray[np.float64], persons: NDArray[np.int64]
    ) -> Towns:
        """Return the towns of a country; those without persons are left out.

        Args:
            lons: Longitudes, degrees in -180..180, float64 (n,).
            lats: Latitudes, degrees, float64 (n,).
            persons: Persons that live in each, int64 (n,).
        """
        some = persons > 0
        lons, lats, persons = lons[some], lats[some], persons[some]
        spread = SPREAD * (BASE_KM + PER_RADIUS * np.sqrt(persons / (CITY_DENSITY * math.pi)))
        return cls(lons, lats, persons, spread * spread)

    @cached_property
    def by_block(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Blocks of the lattice as ``row * 4320 + col``, ascending, and a town that counts in each, int64 (n,) each."""
        row = np.floor((90.0 - self.lats) * BLOCKS_PER_DEGREE).astype(np.int64)
        col = np.floor((self.lons + 180.0) * BLOCKS_PER_DEGREE).astype(np.int64)
        reach = 1 + np.floor(REACH * np.sqrt(self.spread2) / _BLOCK_KM).astype(np.int64)
        # Blocks are narrower towards the poles.
        wide = np.ceil(reach / np.maximum(cosine(self.lats), 0.1)).astype(np.int64)
        deep, broad = 2 * reach + 1, 2 * wide + 1
        # Each row of blocks round each town, then the blocks of it.
        town = np.repeat(np.arange(len(row)), deep)
        across = counted((col - wide)[town], broad[town]) % BLOCK_COLS
        block = np.repeat(counted(row - reach, deep) * BLOCK_COLS, broad[town]) + across
        member = np.repeat(town, broad[town])
        order = np.lexsort((member, block))
        return block[order], member[order]

    def density(
        self,
        block: NDArray[np.int64],
        lons: NDArray[np.float64],
        lats: NDArray[np.float64],
        half_width: float,
        half_height: float,
    ) -> NDArray[np.float64]:
        """Return persons per square kilometre in the middle of the four quarters of cells.

        Args:
            block: Block of the cell's tile, ``row * 4320 + col``, int64 (n,).
            lons: Longitude of the cells' middles, degrees in -180..180, float64 (n,).
            lats: Latitude of the cells' middles, degrees, float64 (n,).
            half_width: Width of a quarter, degrees.
            half_height: Height of a quarter, degrees.

        Returns:
            float64 (4, n): NW, NE, SW, SE. Sums are exact to a millionth, in whatever order.
        """
        blocks, members = self.by_block
        first = np.searchsorted(blocks, block)
        count = np.searchsorted(blocks, block, side="right") - first
        cell = np.repeat(np.arange(len(block)), count)
        town = members[counted(first, count)]
        east = self.lons[town] - lons[cell]
        east -= 360.0 * np.round(east / 360.0)
        north = self.lats[town] - lats[cell]
        km_east = (KM_PER_DEGREE * cosine(lats))[cell]
        spread2, persons = self.spread2[town], self.persons[town]
        x2 = [((east + side * half_width / 2) * km_east) ** 2 for side in (1, -1)]
        y2 = [((north + side * half_height / 2) * KM_PER_DEGREE) ** 2 for side in (-1, 1)]
        some = np.flatnonzero(count)
        starts = (np.cumsum(count) - count)[some]
        result = np.zeros((4, len(block)))
        for quarter in range(4):
            near = 1 + (x2[quarter & 1] + y2[quarter >> 1]) / spread2
            value = persons / (math.pi * spread2 * near * near)
            whole = np.add.reduceat((value * _UNITS).astype(np.int64), starts)
            result[quarter, some] = whole / _UNITS
        return result
