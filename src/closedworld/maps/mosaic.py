"""A mosaic: weights of tiles added up over square blocks of tiles, and drawn in a view.

Blocks are about as large as a pixel, so a world of any number of tiles becomes an array of the
picture's size while its weights are read once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.maps.block_sums import block_sums
from closedworld.maps.pixel_shares import slabs_of
from closedworld.maps.views import View

_TURN_DEGREES = 360.0


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """Sums of weights over blocks of ``block`` x ``block`` tiles.

    Attributes:
        sums: Weight of each block, float64 (n_block_rows, n_slots).
        lat_edges: North edge of every row of blocks and the last south edge, degrees, float64
            (n_block_rows + 1,).
        wests: West edge of every slot, degrees, float64 (n_slots,).
        easts: East edge of every slot, degrees, float64 (n_slots,), above its west.
    """

    sums: NDArray[np.float64]
    lat_edges: NDArray[np.float64]
    wests: NDArray[np.float64]
    easts: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        spans: Sequence[RowSpans],
        weights: Iterable[NDArray[np.uint64]],
        view: View,
        block: int,
    ) -> Mosaic:
        """Return the mosaic of the tiles in a view.

        Args:
            spans: Sets of tiles of one grid, at least one.
            weights: Weight of every tile, uint64 (n,) in batches of any size: set by set, each in
                the order of its tiles. A batch adds up to less than 2^64.
            view: Tiles outside it are skipped.
            block: Tiles along a side of a block, >= 1.

        Raises:
            ValueError: When there are more or fewer weights than tiles.
        """
        grid = spans[0].grid
        rows, slot_of_col, n_slots = _blocks_in(grid, view, block)
        sums = np.zeros((rows.stop - rows.start, n_slots))
        for row, col, added in block_sums(spans, weights, block):
            slot = slot_of_col[col]
            seen = (slot >= 0) & (row >= rows.start) & (row < rows.stop)
            at = (row[seen] - rows.start) * n_slots + slot[seen]
            # With a flat index and equal types NumPy adds seven times as fast.
            np.add.at(sums.reshape(-1), at, added[seen].astype(np.float64))
        row_edges = np.minimum(np.arange(rows.start, rows.stop + 1) * block, grid.n_rows)
        cols = np.flatnonzero(slot_of_col >= 0)
        return cls(
            sums=sums,
            lat_edges=grid.lat_edges()[row_edges],
            wests=grid.lon_edges()[cols * block],
            easts=grid.lon_edges()[np.minimum((cols + 1) * block, grid.n_cols)],
        )

    def through(self, view: View) -> NDArray[np.float64]:
        """Return the weight in each pixel of a view, float64 (height, width).

        A block's weight is spread evenly over its box of longitudes and latitudes.
        """
        picture = np.zeros((view.height, view.width))
        edges, order, opens = self._edges_from(view.lon_center - _TURN_DEGREES / 2)
        slabs = slabs_of(self.lat_edges, view)
        height_px = np.diff(view.y_of(self.lat_edges))
        across = np.arange(view.width + 1) - view.width / 2
        upto = np.zeros(len(edges))
        for row, (first, stop) in enumerate(zip(slabs.first, slabs.first[1:], strict=False)):
            if first == stop or not self.sums[row].any():
                continue
            # The weight west of each edge rises across a block and stays across a gap.
            np.cumsum(self.sums[row, order] * opens, out=upto)
            for slab in range(first, stop):
                east = np.clip(180 + across / slabs.px_per_degree[slab], 0, _TURN_DEGREES)
                part = np.diff(np.interp(east, edges, upto))
                picture[slabs.px_row[slab]] += part * (slabs.share[slab] / height_px[row])
        return picture

    def _edges_from(
        self, seam: float
    ) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
        """Return the sides of the slots, from west to east of a seam.

        Returns:
            ``(edges, order, opens)``: degrees east of the seam, ascending, float64 (m,); the slot
            whose weight lies west of an edge; the share of it that does, 0 at a west side.
        """
        wests = np.mod(self.wests - seam, _TURN_DEGREES)
        easts = wests + (self.easts - self.wests)
        slots = np.arange(len(wests))
        # A slot on the seam goes to both ends of the picture, each with its share.
        over = easts > _TURN_DEGREES
        share = np.where(over, (_TURN_DEGREES - wests) / (easts - wests), 1.0)
        starts = np.concatenate([wests, np.zeros(over.sum())])
        stops = np.concatenate([np.minimum(easts, _TURN_DEGREES), easts[over] - _TURN_DEGREES])
        slots = np.concatenate([slots, slots[over]])
        share = np.concatenate([share, 1 - share[over]])
        sort = np.argsort(starts, kind="stable")
        starts, stops, slots, share = starts[sort], stops[sort], slots[sort], share[sort]
        # Neighbours meet to 1e-13 degrees, and a grid may have a column too many.
        stops[:-1] = np.minimum(stops[:-1], starts[1:])
        edges = np.column_stack([starts, stops]).ravel()
        opens = np.column_stack([np.zeros(len(share)), share]).ravel()
        return edges, np.repeat(slots, 2), opens


def _blocks_in(grid: Grid, view: View, block: int) -> tuple[range, NDArray[np.int64], int]:
    """Return the blocks that meet a view, and few besides.

    Returns:
        ``(rows, slot_of_col, n_slots)``: rows of blocks; for each column of blocks its slot among
        those of the view or -1, int64.
    """
    height, width = grid.cell_height * block, grid.cell_width * block
    n_rows, n_cols = -(-grid.n_rows // block), -(-grid.n_cols // block)
    lats = view.lat_of(np.linspace(0, view.height, view.height + 1))
    top = max(0, math.floor((grid.north - lats[0]) / height))
    bottom = min(n_rows, math.ceil((grid.north - lats[-1]) / height))
    half = view.width / 2 / float(view.px_per_degree(lats).min())
    if half + width >= _TURN_DEGREES / 2:
        inside = np.ones(n_cols, bool)
    else:
        east = grid.west + (np.arange(n_cols) + 1) * width
        inside = np.mod(east - (view.lon_center - half), _TURN_DEGREES) <= 2 * half + width
    slot_of_col = np.where(inside, np.cumsum(inside) - 1, -1)
    return range(top, max(top, bottom)), slot_of_col, int(inside.sum())
