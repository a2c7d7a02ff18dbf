"""Circles: their corners, the caps of poles, and the shares of tiles."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import (
    Blocks,
    Circle,
    PlacingDomain,
    Towns,
    on_tile,
    within_circle,
)
from closedworld.kernels.placing.circles import _arcsine
from closedworld.kernels.sampling import CountryShape, in_memory
from closedworld.kernels.spans import RowSpans, border_tiles

KM = 111.195
"""About a degree of latitude."""


def test_the_arc_sine_is_that_of_the_c_library() -> None:
    """To the last digits; where the series is slowest, at a right angle, no term is missing beyond the rounding."""
    sines = np.append(np.geomspace(1e-9, 1, 2000), np.linspace(0.9, 1, 2000))
    assert _arcsine(sines) == pytest.approx(np.degrees(np.arcsin(sines)), rel=3e-15, abs=0)
    slow = np.linspace(0.99, 1, 2000)
    assert np.mean(_arcsine(slow) / np.degrees(np.arcsin(slow)) - 1) == pytest.approx(0, abs=3e-16)


@pytest.mark.parametrize("at", [(10.4, 50.2), (179.9, -17.0), (0.0, 0.0)])
def test_corners_reach_from_north_to_south_in_even_steps(at: tuple[float, float]) -> None:
    """Their latitudes are those of a regular polygon, the first due north."""
    radius_km = 100.0
    lons, lats = shapely.get_coordinates(Circle(*at, radius_km).polygon()).T
    angle = math.degrees(radius_km / 6371.0088)
    north = [math.cos(math.radians(360 / 128 * k)) for k in range(129)]
    assert (lats - at[1]) / angle == pytest.approx(np.array(north), abs=1e-9)
    assert lons[[0, 64]] == pytest.approx(at[0], abs=1e-6)
    assert (lons[1:64] > at[0]).all()
    assert (lons[65:128] < at[0]).all()


@pytest.mark.parametrize("lat", [89.0, -88.0, 90.0])
def test_round_a_pole_a_circle_has_all_longitudes_but_two_degrees(lat: float) -> None:
    polygon = Circle(10.0, lat, 400.0).polygon()
    assert polygon.is_valid
    lons, lats = (
        one.ravel() for one in np.meshgrid(np.arange(-166, 187, 4), np.arange(82.1, 90, 0.2))
    )
    lats = np.copysign(lats, lat)
    a, b, c = (np.radians(one) for one in (lons - 10.0, lats, lat))
    away = np.degrees(np.arccos(np.sin(b) * np.sin(c) + np.cos(b) * np.cos(c) * np.cos(a))) * KM
    found = shapely.contains_xy(polygon, lons, lats)
    # Its sides are straight in degrees, so that they cut off a little.
    assert found[away < 385].all()
    assert not found[away > 402].any()


GRID = Grid(0.0, 8.0, 1.0, 1.0, 8, 8)
SQUARE = shapely.MultiPolygon([shapely.box(0, 0, 8, 8)])


def square(weights: list[int]) -> PlacingDomain:
    """Return a country of 8 x 8 tiles."""
    spans = RowSpans.from_polygon(SQUARE, GRID, "any_overlap")
    own = np.array(weights, np.uint64)
    return PlacingDomain(
        spans,
        border_tiles([SQUARE], GRID),
        CountryShape([SQUARE]),
        Blocks.of(spans, [own]),
        in_memory(own),
        Towns.of(np.empty(0), np.empty(0), np.empty(0, np.int64)),
        PlacingDomain.texture_of(GRID, "DE", 7),
    )


def weights_in(domain: PlacingDomain) -> dict[int, int]:
    """Return the weights of its tiles by id."""
    ranks = np.arange(domain.spans.tile_count)
    weights = domain.tile_weights(ranks, ranks + 1)
    ids = domain.spans.tile_ids()
    return dict(zip(ids.tolist(), weights.tolist(), strict=True))


def test_a_tile_counts_with_whole_units_of_the_share_that_a_circle_has_of_it() -> None:
    """Of a single unit, that which is cut has none; other tiles are no part, and density is that of the country."""
    circle = Circle(4.0, 4.0, 1.99 * KM)
    for weight in (1, 1000):
        part = within_circle(square([weight] * 64), circle)
        assert part is not None
        found = weights_in(part)
        assert len(found) == 16
        for tile, own in found.items():
            row, col = divmod(tile, 8)
            box = shapely.box(col, 7 - row, col + 1, 8 - row)
            share = shapely.area(circle.polygon() & box)
            assert own == pytest.approx(weight * share, abs=1) if share < 1 - 1e-6 else weight
            assert own <= weight * share + 1e-6
        assert part.blocks.country_weight == 64 * weight
        assert int(part.blocks.weights.sum()) == sum(found.values())
        assert part.border == border_tiles(part.shape.features, GRID)
        assert part.shape.contains(np.array([4.0, 6.1]), np.array([4.0, 4.0])).tolist() == [
            True,
            False,
        ]


@pytest.mark.parametrize("radius_km", [1e-6, 0.001, 1.9 * KM])
def test_where_nobody_lives_a_tile_counts_with_the_square_centimetres_of_the_circle(
    radius_km: float,
) -> None:
    """Of a millimetre, a tile still has one."""
    weights = [1] + [0] * 63
    part = within_circle(square(weights), Circle(4.2, 4.3, radius_km))
    assert part is not None
    total = sum(weights_in(part).values())
    degree_cm2 = (KM * 1e5) ** 2
    area = math.pi * (radius_km * 1e5) ** 2
    assert area * 0.98 < total < max(area * 1.01, 1.5)
    assert degree_cm2 * 0.98 < max(weights_in(part).values()) or radius_km < 1
    assert part.blocks.country_weight == 1


@pytest.mark.parametrize("weight", [0, 1, 7])
def test_a_tile_alone_has_its_own_weight_or_one(weight: int) -> None:
    weights = [3] * 64
    weights[20] = weight
    alone = on_tile(square(weights), 20)
    assert weights_in(alone) == {20: max(weight, 1)}
    assert alone.blocks.weights.tolist() == [max(weight, 1)]
    assert alone.blocks.country_weight == sum(weights)
