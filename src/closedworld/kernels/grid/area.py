"""Area of a tile on the WGS 84 ellipsoid, to the square centimetre and the same on every machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid.affine import Grid
from closedworld.kernels.grid.doubledouble import DoubleDouble, polynomial

CM2_PER_M2 = 10_000

# WGS 84 defining constants, NIMA TR8350.2.
_SEMI_MAJOR_M = Fraction(6_378_137)
_FLATTENING = 1 / Fraction("298.257223563")
_SEMI_MINOR_M = _SEMI_MAJOR_M * (1 - _FLATTENING)
_ECCENTRICITY_SQUARED = _FLATTENING * (2 - _FLATTENING)
_RADIANS_PER_DEGREE = Fraction("3.14159265358979323846264338327950288419716939937510") / 180

# Terms after which the series are below the 32 digits of a double-double, at the pole.
_SINE_TERMS = 17
_ZONE_TERMS = 17

_BLOCK_ROWS = 1 << 13
"""Rows whose areas are computed together and kept, 64 KiB."""


@dataclass(frozen=True, slots=True, eq=False)
class RowAreas:
    """The area of a tile of each of some rows.

    Attributes:
        first_row: Row of the first.
        cm2: Square centimetres, int64 (rows,).
    """

    first_row: int
    cm2: NDArray[np.int64]

    @classmethod
    def between(cls, grid: Grid, first_row: int, stop_row: int) -> RowAreas:
        """Return the areas for ``first_row <= row < stop_row``, as ``tile_areas_cm2`` has them."""
        first = first_row // _BLOCK_ROWS
        blocks = [_block(grid, one) for one in range(first, -(-stop_row // _BLOCK_ROWS))]
        begin = first * _BLOCK_ROWS
        every = np.concatenate([np.empty(0, np.int64), *blocks])
        return cls(first_row, every[first_row - begin : stop_row - begin])

    @classmethod
    def spanning(cls, grid: Grid, rows: NDArray[np.int64]) -> RowAreas:
        """Return the areas from the northernmost to the southernmost of some rows, at least one, in any order."""
        return cls.between(grid, int(rows.min()), int(rows.max()) + 1)

    def around(self, rows: NDArray[np.int64]) -> RowAreas:
        """Return the areas from the first to the last of some rows, which ascend."""
        first, last = int(rows[0]), int(rows[-1])
        return RowAreas(first, self.cm2[first - self.first_row : last + 1 - self.first_row])

    @property
    def m2(self) -> NDArray[np.float64]:
        """Square metres, float64 (rows,)."""
        return self.cm2 / np.float64(CM2_PER_M2)

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the area of a tile of each row, square centimetres, int64 in the argument's shape."""
        return self.cm2[rows - self.first_row]


@lru_cache(maxsize=128)
def _block(grid: Grid, number: int) -> NDArray[np.int64]:
    """Return the areas of a block of rows, square centimetres, int64 (rows,)."""
    first_row = number * _BLOCK_ROWS
    stop_row = min(first_row + _BLOCK_ROWS, grid.n_rows)
    edges = grid.lat_edge(np.arange(first_row, stop_row + 1))
    latitude = DoubleDouble.exact(np.clip(edges, -90.0, 90.0))
    zones = _zone(_sine(latitude * DoubleDouble.of(_RADIANS_PER_DEGREE)))
    north = DoubleDouble(zones.high[:-1], zones.low[:-1])
    south = DoubleDouble(zones.high[1:], zones.low[1:])
    width = Fraction(grid.cell_width) * _RADIANS_PER_DEGREE
    scale = DoubleDouble.of(width * _SEMI_MINOR_M**2 * CM2_PER_M2)
    return ((north - south) * scale).rounded()


def tile_areas_cm2(grid: Grid) -> NDArray[np.int64]:
    """Return the area of a tile of each row, square centimetres, int64 (n_rows,).

    The tile's area is the zone between its two parallels times its share of the circle::

        A = width * b^2 * (F(sin(north)) - F(sin(south)))
        F(s) = integral of du / (1 - e^2 u^2)^2 = sum of (k + 1) / (2 k + 1) e^(2 k) s^(2 k + 1)

    with ``width`` in radians (J. P. Snyder, "Map Projections: A Working Manual", USGS Professional
    Paper 1395, 1987, equation 3-12 in its integral form). It is evaluated on the float64 latitudes of
    ``grid.lat_edges()`` in double-double arithmetic and rounded once.
    """
    return RowAreas.between(grid, 0, grid.n_rows).cm2


def tile_areas_m2(grid: Grid) -> NDArray[np.float64]:
    """Return ``tile_areas_cm2`` in square metres, float64 (n_rows,)."""
    return RowAreas.between(grid, 0, grid.n_rows).m2


def _sine(angle: DoubleDouble) -> DoubleDouble:
    """Return the sine of radians within +/- pi/2, by its Taylor series."""
    terms = [Fraction((-1) ** k, math.factorial(2 * k + 1)) for k in range(_SINE_TERMS)]
    return angle * polynomial(angle * angle, terms)


def _zone(sine: DoubleDouble) -> DoubleDouble:
    """Return F of the docstring above: zone area from the equator, per radian and b^2."""
    terms = [Fraction(k + 1, 2 * k + 1) * _ECCENTRICITY_SQUARED**k for k in range(_ZONE_TERMS)]
    return sine * polynomial(sine * sine, terms)
