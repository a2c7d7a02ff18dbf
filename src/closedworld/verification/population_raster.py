"""Micro-persons of tiles, read in plain masked windows from a raster, or from several that are taken as one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.raster.info import open_raster
from closedworld.kernels.grid import Grid
from closedworld.sanitize import library_message

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MICRO = 1_000_000

_CACHE_BYTES = 64 << 20
_STRIPE_COLS = 1024
_MOST_STRIPES = 8
_BAND_ROWS = 64, 512
_INT64_END = 2.0**63
_SAME_CELLS, _ALIGNED_CELLS = 1e-3, 0.05
_HALF = 0.5
# Half way between whole numbers, or so near that the rounded product may be on the wrong side.
_NEAR_HALF = 1e-3
_EXACT_BELOW = 2.0**42


class ValueTooLargeError(ValueError):
    """A cell holds more people than 64-bit arithmetic can count, so no weights can come from it.

    Attributes:
        example: Row, column and value of the cell.
    """

    def __init__(self, path: Path, row: int, col: int, persons: float) -> None:
        super().__init__(
            f"{path} holds {persons:g} persons in one cell; no weights can be made from that."
        )
        # Infinity is no number of JSON.
        value = persons if math.isfinite(persons) else str(persons)
        self.example = {"raster_row": row, "raster_col": col, "value": value}


class PopulationRaster:
    """A band of a raster as masses.

    Args:
        path: Name of the raster, for errors.
        raster: The raster.
        band: The band, 1 for the first.

    Attributes:
        limit_cell: Row, column and value of the first cell met that holds the largest number of an integer type.
    """

    def __init__(self, path: Path, raster: DatasetReader, band: int) -> None:
        self._path, self._raster, self._band = path, raster, band
        self._scale, self._offset = raster.scales[band - 1], raster.offsets[band - 1]
        least, most = _BAND_ROWS
        self._top, self._spread = 0, (1, 1)
        self.limit_cell: tuple[int, int, int] | None = None
        self._band_rows = min(max(raster.block_shapes[band - 1][0], least), most)

    def lies_on(self, grid: Grid) -> bool:
        """Return whether the raster has the cells of a grid, to a thousandth of a cell."""
        at, raster = self._raster.transform, self._raster
        if self._is_spread_over(grid):
            return True
        # Rows centred on a pole and a column that covers ground again are no part of the grid.
        self._top = round((at.f - grid.north) / grid.cell_height)
        beyond = raster.height - self._top - grid.n_rows, raster.width - grid.n_cols
        if not ({self._top, *beyond} <= {0, 1}):
            return False
        corners = (
            (at.c - grid.west) / grid.cell_width,
            (at.c + at.a * grid.n_cols - grid.east) / grid.cell_width,
            (at.f + at.e * self._top - grid.north) / grid.cell_height,
            (at.f + at.e * (self._top + grid.n_rows) - grid.south) / grid.cell_height,
            at.b * raster.height / grid.cell_width,
            at.d * raster.width / grid.cell_height,
        )
        return bool(max(map(abs, corners)) <= _SAME_CELLS)

    def place_on(self, grid: Grid) -> tuple[int, int, int, int] | None:
        """Return ``(row, col, rows, columns)`` of the raster on a larger grid; None when cells differ."""
        at, raster = self._raster.transform, self._raster
        across, down = (at.c - grid.west) / grid.cell_width, (grid.north - at.f) / grid.cell_height
        off = (
            across - round(across),
            down - round(down),
            (at.a / grid.cell_width - 1) * raster.width,
            (-at.e / grid.cell_height - 1) * raster.height,
        )
        if max(map(abs, off)) > _ALIGNED_CELLS:
            return None
        return round(down), round(across), raster.height, raster.width

    def micro_persons(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the mass of cells, int64 (n,).

        Args:
            rows: Raster rows, ascending, (n,).
            cols: Raster columns, (n,).

        Raises:
            InputError: ``input-unreadable``.
            ValueTooLargeError: A cell's value is.
        """
        if self._spread != (1, 1):
            return self._spread_micro_persons(rows, cols)
        return self._pixel_micro_persons(rows, cols)

    def _is_spread_over(self, grid: Grid) -> bool:
        """Return whether people of a raster of the whole globe are spread over another grid of it."""
        at, raster = self._raster.transform, self._raster
        globes = (
            (at.c, at.f, at.a * raster.width, -at.e * raster.height),
            (grid.west, grid.north, grid.east - grid.west, grid.north - grid.south),
        )
        whole = -180.0, 90.0, 360.0, 180.0
        if any(
            abs(one - other) > _SAME_CELLS * grid.cell_height
            for globe in globes
            for one, other in zip(globe, whole, strict=True)
        ):
            return False
        ratios = Fraction(raster.height, grid.n_rows), Fraction(raster.width, grid.n_cols)
        if ratios[0] != ratios[1] or ratios[0] == 1:
            return False
        self._spread = ratios[0].numerator, ratios[0].denominator
        return True

    def _spread_micro_persons(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the masses of cells that are ``pixels / parts`` pixels wide."""
        pixels, parts = self._spread
        sums = np.zeros(len(rows), np.int64)
        for down, across in itertools.product(range(-(-pixels // parts) + 1), repeat=2):
            at, shares = [], np.ones(len(rows), np.int64)
            for cells, step in ((rows, down), (cols, across)):
                pixel = cells * pixels // parts + step
                begin, end = cells * pixels, (cells + 1) * pixels
                overlap = np.minimum((pixel + 1) * parts, end) - np.maximum(pixel * parts, begin)
                shares *= np.maximum(overlap, 0)
                at.append(pixel)
            held = np.flatnonzero(shares)
            sums[held] += shares[held] * self._pixel_micro_persons(at[0][held], at[1][held])
        persons = sums / (parts * parts * MICRO)
        if pixels == 1:
            persons = persons.astype(np.float32)
        return rounded_micro(persons)

    def _pixel_micro_persons(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        masses = np.zeros(len(rows), np.int64)
        bands = rows // self._band_rows
        cuts = [0, *(np.flatnonzero(np.diff(bands)) + 1).tolist(), len(rows)]
        for first, stop in itertools.pairwise(cuts):
            here_rows, here_cols = rows[first:stop], cols[first:stop]
            for col_start, col_stop in _stripes(here_cols):
                inside = np.flatnonzero((here_cols >= col_start) & (here_cols < col_stop))
                masses[first + inside] = self._window(
                    here_rows[inside], here_cols[inside], col_start, col_stop
                )
        return masses

    def _window(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64], col_start: int, col_stop: int
    ) -> NDArray[np.int64]:
        """Return the masses of cells that lie between two columns."""
        from rasterio.errors import RasterioError  # noqa: PLC0415 -- takes 0.2 s to import
        from rasterio.windows import Window  # noqa: PLC0415

        top, width = int(rows[0]), min(col_stop, self._raster.width) - col_start
        window = Window(col_start, top + self._top, width, int(rows[-1]) - top + 1)
        try:
            read = self._raster.read(self._band, window=window, masked=True)
        except RasterioError as error:
            raise InputError(
                "input-unreadable",
                f"{self._path}: {window} cannot be read: {library_message(error.__cause__ or error)}.",
                "Fetch it again.",
            ) from error
        at = rows - top, cols - col_start
        values = read.data[at]
        if self._scale != 1 or self._offset != 0:
            values = values.astype(np.float64) * self._scale + self._offset
        self._note_limit(read, rows, cols, at)
        is_person = ~np.ma.getmaskarray(read)[at] & (values > 0)
        too_large = np.flatnonzero(is_person & (values >= _INT64_END / MICRO))
        if len(too_large):
            first = int(too_large[0])
            raise ValueTooLargeError(
                self._path, int(rows[first]), int(cols[first]), float(values[first])
            )
        masses = np.zeros(len(values), np.int64)
        masses[is_person] = rounded_micro(values[is_person])
        return masses

    def _note_limit(
        self,
        read: np.ma.MaskedArray[Any, Any],
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        at: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        """Remember the first cell that holds the largest number of an integer type."""
        if self.limit_cell is not None or read.dtype.kind not in "iu":
            return
        limit = np.iinfo(read.dtype).max
        held = np.flatnonzero((read.data[at] == limit) & ~np.ma.getmaskarray(read)[at])
        if len(held):
            self.limit_cell = int(rows[held[0]]) + self._top, int(cols[held[0]]), int(limit)


class SeveralRasters:
    """Rasters as one, with the methods of ``PopulationRaster``.

    Args:
        rasters: In the order in which they count.
    """

    def __init__(self, rasters: Sequence[PopulationRaster]) -> None:
        self._rasters = rasters
        self._places: list[tuple[int, int, int, int]] = []

    @property
    def limit_cell(self) -> tuple[int, int, int] | None:
        """The first cell that holds the largest number of an integer type, in its own raster."""
        return next((one.limit_cell for one in self._rasters if one.limit_cell is not None), None)

    def lies_on(self, grid: Grid) -> bool:
        """Return whether all rasters have cells of a grid."""
        places = [raster.place_on(grid) for raster in self._rasters]
        self._places = [place for place in places if place is not None]
        return len(self._places) == len(places)

    def micro_persons(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the mass of cells, int64 (n,): that of the first raster with people there."""
        masses = np.zeros(len(rows), np.int64)
        for raster, (top, left, n_rows, n_cols) in zip(self._rasters, self._places, strict=True):
            row, col = rows - top, cols - left
            inside = (row >= 0) & (row < n_rows) & (col >= 0) & (col < n_cols)
            open_ = np.flatnonzero(inside & (masses == 0))
            if len(open_):
                masses[open_] = raster.micro_persons(row[open_], col[open_])
        return masses


@contextmanager
def open_population(
    files: Sequence[Path], band: int
) -> Iterator[PopulationRaster | SeveralRasters]:
    """Yield a band of a GeoTIFF, or of several as one, in the order in which they count.

    Raises:
        InputError: ``input-unreadable``.
    """
    with ExitStack() as stack:
        rasters = []
        for file in files:
            raster = stack.enter_context(open_raster(file, GDAL_CACHEMAX=_CACHE_BYTES))
            rasters.append(PopulationRaster(file, raster, band))
        yield rasters[0] if len(rasters) == 1 else SeveralRasters(rasters)


def _stripes(cols: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return ranges of columns that hold all of ``cols`` and leave wide gaps out."""
    ranges: list[tuple[int, int]] = []
    for stripe in np.flatnonzero(np.bincount(cols // _STRIPE_COLS)).tolist():
        start, stop = stripe * _STRIPE_COLS, (stripe + 1) * _STRIPE_COLS
        if (
            ranges
            and ranges[-1][1] == start
            and stop - ranges[-1][0] <= _MOST_STRIPES * _STRIPE_COLS
        ):
            ranges[-1] = ranges[-1][0], stop
        else:
            ranges.append((start, stop))
    return ranges


def rounded_micro(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return ``value * 10**6`` rounded half to even, exactly, int64 (n,).

    The float64 product of a float32 is exact: 24 bits by the 14 of 5^6, the 2^6 left out. That of a
    float64 decides where it is clearly on one side; fractions decide the rest.

    Args:
        values: Above zero and below 2^63 / 10^6, integer or floating point, (n,).
    """
    if values.dtype.kind in "iub":
        return np.asarray(values.astype(np.int64) * MICRO)
    exact = values.astype(np.float64)
    product = exact * MICRO
    if values.dtype.itemsize < exact.dtype.itemsize:
        return np.rint(product).astype(np.int64)
    below = np.floor(product)
    is_near = (np.abs(product - below - _HALF) < _NEAR_HALF) | (product >= _EXACT_BELOW)
    masses = np.rint(product).astype(np.int64)
    # Rounding a fraction goes half to even.
    masses[is_near] = [round(Fraction(value) * MICRO) for value in exact[is_near].tolist()]
    return masses
