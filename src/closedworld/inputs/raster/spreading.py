"""The people of a global raster on another global grid: those of a pixel are spread evenly over it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.weights import micro_persons

_MICRO = 1_000_000
_MOST_PARTS = 64
"""So that micro-persons times parts stay below 2^63."""


@dataclass(frozen=True, slots=True)
class Spreading:
    """How wide a cell of a grid is: ``pixels / parts`` pixels, in lowest terms.

    Attributes:
        pixels: 1 where every pixel is cut into ``parts x parts`` cells.
        parts: See there.
    """

    pixels: int
    parts: int

    @classmethod
    def between(cls, raster: Grid, grid: Grid) -> Spreading | None:
        """Return how pixels of a raster are spread over a grid; None unless both cover the whole globe."""
        for one in (raster, grid):
            whole = Grid(
                -180.0, 90.0, 180 / one.n_rows, 180 / one.n_rows, 2 * one.n_rows, one.n_rows
            )
            if not one.is_same_lattice(whole):
                return None
        ratio = Fraction(raster.n_rows, grid.n_rows)
        if ratio.numerator > 1 and ratio.denominator > _MOST_PARTS:
            return None
        return cls(ratio.numerator, ratio.denominator)

    @property
    def adds_whole_pixels(self) -> bool:
        """Whether no pixel is cut, so that a cell has exactly the people of its pixels."""
        return self.parts == 1

    @property
    def dtype(self) -> str:
        """Type of the values: a part of one pixel needs no more than its own seven digits."""
        return "float32" if self.pixels == 1 else "float64"

    def pixels_of(self, first: int, stop: int) -> tuple[int, int]:
        """Return ``(first, stop)`` of the pixels that meet a range of cells, along one axis."""
        return first * self.pixels // self.parts, -(-stop * self.pixels // self.parts)

    def spread(
        self, values: NDArray[Any], row: int, col: int, shape: tuple[int, int]
    ) -> NDArray[Any]:
        """Return the persons of a window of cells, float of ``dtype``, ``shape``.

        Args:
            values: Persons in the pixels that meet the window, (rows, cols).
            row: First row of cells.
            col: First column of cells.
            shape: Rows and columns of cells.
        """
        micro = micro_persons(values)
        unit = self.parts * self.parts * _MICRO
        if self.pixels == 1:
            rows, cols = (
                np.arange(first, first + count) // self.parts - first // self.parts
                for first, count in zip((row, col), shape, strict=True)
            )
            return (micro / unit).astype(self.dtype)[rows][:, cols]
        sums = self._summed(self._summed(micro, row, shape[0]).T, col, shape[1]).T
        return np.ascontiguousarray(sums / unit)

    def _summed(self, micro: NDArray[np.int64], first: int, count: int) -> NDArray[np.int64]:
        """Return the sum of each cell's pixels along the first axis, times how many parts of each it has."""
        before, _ = self.pixels_of(first, first)
        sums = np.empty((count, micro.shape[1]), np.int64)
        for number in range(count):
            begin = (first + number) * self.pixels
            at, stop = self.pixels_of(first + number, first + number + 1)
            pixels = np.arange(at, stop)
            parts = np.minimum((pixels + 1) * self.parts, begin + self.pixels)
            parts -= np.maximum(pixels * self.parts, begin)
            sums[number] = parts @ micro[at - before : stop - before]
        return sums
