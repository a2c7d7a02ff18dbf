"""Places of merchants against sets."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from closedworld.kernels.scoring.merchant_places import place_keys, places_of


def test_places_are_counted_as_sets_count_them() -> None:
    rng = np.random.default_rng(2)
    merchant, place = rng.integers(0, 40, 1000), rng.integers(0, 9, 1000)
    sets: dict[int, set[int]] = defaultdict(set)
    for one, where in zip(merchant.tolist(), place.tolist(), strict=True):
        sets[one].add(where)
    found = places_of(merchant, place)
    assert found.merchant.tolist() == sorted(sets)
    assert found.places.tolist() == [len(sets[one]) for one in sorted(sets)]
    assert found.purchases.sum() == 1000
    assert len(places_of(merchant[:0], place[:0]).places) == 0


def test_different_places_have_different_numbers() -> None:
    """Next to each other in all directions, at the corners of the map and where one meridian ends and the next begins."""
    step = 1e-5
    lons, lats = (
        [-180.0, 0.0, 179.99999],
        [-90.0, -89.00001, -1.00181, 0.0, 1.0, 88.99999, 89.99999],
    )
    east = np.array([lon + k * step for lon in lons for k in range(2)])
    north = np.array([lat + k * step for lat in lats for k in range(2)])
    keys = place_keys(np.repeat(east, len(north)), np.tile(north, len(east)))
    assert len(set(keys.tolist())) == len(keys)
    assert keys.min() >= 0


def test_a_place_reaches_half_a_step_to_both_sides_of_a_multiple_of_a_hundred_thousandth() -> None:
    at = np.array([10.5, 10.5000049, 10.4999951, 10.5000051, 10.4999949])
    for keys in (place_keys(at, np.zeros(5)), place_keys(np.zeros(5), at)):
        assert keys[0] == keys[1] == keys[2]
        assert len(set(keys.tolist())) == 3


def test_places_are_told_apart_to_a_metre() -> None:
    lons = np.array([10.0, 10.000001, 10.00002, np.nan, -180.0, 180.0])
    keys = place_keys(lons, np.array([50.0, 50.0, 50.0, 50.0, -90.0, 90.0]))
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == -1
    assert len(set(keys.tolist())) == 5
    assert (np.delete(keys, 3) >= 0).all()
