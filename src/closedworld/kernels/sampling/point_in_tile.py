"""Points in their tile and country, uniform by area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws, fractions
from closedworld.kernels.sampling.shape import CountryShape, normalized
from closedworld.kernels.sampling.triangulation import points_in_piece

TILE_ATTEMPTS = 32
"""Points tried all over the tile before the piece that lies in the country is cut out."""


def points_in_tiles(
    grid: Grid,
    tile_ids: NDArray[np.uint64],
    draws: StreamDraws,
    on_border: NDArray[np.bool_],
    shape: CountryShape,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a point in the tile of each draw and inside the country.

    A tile inside the country needs no test against the polygon. In a border tile, points are tried until one
    is in the country; after ``TILE_ATTEMPTS`` the shared piece is cut out and the point is drawn from it.
    Either way it is uniform by area on the ellipsoid, over what tile and country share.

    Args:
        grid: The lattice.
        tile_ids: Tile of each draw, uint64 (n,).
        draws: The draws, n.
        on_border: Whether a border of the country passes through the tile, bool (n,).
        shape: The country.

    Returns:
        ``(lons, lats)``, degrees, longitudes in -180..180, float64 (n,) each.
    """
    rows, cols = (side.astype(np.int64) for side in grid.row_col(tile_ids))
    lon, lat = grid.lon_edges(), np.clip(grid.lat_edges(), -90.0, 90.0)
    densest = area_density(np.clip(0.0, lat[rows + 1], lat[rows]))
    lons, lats = np.empty(len(draws)), np.empty(len(draws))
    left, attempt = np.arange(len(draws)), 0
    while len(left):
        across, up, chance, _ = draws.take(left).words(Purpose.POINT, attempt)
        col, row = cols[left], rows[left]
        x = normalized(lon[col] + fractions(across) * (lon[col + 1] - lon[col]))
        y = lat[row + 1] + fractions(up) * (lat[row] - lat[row + 1])
        good = fractions(chance) * densest[left] < area_density(y)
        asked = np.flatnonzero(good & on_border[left])
        good[asked] = shape.contains(x[asked], y[asked])
        lons[left[good]], lats[left[good]] = x[good], y[good]
        left, attempt = left[~good], attempt + 1
        if attempt == TILE_ATTEMPTS:
            # Tiles inside go on: half of their points are good even where a tile reaches a pole.
            small = left[on_border[left]]
            for tile in np.unique(tile_ids[small]):
                here = small[tile_ids[small] == tile]
                row_col = int(rows[here[0]]), int(cols[here[0]])
                lons[here], lats[here] = points_in_piece(
                    grid, *row_col, draws.take(here), shape, TILE_ATTEMPTS
                )
            left = left[~on_border[left]]
    return lons, lats
