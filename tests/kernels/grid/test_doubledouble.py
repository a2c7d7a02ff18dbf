"""Double-double arithmetic against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.grid.doubledouble import DoubleDouble, polynomial

if TYPE_CHECKING:
    from collections.abc import Callable

# Dekker's bounds: a sum loses at most 2^-100 of the larger operand, a product at most 2^-100 of
# itself. Kept away from overflow of the splitting and from subnormal error terms.
LOSS = Fraction(1, 2**100)
MODERATE = st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30)
RATIOS = st.fractions(-(10**12), 10**12, max_denominator=10**15)


def exact(value: DoubleDouble) -> Fraction:
    return Fraction(float(value.high)) + Fraction(float(value.low))


def of_float(value: float) -> DoubleDouble:
    return DoubleDouble.exact(np.array(value))


@given(RATIOS)
def test_a_constant_is_kept_to_106_bits(value: Fraction) -> None:
    assert abs(exact(DoubleDouble.of(value)) - value) <= abs(value) / 2**105


@given(MODERATE, MODERATE)
def test_sum_difference_and_product_of_two_floats_lose_less_than_their_106th_bit(
    a: float, b: float
) -> None:
    x, y = Fraction(a), Fraction(b)
    for got, wanted in (
        (of_float(a) + of_float(b), x + y),
        (of_float(a) - of_float(b), x - y),
        (of_float(a) * of_float(b), x * y),
    ):
        # The sum and the product of two float64 are sums of two float64.
        assert exact(got) == wanted


@given(RATIOS, RATIOS)
def test_operations_on_double_doubles_are_right_to_100_bits(a: Fraction, b: Fraction) -> None:
    x, y = DoubleDouble.of(a), DoubleDouble.of(b)
    largest = max(abs(a), abs(b))
    assert abs(exact(x + y) - (a + b)) <= 4 * LOSS * largest
    assert abs(exact(x - y) - (a - b)) <= 4 * LOSS * largest
    assert abs(exact(x * y) - a * b) <= 4 * LOSS * abs(a * b)
    # The leading part is the float64 nearest to both.
    for result in (x + y, x - y, x * y):
        assert float(exact(result)) == result.high


@given(st.fractions(-1, 1, max_denominator=10**9), st.lists(RATIOS, min_size=1, max_size=8))
def test_horner_gives_the_polynomial(x: Fraction, coefficients: list[Fraction]) -> None:
    wanted = sum((c * x**k for k, c in enumerate(coefficients)), Fraction(0))
    size = sum((abs(c) for c in coefficients), Fraction(0))
    assert abs(exact(polynomial(DoubleDouble.of(x), coefficients)) - wanted) <= 64 * LOSS * size


@given(st.integers(-(2**61), 2**61), st.fractions(Fraction(-49, 100), Fraction(49, 100)))
def test_rounding_gives_the_nearest_integer_beyond_the_53_bits_of_a_float(
    whole: int, rest: Fraction
) -> None:
    rounded = DoubleDouble.of(whole + rest).rounded()
    assert rounded.dtype == np.int64
    assert int(rounded) == whole


@pytest.mark.parametrize(
    "operation", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b], ids=["+", "-", "*"]
)
def test_arrays_are_worked_on_element_by_element(
    operation: Callable[[DoubleDouble, DoubleDouble], DoubleDouble],
) -> None:
    left, right = np.array([1.0, 1e16, -3.0]), np.array([2.0**-60, 1.0, 0.1])
    together = operation(DoubleDouble.exact(left), DoubleDouble.exact(right))
    for i, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        alone = operation(of_float(a), of_float(b))
        assert (together.high[i], together.low[i]) == (alone.high, alone.low)
