"""Where tiles lie: the box that a map shows when it goes to a country."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closedworld.kernels.spans import RowSpans

_WHOLE_GLOBE = {"west": -172.0, "east": 188.0, "south": -90.0, "north": 90.0}
_MOST_DEGREES = 200.0


def bounds_of(sets: Sequence[RowSpans]) -> dict[str, float]:
    """Return the edges of tiles, degrees, with their widest gap left out, so that the east may lie beyond 180.

    Tiles that go more than halfway round the globe, and none, have the whole globe.
    """
    held = [one for one in sets if one.n_runs]
    if not held:
        return _WHOLE_GLOBE
    grid = held[0].grid
    rows = np.concatenate([one.rows for one in held])
    # Columns that have tiles, and the next one with tiles after each, a turn later for the last.
    changes = np.zeros(grid.n_cols + 1, np.int64)
    for one in held:
        np.add.at(changes, one.col_starts, 1)
        np.add.at(changes, one.col_stops, -1)
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
