"""Amounts are whole steps of tills and cash machines, one at least, and those with which thieves try cards are small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from small_towns import market, period

from closedworld.kernels.lives import CATEGORIES, Countries
from closedworld.kernels.lives.choosing import Drafts, amounts_of
from closedworld.kernels.sampling.philox import Words

BANK, GROCERY = CATEGORIES.index("bank"), CATEGORIES.index("grocery")


def drafts(words: Words, category: int) -> Drafts:
    none = np.zeros(len(words), np.int64)
    return Drafts(none, none + category, none, none, none, none, none, words, words)


def test_amounts_are_rounded_to_the_nearest_step_and_are_one_at_least() -> None:
    """A half is rounded up. All quantiles are 1, so the amount is what is usual."""
    town = market(period(5), per_town=1)
    one = np.ones_like(town.amounts)
    prices = np.array([1.0, 10.0, 2.5, 0.05, 0.45])
    steps = np.full(5, 10)
    town = replace(
        town,
        amounts=one,
        habits=replace(town.habits, median=np.full(len(town.habits), 10.0)),
        countries=Countries(prices, steps, 3 * steps),
    )
    words, country = np.zeros(5, np.uint64), np.arange(5)
    no_test, test = np.zeros(5, np.bool_), np.ones(5, np.bool_)
    # In steps of 10: 10, 100, 25, 0.5 and 4.5; of 30 at cash machines.
    assert amounts_of(town, drafts(words, GROCERY), country, no_test).tolist() == [
        10,
        100,
        30,
        10,
        10,
    ]
    assert amounts_of(town, drafts(words, BANK), country, no_test).tolist() == [30, 90, 30, 30, 30]
    # 15 hundredths of them: 1.5, 15, 3.75, ...
    assert amounts_of(town, drafts(words, GROCERY), country, test).tolist() == [10, 20, 10, 10, 10]
