"""Weights by largest remainders: worked examples, laws, and exact arithmetic as the judge."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from apportionment import methods
from effort import examples
from hypothesis import given, reject
from hypothesis import strategies as st

from closedworld.kernels.sizes import Sizes
from closedworld.kernels.weights import (
    CutoffSearch,
    Masses,
    allocate,
    apportion,
    remainder_histogram,
)
from closedworld.testing import apportioned
from closedworld.testing.strategies import masses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

INT64_MAX = 2**63 - 1
UINT64_MAX = 2**64 - 1
MOST_UNITS = 10**18

# What is asked for in practice, 10^dp for dp in 0..18, and anything else that may be.
UNITS = st.one_of(
    st.integers(0, 18).map(lambda dp: 10**dp), st.integers(0, 60), st.integers(0, MOST_UNITS)
)


def array_of(tiles: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.integer]]:
    """Return masses as int64, or as uint64 where int64 cannot hold them."""
    return np.array(tiles, np.int64 if max(tiles) <= INT64_MAX else np.uint64)


def weights_of(tiles: Sequence[int], units: int) -> list[int]:
    weights: list[int] = apportion(array_of(tiles), units).tolist()
    return weights


def remainders_of(tiles: Sequence[int], units: int) -> list[int]:
    if not any(tiles):
        return [units] * len(tiles)
    return [mass * units % sum(tiles) for mass in tiles]


WORKED = {
    "five equal tiles": ([7, 7, 7, 7, 7], 100, [20, 20, 20, 20, 20]),
    "1.10, 1.10 and 0.80 persons by tenths": ([110, 110, 80], 10, [4, 4, 2]),
    "all zero is as uniform": ([0, 0, 0, 0], 10, [3, 3, 2, 2]),
    "among equal remainders the smaller index": ([1, 1, 1], 10, [4, 3, 3]),
    "a larger remainder before a smaller index": ([15, 15, 19, 1], 5, [2, 1, 2, 0]),
    "equal remainders of unequal masses": ([1, 5, 2], 4, [1, 2, 1]),
    "the larger mass among remainders that tie": ([5, 1, 2], 4, [3, 0, 1]),
    "one tile takes all": ([0, 9, 0], 1000, [0, 1000, 0]),
    "a tile of mass zero gets nothing": ([0, 1, 1, 1], 2, [0, 1, 1, 0]),
    "more units than tiles": ([1, 2], 1000, [333, 667]),
    "fewer units than tiles": ([1, 1, 1, 1, 1], 3, [1, 1, 1, 0, 0]),
    "one unit": ([1, 3, 2], 1, [0, 1, 0]),
    "no unit": ([3, 0, 4], 0, [0, 0, 0]),
    "no unit and no mass": ([0, 0], 0, [0, 0]),
    "one tile": ([INT64_MAX], MOST_UNITS, [MOST_UNITS]),
    "one tile of mass zero": ([0], 10**6, [10**6]),
    "the next world holds 2^64 less one": ([UINT64_MAX, UINT64_MAX, 1], 3, [2, 1, 0]),
    "half of 10^18 each, two thirds of a sum beyond 2^64": (
        [INT64_MAX, INT64_MAX, INT64_MAX],
        MOST_UNITS,
        [333333333333333334, 333333333333333333, 333333333333333333],
    ),
}


@pytest.mark.parametrize(("tiles", "units", "expected"), WORKED.values(), ids=WORKED)
def test_weights_worked_by_hand(tiles: list[int], units: int, expected: list[int]) -> None:
    assert apportioned(tiles, units) == expected
    assert weights_of(tiles, units) == expected


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_weights_are_new_uint64_and_leave_the_masses_alone(dtype: type[np.integer]) -> None:
    strided = np.array([3, 99, 2, 99, 2, 99], dtype)[::2]
    strided.flags.writeable = False
    weights = apportion(strided, 10)
    assert weights.dtype == np.uint64
    assert weights.tolist() == [4, 3, 3]
    assert strided.tolist() == [3, 2, 2]
    assert not np.shares_memory(weights, strided)


def test_what_cannot_be_apportioned_is_refused() -> None:
    with pytest.raises(ValueError, match="no tile"):
        apportion(np.array([], np.int64), 1)
    with pytest.raises(ValueError, match="negative"):
        apportion(np.array([5, -1, 5], np.int64), 10)
    for units in (-1, MOST_UNITS + 1):
        with pytest.raises(ValueError, match="units"):
            apportion(np.array([1, 2], np.int64), units)
    for odd in (np.array([[1, 2]]), np.array(5), np.array([1.0, 2.0]), np.array([True])):
        with pytest.raises(ValueError, match="1-D integers"):
            apportion(odd, 1)
    with pytest.raises(TypeError):
        apportion(np.array([1, 2]), 1.0)  # type: ignore[arg-type]


def test_the_oracle_refuses_the_same() -> None:
    assert apportioned([], 0) == []
    with pytest.raises(ValueError, match="no tile"):
        apportioned([], 1)
    with pytest.raises(ValueError, match="not negative"):
        apportioned([5, -1, 5], 10)
    with pytest.raises(ValueError, match="not negative"):
        apportioned([1], -1)


@examples(400)
@given(tiles=masses(), units=UNITS)
def test_weights_are_those_of_exact_arithmetic(tiles: list[int], units: int) -> None:
    assert weights_of(tiles, units) == apportioned(tiles, units)


def runs_of(masses: np.ndarray[tuple[int], np.dtype[np.integer]]) -> Masses:
    """Return masses with consecutive equal ones as one."""
    begins = np.flatnonzero(np.append(True, masses[1:] != masses[:-1]))
    return Masses(masses[begins], np.diff(np.append(begins, len(masses))))


def in_tasks(
    tasks: list[Masses], units: int, sizes: Sizes, sample: list[int]
) -> tuple[list[int], int]:
    """Return the weights of a country that is cut into tasks, and the sum of the quotients."""
    total = sum(task.total for task in tasks)
    tiles = sum(len(task.is_positive()) for task in tasks)
    search = CutoffSearch(units, total, tiles, sizes, array_of(sample) if sample else None)
    while search.query is not None:
        # Tasks finish in any order.
        for ordinal in reversed(range(len(tasks))):
            answer = remainder_histogram(tasks[ordinal], units, total, search.query)
            search.add(ordinal, answer)
        search.advance()
    weights: list[int] = []
    for ordinal, task in enumerate(tasks):
        own, _ = allocate(task, units, total, search.cutoff, search.ties_before(ordinal))
        weights += own.tolist()
    return weights, search.floors


@examples(300)
@given(
    masses(max_tiles=25) | st.lists(st.integers(0, 3), min_size=1, max_size=25),
    st.integers(0, 60) | st.sampled_from([10**12, 10**18]),
    st.sets(st.integers(1, 24)),
    st.builds(Sizes, few_tiles=st.integers(0, 5), bucket_bits=st.integers(1, 16)),
    st.booleans(),
    st.data(),
)
def test_tasks_and_buckets_and_samples_do_not_count(
    tiles: list[int],
    units: int,
    cuts: set[int],
    sizes: Sizes,
    by_run: bool,  # noqa: FBT001
    data: st.DataObject,
) -> None:
    """In many rounds, over several tasks, tile by tile or run by run, with samples that tell little or nothing."""
    if not any(tiles):
        reject()
    sample = data.draw(st.lists(st.sampled_from([*tiles, 0]), max_size=6))
    own = np.split(array_of(tiles), sorted(cut for cut in cuts if cut < len(tiles)))
    tasks = [runs_of(one) if by_run else Masses(one) for one in own]
    weights, floors = in_tasks(tasks, units, sizes, sample)
    assert weights == apportioned(tiles, units)
    assert floors == sum(mass * units // sum(tiles) for mass in tiles)


@pytest.mark.parametrize("units", [7, 100, 10**6, 10**12])
@pytest.mark.parametrize("bucket_bits", [1, 3, 16])
def test_a_sample_that_misleads_costs_questions_and_no_unit(units: int, bucket_bits: int) -> None:
    """Tiles with the smallest or the largest remainders alone: the cutoff is above or below their range."""
    tiles = np.random.default_rng(5).integers(1, 10**6, 300).tolist()
    total = sum(tiles)
    by_remainder = sorted(tiles, key=lambda mass: mass * units % total)
    tasks = [Masses(np.array(tiles[:100])), runs_of(np.array(tiles[100:]))]
    expected = apportioned(tiles, units)
    for sample in (by_remainder[:9], by_remainder[-9:], by_remainder[150:151], [0], [0, 0, 0, 0]):
        for few in (0, 40, 1000):
            weights, floors = in_tasks(
                tasks, units, Sizes(few_tiles=few, bucket_bits=bucket_bits), sample
            )
            assert weights == expected
            assert floors == sum(mass * units // total for mass in tiles)


def test_many_equal_remainders_go_to_the_first_tiles_over_several_tasks() -> None:
    tasks = [Masses(np.ones(count, np.int64)) for count in (3, 1, 4, 2, 5)]
    for units in range(16):
        for few in (0, 100):
            weights, _ = in_tasks(tasks, units, Sizes(few_tiles=few, bucket_bits=1), [])
            assert weights == [1] * units + [0] * (15 - units)


@pytest.mark.parametrize("empty", [0, 0.7])
def test_a_sample_leaves_one_question(empty: float) -> None:
    """Even where most tiles are empty, or all masses are among a few."""
    rng = np.random.default_rng(11)
    for own in (rng.lognormal(12, 2, 400_000).astype(np.int64), rng.integers(1, 5, 400_000)):
        own[rng.random(len(own)) < empty] = 0
        total, units = int(own.sum()), 10**12
        search = CutoffSearch(units, total, len(own), sample=own[::64])
        assert search.query is not None
        search.add(0, remainder_histogram(Masses(own), units, total, search.query))
        search.advance()
        assert search.query is None
        weights, _ = allocate(Masses(own), units, total, search.cutoff, 0)
        assert weights.tolist() == apportion(own, units).tolist()


def test_a_search_that_has_ended_or_not_begun_says_so() -> None:
    search = CutoffSearch(1, 2, 2)
    with pytest.raises(ValueError, match="no query, or no answer"):
        search.advance()
    assert search.query is not None
    answer = remainder_histogram(Masses(np.array([1, 1])), 1, 2, search.query)
    search.add(0, answer)
    search.advance()
    with pytest.raises(ValueError, match="cutoff is known"):
        search.add(0, answer)


@examples(200)
@given(tiles=masses(max_mass=UINT64_MAX), units=UNITS)
def test_masses_may_fill_unsigned_64_bits(tiles: list[int], units: int) -> None:
    weights = apportion(np.array(tiles, np.uint64), units)
    assert weights.tolist() == apportioned(tiles, units)


@examples(200)
@given(tiles=masses(), units=UNITS)
def test_weights_add_up_and_are_within_one_of_the_exact_share(tiles: list[int], units: int) -> None:
    weights = weights_of(tiles, units)
    assert sum(weights) == units
    total = sum(tiles)
    for mass, weight in zip(tiles, weights, strict=True):
        share = Fraction(mass * units, total) if total else Fraction(units, len(tiles))
        assert abs(weight - share) < 1


@examples(200)
@given(tiles=masses(), units=UNITS)
def test_a_larger_mass_never_weighs_less_nor_an_earlier_equal_one(
    tiles: list[int], units: int
) -> None:
    weights = weights_of(tiles, units)
    order = sorted(range(len(tiles)), key=lambda tile: (-tiles[tile], tile))
    ranked = [weights[tile] for tile in order]
    assert ranked == sorted(ranked, reverse=True)


@examples(200)
@given(tiles=masses(), units=UNITS, order=st.randoms(use_true_random=False))
def test_the_order_of_tiles_decides_among_equal_remainders_only(
    tiles: list[int], units: int, order: Random
) -> None:
    places = list(range(len(tiles)))
    order.shuffle(places)
    before = weights_of(tiles, units)
    after = weights_of([tiles[place] for place in places], units)
    remainders = remainders_of(tiles, units)
    changed = {
        remainders[place]
        for place, weight in zip(places, after, strict=True)
        if weight != before[place]
    }
    assert len(changed) <= 1


@examples(200)
@given(tiles=masses(max_mass=2**40), units=UNITS, factor=st.integers(1, 2**23))
def test_masses_count_in_proportion(tiles: list[int], units: int, factor: int) -> None:
    assert weights_of([mass * factor for mass in tiles], units) == weights_of(tiles, units)


@examples(200)
@given(tiles=masses(), units=UNITS, data=st.data())
def test_tiles_of_mass_zero_change_nothing(
    tiles: list[int], units: int, data: st.DataObject
) -> None:
    if not any(tiles):
        reject()
    at = data.draw(st.integers(0, len(tiles)))
    weights = weights_of([*tiles[:at], 0, 0, *tiles[at:]], units)
    assert weights[at : at + 2] == [0, 0]
    assert weights[:at] + weights[at + 2 :] == weights_of(tiles, units)


@st.composite
def totals(draw: st.DrawFn) -> int:
    """Draw a sum of masses where arithmetic of 53, 63 or 64 bits comes to an end, or anywhere."""
    around = draw(
        st.sampled_from([2**50, 2**52, 2**53, 2**54, 2**61, 2**62, 2**63, 2**64, 2**65, 10**18])
    )
    # An estimate that is up to c units off goes with remainders up to c + 1 times the total.
    quarters = st.integers(2, 1000).map(lambda parts: 2**63 // parts)
    anywhere = st.integers(1, 66).flatmap(lambda bits: st.integers(2 ** (bits - 1), 2**bits))
    at = draw(st.one_of(st.just(around), quarters, anywhere))
    return max(2, at + draw(st.integers(-3, 3)))


@st.composite
def units_for(draw: st.DrawFn, total: int) -> int:
    """Draw units whose share per mass is whole, next to whole, or a whole part of one."""
    near_total = st.builds(
        lambda factor, off: max(0, total * factor + off),
        st.integers(1, max(1, MOST_UNITS // total)),
        st.integers(-2, 2),
    )
    near_part = st.builds(
        lambda parts, off: max(0, total // parts + off), st.integers(1, 12), st.integers(-2, 2)
    )
    decimal = st.integers(0, 18).map(lambda dp: 10**dp)
    most = st.integers(MOST_UNITS - 5, MOST_UNITS)
    return min(MOST_UNITS, draw(st.one_of(near_total, near_part, decimal, most)))


def with_remainder(remainder: int, units: int, total: int) -> int:
    """Return a mass that has a remainder, or one near it where no mass has that."""
    common = math.gcd(units, total)
    modulus = total // common
    if modulus == 1:
        return 0
    return remainder // common * pow(units // common, -1, modulus) % modulus


@st.composite
def edge_cases(draw: st.DrawFn) -> tuple[list[int], int]:
    """Draw tiles with remainders 0, 1, M - 1 and the like, and sums at the ends of arithmetic."""
    total = draw(totals())
    units = draw(units_for(total))
    wanted = st.one_of(
        st.sampled_from([0, 1, 2, total - 2, total - 1, total // 2, total // 2 + 1]),
        st.integers(0, total - 1),
    ).map(lambda remainder: with_remainder(remainder, units, total))
    mass = st.one_of(wanted, st.integers(0, 3), st.integers(1, 9).map(lambda part: total // part))
    tiles: list[int] = []
    left = total
    for drawn in draw(st.lists(mass, max_size=6)):
        if drawn <= min(left, INT64_MAX):
            tiles.append(drawn)
            left -= drawn
    # What is left goes to as few tiles as can hold it.
    while left > INT64_MAX:
        tiles.append(INT64_MAX)
        left -= INT64_MAX
    tiles.append(left)
    return draw(st.permutations(tiles)), units


@pytest.mark.slow
@examples(800)
@given(case=edge_cases())
def test_weights_are_exact_where_an_estimate_is_hard_put(case: tuple[list[int], int]) -> None:
    tiles, units = case
    assert weights_of(tiles, units) == apportioned(tiles, units)


# None has a factor in common with a power of ten, so every remainder has its mass.
ODD_TOTALS = [
    2**bits + off
    for bits in (31, 32, 52, 53, 54, 60, 61, 62, 63, 64)
    for off in (-3, -1, 1, 3)
    if (2**bits + off) % 5 and 2**bits + off <= UINT64_MAX
]


@pytest.mark.parametrize("total", ODD_TOTALS)
@pytest.mark.parametrize("dp", [0, 1, 9, 15, 17, 18])
def test_remainders_of_one_and_of_all_but_one_are_told_apart(dp: int, total: int) -> None:
    """Tiles m and M - m with ``m K mod M`` of 1: their quotients are a hair above and below whole."""
    units = 10**dp
    mass = with_remainder(1, units, total)
    tiles = [mass, total - mass]
    assert remainders_of(tiles, units) == [1, total - 1]
    below = mass * units // total
    assert weights_of(tiles, units) == apportioned(tiles, units) == [below, units - below]
    assert weights_of(tiles[::-1], units) == [units - below, below]


@pytest.mark.parametrize("units", [10**15, 10**16 - 1, 10**17, 10**18 - 1, 10**18])
@pytest.mark.parametrize("bits", [52, 53, 54, 58, 61, 62])
def test_neighbours_of_powers_of_two_are_exact(bits: int, units: int) -> None:
    tiles = [2**bits + off for off in range(-8, 9)]
    assert weights_of(tiles, units) == apportioned(tiles, units)
    assert weights_of([*tiles, 1, 0], units) == apportioned([*tiles, 1, 0], units)


@pytest.mark.parametrize("units", [10**18, 10**18 - 1, 999_999_999_999_999_989])
def test_whole_quotients_have_no_remainder_to_give_away(units: int) -> None:
    """Masses add up to the units, so the weights are the masses."""
    tiles = [units // 3, units // 7, 1, 2, 0]
    tiles.append(units - sum(tiles))
    assert weights_of(tiles, units) == tiles


@pytest.mark.parametrize("units", [10**6, 10**15, 10**18])
@pytest.mark.parametrize("mass_bits", [1, 8, 30, 39, 52, 62])
def test_thousands_of_random_tiles_are_exact(mass_bits: int, units: int) -> None:
    """A mass for each of 20 000 tiles: sums of 2^14 to 2^76."""
    generator = np.random.default_rng(mass_bits)
    drawn = generator.integers(0, 2**mass_bits, 20_000, np.int64)
    assert apportion(drawn, units).tolist() == apportioned(drawn.tolist(), units)


@pytest.mark.parametrize("units", [10, 10**6 + 7, 10**18])
@pytest.mark.parametrize("distinct", [1, 2, 5])
def test_ties_by_the_thousand_go_to_the_first(distinct: int, units: int) -> None:
    generator = np.random.default_rng(distinct)
    drawn = generator.choice(generator.integers(1, INT64_MAX, distinct), 10_000)
    assert apportion(drawn, units).tolist() == apportioned(drawn.tolist(), units)


# More tiles than are looked at one by one when the last unit's remainder is sought.
HUNDREDS_OF_THOUSANDS = 300_000


@pytest.mark.slow
@pytest.mark.parametrize("units", [10**5, 10**18])
@pytest.mark.parametrize("kind", ["equal", "two kinds", "crowded remainders", "random"])
def test_hundreds_of_thousands_of_tiles_are_exact(kind: str, units: int) -> None:
    generator = np.random.default_rng(1)
    drawn = {
        "equal": np.full(HUNDREDS_OF_THOUSANDS, 7_654_321, np.int64),
        "two kinds": generator.choice([3, 2**40 + 1], HUNDREDS_OF_THOUSANDS),
        # Small masses beside a huge one have small remainders, all within a sliver of the range.
        "crowded remainders": generator.integers(0, 9, HUNDREDS_OF_THOUSANDS, np.int64),
        "random": generator.integers(0, 2**43, HUNDREDS_OF_THOUSANDS, np.int64),
    }[kind]
    if kind == "crowded remainders":
        drawn[123_456] = 2**60
    assert apportion(drawn, units).tolist() == apportioned(drawn.tolist(), units)


@pytest.mark.parametrize("units", [10**5, 10**5 + 7])
def test_a_crowd_of_ties_below_two_tiers_of_larger_remainders_is_exact(units: int) -> None:
    """Sought by 16 bits at a time, each tier ends in another round, and the crowd is left to a third.

    No tile has a whole unit, so a remainder is the mass times the units; of 10^5 units that of the
    crowd is a whole number of the first round's buckets, and so stands at the very start of one.
    """
    crowd = 2**43
    kinds = [crowd + 2**33, crowd + 2**20, crowd, crowd - 2**20]
    drawn = np.repeat(np.array(kinds, np.int64), [1000, 2000, 270_000, 3000])
    np.random.default_rng(1).shuffle(drawn)
    weights = apportion(drawn, units)
    assert weights.tolist() == apportioned(drawn.tolist(), units)
    assert [int(weights[drawn == kind].sum()) for kind in kinds] == [1000, 2000, units - 3000, 0]


@examples(300)
@given(
    tiles=st.lists(st.integers(0, INT64_MAX), min_size=1, max_size=60).filter(any),
    units=st.one_of(st.integers(0, 18).map(lambda dp: 10**dp), st.integers(1, MOST_UNITS)),
)
def test_the_package_apportionment_agrees_where_nothing_ties(tiles: list[int], units: int) -> None:
    """Hamilton's method by M. Lackner, asked for fractions: by default it computes in float64.

    Ties are left out, as it gives a seat to an earlier tie before a later, larger remainder.
    """
    names = ["tile"] * len(tiles)
    try:
        expected = methods.compute(
            "hamilton", tiles, units, fractions=True, parties=names, tiesallowed=False
        )
    except methods.TiesException:
        reject()
    assert weights_of(tiles, units) == apportioned(tiles, units) == expected
