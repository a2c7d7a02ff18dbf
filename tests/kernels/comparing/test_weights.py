"""Weight moved is exact, however the weights are cut into batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from closedworld.kernels.comparing import Weighed, units_moved

if TYPE_CHECKING:
    from collections.abc import Iterator

Weights = dict[int, int]


def batches(weights: Weights, size: int) -> Iterator[Weighed]:
    """Yield weights by tile in batches of a size."""
    ids = sorted(weights)
    for first in range(0, len(ids), size):
        own = ids[first : first + size]
        yield Weighed(np.array(own, np.uint64), np.array([weights[i] for i in own], np.uint64))


def adding_up_to(total: int) -> st.SearchStrategy[Weights]:
    """Draw weights of some tiles whose sum is ``total``."""

    def shares(ids: list[int], cuts: list[int]) -> Weights:
        ends = sorted(cuts[: len(ids) - 1])
        return {
            tile: stop - start
            for tile, start, stop in zip(ids, [0, *ends], [*ends, total], strict=True)
        }

    ids = st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True)
    cuts = st.lists(st.integers(0, total), min_size=12, max_size=12)
    return st.builds(shares, ids, cuts)


@given(adding_up_to(10**18), adding_up_to(10**18), st.integers(1, 5), st.integers(1, 5))
def test_it_is_half_the_sum_of_all_differences(
    before: Weights, after: Weights, old_size: int, new_size: int
) -> None:
    """By Python integers, for tiles that both, one or the other have."""
    both = {*before, *after}
    twice = sum(abs(before.get(tile, 0) - after.get(tile, 0)) for tile in both)
    moved = units_moved(batches(before, old_size), batches(after, new_size))
    assert 2 * moved == twice
    assert moved == units_moved(batches(after, new_size), batches(before, old_size))


def test_nothing_moves_between_equals() -> None:
    weights = {3: 5, 4: 0, 9: 7}
    assert units_moved(batches(weights, 1), batches(weights, 3)) == 0


def test_all_moves_where_no_tile_is_in_both() -> None:
    assert units_moved(batches({1: 5, 2: 7}, 2), batches({3: 12}, 1)) == 12
    assert units_moved(batches({3: 12}, 1), batches({1: 5, 2: 7}, 1)) == 12
