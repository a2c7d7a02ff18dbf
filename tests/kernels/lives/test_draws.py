"""Draws by hand: what a word says at the bounds of a probability, a share, a list."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pytest

from closedworld.kernels.lives.draws import (
    Tables,
    below,
    first_above,
    interpolated,
    parted,
    scaled,
    whole_weights,
)

HALF, LAST = 1 << 31, (1 << 32) - 1


def words(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


def test_a_word_says_yes_below_its_probability_alone() -> None:
    assert below(words(0, HALF - 1, HALF, LAST), 0.5).tolist() == [True, True, False, False]
    assert below(words(0, LAST), np.array([0.0, 1.0])).tolist() == [False, True]


def test_scaled_words_are_all_numbers_evenly() -> None:
    assert scaled(words(0, HALF - 1, HALF, LAST), 4).tolist() == [0, 1, 2, 3]
    assert scaled(words(LAST, LAST), np.array([1, 1 << 32])).tolist() == [0, LAST]


def test_words_part_in_the_middle() -> None:
    upper, lower = parted(words(0x12345679, LAST, 1))
    assert upper.tolist() == [0x12340000, 0xFFFF0000, 0]
    assert lower.tolist() == [0x56790000, 0xFFFF0000, 0x00010000]


def test_numbers_between_quantiles_lie_on_a_line_and_end_with_them() -> None:
    """Four quantiles stand for the middles of four shares; beyond the first and the last they stay."""
    quantiles = np.array([[0.0, 8.0, 24.0, 32.0], [1.0, 2.0, 3.0, 5.0]])
    eighths = words(*(eighth << 29 for eighth in range(8)))
    line = [0.0, 0.0, 4.0, 8.0, 16.0, 24.0, 28.0, 32.0]
    assert interpolated(eighths, quantiles[0]).tolist() == line
    assert interpolated(eighths, quantiles, np.zeros(8, np.int64)).tolist() == line
    ends = interpolated(words(0, LAST), quantiles, np.array([1, 1]))
    assert ends.tolist() == [1.0, 5.0]


def test_tables_are_drawn_by_share() -> None:
    """A share's first word is its own; shares are rounded down to whole words."""
    tables = Tables.of(np.array([[1.0, 1.0, 2.0], [0.0, 2.0, 1.0]]))
    third = (1 << 33) // 3
    assert tables.cumulative.tolist() == [
        1 << 30,
        HALF,
        1 << 32,
        1 << 32,
        (1 << 32) + third,
        1 << 33,
    ]
    drawn = tables.draw(np.zeros(5, np.int64), words(0, (1 << 30) - 1, 1 << 30, HALF, LAST))
    assert drawn.tolist() == [0, 0, 1, 2, 2]
    drawn = tables.draw(np.ones(3, np.int64), words(0, third - 1, third))
    assert drawn.tolist() == [1, 1, 2]


@pytest.mark.parametrize("most", [1, 2, 3, 4, 9, 64])
def test_the_first_sum_above_is_that_of_a_search(most: int) -> None:
    """In lists of 1 to so many sums, for each sum itself, one less and one more."""
    rng = np.random.default_rng(most)
    counts = rng.integers(1, most + 1, 30)
    starts = np.cumsum(counts) - counts
    lists = [np.cumsum(rng.integers(1, 4, count)).tolist() for count in counts]
    asked = [(i, target) for i, sums in enumerate(lists) for target in range(sums[-1])]
    rows, targets = np.array(asked).T
    found = first_above(np.concatenate(lists), starts[rows], counts[rows], targets)
    assert found.tolist() == [starts[i] + bisect_right(lists[i], target) for i, target in asked]
    none = np.zeros(0, np.int64)
    assert first_above(none, none, none, none).tolist() == []


def test_whole_weights_are_of_their_own_list_alone() -> None:
    """The greatest of each list becomes the scale, tiny ones 1; lists without weights do not count."""
    weights = np.array([0.5, 1e-9, 1.0, 7.0, 3.0, 4.0])
    whole = whole_weights(weights, np.array([0, 3, 1, 0, 2]), 10)
    assert whole.tolist() == [5, 1, 10, 10, 8, 10]
    assert whole_weights(weights[:0], np.zeros(2, np.int64), 10).tolist() == []
