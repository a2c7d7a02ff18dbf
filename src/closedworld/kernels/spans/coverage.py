"""Border tiles: those that do not lie wholly in their region, and how much of each does.

A font rasteriser's signed areas. A ring that runs down a raster row through some cell adds to every
cell east of it the share of the row's height that it passes, and to its own cell the share of that
which lies east of the ring; where the ring runs up again, as much is taken away. The sums along a
row, west to east, are the shares of its cells.

Heights and areas are integers in units of ``1 / _FULL`` of a cell. So every ring passes exactly as much
down a row as up it, sums do not depend on their order, and the shares are the same bit for bit
wherever a ring begins, whichever way it runs, and on every machine. Only features of a region that
overlap are united by GEOS first, whose versions may differ in the last digit of a new corner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.kernels.columns import Columns
from closedworld.kernels.counting import counted
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans.edges import CHUNK_POINTS, edge_rows, place_on_grid
from closedworld.kernels.spans.lattice import GridLines, col_edges, entered_bands, row_edges
from closedworld.kernels.spans.rowspans import RowSpans
from closedworld.kernels.spans.runs import minus

Sums: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]"
"""``(cells, passed, own)``: position of each cell on the ``RowMajorIndex``, the height that rings pass in it,
down minus up, and the area that this adds to the cell itself, in units of ``1 / _FULL``."""

_FULL = 1 << 52
"""A whole cell. Halves of its unit round shares by 1e-16; sums in a row stay within a few cells, and
where thousands of edges in one cell go down before they go up, int64 wraps round and back again."""

_LEAST = 1
"""Area of a tile that has some, but less than half a unit: the share is 2^-52."""


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """Which tiles of a range lie only partly in their region.

    Attributes:
        ranks: Their offsets in the range, in order of tile_id, int64 (n,), strictly ascending from 0.
        coverage: The share of each tile's area that lies in the region, float64 (n,), in 0..1.
    """

    ranks: NDArray[np.int64]
    coverage: NDArray[np.float64]

    @classmethod
    def none(cls) -> Border:
        """Return the border of a region that covers all its tiles."""
        return cls(np.empty(0, np.int64), np.empty(0))

    def between(self, first: int, stop: int) -> Border:
        """Return the border of the tiles ``first <= offset < stop`` of the range."""
        here = slice(*np.searchsorted(self.ranks, (first, stop)))
        return Border(self.ranks[here] - first, self.coverage[here])

    def gathered(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Border:
        """Return the border of some stretches of the range, concatenated.

        Args:
            starts: Offset of the first tile of each stretch, int64 (n,), ascending.
            lengths: Its tiles, int64 (n,); stretches do not overlap.
        """
        stretch = np.searchsorted(starts, self.ranks, side="right") - 1
        beyond = self.ranks - starts[stretch]
        held = (stretch >= 0) & (beyond < lengths[stretch])
        before = np.cumsum(lengths) - lengths
        return Border(before[stretch[held]] + beyond[held], self.coverage[held])

    def to_dense(self, tiles: int) -> NDArray[np.float64]:
        """Return the coverage of every tile of the range, float64 (tiles,); 1 off the border."""
        every = np.ones(tiles)
        every[self.ranks] = self.coverage
        return every


def border_coverage(
    polygons: Sequence[shapely.Polygon | shapely.MultiPolygon], spans: RowSpans
) -> Border:
    """Return which tiles of a region lie only partly inside it, and how much of each does.

    Args:
        polygons: Valid polygons of one region, degrees; they may overlap each other. Each counts at
            every multiple of 360 degrees where it meets the grid. One that overlaps itself round the
            globe counts twice there.
        spans: Tiles of the region under the rule ``any_overlap``.

    Returns:
        The tiles of ``spans`` with a coverage below 1, the planar area inside the region per area of
        the tile: multiples of 2^-52 in 2^-52..1 - 2^-52.

    Raises:
        GeometryError: ``coordinates-out-of-range``.
    """
    cells, passed, own = _sums(_region_on_grid(polygons, spans.grid), spans.grid)
    east = np.cumsum(passed)  # the share of every cell from here to the next one with a sum
    own_runs = spans.positions()
    inner = (east[:-1] >= _FULL) & (cells[1:] > cells[:-1] + 1)
    whole = cells[:-1][inner] + 1, cells[1:][inner]
    starts, stops = minus(own_runs, whole)
    tiles = counted(starts, stops - starts)
    cell = np.searchsorted(cells, tiles, side="right") - 1
    in_cell = cells[cell] == tiles
    area = east[cell] + np.where(in_cell, own[cell] - passed[cell], 0)
    partly = area < _FULL
    tiles, area = tiles[partly], area[partly]
    run = np.searchsorted(own_runs[0], tiles, side="right") - 1
    ranks = spans.first_ranks[run] + (tiles - own_runs[0][run])
    return Border(ranks, np.maximum(area, _LEAST) / _FULL)


def _region_on_grid(
    polygons: Sequence[shapely.Polygon | shapely.MultiPolygon], grid: Grid
) -> NDArray[np.object_]:
    """Return the region's patches, object (n,): outer rings counterclockwise, holes clockwise.

    Patches of different polygons are united where their bounds meet, also round the globe.
    """
    placed, owner = place_on_grid(np.asarray(polygons, dtype=object), grid)
    one, other = shapely.STRtree(placed).query(placed)
    meet = np.unique(one[owner[one] != owner[other]])
    if len(meet):
        united = shapely.union_all(placed[meet])
        placed = np.append(np.delete(placed, meet), np.asarray(united, dtype=object))
    oriented: NDArray[np.object_] = shapely.orient_polygons(placed)
    return oriented


def _sums(patches: NDArray[np.object_], grid: Grid) -> Sums:
    """Return the sums of all cells that sloped edges pass, ascending.

    Position 0 is always among them, so that none is before the first. What lies beyond the grid counts on its nearer side,
    in the first or the last column; so the heights passed in a row add up to zero.
    """
    none = np.zeros(1, np.int64)
    found: list[Sums] = [(none, none, none)]
    if len(patches):
        _, points, offsets = shapely.to_ragged_array(patches)
        x, y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
        # From the end of one ring to the beginning of the next there is no edge.
        is_edge = y[1:] != y[:-1]
        is_edge[np.unique(offsets[0])[1:-1] - 1] = False
        rows, cols = row_edges(grid), col_edges(grid)
        for start in range(0, len(is_edge), CHUNK_POINTS):
            begin = start + np.flatnonzero(is_edge[start : start + CHUNK_POINTS])
            for strips in _strips(x[begin], y[begin], x[begin + 1], y[begin + 1], rows):
                found += [_added_up(sums) for sums in _sums_of(strips, cols)]
    cells, passed, own = (np.concatenate(side) for side in zip(*found, strict=True))
    return _added_up((cells, passed, own))


@dataclass(frozen=True, slots=True, eq=False)
class _Strips:
    """Sloped edges, each as far as it runs in one raster row; all fields have the shape (n,).

    Attributes:
        x1: Where the whole edge begins, longitude, degrees, float64; the region is on its left.
        y1: Likewise, latitude.
        x2: Where the whole edge ends, longitude.
        y2: Likewise, latitude; not ``y1``.
        row: The raster row, int64.
        north: Latitude of the row's north line, float64.
        south: Latitude of its south line.
    """

    x1: NDArray[np.float64]
    y1: NDArray[np.float64]
    x2: NDArray[np.float64]
    y2: NDArray[np.float64]
    row: NDArray[np.int64]
    north: NDArray[np.float64]
    south: NDArray[np.float64]

    def ends(self, y: NDArray[np.float64]) -> _Ends:
        """Return where the strips end that run from or to these latitudes, or to the row's lines."""
        y = np.clip(y, self.south, self.north)
        x, east = _met(y, self.y1, self.y2, self.x1, self.x2)
        return _Ends(x, east, _depth(self.north - y, self.north - self.south))

    def depths(self, strip: NDArray[np.int64], x: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the depth at which some of the strips, by index, meet longitudes."""
        north, south, y1, y2 = (
            side.take(strip) for side in (self.north, self.south, self.y1, self.y2)
        )
        y, further = _met(x, self.x1.take(strip), self.x2.take(strip), y1, y2)
        return _depth((north - y) - further, north - south)


@dataclass(frozen=True, slots=True, eq=False)
class _Ends(Columns):
    """Where strips begin, or where they end.

    Attributes:
        x: A longitude near by, degrees, float64.
        east: How far east of it the end lies, degrees, float64: apart, so that no digits are lost.
        depth: Height from the row's north line down to the end, int64 in 0.._FULL.
    """

    x: NDArray[np.float64]
    east: NDArray[np.float64]
    depth: NDArray[np.int64]

    def move(
        self,
        index: NDArray[np.int64],
        strips: _Strips,
        strip: NDArray[np.int64],
        x: NDArray[np.float64],
    ) -> None:
        """Put some of the ends, by index, to where their strips, by index, meet longitudes."""
        self.x[index], self.east[index] = x, 0.0
        self.depth[index] = strips.depths(strip, x)

    def across(self, west: NDArray[np.float64], east: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the way between two meridians, float64 in 0..1."""
        return np.clip(((self.x - west) + self.east) / (east - west), 0.0, 1.0)


def _strips(
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    x2: NDArray[np.float64],
    y2: NDArray[np.float64],
    rows: GridLines,
) -> Iterator[_Strips]:
    """Yield sloped edges cut to the rows they enter, in chunks."""
    first, stop = entered_bands(rows, np.maximum(y1, y2), np.minimum(y1, y2))
    for edge, row in edge_rows(first, stop, northward=y2 > y1):
        begin, end = (x1.take(edge), y1.take(edge)), (x2.take(edge), y2.take(edge))
        yield _Strips(*begin, *end, row, rows.at(row), rows.at(row + 1))


def _sums_of(strips: _Strips, cols: GridLines) -> Iterator[Sums]:
    """Yield what strips add to the cells they pass, in chunks; cells come in any order and repeat."""
    n_cols = cols.count - 1
    begin, end = strips.ends(strips.y1), strips.ends(strips.y2)
    # Column -1 is all that lies west of the grid, n_cols all that lies east of it. Rounding may put
    # an end on the wrong side of a line, but changes areas by no more than itself.
    begin_col = cols.count_before(begin.x + begin.east, including=True) - 1
    end_col = cols.count_before(end.x + end.east, including=True) - 1
    west_end, east_end = np.minimum(begin_col, end_col), np.maximum(begin_col, end_col)
    runs_west = end_col < begin_col
    # Columns are to strips what rows are to edges.
    for strip, col in edge_rows(west_end, east_end + 1, northward=runs_west):
        comes, goes, from_east = begin.take(strip), end.take(strip), runs_west.take(strip)
        inner = np.flatnonzero(col != begin_col.take(strip))
        comes.move(inner, strips, strip[inner], cols.at(col[inner] + from_east[inner]))
        inner = np.flatnonzero(col != end_col.take(strip))
        goes.move(inner, strips, strip[inner], cols.at(col[inner] + ~from_east[inner]))
        cell = np.clip(col, 0, n_cols - 1)
        sides = cols.at(cell), cols.at(cell + 1)
        passed = goes.depth - comes.depth
        mean = (comes.across(*sides) + goes.across(*sides)) / 2
        own = np.rint(passed * (1.0 - mean)).astype(np.int64)
        yield strips.row.take(strip) * (n_cols + 1) + cell, passed, own


def _met(
    at: NDArray[np.float64],
    from1: NDArray[np.float64],
    from2: NDArray[np.float64],
    to1: NDArray[np.float64],
    to2: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where edges have one coordinate at a value, in the other coordinate.

    Args:
        at: Values of the one coordinate, float64 (n,), in ``from1..from2`` but for rounding.
        from1: The one coordinate where the edges begin.
        from2: Likewise, where they end; not ``from1``.
        to1: The other coordinate where the edges begin.
        to2: Likewise, where they end.

    Returns:
        The other coordinate of the nearer end, and how much to add to it.
    """
    past, left = at - from1, at - from2
    nearer2 = np.abs(left) < np.abs(past)
    share = np.where(nearer2, left, past) / (from2 - from1)
    return np.where(nearer2, to2, to1), share * (to2 - to1)


def _depth(down: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a way down from a row's north line in units of ``1 / _FULL`` of the row's height."""
    # An upright edge may meet a meridian, by rounding, many rows away.
    return np.rint(np.clip(down / height, 0.0, 1.0) * _FULL).astype(np.int64)


def _added_up(sums: Sums) -> Sums:
    """Return the sums with each cell once, ascending; at least one is given."""
    order = np.argsort(sums[0], kind="stable")
    cells, passed, own = (side.take(order) for side in sums)
    first = np.append(0, np.flatnonzero(cells[1:] != cells[:-1]) + 1)
    return cells[first], np.add.reduceat(passed, first), np.add.reduceat(own, first)
