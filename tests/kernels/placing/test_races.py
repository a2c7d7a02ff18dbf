"""Races: the first is the one with the least time, however many are run at once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from closedworld.kernels.placing import races
from closedworld.kernels.placing.races import first_of_races, numbers_of_race, slowness

SEEDS = np.random.default_rng(8).integers(0, 1 << 64, 300, np.uint64)
PAIRS = np.array([0, 3, 4, 900], np.uint64)
MASSES = np.array(
    [[5, 0, 1, 2**62, 0, 7, 3, 2], [1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 1]]
)


def test_the_first_of_each_race_is_that_of_all_times_by_the_c_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Runners without mass never win."""
    slow = slowness(MASSES.astype(np.uint64))
    course = np.arange(len(SEEDS)) % 3
    expected = []
    for numbers, own in zip(numbers_of_race(SEEDS, PAIRS).tolist(), course, strict=True):
        times = [
            -math.log1p(-(number + 0.5) / 2**32) / mass if mass else math.inf
            for number, mass in zip(numbers, MASSES[own].tolist(), strict=True)
        ]
        expected.append(times.index(min(times)))
    assert first_of_races(SEEDS, PAIRS, slow, course).tolist() == expected
    monkeypatch.setattr(races, "_CHUNK_NUMBERS", 56)
    assert first_of_races(SEEDS, PAIRS, slow, course).tolist() == expected


def test_slowness_is_the_inverse_of_a_mass() -> None:
    assert slowness(np.array([[4, 0], [1, 2**62]], np.uint64)).tolist() == [
        [0.25, math.inf],
        [1.0, 2.0**-62],
    ]


def test_of_runners_at_the_same_time_the_first_wins() -> None:
    """The smallest number of all counts as half of 2^-32, so that those without mass stay behind."""
    numbers = np.array([[9, 5, 5, 9, 5, 9], [0, 0, 0, 9, 0, 0], [7, 9, 9, 9, 9, 7]], np.uint32)
    slow = np.ones((3, 6))
    slow[1, 0] = math.inf
    assert races._first(numbers, slow).tolist() == [1, 1, 0]
