"""Small towns on four continents, made up, with shops, cards and clocks: a world to live in for tests of lives."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives import (
    CATEGORIES,
    Cards,
    Countries,
    Lives,
    Market,
    OnlineMerchants,
    Period,
    Sites,
    Zones,
    card_keys,
    default_habits,
)
from closedworld.kernels.lives.fraud_plan import Campaigns, FraudPlan

TZIDS = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata")
TOWNS = ((13.4, 52.5), (-74.0, 40.7), (179.99, -37.0), (77.2, 28.6))
VILLAGES = ((9.5, 51.0), (-77.0, 43.0), (176.0, -39.0), (80.0, 26.5))
SPRING = (date(2026, 3, 20) - date(1970, 1, 1)).days
"""Clocks go forward in Berlin on the tenth day, and back in Auckland on the seventeenth."""


def period(days: int, first_day: int = SPRING) -> Period:
    return Period(first_day, days)


def zones(around: Period, tzids: tuple[str, ...] = TZIDS) -> Zones:
    """Return the zones with their changes found second by second, by halving."""
    low, high = around.start - 2 * 86_400, around.end + 2 * 86_400
    found = [_changes(ZoneInfo(tzid), low, high) for tzid in tzids]
    most = max(len(changes) for changes, _ in found)
    changes = np.full((len(tzids), most), Zones.NEVER)
    offsets = np.zeros((len(tzids), most + 1), np.int64)
    for row, (when, before_and_after) in enumerate(found):
        changes[row, : len(when)] = when
        offsets[row] = before_and_after + before_and_after[-1:] * (most - len(when))
    return Zones(changes, offsets)


def offset_of(zone: ZoneInfo, utc: int) -> int:
    offset = datetime.fromtimestamp(utc, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())


def _changes(zone: ZoneInfo, low: int, high: int) -> tuple[list[int], list[int]]:
    changes: list[int] = []
    offsets = [offset_of(zone, low)]
    for hour in range(low, high, 3_600):
        if offset_of(zone, hour + 3_600) != offsets[-1]:
            before, after = hour, hour + 3_600
            while after - before > 1:
                middle = (before + after) // 2
                same = offset_of(zone, middle) == offsets[-1]
                before, after = (middle, after) if same else (before, middle)
            changes.append(after)
            offsets.append(offset_of(zone, after))
    return changes, offsets


def _wrapped(lons: NDArray[np.float64]) -> NDArray[np.float64]:
    wrapped: NDArray[np.float64] = (lons + 180.0) % 360.0 - 180.0
    return wrapped


def sites(per_town: int = 120) -> Sites:
    rng = np.random.default_rng(7)
    middles = np.array(TOWNS + VILLAGES)
    town = np.repeat(np.arange(len(middles)), per_town)
    n = len(town)
    category = rng.integers(0, len(CATEGORIES) - 1, n)
    country = town % len(TOWNS)
    return Sites(
        1_000 + np.arange(n),
        _wrapped(middles[town, 0] + rng.normal(0, 0.08, n)),
        middles[town, 1] + rng.normal(0, 0.05, n),
        category,
        10 * category + rng.integers(0, 4, n),
        country,
        country,
        np.exp(rng.normal(0, 0.4, n)),
    )


def online(n: int = 20) -> OnlineMerchants:
    rng = np.random.default_rng(8)
    category = np.full(n, CATEGORIES.index("online"))
    return OnlineMerchants(
        5_000 + np.arange(n), category, rng.integers(0, len(TOWNS), n), 1.0 / np.arange(1, n + 1)
    )


def market(around: Period, per_town: int = 120) -> Market:
    """Return a market whose clocks reach beyond a period."""
    countries = Countries(
        np.array([100.0, 120.0, 90.0, 4_500.0]), np.array([1, 1, 10, 100]), np.array([1_000] * 4)
    )
    return Market.of(sites(per_town), online(), zones(around), countries, default_habits())


def cards(n: int, seed: int = 1) -> Cards:
    rng = np.random.default_rng(9)
    middles = np.array(TOWNS)
    town = np.arange(n) % len(middles)
    home, work = rng.normal(0, 0.06, (2, 2, n))
    work[:, rng.random(n) < 0.3] = np.nan
    return Cards(
        card_keys([f"card {number}" for number in range(n)], seed),
        _wrapped(middles[town, 0] + home[0]),
        middles[town, 1] + home[1],
        _wrapped(middles[town, 0] + work[0]),
        middles[town, 1] + work[1],
        town,
        town,
    )


def columns(lives: Lives, part: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of ``purchases``, ``truth`` or ``stays`` by name."""
    table = getattr(lives, part)
    return {field.name: getattr(table, field.name) for field in fields(table)}


def no_fraud() -> FraudPlan:
    """Return a plan without any fraud."""
    return FraudPlan(0.0, 0.0, np.zeros(0, np.int64), Campaigns.none(), Campaigns.none())
