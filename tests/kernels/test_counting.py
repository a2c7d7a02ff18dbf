"""Runs of integers against a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.counting import all_pairs, counted, numbered_in_runs

RUNS = st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 5)), max_size=9)


@given(RUNS)
def test_runs_follow_one_another(runs: list[tuple[int, int]]) -> None:
    starts, counts = np.array(runs, np.int64).reshape(-1, 2).T
    expected = [start + k for start, count in runs for k in range(count)]
    assert counted(starts, counts).tolist() == expected
    assert counted(7, counts).tolist() == [7 + k for _, count in runs for k in range(count)]


def test_equal_neighbours_are_numbered_from_zero() -> None:
    values = np.array([3, 3, 3, 0, 7, 7], np.int64)
    assert numbered_in_runs(values).tolist() == [0, 1, 2, 0, 0, 1]
    assert numbered_in_runs(np.array([0, 0, -1])).tolist() == [0, 1, 0]
    assert numbered_in_runs(values[:0]).tolist() == []


def test_every_number_meets_every_value() -> None:
    number, value = all_pairs(2, np.array([5, 7, 7]))
    assert (number.tolist(), value.tolist()) == ([0, 0, 0, 1, 1, 1], [5, 7, 7, 5, 7, 7])
