"""Digests of the values of S1's datasets, from runs: no tile is expanded.

The law is in docs/decisions/0012-digests.md; ``closedworld verify`` works it out again from the rows.
"""

from __future__ import annotations

import numpy as np

from closedworld.kernels.digests import (
    digest_of_digests,
    digest_of_integers,
    digest_of_reals,
    digest_of_text,
)
from closedworld.kernels.grid import RowAreas
from closedworld.kernels.spans import Border, RowSpans, Rule
from closedworld.kernels.tiles.ranges import held_columns


def tile_digests(
    spans: RowSpans, rule: Rule, border: Border | None, areas: RowAreas
) -> dict[str, bytes]:
    """Return the digest of a country's rows in each dataset with a row per tile, by name.

    Args:
        spans: All tiles of the country, at least one.
        rule: Inclusion rule.
        border: The tiles that are not wholly in the country; None without coverage.
        areas: Area of a tile of each of their rows.
    """
    grid, ids = spans.grid, digest_of_ids(spans)
    rows = np.unique(spans.rows)
    cols, _ = held_columns(spans.col_starts, spans.col_stops - spans.col_starts)
    index = [
        digest_of_text(rule.value),
        ids,
        digest_of_integers(rows),
        digest_of_integers(rows * grid.n_cols),
        digest_of_reals(grid.lat_center(rows)),
        digest_of_reals(areas.m2[rows - areas.first_row]),
        digest_of_integers(cols),
        digest_of_reals(grid.lon_center(cols)),
    ]
    bounds = [
        ids,
        digest_of_integers(rows),
        digest_of_reals(grid.lat_edge(rows + 1)),
        digest_of_reals(grid.lat_edge(rows)),
        digest_of_integers(cols),
        digest_of_reals(grid.lon_edge(cols)),
        digest_of_reals(grid.lon_edge(cols + 1)),
    ]
    if border is not None:
        index += [
            digest_of_integers(spans.tiles_at(border.ranks)),
            digest_of_reals(border.coverage),
        ]
    return {"tile_index": digest_of_digests(*index), "tile_bounds": digest_of_digests(*bounds)}


def digest_of_ids(spans: RowSpans) -> bytes:
    """Return the digest of a set of tile ids: of the runs of ids without a gap, across rows too."""
    starts = spans.rows * spans.grid.n_cols + spans.col_starts
    stops = starts + (spans.col_stops - spans.col_starts)
    is_new = np.append(True, starts[1:] != stops[:-1])
    is_last = np.append(is_new[1:], True)
    return digest_of_digests(digest_of_integers(starts[is_new]), digest_of_integers(stops[is_last]))
