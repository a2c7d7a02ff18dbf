"""Row spans: the tiles of a region as half-open runs of columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray

from closedworld.errors import ConfigError, GeometryError
from closedworld.kernels.grid import Grid
from closedworld.kernels.inclusion import Rule
from closedworld.kernels.spans.center import center_runs
from closedworld.kernels.spans.edges import Edges, edges_on_grid
from closedworld.kernels.spans.overlap import overlap_runs
from closedworld.kernels.spans.runs import (
    BoolOp,
    RowMajorIndex,
    Runs,
    combine,
    covered,
    require_positions,
)


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


@dataclass(frozen=True, slots=True, eq=False)
class RowSpans:
    """A set of tiles of one grid.

    The runs are canonical: ordered by (row, col_start), disjoint, not empty, and no run begins where
    another of its row stops. Two sets of tiles are equal exactly when their arrays are.

    Attributes:
        grid: The lattice.
        rows: Raster row of each run, int64 (n,).
        col_starts: First column of each run, int64 (n,).
        col_stops: Column after the last of each run, int64 (n,).

    Raises:
        ValueError: When the arrays are not canonical or leave the grid.
    """

    grid: Grid
    rows: NDArray[np.int64]
    col_starts: NDArray[np.int64]
    col_stops: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raise unless the runs are canonical."""
        arrays = (self.rows, self.col_starts, self.col_stops)
        if any(array.ndim != 1 or array.dtype != np.int64 for array in arrays):
            raise ValueError("rows, col_starts and col_stops are not 1-D int64; use from_runs")
        if not len(self.rows) == len(self.col_starts) == len(self.col_stops):
            raise ValueError("rows, col_starts and col_stops differ in length")
        if len(self.rows) == 0:
            return
        _refuse_off_grid(self.grid, self.rows, self.col_starts, self.col_stops)
        starts, stops = self.positions()
        if (stops <= starts).any() or (starts[1:] <= stops[:-1]).any():
            raise ValueError("runs are not sorted, disjoint, non-empty and apart")

    @classmethod
    def empty(cls, grid: Grid) -> RowSpans:
        """Return the set of no tiles."""
        none = np.empty(0, np.int64)
        return cls(grid, none, none, none)

    @classmethod
    def from_runs(
        cls,
        grid: Grid,
        rows: NDArray[np.int64],
        col_starts: NDArray[np.int64],
        col_stops: NDArray[np.int64],
    ) -> RowSpans:
        """Return the tiles that any of the runs covers; runs in any order, overlapping or empty.

        Args:
            grid: The lattice.
            rows: Raster row of each run, integer (n,).
            col_starts: First column of each run, integer (n,).
            col_stops: Column after the last, integer (n,); an end at or below the start means no tiles.

        Raises:
            ValueError: When a run that is not empty leaves the grid.
        """
        # int64 before any arithmetic: the unsigned columns of a file would wrap, uint64 turn float.
        rows, first, stop = (np.asarray(side, np.int64) for side in (rows, col_starts, col_stops))
        some = stop > first
        rows, first, stop = rows[some], first[some], stop[some]
        # Checked first: as positions, a run off the grid is one of another row.
        if len(rows):
            _refuse_off_grid(grid, rows, first, stop)
        return cls._from_positions(
            grid, covered(*RowMajorIndex.of(grid).runs(0, rows, first, stop))
        )

    @classmethod
    def from_polygon(
        cls,
        polygon: shapely.Polygon | shapely.MultiPolygon,
        grid: Grid,
        rule: Rule | str = Rule.CENTER,
    ) -> RowSpans:
        """Return the tiles of one polygon.

        Args:
            polygon: Valid polygon or multipolygon in degrees, WGS 84. Longitudes may lie beyond
                +/-180; each polygon is placed at every multiple of 360 degrees where it intersects the grid.
            grid: The lattice.
            rule: ``center`` or ``any_overlap``.

        Raises:
            GeometryError: ``geometry-invalid``, ``geometry-not-polygon`` or
                ``coordinates-out-of-range`` (longitudes within +/-1080).
            ConfigError: ``rule-unknown``.
        """
        if polygon.geom_type not in {"Polygon", "MultiPolygon"}:
            raise GeometryError(
                "geometry-not-polygon",
                f"a {polygon.geom_type} has no area to cut into tiles.",
                "Give a Polygon or MultiPolygon.",
            )
        if not polygon.is_valid:
            raise GeometryError(
                "geometry-invalid",
                f"polygon is not valid: {shapely.is_valid_reason(polygon)}.",
                "Mend it, for example with shapely.make_valid.",
            )
        rule, edges = Rule.parse(rule), edges_on_grid([polygon], grid)
        runs = RowMajorIndex.of(grid).rekey(rule_runs(rule, edges, grid), edges.patch_owner)
        # Patches of one polygon, a turn of 360 degrees apart, may meet on the grid.
        return cls._from_positions(grid, covered(*runs))

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.rows)

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return int((self.col_stops - self.col_starts).sum())

    @property
    def first_ranks(self) -> NDArray[np.int64]:
        """Tiles of the set before each run, int64 (n,): the rank of the run's first tile."""
        lengths = self.col_stops - self.col_starts
        first_ranks: NDArray[np.int64] = np.cumsum(lengths) - lengths
        return first_ranks

    def tile_ids(self) -> NDArray[np.uint64]:
        """Return every tile id, ascending, uint64 (tile_count,)."""
        return self.tiles_at(np.arange(self.tile_count))

    def tiles_at(self, ranks: ArrayLike) -> NDArray[np.uint64]:
        """Return the ids of the k-th tiles.

        Args:
            ranks: Ranks in tile_id order, 0-based, any order, int64 (n,).

        Raises:
            IndexError: When a rank is not in 0..tile_count - 1.
        """
        at = np.asarray(ranks, np.int64)
        if len(at) and (at.min() < 0 or at.max() >= self.tile_count):
            raise IndexError(f"ranks must be in 0..{self.tile_count - 1}")
        first_ranks = self.first_ranks
        run = np.searchsorted(first_ranks, at, side="right") - 1
        return self.grid.tile_id(self.rows[run], self.col_starts[run] + at - first_ranks[run])

    def ranks_of(self, tile_ids: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the ranks of tiles of the set, the inverse of ``tiles_at``.

        Args:
            tile_ids: Tiles of the set, any order, uint64 (n,).

        Raises:
            KeyError: When one of them is not in the set.
        """
        tile_ids = np.asarray(tile_ids, np.uint64)
        run, cols, inside = self._found(tile_ids)
        if not inside.all():
            raise KeyError(f"tile {tile_ids[~inside][0]} is not in the set")
        ranks: NDArray[np.int64] = self.first_ranks[run] + cols - self.col_starts[run]
        return ranks

    def contains(self, tile_ids: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return whether each tile belongs to the set, bool in the shape of the argument."""
        return self._found(np.asarray(tile_ids, np.uint64))[2]

    def _found(
        self, tile_ids: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return ``(run, col, inside)``: the run of each tile, its column, and whether the run holds it."""
        rows, cols = (side.astype(np.int64) for side in self.grid.row_col(tile_ids))
        position = RowMajorIndex.of(self.grid).encode(0, rows, cols)
        starts, stops = self.positions()
        run = np.searchsorted(starts, position, side="right") - 1
        # Rows are uint32 and wrap for an id far off the grid.
        inside: NDArray[np.bool_] = (run >= 0) & (tile_ids < self.grid.n_tiles)
        inside[inside] = position[inside] < stops[run[inside]]
        return run, cols, inside

    def __or__(self, other: RowSpans) -> RowSpans:
        return self._combined(other, np.logical_or)

    def __and__(self, other: RowSpans) -> RowSpans:
        return self._combined(other, np.logical_and)

    def __sub__(self, other: RowSpans) -> RowSpans:
        return self._combined(other, lambda a, b: a & ~b)

    def __xor__(self, other: RowSpans) -> RowSpans:
        return self._combined(other, np.logical_xor)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowSpans):
            return NotImplemented
        return (
            self.grid == other.grid
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.col_starts, other.col_starts)
            and np.array_equal(self.col_stops, other.col_stops)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays are mutable

    def __len__(self) -> int:
        return self.tile_count

    def __repr__(self) -> str:
        return f"<RowSpans: {self.tile_count:,} tiles in {self.n_runs:,} runs on {self.grid}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of one row per run: raster_row, col_start, col_stop, first_rank."""
        columns = (self.rows, self.col_starts, self.col_stops, self.first_ranks)
        names = ["raster_row", "col_start", "col_stop", "first_rank"]
        return pa.table(columns, names=names).__arrow_c_stream__(requested_schema)

    def _combined(self, other: RowSpans, op: BoolOp) -> RowSpans:
        """Return the tiles for which ``op(in self, in other)`` holds."""
        if self.grid != other.grid:
            raise ConfigError(
                "grids-differ",
                f"sets of tiles lie on two grids: {self.grid}; and {other.grid}.",
                "Build both on one grid.",
            )
        return self._from_positions(self.grid, combine(self.positions(), other.positions(), op))

    def positions(self) -> Runs:
        """Return the runs on the ``RowMajorIndex`` of the grid."""
        return RowMajorIndex.of(self.grid).runs(0, self.rows, self.col_starts, self.col_stops)

    @classmethod
    def _from_positions(cls, grid: Grid, runs: Runs) -> RowSpans:
        starts, stops = runs
        _, rows, cols = RowMajorIndex.of(grid).decode(starts)
        return cls(grid, rows, cols, cols + (stops - starts))


def _refuse_off_grid(
    grid: Grid,
    rows: NDArray[np.int64],
    col_starts: NDArray[np.int64],
    col_stops: NDArray[np.int64],
) -> None:
    """Raise ``ValueError`` when one of the runs, at least one, leaves the grid."""
    in_rows = rows.min() >= 0 and rows.max() < grid.n_rows
    in_cols = col_starts.min() >= 0 and col_stops.max() <= grid.n_cols
    if not (in_rows and in_cols):
        raise ValueError(f"runs leave the grid of {grid}")
