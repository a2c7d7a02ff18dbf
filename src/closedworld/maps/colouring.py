"""Colouring: neighbouring countries in different colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.spans import RowSpans, joined_runs
from closedworld.kernels.spans.runs import RowMajorIndex

# One tile of common border outweighs any number of tiles that are only near.
_TOUCH_WEIGHT = 1e6


def neighbour_weights(spans: Sequence[RowSpans], reach: int) -> NDArray[np.float64]:
    """Return how much each two sets of tiles are neighbours.

    Tiles that share an edge or are shared count 1e6 per run; sets with up to ``reach`` cells between
    them count 1 per run. Only neighbours along rows and columns are found, and none across the grid's
    west and east edge: for colours that is enough.

    Args:
        spans: Sets of tiles of one grid.
        reach: Cells that lie between near neighbours at most, >= 1.

    Returns:
        Symmetric float64 (n, n), 0 on the diagonal.
    """
    n = len(spans)
    weights = np.zeros(n * n)
    if not any(one.n_runs for one in spans):
        return weights.reshape(n, n)
    index = RowMajorIndex.of(spans[0].grid)
    owner = np.repeat(np.arange(n), [one.n_runs for one in spans])
    rows, col_starts, col_stops = joined_runs(spans)
    start, stop = index.encode(0, rows, col_starts), index.encode(0, rows, col_stops)
    order = np.argsort(start, kind="stable")
    owner, rows, start, stop = owner[order], rows[order], start[order], stop[order]

    gap = start[1:] - stop[:-1]
    beside = (rows[1:] == rows[:-1]) & (gap <= reach)
    pair = owner[:-1] * n + owner[1:]
    weights += _count(pair[beside], n) + _TOUCH_WEIGHT * _count(pair[beside & (gap <= 0)], n)
    for rows_on in np.unique(np.linspace(1, reach, 4).astype(np.int64)):
        weight = _TOUCH_WEIGHT if rows_on == 1 else 1.0
        for way in (-rows_on, rows_on):
            target = start + way * (index.n_cols + 1)
            under = np.searchsorted(start, target, side="right") - 1
            hit = (under >= 0) & (target < stop[under])
            weights += weight * _count((owner * n + owner[under])[hit], n)
    table = weights.reshape(n, n)
    table += table.T.copy()
    np.fill_diagonal(table, 0)
    return table


def _count(pairs: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return how often each pair ``a * n + b`` occurs, float64 (n * n,)."""
    return np.bincount(pairs, minlength=n * n).astype(np.float64)


def choose_colours(
    weights: NDArray[np.float64], sizes: NDArray[np.int64], n_colours: int
) -> NDArray[np.int64]:
    """Return a colour for each country: greedy, the most constrained first (Brelaz 1979, DSATUR).

    A country takes the colour that weighs least among its neighbours and, of several, the one that
    is used least so far, so that large countries do not all look alike.

    Args:
        weights: As from ``neighbour_weights``, float64 (n, n).
        sizes: Tiles of each country, int64 (n,).
        n_colours: Colours to choose from, > 0.

    Returns:
        Colours in 0..n_colours - 1, int64 (n,).
    """
    n = len(sizes)
    colours = np.full(n, -1, np.int64)
    met = np.zeros((n, n_colours))
    used = np.zeros(n_colours)
    degree = (weights >= _TOUCH_WEIGHT).sum(axis=1)
    for _ in range(n):
        saturation = (met >= _TOUCH_WEIGHT).sum(axis=1)
        rank = np.lexsort((-np.arange(n), sizes, degree, saturation, colours < 0))
        country = int(rank[-1])
        colour = int(np.lexsort((np.arange(n_colours), used, met[country]))[0])
        colours[country] = colour
        # Square roots: a large country claims a colour without barring it for half a continent.
        used[colour] += np.sqrt(sizes[country])
        met[:, colour] += weights[:, country]
    return colours
