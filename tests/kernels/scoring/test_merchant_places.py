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


def test_places_are_told_apart_to_a_metre() -> None:
    lons = np.array([10.0, 10.000001, 10.00002, np.nan, -180.0, 180.0])
    keys = place_keys(lons, np.array([50.0, 50.0, 50.0, 50.0, -90.0, 90.0]))
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] == -1
    assert len(set(keys.tolist())) == 5
    assert (np.delete(keys, 3) >= 0).all()
