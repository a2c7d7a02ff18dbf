"""All tiles of a world as runs, in a few bytes each, and the box that a map shows when it goes to some of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closedworld.explore.packing import deltas, packed
from closedworld.kernels.spans import RowSpans, joined_runs

_WHOLE_GLOBE = {"west": -172.0, "east": 188.0, "south": -90.0, "north": 90.0}
_MOST_DEGREES = 200.0


def packed_runs(sets: Sequence[RowSpans]) -> dict[str, str]:
    """Return the runs of sets of tiles, set by set.

    Most runs lie below one of nearly the same columns, so the first run of a row is written by its distance from
    the first one of the row above, any other by its distance from the one before.

    Returns:
        ``runs``: how many each set has; ``rows``: differences from the row of the run before; ``starts``: as
        above; ``lengths``: tiles of each run. Each set begins anew from row 0 and column 0.
    """
    rows, starts, stops = joined_runs(sets)
    counts = np.array([one.n_runs for one in sets], np.int64)
    begins = (np.cumsum(counts) - counts)[counts > 0]
    down = deltas(rows)
    down[begins] = rows[begins]
    is_first = down > 0
    is_first[begins] = True
    first = np.flatnonzero(is_first)
    across = starts - np.concatenate([[0], stops[:-1]])[: len(stops)]
    across[first] = deltas(starts[first])
    across[begins] = starts[begins]
    return {
        "runs": packed(counts),
        "rows": packed(down),
        "starts": packed(across),
        "lengths": packed(stops - starts),
    }


def bounds_of(sets: Sequence[RowSpans]) -> dict[str, float]:
    """Return the edges of tiles, degrees, with their widest gap left out, so that the east may lie beyond 180.

    Tiles that go more than halfway round the globe, and none, have the whole globe.
    """
    held = [one for one in sets if one.n_runs]
    if not held:
        return _WHOLE_GLOBE
    grid = held[0].grid
    rows, starts, stops = joined_runs(held)
    # Columns that have tiles, and the next one with tiles after each, a turn later for the last.
    changes = np.bincount(starts, minlength=grid.n_cols + 1)
    changes -= np.bincount(stops, minlength=grid.n_cols + 1)
    cols = np.flatnonzero(np.cumsum(changes)[:-1] > 0)
    turn = round(360 / grid.cell_width)
    gaps = np.diff(cols, append=cols[0] + turn)
    last = int(np.argmax(gaps))
    west = int(cols[(last + 1) % len(cols)])
    width = turn - int(gaps[last]) + 1
    if width * grid.cell_width > _MOST_DEGREES:
        return _WHOLE_GLOBE
    return {
        "west": grid.west + west * grid.cell_width,
        "east": grid.west + (west + width) * grid.cell_width,
        "south": grid.north - (int(rows.max()) + 1) * grid.cell_height,
        "north": grid.north - int(rows.min()) * grid.cell_height,
    }
