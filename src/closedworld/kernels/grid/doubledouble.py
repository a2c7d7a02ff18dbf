"""Numbers of 106 significant bits as unevaluated sums of two float64.

Only +, - and * of float64 are used, which IEEE 754 rounds the same everywhere, so results are equal
to the last bit on every machine. Libraries' sin and log are not: they differ in the last bit.
Algorithms: T. J. Dekker, "A floating-point technique for extending the available precision" (1971),
https://doi.org/10.1007/BF01397083.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

_SPLITTER = 2.0**27 + 1.0


@dataclass(frozen=True, slots=True, eq=False)
class DoubleDouble:
    """An array of values ``high + low`` with ``|low| <= ulp(high) / 2``.

    Attributes:
        high: Leading parts, float64 (n,) or ().
        low: Trailing parts, float64 in the shape of ``high``.
    """

    high: NDArray[np.float64]
    low: NDArray[np.float64]

    @classmethod
    def of(cls, value: Fraction) -> DoubleDouble:
        """Return a rational constant, rounded to 106 bits."""
        high = float(value)
        return cls(np.array(high), np.array(float(value - Fraction(high))))

    @classmethod
    def exact(cls, values: NDArray[np.float64]) -> DoubleDouble:
        """Return float64 values as they are."""
        return cls(values, np.zeros_like(values))

    def __add__(self, other: DoubleDouble) -> DoubleDouble:
        total, error = _two_sum(self.high, other.high)
        return _normal(total, error + (self.low + other.low))

    def __sub__(self, other: DoubleDouble) -> DoubleDouble:
        return self + DoubleDouble(-other.high, -other.low)

    def __mul__(self, other: DoubleDouble) -> DoubleDouble:
        product, error = _two_product(self.high, other.high)
        return _normal(product, error + (self.high * other.low + self.low * other.high))

    def rounded(self) -> NDArray[np.int64]:
        """Return the nearest integers, int64; values are below 2**63."""
        whole = np.rint(self.high)
        return whole.astype(np.int64) + np.rint((self.high - whole) + self.low).astype(np.int64)


def polynomial(x: DoubleDouble, coefficients: list[Fraction]) -> DoubleDouble:
    """Return ``sum(coefficients[k] * x**k)`` by Horner's rule."""
    total = DoubleDouble.of(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + DoubleDouble.of(coefficient)
    return total


def _two_sum(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the float64 sum and its exact error."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _two_product(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the float64 product and its exact error."""
    product = a * b
    a_high, a_low = halves(a)
    b_high, b_low = halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def halves(a: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two parts of 26 bits that add up to float64 values."""
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _normal(high: NDArray[np.float64], low: NDArray[np.float64]) -> DoubleDouble:
    """Return ``high + low`` as a normalized pair."""
    total = high + low
    return DoubleDouble(total, low - (total - high))
