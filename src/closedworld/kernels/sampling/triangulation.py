"""Points in the piece of a tile that lies in the country, where that piece is small."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws, fractions
from closedworld.kernels.sampling.shape import CountryShape, normalized

PIECE_ATTEMPTS = 64
"""Points tried on the triangles of a piece."""

_POLYGON = shapely.GeometryType.POLYGON


def points_in_pieces(
    grid: Grid,
    tile_ids: NDArray[np.uint64],
    draws: StreamDraws,
    shape: CountryShape,
    first_attempt: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points in the pieces of tiles that lie in the country, uniform by area in each.

    A piece is cut into triangles; one is drawn by area, then a point in it. A piece so thin that no float64
    point lies strictly inside gives the point of the country nearest to the tile's centre, on its border.

    Args:
        grid: The lattice.
        tile_ids: Tile of each draw, uint64 (n,).
        draws: The draws, n.
        shape: The country.
        first_attempt: Attempts of these draws that are used up.

    Returns:
        ``(lons, lats)``, degrees, longitudes in -180..180, float64 (n,) each.
    """
    lons, lats = np.empty((2, len(draws)))
    for tile in np.unique(tile_ids):
        here = np.flatnonzero(tile_ids == tile)
        row, col = divmod(int(tile), grid.n_cols)
        north, south = grid.lat_edge(np.array([row, row + 1]))
        west, east = grid.lon_edge(np.array([col, col + 1]))
        box = shapely.box(west, max(south, -90.0), east, min(north, 90.0))
        lons[here], lats[here] = _in_piece(grid, box, draws.take(here), shape, first_attempt)
    return lons, lats


def _in_piece(
    grid: Grid, box: shapely.Polygon, draws: StreamDraws, shape: CountryShape, first_attempt: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lons, lats = np.empty((2, len(draws)))
    left = np.arange(len(draws))
    corners = _triangles(shape.piece_in(grid, box))
    if len(corners):
        densest = area_density(np.clip(0.0, corners[:, :, 1].min(), corners[:, :, 1].max()))
        for attempt in range(first_attempt, first_attempt + PIECE_ATTEMPTS):
            if not len(left):
                break
            here = draws.take(left)
            x, y = _on_triangles(corners, here, attempt)
            x = normalized(x)
            chance = fractions(here.words(Purpose.POINT, attempt)[3])
            good = (chance * densest < area_density(y)) & shape.contains(x, y)
            lons[left[good]], lats[left[good]] = x[good], y[good]
            left = left[~good]
    if len(left):
        at_lon, at_lat = shape.nearest(grid, box)
        lons[left], lats[left] = normalized(np.array([at_lon])), at_lat
    return lons, lats


def _triangles(piece: shapely.Geometry) -> NDArray[np.float64]:
    """Return the triangles that polygons are made of, without degenerate ones, float64 (n, 3, 2)."""
    polygons = [one for one in shapely.get_parts(piece) if shapely.get_type_id(one) == _POLYGON]
    cut = shapely.get_parts(shapely.constrained_delaunay_triangles(np.array(polygons)))
    cut = shapely.get_parts(cut)
    cut = cut[shapely.area(cut) > 0]
    corners: NDArray[np.float64] = shapely.get_coordinates(cut).reshape(len(cut), 4, 2)[:, :3]
    return corners


def _on_triangles(
    corners: NDArray[np.float64], draws: StreamDraws, attempt: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a point of each draw in the triangles, uniform in degrees."""
    one, two, which, _ = (fractions(word) for word in draws.words(Purpose.POINT, attempt))
    side, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    upto = np.cumsum(np.abs(side[:, 0] * other[:, 1] - side[:, 1] * other[:, 0]))
    triangle = np.searchsorted(upto, which * upto[-1], side="right")
    # A point in the other half of the parallelogram is turned back into the triangle.
    over = one + two > 1
    one, two = np.where(over, 1 - one, one), np.where(over, 1 - two, two)
    point = corners[triangle, 0] + one[:, None] * side[triangle] + two[:, None] * other[triangle]
    return point[:, 0], point[:, 1]
