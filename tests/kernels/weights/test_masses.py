"""Micro-persons and sums against fractions and Python integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.weights import exact_sum, micro_persons
from closedworld.testing import micro_persons_exactly
from closedworld.testing.strategies import masses

INT64_MAX = 2**63 - 1
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]

# The most that is taken; tests of what is refused start well above.
MOST_PERSONS = 9_200_000_000_000


def micro_of(value: float, dtype: type[np.number]) -> int:
    return int(micro_persons(np.array([value], dtype))[0])


# (persons, micro-persons); the fractions with a denominator of 128 are exact in binary, and these
# times 10^6 end in exactly one half.
BY_HAND = {
    "none": (0.0, 0),
    "minus nothing": (-0.0, 0),
    "one": (1.0, 10**6),
    "one and a tenth": (1.1, 1_100_000),  # 1.10000002384 as float32
    "missing": (float("nan"), 0),
    "negative": (-3.5, 0),
    "the usual nodata value": (-99999.0, 0),
    "the least float32": (-3.4028234663852886e38, 0),
    "minus infinity": (-float("inf"), 0),
    "half to even, down": (1 / 128, 7812),  # 7812.5
    "half to even, up": (3 / 128, 23438),  # 23437.5
    "half to even in the millions": (12_345 + 1 / 128, 12_345_007_812),
    "subnormal": (1e-40, 0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("persons", "micro"), BY_HAND.values(), ids=BY_HAND)
def test_micro_persons_by_hand(persons: float, micro: int, dtype: type[np.floating]) -> None:
    assert micro_of(persons, dtype) == micro
    assert micro_persons_exactly(dtype(persons)) == micro


@pytest.mark.parametrize(
    ("persons", "micro"),
    [
        (0.5e-6, 0),  # 0.49999999999999998
        (1.5e-6, 2),  # 1.50000000000000004
        (2.5e-6, 3),  # 2.50000000000000020, which in float64 is 2.5 and would become 2
        (3.5e-6, 3),  # 3.49999999999999995, which would become 4
        (4.5e-6, 5),
        (5.5e-6, 5),
        (6.5e-6, 6),
        (0.1000005, 100_001),  # 100000.5000000000061, which would become 100000
        (0.3000005, 300_001),
    ],
)
def test_decimal_halves_are_rounded_as_the_binary_numbers_that_they_are(
    persons: float, micro: int
) -> None:
    """None of them is a half in binary, though the float64 product with 10^6 seems to be one."""
    assert micro_persons_exactly(persons) == micro
    assert micro_of(persons, np.float64) == micro


def test_nothing_in_nothing_out() -> None:
    for dtype in (np.float32, np.float64, np.int16):
        nothing = micro_persons(np.array([], dtype))
        assert nothing.dtype == np.int64
        assert nothing.tolist() == []


def test_values_are_left_as_they_are() -> None:
    values = np.array([1.5, np.nan, -2.0, 0.25, 9.0])[::2]
    values.flags.writeable = False
    assert micro_persons(values).tolist() == [1_500_000, 0, 9_000_000]
    assert values.tolist() == [1.5, -2.0, 9.0]


def test_each_value_counts_for_itself() -> None:
    """A batch of all kinds gives what its values give one by one."""
    values = np.array([np.nan, 1 / 128, 3 / 128, 9.1e12, 5e-324, -1.0, 0.1, 68719476736.0078125])
    assert micro_persons(values).tolist() == [micro_persons_exactly(value) for value in values]
    for dtype in (np.float32, np.float64):
        assert micro_persons(np.array([-0.25, 0.5, -0.0, 2.0], dtype)).tolist() == [
            0,
            500_000,
            0,
            2_000_000,
        ]
        assert micro_persons(np.array([0.5, -0.75], dtype)).tolist() == [500_000, 0]
    assert micro_persons(np.array([True, False])).tolist() == [10**6, 0]


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.float64])
def test_the_most_persons_are_taken_and_one_more_is_not(dtype: type[np.number]) -> None:
    assert micro_of(MOST_PERSONS, dtype) == MOST_PERSONS * 10**6
    with pytest.raises(ValueError, match="9200000000001"):
        micro_of(MOST_PERSONS + 1, dtype)


@st.composite
def halfway(draw: st.DrawFn) -> float:
    """Draw the float64 next to ``(k + 1/2) * 10^-6`` for k of any size, or one a few steps beside."""
    k = draw(st.integers(0, 62).flatmap(lambda bits: st.integers(0, 2**bits)))
    persons = float(Fraction(2 * k + 1, 2 * 10**6))
    return persons + draw(st.integers(-3, 3)) * float(np.spacing(persons))


# Up to 2^39 / 128 they are halves of a micro-person.
binary_halves = (
    st.integers(0, 49)
    .flatmap(lambda bits: st.integers(0, 2**bits))
    .map(lambda whole: (2 * whole + 1) / 128)
)
near_the_most = st.floats(9.0e12, MOST_PERSONS)
subnormal = st.floats(0, 2.3e-308)
persons64 = st.one_of(
    st.floats(),
    st.floats(0, 1e-3),
    st.floats(0, 1e5),
    halfway(),
    binary_halves,
    near_the_most,
    subnormal,
).filter(lambda value: not MOST_PERSONS < value < 9.3e12)
persons32 = st.one_of(
    st.floats(width=32),
    st.floats(0, 2.0**17, width=32),
    st.floats(2.0**40, 2.0**43, width=32),
    st.floats(0, 2.0**-120, width=32),
    st.one_of(halfway(), binary_halves).map(lambda value: float(np.float32(value))),
).filter(lambda value: not MOST_PERSONS < value < 9.3e12)


def check(value: float, dtype: type[np.number]) -> None:
    """Check one value, among others that are no trouble, against fractions."""
    values = np.array([1, value, 0], dtype)
    try:
        expected = micro_persons_exactly(values[1])
    except ValueError:
        with pytest.raises(ValueError, match="person"):
            micro_persons(values)
        return
    found = micro_persons(values)
    assert found.dtype == np.int64
    assert found.tolist() == [10**6, expected, 0]


@examples(1000)
@given(value=persons64)
def test_float64_is_rounded_as_a_fraction_is(value: float) -> None:
    check(value, np.float64)


@examples(600)
@given(value=persons32)
def test_float32_is_rounded_as_a_fraction_is(value: float) -> None:
    check(value, np.float32)


@pytest.mark.parametrize("dtype", INTEGERS)
@examples(60)
@given(data=st.data())
def test_integers_are_multiplied(dtype: type[np.integer], data: st.DataObject) -> None:
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    usual = st.integers(max(low, -10), min(high, MOST_PERSONS))
    too_many = st.integers(INT64_MAX // 10**6 + 1, high) if high > 10**13 else usual
    check(data.draw(st.one_of(usual, too_many, st.just(low))), dtype)


@pytest.mark.parametrize("bits", range(30, 44))
def test_exact_halves_go_to_the_even_number_at_every_size(bits: int) -> None:
    """Odd numbers of 128ths of a person, and the float64 on either side of each."""
    odd = np.arange(2**bits + 1, 2**bits + 4001, 2) / 128
    values = np.concatenate([odd, np.nextafter(odd, 0), np.nextafter(odd, np.inf)])
    assert (np.array([Fraction(value).denominator for value in odd.tolist()]) == 128).all()
    assert micro_persons(values).tolist() == [
        micro_persons_exactly(value) for value in values.tolist()
    ]


@pytest.mark.parametrize("exponent", range(-24, 44))
def test_thousands_of_values_of_every_size_are_exact(exponent: int) -> None:
    generator = np.random.default_rng(exponent + 24)
    values = np.minimum(generator.uniform(1, 2, 1000) * 2.0**exponent, MOST_PERSONS)
    for some in (values, values.astype(np.float32)):
        some = some[some <= MOST_PERSONS]  # noqa: PLW2901 -- float32 rounds the largest up
        expected = [micro_persons_exactly(value) for value in some.tolist()]
        assert micro_persons(some).tolist() == expected


@pytest.mark.parametrize(
    "value",
    [float("inf"), 1e300, 1e13, 9_223_372_036_854.7764, np.float32(np.inf), np.float32(1e38)],
)
def test_more_than_int64_holds_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="person"):
        micro_persons_exactly(value)
    with pytest.raises(ValueError, match="person"):
        micro_persons(np.array([0, value, np.nan]))
    with pytest.raises(ValueError, match="person"):
        micro_persons(np.array([0, min(value, 1e38), np.nan], np.float32))


@pytest.mark.parametrize("value", [9_223_372_036_855, INT64_MAX, 2**63, 2**64 - 1])
def test_more_than_int64_holds_is_refused_as_integers_too(value: int) -> None:
    for dtype in (np.int64, np.uint64):
        if value <= np.iinfo(dtype).max:
            with pytest.raises(ValueError, match="person"):
                micro_persons(np.array([1, value], dtype))


@examples(300)
@given(tiles=masses())
def test_sums_are_exact_beyond_64_bits(tiles: list[int]) -> None:
    total = exact_sum(np.array(tiles, np.int64))
    assert type(total) is int
    assert total == sum(tiles)


@examples(300)
@given(tiles=masses(), data=st.data())
def test_sums_count_each_mass_as_often_as_told(tiles: list[int], data: st.DataObject) -> None:
    count = st.one_of(st.integers(0, 3), st.integers(0, 2**40))
    counts = data.draw(st.lists(count, min_size=len(tiles), max_size=len(tiles)))
    total = exact_sum(np.array(tiles, np.int64), np.array(counts, np.int64))
    assert type(total) is int
    assert total == sum(mass * times for mass, times in zip(tiles, counts, strict=True))


def test_sums_by_hand() -> None:
    most = np.full(5, INT64_MAX, np.int64)
    assert exact_sum(most) == 5 * INT64_MAX
    assert exact_sum(most, np.array([0, 1, 0, 2, 10**12])) == (10**12 + 3) * INT64_MAX
    assert exact_sum(np.array([2**64 - 1, 2**64 - 1, 1], np.uint64)) == 2**65 - 1
    assert exact_sum(np.array([3, 4], np.int64), np.array([0, 0])) == 0
    assert exact_sum(np.array([7], np.int64)) == 7
    # Twice 2^62 is one more than int64 holds.
    assert exact_sum(np.array([2**62, 2**62], np.int64)) == 2**63
    assert exact_sum(np.array([2**62], np.int64), np.array([2])) == 2**63
    assert exact_sum(np.array([2**62, 2**62 - 1], np.int64)) == 2**63 - 1
    assert exact_sum(np.array([], np.int64)) == 0
    assert exact_sum(np.array([], np.int64), np.array([], np.int64)) == 0
    assert exact_sum(np.full(300_000, 2**62 + 1, np.int64)) == 300_000 * (2**62 + 1)
