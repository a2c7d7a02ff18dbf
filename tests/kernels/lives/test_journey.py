"""Times made possible are those of going from thing to thing, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.lives.trips import seconds_needed
from closedworld.kernels.lives.ways import possible_times

THINGS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 10_000), st.integers(0, 2_000)), max_size=60
)


def one_by_one(things: list[tuple[int, int, int]]) -> list[int]:
    """Return when travellers can do things: not before the plan, and not before they are there."""
    times: list[int] = []
    for number, (traveller, planned, needed) in enumerate(things):
        is_first = number == 0 or things[number - 1][0] != traveller
        times.append(planned if is_first else max(planned, times[-1] + needed))
    return times


@pytest.mark.slow
@given(THINGS)
def test_the_cumulative_maximum_is_the_loop(things: list[tuple[int, int, int]]) -> None:
    things = sorted(things, key=lambda thing: thing[0])
    traveller, planned, needed = np.array(things, np.int64).reshape(-1, 3).T
    assert possible_times(traveller, planned, needed).tolist() == one_by_one(things)


def test_door_to_door() -> None:
    """60 km/h up to 300 km; beyond it 700 km/h and three hours; whole seconds, rounded up."""
    km = np.array([0.0, 0.001, 1.0, 300.0, 700.0, 7_000.0])
    assert seconds_needed(km).tolist() == [0, 1, 60, 18_000, 14_400, 46_800]
