"""On which side of an edge a point lies, against fractions."""

from __future__ import annotations

import numpy as np
import pytest
from effort import examples
from hypothesis import assume, example, given
from hypothesis import strategies as st

from closedworld.kernels.spans.lattice import side_of_edge
from closedworld.testing import side_exactly

DENORMAL = 5e-324

numbers = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-400, 400),
    st.floats(-1e-300, 1e-300),
    st.sampled_from([0.0, -0.0, DENORMAL, -DENORMAL, 2.3e-308, 1e-200, 1e-160, 1e-154, 1e9, 1e100]),
    st.builds(
        lambda at, up: float(np.nextafter(at, np.inf if up else -np.inf)),
        st.sampled_from([1.0, 0.1, 1 / 3, 180.0, -179.98745]),
        st.booleans(),
    ),
)


def side(edge: tuple[float, float, float, float], x: float, y: float) -> int:
    return int(side_of_edge(*(np.array([number]) for number in (*edge, x, y)))[0])


@pytest.mark.slow
@examples(1500)
@given(edge=st.tuples(numbers, numbers, numbers, numbers), x=numbers, share=st.floats(0, 1))
@example(edge=(0.0, 0.0, DENORMAL, DENORMAL), x=DENORMAL, share=0.0)
@example(edge=(0.0, 0.0, 1e-200, 1e-200), x=1e-201, share=0.5)
@example(edge=(-170.0, 50.0, 170.0, float(np.nextafter(50.0, 60.0))), x=0.0, share=0.0)
def test_the_side_is_that_of_rational_arithmetic(
    edge: tuple[float, float, float, float], x: float, share: float
) -> None:
    x1, y1, x2, y2 = edge
    assume(y1 != y2)
    y = float(np.clip(y1 + share * (y2 - y1), min(y1, y2), max(y1, y2)))
    assert side(edge, x, y) == side_exactly(edge, x, y)
    # Seen from the other end of the edge it is the same side.
    assert side((x2, y2, x1, y1), x, y) == side_exactly(edge, x, y)


@examples(500)
@given(
    edge=st.tuples(*[st.floats(-180, 180)] * 4),
    share=st.floats(0, 1),
    nudge=st.sampled_from([-np.inf, np.inf, None]),
)
def test_points_within_a_rounding_of_the_edge_are_told_apart(
    edge: tuple[float, float, float, float], share: float, nudge: float | None
) -> None:
    x1, y1, x2, y2 = edge
    assume(y1 != y2)
    y = float(np.clip(y1 + share * (y2 - y1), min(y1, y2), max(y1, y2)))
    x = x1 + share * (x2 - x1)
    x = x if nudge is None else float(np.nextafter(x, nudge))
    assert side(edge, x, y) == side_exactly(edge, x, y)


@pytest.mark.parametrize(
    ("edge", "point", "expected"),
    [
        ((0.0, 0.0, 4.0, 4.0), (1.0, 2.0), -1),
        ((0.0, 0.0, 4.0, 4.0), (2.0, 2.0), 0),
        ((0.0, 0.0, 4.0, 4.0), (3.0, 2.0), 1),
        ((0.0, 0.0, 0.0, 4.0), (-DENORMAL, 2.0), -1),
        ((0.0, 0.0, 0.0, 4.0), (-0.0, 2.0), 0),
        ((0.0, 0.0, 0.0, 4.0), (DENORMAL, 2.0), 1),
        ((0.0, 0.0, DENORMAL, 4.0), (0.0, 0.0), 0),
        ((0.0, 0.0, DENORMAL, 4.0), (0.0, 2.0), -1),
        ((1e-200, 0.0, 0.0, 1e-200), (1e-201, 1e-201), -1),
        # One product is 0, the other too small for float64.
        ((1e-200, 0.0, 5.0, 1e-200), (0.0, 0.0), -1),
        ((-1e-200, 0.0, 5.0, 1e-200), (0.0, 0.0), 1),
        ((5.0, 0.0, 1e-200, 1e-200), (0.0, 1e-200), -1),
        ((5.0, 0.0, -1e-200, 1e-200), (0.0, 1e-200), 1),
    ],
)
def test_west_is_minus_one_and_east_plus_one(
    edge: tuple[float, float, float, float], point: tuple[float, float], expected: int
) -> None:
    assert side(edge, *point) == expected
    assert side_exactly(edge, *point) == expected


def test_products_that_underflow_are_not_trusted() -> None:
    """Both products are denormal here, and float64 rounds them past one another."""
    edge = (
        2.49832427130563e-156,
        -1.848575022878161e-155,
        2.419479667538561e-155,
        2.89608341956645e-156,
    )
    x, y = 1.720009322653434e-155, -3.997183964063152e-156
    assert side(edge, x, y) == side_exactly(edge, x, y) == 1


def test_many_at_once_are_answered_each() -> None:
    n = 40
    x = np.linspace(-1.0, 1.0, n)
    zero, one = np.zeros(n), np.ones(n)
    answer = side_of_edge(zero, -one, zero, one, x, zero)
    assert answer.dtype == np.int8
    assert answer.tolist() == np.sign(x).astype(int).tolist()
