"""All tiles of a world as runs, in a few bytes each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closedworld.explore.packing import deltas, packed
from closedworld.kernels.spans import RowSpans, joined_runs


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
