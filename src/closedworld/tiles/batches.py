"""Record batches of ``tile_index``, ``tile_bounds`` and ``tile_spans``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from closedworld.tiles.columns import GridTables, Tiles, constant_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from closedworld.grid import RowAreas
    from closedworld.spans import Border, RowSpans, Rule


_Gather: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64]]"
"""A column, float64 (capacity,), and the table that its values come from."""

PIECE_TILES = 1 << 17
"""Tiles expanded at once: arrays of a MiB stay in a core's own cache; with fewer, threads would wait more
often for the interpreter lock than they would gain."""


class TileColumns:
    """The columns of a range of tiles, in memory that is filled again and again.

    Fresh memory costs more than the arithmetic: the system clears every page before it gives it away.
    ``index_batch`` and ``bounds_batch`` share their memory, too: a batch holds until the next is asked for.

    Args:
        capacity: How many tiles there is room for.
    """

    def __init__(self, capacity: int) -> None:
        self._tile_ids = np.empty(capacity, np.uint64)
        self._rows = np.empty(capacity, np.uint32)
        self._cols = np.empty(capacity, np.uint32)
        self._reals = tuple(np.empty(capacity) for _ in range(4))

    def fill(self, tiles: Tiles, areas: RowAreas) -> None:
        """Take a range of a country's tiles, no more than there is room for, and the areas of their rows."""
        self._tiles, self._tables = tiles, GridTables.of(tiles, areas)
        for first, piece in tiles.pieces(PIECE_TILES):
            here = slice(first, first + piece.tile_count)
            cols = piece.counted(piece.col_starts)
            row_starts = (piece.rows * piece.grid.n_cols).view(np.uint64)
            ids = self._tile_ids[here]
            np.add(cols.view(np.uint64), np.repeat(row_starts, piece.lengths), out=ids)
            self._rows[here] = np.repeat(piece.rows.astype(np.uint32), piece.lengths)
            self._cols[here] = cols

    def index_batch(
        self, country_iso: str, rule: Rule, coverage: NDArray[np.float64] | None = None
    ) -> pa.RecordBatch:
        """Return rows of ``tile_index``.

        Texts come as dictionary arrays; ``datasets.schemas`` has the types that a reader sees.

        Args:
            country_iso: ISO 3166-1 alpha-2 code.
            rule: Inclusion rule.
            coverage: Share of each tile that lies in the country, float64 (tiles,), the last column;
                None to leave it out.
        """
        tables, count = self._tables, self._tiles.tile_count
        lon, lat, area, _ = self._reals
        self._gather(
            [(lon, tables.lon_centers)], [(lat, tables.lat_centers), (area, tables.areas_m2)]
        )
        columns = {
            "country_iso": constant_column(country_iso, count),
            "tile_id": self._tile_ids[:count],
            "inclusion_rule": constant_column(rule.value, count),
            "raster_row": self._rows[:count],
            "raster_col": self._cols[:count],
            "centroid_lon": lon[:count],
            "centroid_lat": lat[:count],
            "pixel_area_m2": area[:count],
        }
        if coverage is not None:
            columns["coverage"] = coverage
        return pa.RecordBatch.from_pydict(columns)

    def bounds_batch(self, country_iso: str) -> pa.RecordBatch:
        """Return rows of ``tile_bounds``.

        East is west plus one cell in the grid's own longitudes, so ``west_lon < east_lon`` holds at
        the antimeridian too.
        """
        tables, count = self._tables, self._tiles.tile_count
        west, east, south, north = self._reals
        self._gather(
            [(west, tables.lon_edges[:-1]), (east, tables.lon_edges[1:])],
            [(south, tables.lat_edges[1:]), (north, tables.lat_edges[:-1])],
        )
        return pa.RecordBatch.from_pydict(
            {
                "country_iso": constant_column(country_iso, count),
                "tile_id": self._tile_ids[:count],
                "west_lon": west[:count],
                "east_lon": east[:count],
                "south_lat": south[:count],
                "north_lat": north[:count],
            }
        )

    def _gather(self, by_col: Sequence[_Gather], by_row: Sequence[_Gather]) -> None:
        """Fill columns with a value of each tile's column or row."""
        for first, piece in self._tiles.pieces(PIECE_TILES):
            here = slice(first, first + piece.tile_count)
            cols = self._cols[here] - np.int64(self._tables.first_col)
            for target, table in by_col:
                # All columns are in the table; "clip" spares NumPy a copy that guards the target.
                table.take(cols, out=target[here], mode="clip")
            rows = piece.rows - self._tables.first_row
            for target, table in by_row:
                target[here] = np.repeat(table[rows], piece.lengths)


def coverage_batch(country_iso: str, spans: RowSpans, border: Border) -> pa.RecordBatch:
    """Return rows of ``tile_coverage``: one per tile that does not lie wholly in the country.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        border: Which of them.
    """
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, len(border.ranks)),
            "tile_id": spans.tiles_at(border.ranks),
            "coverage": border.coverage,
        }
    )


def spans_batch(country_iso: str, spans: RowSpans) -> pa.RecordBatch:
    """Return rows of ``tile_spans``: one per run of the country."""
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, spans.n_runs),
            "raster_row": spans.rows.astype(np.uint32),
            "col_start": spans.col_starts.astype(np.uint32),
            "col_stop": spans.col_stops.astype(np.uint32),
            "first_rank": spans.first_ranks.astype(np.uint64),
        }
    )
