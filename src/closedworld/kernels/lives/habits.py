"""What holders buy, when, and for how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedworld.kernels.columns import Columns
from closedworld.kernels.lives.draws import Tables
from closedworld.kernels.lives.outcome import Bytes, Channel
from closedworld.kernels.lives.places import Floats, Ints

DAYS, HOURS = 7, 24

SESSION_SHARES = (0.76, 0.17, 0.05, 0.02)
"""Shares of sessions with 1, 2, 3 and 4 purchases."""

PURCHASES_PER_SESSION = sum(size * share for size, share in enumerate(SESSION_SHARES, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Habits(Columns):
    """Habits by category, 255 at most.

    Attributes:
        per_day: Purchases of an average card by weekday, float64 (c, 7), Monday first.
        hours: Weights of the local hours, float64 (c, 24).
        median: Median amount, euros, float64 (c,).
        sigma_eighths: Standard deviation of its logarithm, in eighths, int64 (c,), 1 to 16.
        channel: ``Channel``, int8 (c,).
        skimmed: Weight with which a site is chosen for skimming, float64 (c,); 0 never.
    """

    per_day: Floats
    hours: Floats
    median: Floats
    sigma_eighths: Ints
    channel: Bytes
    skimmed: Floats

    @property
    def per_week(self) -> Floats:
        """Purchases of an average card at home in a week, float64 (c,)."""
        # In order, so that the bits are the same on every machine.
        return np.cumsum(self.per_day, axis=1)[:, -1]

    @property
    def purchases_per_day(self) -> float:
        """Purchases of an average card at home on an average day."""
        return float(np.cumsum(self.per_day)[-1]) / DAYS


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """When sessions begin and with what, by weekday.

    Attributes:
        sessions: Sessions of an average card by weekday, float64 (7,).
        first: Category and hour, ``category * 24 + hour``, of a session's first purchase: a row for each weekday.
        next: Category of a later purchase: a row for each hour of the week.
    """

    sessions: Floats
    first: Tables
    next: Tables

    @classmethod
    def of(cls, habits: Habits, share: Floats) -> Schedule:
        """Return the schedule of those who make a share of the purchases of each category, float64 (c,)."""
        hours = habits.hours / np.cumsum(habits.hours, axis=1)[:, -1:]
        joint = (habits.per_day * share[:, None]).T[:, :, None] * hours
        return cls(
            np.cumsum(habits.per_day, axis=0)[-1] / PURCHASES_PER_SESSION,
            Tables.of(joint.reshape(DAYS, len(habits) * HOURS)),
            Tables.of(joint.transpose(0, 2, 1).reshape(DAYS * HOURS, len(habits))),
        )


@dataclass(frozen=True, slots=True)
class _Category:
    """A row of the default habits: purchases a week, what of them on Saturday and Sunday, hours, amount."""

    name: str
    per_week: float
    weekend: tuple[float, float]
    hours: str
    median: float
    sigma_eighths: int
    channel: Channel = Channel.POS
    skimmed: float = 0.0


# Weights of the local hours 0 to 23. Plausible opening hours, not measured ones.
_HOURS = {
    "shop": (0, 0, 0, 0, 0, 0, 1, 3, 6, 8, 10, 11, 11, 10, 9, 10, 12, 14, 13, 9, 5, 2, 0.5, 0.1),
    "long": (1, 0.6, 0.4, 0.3, 0.4, 1.5, 4, 7, 8, 7, 7, 7, 8, 7, 7, 8, 10, 11, 10, 8, 6, 4, 3, 2),
    "meal": (0.7, 0.3, 0.1, 0, 0, 0.1, 1, 3, 4, 3, 3, 7, 14, 12, 5, 3, 3, 6, 11, 13, 10, 6, 3, 1.5),
    "street": (0, 0, 0, 0, 0, 0, 0, 0.2, 1, 5, 10, 12, 12, 11, 11, 12, 12, 12, 9, 5, 2, 0.5, 0, 0),
    "office": (0, 0, 0, 0, 0, 0, 0, 1, 8, 14, 14, 12, 8, 9, 12, 11, 8, 3, 0.5, 0, 0, 0, 0, 0),
    "cash": (0.7, 0.4, 0.2, 0.1, 0.1, 0.4, 1, 3, 6, 9, 10, 10, 10, 9, 9, 9, 10, 10, 8, 6, 4, 3, 2, 1),
    "hotel": (0.5, 0.2, 0.1, 0, 0, 0.3, 2, 7, 10, 10, 9, 5, 3, 3, 5, 7, 8, 8, 7, 5, 4, 3, 2, 1),
    "web": (2, 1, 0.5, 0.4, 0.3, 0.5, 1.5, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 9, 11, 11, 8, 4),
}  # fmt: skip

_CATEGORIES = (
    _Category("grocery", 2.3, (1.5, 0.7), "shop", 28.0, 6, skimmed=4.0),
    _Category("convenience", 0.9, (1.0, 0.9), "long", 8.0, 5),
    _Category("discount", 0.45, (1.6, 0.7), "shop", 18.0, 5),
    _Category("pharmacy", 0.35, (0.9, 0.3), "shop", 16.0, 5),
    _Category("fast_food", 0.95, (1.3, 1.2), "meal", 11.0, 4),
    _Category("restaurant", 0.9, (1.6, 1.4), "meal", 27.0, 6),
    _Category("fuel", 0.65, (1.1, 0.8), "long", 48.0, 3, skimmed=2.0),
    _Category("cars", 0.06, (0.8, 0.1), "office", 140.0, 8),
    _Category("big_box", 0.35, (2.0, 0.8), "street", 45.0, 7),
    _Category("fashion", 0.35, (2.1, 0.6), "street", 42.0, 6),
    _Category("bank", 0.4, (1.0, 0.5), "cash", 90.0, 4, Channel.ATM),
    _Category("hotel", 0.05, (1.2, 1.0), "hotel", 125.0, 5),
    _Category("transport_and_post", 0.5, (0.7, 0.5), "long", 9.0, 7),
    _Category("public_service", 0.15, (0.2, 0.05), "office", 40.0, 8),
    _Category("online", 2.0, (1.1, 1.2), "web", 24.0, 8, Channel.ONLINE),
)

CATEGORIES: tuple[str, ...] = tuple(one.name for one in _CATEGORIES)
"""Rows of ``default_habits``, named as the kinds of merchants."""


def default_habits() -> Habits:
    """Return the habits of ``CATEGORIES``: plausible, not measured."""
    weights = np.array([[1.0] * 5 + list(one.weekend) for one in _CATEGORIES])
    per_week = np.array([one.per_week for one in _CATEGORIES])
    return Habits(
        weights * (per_week / np.cumsum(weights, axis=1)[:, -1])[:, None],
        np.array([_HOURS[one.hours] for one in _CATEGORIES], np.float64),
        np.array([one.median for one in _CATEGORIES]),
        np.array([one.sigma_eighths for one in _CATEGORIES], np.int64),
        np.array([one.channel for one in _CATEGORIES], np.int8),
        np.array([one.skimmed for one in _CATEGORIES]),
    )
