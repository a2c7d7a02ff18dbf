"""Weights of tiles in memory."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from closedworld.kernels.sampling import HeldWeights, in_memory

WEIGHTS = st.lists(
    st.one_of(st.integers(0, 3), st.integers(2**32 - 2, 2**32 + 2), st.integers(0, 10**12)),
    min_size=1,
    max_size=60,
)


@given(WEIGHTS, st.integers(0, 10**18), st.lists(st.integers(0, 60)), st.data())
def test_held_weights_are_those_that_came(
    few: list[int], more: int, cuts: list[int], data: st.DataObject
) -> None:
    """However they came, and whether those of more than 32 bits are few or not, any runs of them come back."""
    tiles = data.draw(st.sampled_from([len(few), 5000]))
    weights = np.zeros(tiles, np.uint64)
    weights[: len(few)] = few
    held = HeldWeights(tiles, int(weights.sum()) + more)
    chunks = np.split(weights, sorted(cut for cut in cuts if cut <= tiles))
    assert np.array_equal(np.concatenate(list(held.fill(chunks))), weights)
    bounds = sorted(data.draw(st.sets(st.integers(0, len(few)), max_size=10)))
    bounds = bounds[: len(bounds) // 2 * 2]
    first, stop = np.array(bounds[::2], np.int64), np.array(bounds[1::2], np.int64)
    assert np.array_equal(held(first, stop), in_memory(weights)(first, stop))


def test_a_few_large_weights_take_no_more_memory() -> None:
    """A country of which one tile has a weight beyond 32 bits is held in 32 bits for a tile."""
    weights = np.ones(100_000, np.uint64)
    weights[7] = 2**40
    held = HeldWeights(len(weights), int(weights.sum()))
    list(held.fill([weights]))
    assert held.size_bytes == 4 * len(weights) + 16
    assert held(np.array([6]), np.array([9])).tolist() == [1, 2**40, 1]


def test_only_weights_of_more_than_32_bits_are_held_whole() -> None:
    """32 bits take up to 2^32 - 1; where more than one tile in eight may need more, all have 64."""
    weights = np.ones(80, np.uint64)
    weights[5:8] = 2**32 - 1, 2**32, 2**32 + 1
    for total, size in ((10 << 32, 4 * 80 + 2 * 16), ((11 << 32) - 1, 352), (11 << 32, 8 * 80)):
        held = HeldWeights(80, total)
        list(held.fill([weights[:7], weights[7:]]))
        assert held.size_bytes == size
        assert held(np.array([4, 7]), np.array([7, 9])).tolist() == weights[4:9].tolist()
