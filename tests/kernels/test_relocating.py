"""Outlets of purchases against loops."""

from __future__ import annotations

import numpy as np
import pytest

from closedworld.kernels import relocating
from closedworld.kernels.relocating import (
    CANDIDATES,
    DOOR_TO_DOOR_KM_H,
    choose_outlets,
    outlets_near,
    preferences,
)
from closedworld.kernels.scoring.consecutive import distance_km

SEED = 6


def km(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    return float(distance_km(*(np.array([one]) for one in (lon, lat, other_lon, other_lat)))[0])


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_the_nearest_outlets_are_those_of_a_sort_of_all(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relocating, "_BLOCK", block)
    rng, sites = np.random.default_rng(SEED), 2_000
    lons, lats = rng.uniform(-180, 180, 30), rng.uniform(-80, 80, 30)
    site_lons, site_lats = rng.uniform(-180, 180, sites), rng.uniform(-80, 80, sites)
    found = outlets_near(lons, lats, site_lons, site_lats)
    for home in range(30):
        here = np.full(sites, lons[home]), np.full(sites, lats[home])
        away = distance_km(*here, site_lons, site_lats)
        wanted = np.argsort(away, kind="stable")[:CANDIDATES]
        assert found.number[home].tolist() == wanted.tolist()
        assert found.km[home] == pytest.approx(away[wanted])


def test_a_merchant_with_few_outlets_offers_each_once() -> None:
    """The last stands in the other places, too, and is not liked there; there are four."""
    found = outlets_near(np.array([0.0]), np.array([0.0]), np.array([1.0, 2.0]), np.zeros(2))
    assert found.number.tolist() == [[0, 1, 1, 1]]
    assert np.isinf(found.km[0]).tolist() == [False, False, True, True]
    liked = preferences(found.km, np.full((1, CANDIDATES), 0.5))
    assert np.isneginf(liked[0, 2:]).all()


def test_outlets_are_drawn_by_the_odds_that_are_stated() -> None:
    rng = np.random.default_rng(SEED)
    away = np.array([1.0, 2.0, 4.0, 8.0])
    picks = np.argmax(
        preferences(np.tile(away, (40_000, 1)), rng.uniform(1e-9, 1, (40_000, 4))), axis=1
    )
    odds = 1 / (away + 2) ** 2
    assert np.bincount(picks, minlength=4) / 40_000 == pytest.approx(odds / odds.sum(), abs=0.01)


def test_each_purchase_is_at_the_best_outlet_that_can_be_reached() -> None:
    rng = np.random.default_rng(SEED)
    n, sites = 500, 40
    site_lons, site_lats = rng.uniform(0, 0.6, sites), rng.uniform(50, 50.4, sites)
    walker = rng.integers(0, 7, n).astype(np.int32)
    time = rng.integers(0, 60_000, n).astype(np.float64)
    number = rng.integers(0, sites, (n, CANDIDATES)).astype(np.int32)
    liked = rng.normal(size=(n, CANDIDATES))
    found = choose_outlets(walker, time, number, liked, site_lons, site_lats)
    last: dict[int, int] = {}
    forced = 0
    for row in sorted(range(n), key=lambda row: (time[row], row)):
        one, options = int(walker[row]), number[row].tolist()
        best = options[int(np.argmax(liked[row]))]
        if one in last:
            before = last[one]
            hours = (time[row] - time[before]) / 3600
            at = int(found[before])
            away = [km(site_lons[at], site_lats[at], site_lons[k], site_lats[k]) for k in options]
            reached = [k for k in range(CANDIDATES) if away[k] <= DOOR_TO_DOOR_KM_H * hours]
            forced += not reached
            best = options[
                max(reached, key=lambda k: liked[row][k]) if reached else int(np.argmin(away))
            ]
        assert found[row] == best
        last[one] = row
    assert 0 < forced < n / 2


def test_an_outlet_at_the_very_place_is_reached_at_once() -> None:
    """Outlets 1 and 2 share a place: whoever is there in the same second goes to the one he likes more."""
    number = np.array([[1, 0, 0, 0], [1, 2, 0, 0]], np.int32)
    liked = np.array([[1.0, 0.0, 0.0, 0.0], [0.5, 0.75, 2.0, 2.0]])
    who, time, lons = np.zeros(2, np.int32), np.full(2, 9.0), np.array([0.0, 1.0, 1.0])
    assert choose_outlets(who, time, number, liked, lons, np.zeros(3)).tolist() == [1, 2]


def test_no_purchases_have_no_outlets() -> None:
    empty = np.empty((0, CANDIDATES))
    found = choose_outlets(
        np.empty(0, np.int32), np.empty(0), empty.astype(np.int32), empty, np.zeros(1), np.zeros(1)
    )
    assert len(found) == 0


def test_who_goes_there_need_not_be_numbered_from_0() -> None:
    number = np.array([[0, 1, 1, 1], [1, 0, 0, 0]], np.int32)
    liked = np.tile(np.array([1.0, 0.5, -np.inf, -np.inf]), (2, 1))
    for walker in (0, 1, 7):
        who, time = np.full(2, walker, np.int32), np.array([0.0, 1e6])
        chosen = choose_outlets(who, time, number, liked, np.array([0.0, 1.0]), np.zeros(2))
        assert chosen.tolist() == [0, 1]
