"""Steps between purchases against a loop over sorted rows with the haversine formula."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from closedworld.kernels.scoring.consecutive import distance_km, median_places, steps_of
from closedworld.kernels.sphere import EARTH_RADIUS_KM, to_xyz

SEED = 3


def haversine(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the distance in km of two points in degrees."""
    phi, psi = math.radians(lat), math.radians(other_lat)
    square = (
        math.sin((psi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(psi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(square))


def test_steps_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(SEED)
    n = 400
    card = rng.integers(0, 12, n).astype(np.int32)
    time = rng.integers(0, 50_000, n).astype(np.float64)
    lons, lats = rng.uniform(-180, 180, n), rng.uniform(-89, 89, n)
    lons[rng.random(n) < 0.2] = np.nan
    steps = steps_of(card, time, lons, lats)
    last: dict[int, int] = {}
    located: dict[int, int] = {}
    for row in sorted(range(n), key=lambda row: (time[row], row)):
        one = int(card[row])
        assert steps.before[row] == last.get(one, -1)
        if one in last:
            assert steps.seconds[row] == time[row] - time[last[one]]
        else:
            assert np.isnan(steps.seconds[row])
        if np.isnan(lons[row]):
            assert steps.located[row] == -1
            assert np.isnan(steps.km[row])
        else:
            before = located.get(one, -1)
            assert steps.located[row] == before
            if before >= 0:
                km = haversine(lons[row], lats[row], lons[before], lats[before])
                assert steps.km[row] == pytest.approx(km, rel=1e-9)
                hours = (time[row] - time[before]) / 3600
                if hours:
                    assert steps.km_h[row] == pytest.approx(km / hours, rel=1e-9)
            else:
                assert np.isnan(steps.km[row])
            located[one] = row
        last[one] = row


def test_a_distance_in_no_time_is_infinitely_fast_and_none_is_not() -> None:
    card, time = np.zeros(3, np.int32), np.zeros(3)
    steps = steps_of(card, time, np.array([0.0, 0.0, 1.0]), np.zeros(3))
    assert steps.km_h[1:].tolist() == [0.0, np.inf]


def test_a_place_that_is_missing_has_no_distance() -> None:
    lons = np.array([np.nan, 0.0])
    assert np.isnan(distance_km(lons, np.zeros(2), np.zeros(2), np.zeros(2))).tolist() == [
        True,
        False,
    ]


def test_the_median_place_has_the_direction_of_the_medians_of_its_coordinates() -> None:
    """Of cards with one to seven purchases, half of them an even number, in any order of rows."""
    rng = np.random.default_rng(SEED)
    card = rng.permutation(np.repeat(np.arange(7), np.arange(1, 8))).astype(np.int32)
    lons, lats = rng.uniform(-180, 180, len(card)), rng.uniform(-80, 80, len(card))
    lon, lat = median_places(card, lons, lats)
    for row, one in enumerate(card):
        xyz = to_xyz(lons[card == one], lats[card == one])
        x, y, z = (statistics.median(axis) for axis in xyz.tolist())
        assert lon[row] == pytest.approx(math.degrees(math.atan2(y, x)))
        assert lat[row] == pytest.approx(math.degrees(math.atan2(z, math.hypot(x, y))))


def test_cards_without_any_place_have_no_median_place() -> None:
    nowhere = np.full(3, np.nan)
    lon, lat = median_places(np.array([5, 5, 7], np.int32), nowhere, nowhere)
    assert np.isnan([lon, lat]).all()


def test_the_median_place_is_in_the_middle_also_across_180_degrees() -> None:
    card = np.array([0, 0, 0, 1, 2], np.int32)
    lons = np.array([179.0, -179.0, 180.0, 7.0, np.nan])
    lats = np.array([0.0, 0.0, 0.0, 50.0, np.nan])
    lon, lat = median_places(card, lons, lats)
    assert np.abs(lon[:3]) == pytest.approx(180.0)
    assert (lon[3], lat[3]) == pytest.approx((7.0, 50.0))
    assert np.isnan(lon[4])
