"""Points of a country that must lie on their tiles, in its polygons and in its time zones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from closedworld.inputs.regions.country_set import Country
from closedworld.verification.site_law import TOLERANCE_DEGREES
from closedworld.verification.tile_checks import TileIndex


def off_tile(
    index: TileIndex,
    iso: str,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    tile: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return which points are not on their tile, or on one that the country does not have; not those of tile -1.

    Args:
        index: The tiles.
        iso: The country.
        lon: Degrees, float64 (n,).
        lat: Degrees, float64 (n,).
        tile: Tile that each is said to lie on, int64 (n,).
    """
    grid = index.parameters.grid
    here = np.flatnonzero(tile >= 0)
    here = here[tile[here] < grid.n_tiles]
    row, col = np.divmod(tile[here], grid.n_cols)
    across = (lon[here] - (grid.west + (col + 0.5) * grid.cell_width) + 180.0) % 360.0 - 180.0
    down = lat[here] - (grid.north - (row + 0.5) * grid.cell_height)
    on_tile = np.abs(across) <= grid.cell_width / 2 + TOLERANCE_DEGREES
    on_tile &= np.abs(down) <= grid.cell_height / 2 + TOLERANCE_DEGREES
    wrong = tile >= grid.n_tiles
    wrong[here] |= ~on_tile | ~index.countries[iso].ids.holds(tile[here])
    return wrong


def outside_of(
    country: Country, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points lie outside of a country, bool (n,); not those without coordinates."""
    left = np.flatnonzero(~np.isnan(lon))
    for polygon in shapely.get_parts(list(country.features)):
        shapely.prepare(polygon)
        for turn in (0.0, 360.0, -360.0):
            left = left[~shapely.intersects_xy(polygon, lon[left] + turn, lat[left])]
    outside = np.zeros(len(lon), np.bool_)
    outside[left] = True
    return outside


def of_other_zone(zones: pa.ChunkedArray, tzids: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which time zones are none of a country's, bool (n,); not those that are missing."""
    known = pc.or_(pc.is_in(zones, pa.array(tzids, pa.string())), zones.is_null())
    other: NDArray[np.bool_] = ~known.to_numpy()
    return other
