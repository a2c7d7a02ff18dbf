"""Area of a tile by the closed formula of a zone of the ellipsoid, in plain float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid

_SEMI_MAJOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563


def zone_areas_m2(grid: Grid) -> NDArray[np.float64]:
    """Return the area of a tile of each row, square metres, float64 (n_rows,), to some 1e-13.

    With s the sine of a latitude, the area from the equator is ``width * b^2 * F(s)``::

        F(s) = s / (2 (1 - e^2 s^2)) + atanh(e s) / (2 e)

    (J. P. Snyder, "Map Projections: A Working Manual", 1987, equation 3-12). The difference of two F
    is written so that nothing cancels on narrow zones.
    """
    edges = np.radians(np.clip(grid.lat_edges(), -90.0, 90.0))
    north, south = edges[:-1], edges[1:]
    e2 = _FLATTENING * (2 - _FLATTENING)
    e, b2 = math.sqrt(e2), (_SEMI_MAJOR_M * (1 - _FLATTENING)) ** 2
    sin_n, sin_s = np.sin(north), np.sin(south)
    rise = 2 * np.cos((north + south) / 2) * np.sin((north - south) / 2)
    product = e2 * sin_n * sin_s
    ends = (1 - e2 * sin_n**2) * (1 - e2 * sin_s**2)
    zone = rise * (1 + product) / (2 * ends) + np.arctanh(e * rise / (1 - product)) / (2 * e)
    return np.asarray(math.radians(grid.cell_width) * b2 * zone)
