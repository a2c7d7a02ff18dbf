"""A made-up world in which everything is rare elsewhere: poles, the antimeridian, a mall, a lone shop, clocks that jump by a day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives import (
    CATEGORIES,
    Cards,
    Channel,
    Countries,
    Habits,
    Market,
    OnlineMerchants,
    Period,
    Sites,
    Zones,
    card_keys,
    default_habits,
)

Floats = NDArray[np.float64]

DAYS = 70
PERIOD = Period(20_530, DAYS)
DAY, HOUR = 86_400, 3_600
# Longitude, latitude, sites, spread in degrees both ways; the mall has more sites than are chosen from.
PLACES = (
    (13.4, 52.5, 300, 0.1, 0.05),
    (180.0, 0.0, 200, 0.4, 0.2),
    (10.0, 89.95, 90, 90.0, 0.05),
    (-60.0, -89.99, 40, 90.0, 0.02),
    (8.0, 47.0, 5_200, 0.002, 0.002),
    (-30.0, -20.0, 9, 0.3, 0.3),
    (-31.0, -20.2, 1, 0.0, 0.0),
)


def _scattered(number: NDArray[np.int64], seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    middle = np.array([place[:2] for place in PLACES]).T[:, number]
    spread = np.array([place[3:] for place in PLACES]).T[:, number]
    lons, lats = middle + spread * rng.normal(size=(2, len(number)))
    # What lies beyond the antimeridian by little is on it.
    lons = np.where(np.abs(np.abs(lons) - 180) < 0.05, np.sign(lons) * 180, lons)
    return np.where(np.abs(lons) > 180, (lons + 180) % 360 - 180, lons), np.clip(lats, -90, 90)


def sites() -> Sites:
    place = np.repeat(np.arange(len(PLACES)), [one[2] for one in PLACES])
    n, rng = len(place), np.random.default_rng(20)
    category = np.where(place == 4, 0, rng.integers(0, len(CATEGORIES) - 1, n))
    lons, lats = _scattered(place, 21)
    return Sites(
        7_000 - np.arange(n), lons, lats, category, 10 * category + rng.integers(0, 3, n), place % 4,
        place % 4, np.exp(rng.normal(0, 1.5, n)),
    )  # fmt: skip


def zones() -> Zones:
    """Clocks that go back by a day and forth by 20 hours, twice within days, and never."""
    at = PERIOD.start + DAY * np.array([[9, 33], [20, 22]])
    never = np.full(2, Zones.NEVER)
    offsets = HOUR * np.array([[12, -12, 8], [1, 2, 1], [-5, -5, -5], [6, 6, 6]])
    return Zones(np.vstack([at, never, never]), offsets)


def habits() -> Habits:
    """Seldom habits: busy Sundays, other amounts, some sites of each kind skimmed."""
    usual = default_habits()
    n, rng = len(usual), np.random.default_rng(22)
    is_online = usual.channel == Channel.ONLINE
    return Habits(
        usual.per_day * np.array([1.0, 1.0, 0.5, 1.0, 1.0, 1.0, 3.0]),
        usual.hours,
        usual.median,
        usual.sigma_eighths,
        usual.channel,
        np.where(is_online, 0.0, rng.choice([0.0, 0.5, 3.0], n)),
    )


def market() -> Market:
    """Return a market; what little things cost in one country is less than its least coin."""
    countries = Countries(
        np.array([100.0, 120.0, 90.0, 100.0]), np.array([1, 5, 10, 2_000]), np.array([500, 20, 1, 9_000])
    )  # fmt: skip
    rng, n = np.random.default_rng(23), 30
    online = OnlineMerchants(
        300 + np.arange(n), np.full(n, CATEGORIES.index("online")), rng.integers(0, 3, n),
        1.0 / np.arange(1, n + 1),
    )  # fmt: skip
    return Market.of(sites(), online, zones(), countries, habits())


def cards(n: int = 180) -> Cards:
    """Return cards at all places by turns; some holders work elsewhere, or where no shop is."""
    place = np.arange(n) % len(PLACES)
    lons, lats = _scattered(place, 24)
    work_lons, work_lats = _scattered(place, 25)
    work_lons[::5] = work_lats[::5] = np.nan
    work_lons[1::7], work_lats[1::7] = 100.0, 60.0
    return Cards(
        card_keys([f"rough {number}" for number in range(n)], 5), lons, lats, work_lons, work_lats,
        place % 4, place % 4,
    )  # fmt: skip
