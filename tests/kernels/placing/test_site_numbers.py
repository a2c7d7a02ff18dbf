"""The numbers of many sites at once are those of each in Python integers."""

from __future__ import annotations

import numpy as np
import pytest

from closedworld.kernels.placing.site_numbers import SiteNumbers, scrambled, uniform
from closedworld.verification import site_numbers as plain

N = 200
DRAW = np.random.default_rng(3)
KEYS = DRAW.integers(0, 1 << 32, (N, 4), np.uint32)
ORDERS = np.append([1, 2, 3, 2**32 - 1], DRAW.integers(1, 1 << 32, N - 4))
NUMBERS = SiteNumbers(KEYS, ORDERS)
PLAIN = [
    plain.SiteNumbers(tuple(key), order)
    for key, order in zip(KEYS.tolist(), ORDERS.tolist(), strict=True)
]


@pytest.mark.parametrize("step", [0, 26, 63])
def test_two_numbers_of_a_step_are_those_of_the_plain_law(step: int) -> None:
    """An attempt is one for all or each site's own."""
    for attempt in (0, 5):
        found = zip(*(one.tolist() for one in NUMBERS.halves(step, attempt)), strict=True)
        assert list(found) == [one.fresh(step, attempt) for one in PLAIN]
    attempts = np.arange(N) % 32
    found = zip(*(one.tolist() for one in NUMBERS.halves(step, attempts)), strict=True)
    assert list(found) == [one.fresh(step, k % 32) for k, one in enumerate(PLAIN)]


def test_the_state_of_a_race_has_the_first_two_words_of_its_step() -> None:
    high, low, *_ = NUMBERS.words(4, 0)
    assert NUMBERS.seeds(4).tolist() == [
        a * 2**32 + b for a, b in zip(high.tolist(), low.tolist(), strict=True)
    ]


def test_the_one_number_of_sites_with_spacing_is_that_of_the_plain_law() -> None:
    assert NUMBERS.spaced().tolist() == [one.spaced() for one in PLAIN]


def test_all_bits_of_scrambled_numbers_are_reversed_bits() -> None:
    """Bit by bit: a bit depends on those above it in the result, and on the seed."""
    numbers = ORDERS.astype(np.uint64)
    seeds = DRAW.integers(0, 1 << 32, N, np.uint64)
    expected = []
    for number, seed in zip(numbers.tolist(), seeds.tolist(), strict=True):
        x = number + seed & 0xFFFFFFFF
        for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
            x ^= x * factor & 0xFFFFFFFF
        expected.append(int(f"{x:032b}"[::-1], 2))
    assert scrambled(numbers, seeds).tolist() == expected


def test_uniform_numbers_have_53_bits() -> None:
    words = np.array([0, 1, 2**31, 2**32 - 1], np.uint64)
    low = np.array([2**11 - 1, 2**11, 0, 2**32 - 1], np.uint64)
    assert uniform(words, low).tolist() == [0.0, 2.0**-32 + 2.0**-53, 0.5, 1 - 2.0**-53]
