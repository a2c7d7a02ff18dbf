"""Pixel shares: how much of each pixel tiles cover, by arithmetic on their runs.

Grid rows are cut at pixel rows into thin slabs. On a slab a run is a bar from x0 to x1; its ends are
added to a difference array, which one cumulative sum along the pixel row turns into shares. So the
cost follows the number of runs, never that of tiles.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import counted
from closedworld.kernels.spans import RowSpans
from closedworld.maps.views import View

# A meridian leans; within a slab it is upright, so slabs are at most this part of a pixel high.
_SLABS_PER_PIXEL = 4
_CHUNK_BARS = 1 << 18
_TURN_DEGREES = 360.0


@dataclass(frozen=True, slots=True, eq=False)
class Slabs:
    """Grid rows cut at pixel rows, from north to south.

    Attributes:
        px_row: Pixel row that holds each slab, int64 (n,), ascending.
        share: Height of each slab, px, float64 (n,), 0 < share <= 1.
        px_per_degree: Px per degree of longitude in each slab, float64 (n,).
        first: First slab of each grid row, int64 (n_rows + 1,); the last entry is n. Rows outside
            the view have none.
    """

    px_row: NDArray[np.int64]
    share: NDArray[np.float64]
    px_per_degree: NDArray[np.float64]
    first: NDArray[np.int64]


def slabs_of(lat_edges: NDArray[np.float64], view: View) -> Slabs:
    """Return the slabs of rows in a view.

    Args:
        lat_edges: North edge of every row and the last south edge, degrees, float64 (n_rows + 1,).
        view: The view.
    """
    edges = view.y_of(lat_edges)
    top, bottom = max(0.0, float(edges[0])), min(float(view.height), float(edges[-1]))
    pixels = np.arange(view.height * _SLABS_PER_PIXEL + 1) / _SLABS_PER_PIXEL
    cuts = np.unique(np.concatenate([edges, pixels]))
    cuts = cuts[(cuts >= top) & (cuts <= bottom)]
    middle = (cuts[1:] + cuts[:-1]) / 2
    return Slabs(
        px_row=np.floor(middle).astype(np.int64),
        share=np.diff(cuts),
        px_per_degree=view.px_per_degree(view.lat_of(middle)),
        first=np.searchsorted(middle, edges),
    )


def pixel_shares(sets: Sequence[RowSpans], slabs: Slabs, view: View) -> NDArray[np.float32]:
    """Return the share of each pixel that tiles cover, float32 (height, width), 0..1.

    Args:
        sets: The tiles; those of several sets count once for each.
        slabs: The slabs of the tiles' grid in the view.
        view: The view.
    """
    steps = np.zeros((view.height, view.width + 2), np.float32)
    for spans in sets:
        _add_steps(steps, spans, slabs, view.lon_center - 180.0)
    shares: NDArray[np.float32] = np.cumsum(steps[:, :-2], axis=1, dtype=np.float32)
    # Single precision leaves residues of about 1e-6 where bars have ended.
    shares[shares < 1e-4] = 0  # noqa: PLR2004  # far below one grey level in 255
    return np.minimum(shares, 1, out=shares)


def _add_steps(steps: NDArray[np.float32], spans: RowSpans, slabs: Slabs, seam: float) -> None:
    """Add to each pixel of ``steps`` by how much the share of a set changes from the pixel west of it.

    The globe is cut open at the longitude ``seam``, degrees.
    """
    grid = spans.grid
    per_run = np.diff(slabs.first)[spans.rows]
    west = np.mod(grid.west + spans.col_starts * grid.cell_width - seam, _TURN_DEGREES)
    east = west + (spans.col_stops - spans.col_starts) * grid.cell_width
    for run in _chunks(per_run):
        counts = per_run[run]
        slab = counted(slabs.first[spans.rows[run]], counts)
        left, right = np.repeat(west[run], counts), np.repeat(east[run], counts)
        _add_bars(steps, slabs, slab, left, np.minimum(right, _TURN_DEGREES))
        over = np.flatnonzero(right > _TURN_DEGREES)
        _add_bars(steps, slabs, slab[over], np.zeros(len(over)), right[over] - _TURN_DEGREES)


def _chunks(per_run: NDArray[np.int64]) -> list[slice]:
    """Return slices of runs that give about ``_CHUNK_BARS`` bars each, none of them zero bars."""
    ends = np.cumsum(per_run)
    if len(ends) == 0 or ends[-1] == 0:
        return []
    cuts = np.searchsorted(ends, np.arange(_CHUNK_BARS, int(ends[-1]), _CHUNK_BARS)) + 1
    bounds = np.unique(np.concatenate([[0], cuts, [len(ends)]])).tolist()
    slices = [slice(a, b) for a, b in itertools.pairwise(bounds)]
    return [one for one in slices if per_run[one].any()]


def _add_bars(
    steps: NDArray[np.float32],
    slabs: Slabs,
    slab: NDArray[np.int64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> None:
    """Add bars from ``left`` to ``right``, degrees east of the seam, to the steps."""
    width = steps.shape[1] - 2
    scale, share = slabs.px_per_degree[slab], slabs.share[slab]
    row_start = slabs.px_row[slab] * steps.shape[1]
    flat = steps.reshape(-1)
    for degrees, sign in ((left, 1.0), (right, -1.0)):
        x = np.clip(width / 2 + (degrees - 180.0) * scale, 0, width)
        pixel = np.floor(x)
        inside = x - pixel
        at = row_start + pixel.astype(np.int64)
        weight = sign * share
        # The pixel that holds the end is covered in part, all after it in full.
        np.add.at(flat, at, (weight * (1 - inside)).astype(np.float32))
        np.add.at(flat, at + 1, (weight * inside).astype(np.float32))
