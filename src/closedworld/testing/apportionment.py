"""Weights and micro-persons by the words of the law, in Python integers and fractions.

Slow: for some hundred thousand tiles at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

_MICRO = 10**6
_INT64_MAX = 2**63 - 1


def apportioned(masses: Sequence[int], units: int) -> list[int]:
    """Return integer weights proportional to masses, by largest remainders.

    A tile of mass m gets ``floor(m * units / M)`` of M, the sum of all masses; the units missing
    to ``units`` go one each to the largest remainders ``m * units mod M``, ties to the smaller index. When all masses are zero, each counts as one.

    Args:
        masses: Python integers >= 0 of any size, in tile_id order.
        units: The sum of the weights, >= 0.

    Raises:
        ValueError: No tile for units above zero, a negative mass, or negative units.
    """
    if units < 0 or any(mass < 0 for mass in masses):
        raise ValueError("masses and units are not negative")
    if not masses and units:
        raise ValueError(f"no tile to give {units} units to")
    if not any(masses):
        masses = [1] * len(masses)
    total = sum(masses)
    weights = [mass * units // total for mass in masses]
    remainders = [mass * units % total for mass in masses]
    by_remainder = sorted(range(len(masses)), key=lambda tile: (-remainders[tile], tile))
    for tile in by_remainder[: units - sum(weights)]:
        weights[tile] += 1
    return weights


def micro_persons_exactly(value: float | np.floating | np.integer) -> int:
    """Return ``value * 10**6`` rounded half to even; 0 for NaN and negative values.

    Args:
        value: Persons, an integer or binary floating-point number of Python or NumPy.

    Raises:
        ValueError: When the result is above ``2**63 - 1``.
    """
    number = value.item() if isinstance(value, np.generic) else value
    if math.isnan(number) or number < 0:
        return 0
    if math.isinf(number):
        raise ValueError("infinitely many persons")
    # Rounding a fraction goes half to even.
    micro = round(Fraction(number) * _MICRO)
    if micro > _INT64_MAX:
        raise ValueError(f"{number} persons are more micro-persons than int64 holds")
    return micro
