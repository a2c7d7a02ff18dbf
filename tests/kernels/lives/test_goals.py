"""Goals are the cells of half a degree with most shops, 64 in each country."""

from __future__ import annotations

import numpy as np

from closedworld.kernels.lives.goals import Goals
from closedworld.kernels.lives.places import Sites


def test_the_largest_cells_of_each_country_are_goals() -> None:
    """70 cells of two shops each in one country, three in the next; sizes fall from west to east."""
    cells = np.repeat(np.arange(73), 2)
    country = np.where(cells < 70, 0, 1)
    number = np.arange(len(cells))
    # 719 cells of at least half a degree lie round the globe here.
    lons = (cells + 0.3 + 0.4 * (number % 2)) * 360.0 / 719 - 180.0
    size = (100 - cells).astype(np.float64)
    zeros = np.zeros(len(cells), np.int64)
    goals = Goals.of(
        Sites(number, lons, np.full(len(cells), 0.25), zeros, number, country, zeros, size)
    )
    assert len(goals) == 64 + 3
    assert goals.country.tolist() == [0] * 64 + [1] * 3
    kept = [*range(64), 70, 71, 72]
    assert goals.mass.tolist() == [2 * (100 - cell) for cell in kept]
    assert goals.site.tolist() == [site for cell in kept for site in (2 * cell, 2 * cell + 1)]
    assert goals.starts.tolist() == list(range(0, 2 * 67 + 1, 2))
    assert goals.sums(number).tolist() == [4 * cell + 1 for cell in kept]
