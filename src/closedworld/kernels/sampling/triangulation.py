"""Places on the part of a tile that lies in the country, where that part is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.random_streams import Purpose, fractions
from closedworld.kernels.sampling.shape import normalized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid
    from closedworld.kernels.sampling.random_streams import StreamDraws
    from closedworld.kernels.sampling.shape import CountryShape

PART_ATTEMPTS = 64
"""Places tried on the triangles of a part."""

_POLYGON = shapely.GeometryType.POLYGON


def places_in_part(
    grid: Grid, row: int, col: int, draws: StreamDraws, shape: CountryShape, first_attempt: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places on the part of one tile that lies in the country, even by area.

    The part is cut into triangles; one is drawn by area, then a place on it. A part so thin that
    float64 knows no place strictly inside, to which the polygon's own corners are rounded, gives the
    point of the country nearest to the tile's centre: on its border.

    Args:
        grid: The lattice.
        row: Raster row of the tile.
        col: Raster column of the tile.
        draws: The draws on this tile.
        shape: The country.
        first_attempt: Attempts of these draws that are used up.

    Returns:
        ``(lons, lats)``, degrees, longitudes in -180..180, float64 (n,) each.
    """
    lon, lat = grid.lon_edges(), np.clip(grid.lat_edges(), -90.0, 90.0)
    box = shapely.box(lon[col], lat[row + 1], lon[col + 1], lat[row])
    part = shape.part_in(grid, box)
    lons, lats = np.empty(len(draws)), np.empty(len(draws))
    left = np.arange(len(draws))
    corners = _triangles(part)
    if len(corners):
        densest = area_density(np.clip(0.0, corners[:, :, 1].min(), corners[:, :, 1].max()))
        for attempt in range(first_attempt, first_attempt + PART_ATTEMPTS):
            if not len(left):
                break
            here = draws.take(left)
            x, y = _on_triangles(corners, here, attempt)
            x = normalized(x)
            chance = fractions(here.words(Purpose.PLACE, attempt)[3])
            good = (chance * densest < area_density(y)) & shape.contains(x, y)
            lons[left[good]], lats[left[good]] = x[good], y[good]
            left = left[~good]
    if len(left):
        at_lon, at_lat = shape.nearest(grid, box)
        lons[left], lats[left] = normalized(np.array([at_lon])), at_lat
    return lons, lats


def _triangles(part: shapely.Geometry) -> NDArray[np.float64]:
    """Return the triangles that polygons are made of, without empty ones, float64 (n, 3, 2)."""
    polygons = [one for one in shapely.get_parts(part) if shapely.get_type_id(one) == _POLYGON]
    if not polygons:
        return np.empty((0, 3, 2))
    cut = shapely.get_parts(shapely.constrained_delaunay_triangles(np.array(polygons)))
    cut = shapely.get_parts(cut)
    cut = cut[shapely.area(cut) > 0]
    corners: NDArray[np.float64] = shapely.get_coordinates(cut).reshape(-1, 4, 2)[:, :3]
    return corners


def _on_triangles(
    corners: NDArray[np.float64], draws: StreamDraws, attempt: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a place of each draw on the triangles, even in degrees."""
    one, two, which, _ = (fractions(word) for word in draws.words(Purpose.PLACE, attempt))
    side, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    upto = np.cumsum(np.abs(side[:, 0] * other[:, 1] - side[:, 1] * other[:, 0]))
    triangle = np.minimum(np.searchsorted(upto, which * upto[-1], side="right"), len(upto) - 1)
    # A place on the other half of the parallelogram is turned back onto the triangle.
    over = one + two > 1
    one, two = np.where(over, 1 - one, one), np.where(over, 1 - two, two)
    place = corners[triangle, 0] + one[:, None] * side[triangle] + two[:, None] * other[triangle]
    return place[:, 0], place[:, 1]
