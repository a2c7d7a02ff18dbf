"""The tiles of polygons by either inclusion rule."""

from __future__ import annotations

import numpy as np

from closedworld.errors import GridError
from closedworld.kernels.grid import Grid
from closedworld.kernels.inclusion import Rule
from closedworld.kernels.spans.center import center_runs
from closedworld.kernels.spans.edges import Edges
from closedworld.kernels.spans.overlap import overlap_runs
from closedworld.kernels.spans.runs import Runs


def rule_runs(rule: Rule, edges: Edges, grid: Grid, *, by_winding: bool = False) -> Runs:
    """Return the tiles of each patch by a rule: canonical runs of positions, with the patch as key.

    Args:
        rule: Inclusion rule.
        edges: Edges of polygons, valid ones unless the rule is ``center``.
        grid: The lattice.
        by_winding: As in ``center_runs``.

    Raises:
        GridError: ``grid-too-fine`` when the positions of all polygons would not fit 64 bits.
    """
    require_positions(len(edges.polygon_patch), grid)
    if rule is Rule.CENTER:
        return center_runs(edges, grid, by_winding=by_winding)
    return overlap_runs(edges, grid)


def require_positions(keys: int, grid: Grid) -> None:
    """Refuse so many polygons or rings that the positions of all would not fit 64 bits.

    Raises:
        GridError: ``grid-too-fine``.
    """
    if 2 * keys * grid.n_rows * (grid.n_cols + 1) > np.iinfo(np.int64).max:
        raise GridError(
            "grid-too-fine",
            f"{keys} polygons on {grid} are too many for one pass.",
            "Take fewer polygons at a time, or a coarser grid.",
        )
