"""What holders buy, when, and for how much."""

from __future__ import annotations

from dataclasses import dataclass

from closedworld.kernels.lives.outcome import Bytes
from closedworld.kernels.lives.places import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Habits by category; arrays with a row for each category.

    Attributes:
        per_week: Purchases a week of an average card, by weekday, float64 (c, 7), Monday first.
        hours: Weights of the local hours, float64 (c, 24).
        median: Median amount, euros, float64 (c,).
        sigma_eighths: Standard deviation of its logarithm, in eighths, int64 (c,), 1 to 16.
        channel: ``Channel``, int8 (c,).
        skimmed: Weight with which a site is chosen for skimming, float64 (c,); 0 never.
    """

    per_week: Floats
    hours: Floats
    median: Floats
    sigma_eighths: Ints
    channel: Bytes
    skimmed: Floats

    def __len__(self) -> int:
        return len(self.median)


CATEGORIES: tuple[str, ...] = (
    "grocery", "convenience", "discount", "pharmacy", "fast_food", "restaurant", "fuel", "cars", "big_box",
    "fashion", "bank", "hotel", "transport_and_post", "public_service", "online",
)  # fmt: skip
"""Rows of ``default_habits``, named as the kinds of merchants."""


def default_habits() -> Habits:
    """Return the habits of ``CATEGORIES``."""
    raise NotImplementedError
