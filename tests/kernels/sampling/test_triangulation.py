"""Points in pieces of tiles, against one point after another of one triangle after another."""

from __future__ import annotations

import bisect
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from shapely.affinity import translate

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling import CountryShape, stream_keys
from closedworld.kernels.sampling.area_density import area_density
from closedworld.kernels.sampling.random_streams import Purpose, StreamDraws, fractions
from closedworld.kernels.sampling.triangulation import _triangles, points_in_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = Grid(-180.0, 90.0, 30.0, 30.0, 12, 6)
"""Tiles from north to south: 90, 60, 30, 0, -30 and -60 degrees."""


def draws_of(n: int) -> StreamDraws:
    return StreamDraws(np.broadcast_to(stream_keys(["a"], "DE", 5)[0], (n, 4)), np.arange(n))


def density(lat: float) -> float:
    return float(area_density(np.array([lat]))[0])


def plain_point(
    shape: CountryShape, triangles: list[list[list[float]]], draw: StreamDraws, first: int
) -> tuple[float, float]:
    """Return the first point of a draw, by the triangles' areas, that is in the country and not left out."""
    lats = sorted(lat for corners in triangles for _, lat in corners)
    densest = density(min(max(0.0, lats[0]), lats[-1]))
    doubled = [
        abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) for a, b, c in triangles
    ]
    upto = list(itertools.accumulate(doubled))
    for attempt in itertools.count(first):
        words = draw.words(Purpose.POINT, attempt)
        one, two, which, chance = (float(fractions(word)[0]) for word in words)
        a, b, c = triangles[bisect.bisect(upto, which * upto[-1])]
        if one + two > 1:
            one, two = 1 - one, 1 - two
        lon, lat = (a[k] + one * (b[k] - a[k]) + two * (c[k] - a[k]) for k in (0, 1))
        inside = shape.contains(np.array([lon]), np.array([lat]))[0]
        if inside and chance * densest < density(lat):
            return lon, lat
    raise AssertionError


@pytest.mark.parametrize("tile", [5, 2 * 12 + 5, 4 * 12 + 5, 3 * 12 + 5])
def test_points_are_those_of_one_attempt_after_another(tile: int) -> None:
    """On both sides of the equator; the country is an L and a pentagon on each tile."""
    row, col = divmod(tile, 12)
    west, south = -180.0 + 30 * col, 60.0 - 30 * row
    parts = [
        shapely.box(1, 1, 2, 29) | shapely.box(1, 1, 9, 3),
        shapely.Polygon([(20, 2), (27, 9), (25, 22), (21, 28), (17, 13)]),
    ]
    moved = [translate(one, west, south) for one in parts]
    shape = CountryShape([shapely.MultiPolygon(moved)])
    box = shapely.box(west, south, west + 30, south + 30)
    triangles = _triangles(shape.piece_in(GRID, box)).tolist()
    draws = draws_of(60)
    lons, lats = points_in_pieces(GRID, np.full(60, tile, np.uint64), draws, shape, 32)
    found = list(zip(lons.tolist(), lats.tolist(), strict=True))
    expected = [plain_point(shape, triangles, draws.take(slice(i, i + 1)), 32) for i in range(60)]
    assert found == expected


class NowhereInside(CountryShape):
    """A country of which no point lies inside, as if it were too thin."""

    asked = 0

    def contains(self, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.bool_]:
        del lats
        self.asked += 1
        return np.zeros(len(lons), np.bool_)


def test_after_64_points_it_is_that_nearest_to_the_middle_of_the_tile() -> None:
    """Also where longitudes of the grid lie beyond 180 degrees, and where only a line is shared."""
    grid = Grid(0.0, 1.0, 1.0, 1.0, 360, 1)
    shape = NowhereInside([shapely.MultiPolygon([shapely.box(-160.0, 0.25, -159.7, 0.75)])])
    tiles = np.array([200, 200, 199], np.uint64)
    lons, lats = points_in_pieces(grid, tiles, draws_of(3), shape, 32)
    assert lons.tolist() == pytest.approx([-159.7, -159.7, -160.0], abs=1e-9)
    assert lats.tolist() == [0.5] * 3
    assert shape.asked == 64
