"""The grid: where each tile lies, and its id.

A grid is the pixel lattice of a north-up, unrotated raster in WGS 84 longitude and latitude. Every
coordinate of a tile comes from the four formulas here, so two tiles that touch share the very same
float64 edge.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import ConfigError, GridError

# Polar rows may overshoot by the rounding of float64 arithmetic on the origin, not by a real fraction of a
# cell: 1e-6 of a cell is 1 mm on a 1 km grid.
_POLE_TOLERANCE_CELLS = 1e-6
# 1/120 degree rounded to float32 and taken 43,200 times is 0.002 cells wider than the circle.
_TURN_TOLERANCE_CELLS = 0.01
# row and column are stored as uint32; row * n_cols + col must fit int64 with room for sort keys.
_MAX_SIDE = 2**31 - 2
_ARCSEC_PER_DEGREE = 3600
_SAME_CELLS = 1e-3

MIN_CELL_DEGREES = 1e-8
"""Smallest cell, 1 mm: below it float64 crossings are not good enough to know which to decide
exactly (``spans.lattice.NEAR_CELLS``)."""

MAX_SIDE_CELLS = 1 << 24
"""Rows or columns of a raster at most: 2.4 m at the equator. Tables of a grid have an entry for each, and
a file of two kilobytes may state two billion."""

_MOST_MINUTES = 30
"""From here on, ``m`` is more likely to be meant as metres."""

_RESOLUTION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|sec|arcsec|m|min|arcmin|d|deg|degree)\s*$")
_DEGREES_PER_UNIT = {
    "s": Fraction(1, 3600),
    "sec": Fraction(1, 3600),
    "arcsec": Fraction(1, 3600),
    "m": Fraction(1, 60),
    "min": Fraction(1, 60),
    "arcmin": Fraction(1, 60),
    "d": Fraction(1),
    "deg": Fraction(1),
    "degree": Fraction(1),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """A north-up geographic raster lattice.

    Row 0 is the northernmost, column 0 the westernmost. The grid need not start at -180 or be 360
    degrees wide; it may cover 0..360 as well as -180..180.

    Attributes:
        west: Longitude of the outer west edge, degrees.
        north: Latitude of the outer north edge, degrees.
        cell_width: Width of a cell, degrees, >= 1e-8.
        cell_height: Height of a cell, degrees, >= 1e-8 (rows run south).
        n_cols: Number of columns.
        n_rows: Number of rows.

    Raises:
        GridError: ``grid-not-finite``, ``grid-cell-size``, ``grid-shape``, ``grid-beyond-pole``,
            ``grid-too-wide``.
    """

    west: float
    north: float
    cell_width: float
    cell_height: float
    n_cols: int
    n_rows: int

    def __post_init__(self) -> None:
        """Raise unless the lattice fits on the globe."""
        numbers = (self.west, self.north, self.cell_width, self.cell_height)
        if not all(math.isfinite(number) for number in numbers):
            raise GridError("grid-not-finite", f"grid has a coordinate that is not finite: {self}.")
        if not (0 < self.n_cols <= _MAX_SIDE and 0 < self.n_rows <= _MAX_SIDE):
            raise GridError("grid-shape", f"grid has {self.n_rows} rows x {self.n_cols} columns.")
        if min(self.cell_width, self.cell_height) < MIN_CELL_DEGREES:
            raise GridError(
                "grid-cell-size",
                f"cells are {self.cell_width} x {self.cell_height} degrees; both must be at least "
                f"{MIN_CELL_DEGREES}.",
                "Rows must run north to south: rewrite a south-up raster with gdalwarp.",
            )
        if any(rows_beyond_poles(self.north, self.cell_height, self.n_rows)):
            raise GridError(
                "grid-beyond-pole",
                f"grid spans latitudes {self.south} to {self.north}, beyond a pole.",
                "Keep the rows that lie between the poles.",
            )
        if self.n_cols > most_cols(self.cell_width):
            raise GridError(
                "grid-too-wide",
                f"grid is {self.n_cols * self.cell_width} degrees wide, and would cover ground twice.",
                f"Keep {most_cols(self.cell_width):,} columns.",
            )

    @classmethod
    def from_resolution(cls, resolution: str) -> Grid:
        """Return the whole globe, -180..180 and 90..-90, cut into square cells.

        Args:
            resolution: Cell size such as ``"30s"`` (arc-seconds), ``"5m"`` (arc-minutes) or
                ``"0.25deg"``; it must divide 180 degrees.

        Raises:
            ConfigError: ``resolution-syntax``, ``resolution-size``.
        """
        match = _RESOLUTION.match(resolution)
        if match is None:
            raise ConfigError(
                "resolution-syntax",
                f"resolution {resolution!r} is not a number with a unit.",
                "Write 30s (arc-seconds), 5m (arc-minutes) or 0.25deg (degrees).",
            )
        if match[2] == "m" and Fraction(match[1]) > _MOST_MINUTES:
            raise ConfigError(
                "resolution-syntax",
                f"resolution {resolution!r} may be meant in metres; m stands for arc-minutes.",
                f"Write {match[1]}arcmin for these. An arc-second is 31 m from north to south: 100 m are "
                "about 3s, 1 km is about 30s.",
            )
        cell = Fraction(match[1]) * _DEGREES_PER_UNIT[match[2]]
        if cell <= 0 or Fraction(180) % cell:
            raise ConfigError(
                "resolution-size",
                f"resolution {resolution!r} does not cut 180 degrees into whole cells.",
                "Take one that does, such as 1s, 3s, 15s, 30s, 1m, 2.5m, 5m, 0.25deg or 1deg.",
            )
        n_rows = int(180 / cell)
        if 2 * n_rows > MAX_SIDE_CELLS:
            raise ConfigError(
                "resolution-size",
                f"resolution {resolution!r} has {2 * n_rows:,} columns round the globe; "
                f"{MAX_SIDE_CELLS:,} are the most.",
                "Take 0.1s or coarser, or a raster of the region.",
            )
        return cls(-180.0, 90.0, float(cell), float(cell), 2 * n_rows, n_rows)

    @property
    def n_tiles(self) -> int:
        """Number of cells, land or not."""
        return self.n_rows * self.n_cols

    @property
    def east(self) -> float:
        """Longitude of the outer east edge, degrees."""
        return self.west + self.n_cols * self.cell_width

    @property
    def south(self) -> float:
        """Latitude of the outer south edge, degrees."""
        return self.north - self.n_rows * self.cell_height

    def lon_edge(self, cols: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the west edge of columns, float64; that of column ``n_cols`` is the grid's east."""
        return self.west + cols.astype(np.float64) * self.cell_width

    def lat_edge(self, rows: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the north edge of rows, float64; that of row ``n_rows`` is the grid's south."""
        return self.north - rows.astype(np.float64) * self.cell_height

    def lon_center(self, cols: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the centre longitude of columns, float64."""
        return self.west + (cols.astype(np.float64) + 0.5) * self.cell_width

    def lat_center(self, rows: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the centre latitude of rows, float64."""
        return self.north - (rows.astype(np.float64) + 0.5) * self.cell_height

    def lon_edges(self) -> NDArray[np.float64]:
        """Return the west edge of every column and the last east edge, float64 (n_cols + 1,)."""
        return self.lon_edge(np.arange(self.n_cols + 1))

    def lat_edges(self) -> NDArray[np.float64]:
        """Return the north edge of every row and the last south edge, float64 (n_rows + 1,)."""
        return self.lat_edge(np.arange(self.n_rows + 1))

    def lon_centers(self) -> NDArray[np.float64]:
        """Return the centre longitude of every column, float64 (n_cols,), ascending."""
        return self.lon_center(np.arange(self.n_cols))

    def lat_centers(self) -> NDArray[np.float64]:
        """Return the centre latitude of every row, float64 (n_rows,), descending."""
        return self.lat_center(np.arange(self.n_rows))

    def tile_id(self, rows: NDArray[np.integer], cols: NDArray[np.integer]) -> NDArray[np.uint64]:
        """Return ``row * n_cols + col`` as uint64, in the shape of the arguments."""
        # uint64 * Python int stays uint64; uint64 * a signed array would turn into float64.
        return rows.astype(np.uint64) * np.uint64(self.n_cols) + cols.astype(np.uint64)

    def row_col(
        self, tile_ids: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return ``(rows, cols)`` of tile ids, both uint32, in the shape of the argument."""
        rows, cols = np.divmod(tile_ids.astype(np.uint64), np.uint64(self.n_cols))
        return rows.astype(np.uint32), cols.astype(np.uint32)

    def is_same_lattice(self, other: Grid) -> bool:
        """Return whether both have the same cells, to a thousandth of a cell.

        Files state the same grid with more or fewer digits: 1/120 degree as 0.0083333333 is off by
        0.00017 cells after 43,200 columns.
        """
        if (self.n_rows, self.n_cols) != (other.n_rows, other.n_cols):
            return False
        across = max(abs(self.west - other.west), abs(self.east - other.east))
        down = max(abs(self.north - other.north), abs(self.south - other.south))
        slack = _SAME_CELLS * self.cell_width, _SAME_CELLS * self.cell_height
        return across <= slack[0] and down <= slack[1]

    def to_dict(self) -> dict[str, float | int]:
        """Return the six numbers that define the grid, for receipts and hashes."""
        return asdict(self)

    def __str__(self) -> str:
        arcsec = self.cell_width * _ARCSEC_PER_DEGREE
        return (
            f"{self.n_rows} rows x {self.n_cols} columns of {self.cell_width:.10g} x "
            f"{self.cell_height:.10g} degrees ({arcsec:.4g} arc-seconds) from west {self.west:.10g}, "
            f"north {self.north:.10g}"
        )


def most_cols(cell_width: float) -> int:
    """Return how many columns of a width, degrees, go round the globe without covering ground twice."""
    return math.floor(360.0 / cell_width + _TURN_TOLERANCE_CELLS)


def rows_beyond_poles(north: float, cell_height: float, n_rows: int) -> tuple[float, float]:
    """Return how far rows reach beyond the north pole and beyond the south pole, cells; 0 for not at all.

    Args:
        north: Latitude of the outer north edge, degrees.
        cell_height: Height of a cell, degrees.
        n_rows: Number of rows.
    """
    beyond = (north - 90) / cell_height, n_rows - (north + 90) / cell_height
    over = [cells if cells > _POLE_TOLERANCE_CELLS else 0.0 for cells in beyond]
    return over[0], over[1]
