"""Countries of points against GEOS, point by point."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from closedworld.kernels.scoring.polygon_owners import PolygonOwners
from closedworld.published.polygons import bundled_countries

SEED = 5


@pytest.mark.slow
def test_bundled_countries_hold_the_points_that_shapely_says() -> None:
    """On borders and coasts above all, where tiles do not decide."""
    countries = bundled_countries().select("US,CA,MX,FJ,RU,ZA,LS")
    owners = PolygonOwners.of({one.iso: one.features for one in countries})
    rng = np.random.default_rng(SEED)
    rings = shapely.get_coordinates([feature for one in countries for feature in one.features])
    near = rings[rng.choice(len(rings), 3000)] + rng.normal(0, 0.02, (3000, 2))
    lons = np.concatenate([(near[:, 0] + 180) % 360 - 180, rng.uniform(-180, 180, 1000)])
    lats = np.clip(np.concatenate([near[:, 1], rng.uniform(-90, 90, 1000)]), -90, 90)
    wanted = np.full(len(lons), -1)
    for number in reversed(range(len(countries))):
        for feature in countries.countries[number].features:
            shapely.prepare(feature)
            for turn in (-360, 0, 360):
                wanted[shapely.intersects_xy(feature, lons + turn, lats)] = number
    assert (wanted < 0).any()
    assert (wanted >= 0).sum() > 1000
    np.testing.assert_array_equal(owners.locate(lons, lats), wanted)


def test_squares_by_hand_and_no_point() -> None:
    """A point on a shared side lies in the first; a polygon across 180 degrees holds both sides."""
    box = shapely.box
    countries = {
        "AA": [shapely.MultiPolygon([box(0, 0, 1.01, 1)])],
        "BB": [
            shapely.MultiPolygon([box(1.01, 0, 2, 1)]),
            shapely.MultiPolygon([box(179, 0, 181, 1)]),
        ],
    }
    owners = PolygonOwners.of(countries)
    lons = np.array([0.5, 1.01, 1.5, 2.5, 179.99, -179.01, np.nan])
    assert owners.locate(lons, np.full(7, 0.5)).tolist() == [0, 0, 1, -1, 1, 1, -1]
    assert owners.locate(np.empty(0), np.empty(0)).tolist() == []


def test_a_tile_on_a_border_decides_by_polygons_on_any_turn_of_the_globe() -> None:
    countries = {
        "AA": [shapely.MultiPolygon([shapely.box(4.01, 0.01, 4.99, 0.99)])],
        "BB": [shapely.MultiPolygon([shapely.box(179, 0, 181.02, 1)])],
    }
    countries["CC"] = [shapely.MultiPolygon([shapely.box(-181.01, 3, -179, 4)])]
    owners = PolygonOwners.of(countries)
    lons = np.array([4.005, 4.015, -178.99, -178.97])
    assert owners.locate(lons, np.full(4, 0.5)).tolist() == [-1, 0, 1, -1]
    lons = np.array([178.985, 178.995, -179.005, -178.995])
    assert owners.locate(lons, np.full(4, 3.5)).tolist() == [-1, 2, 2, -1]
