"""Record batches of ``tile_index``, ``tile_bounds`` and ``tile_spans``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from closedworld.tiles.columns import GridTables, Tiles, constant_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.spans import Border, RowSpans, Rule


PIECE_TILES = 1 << 16
"""Tiles expanded at once: arrays of half a MiB stay in a core's own cache."""


class TileBuffers:
    """Memory for the columns of up to so many tiles, to be filled again and again.

    Fresh memory costs more than the arithmetic: the system clears every page before it gives it away.

    Args:
        tiles: How many tiles there is room for.
    """

    def __init__(self, tiles: int) -> None:
        self.tile_id = np.empty(tiles, np.uint64)
        self.raster_row = np.empty(tiles, np.uint32)
        self.raster_col = np.empty(tiles, np.uint32)
        self.centroid_lon = np.empty(tiles)
        self.centroid_lat = np.empty(tiles)
        self.pixel_area_m2 = np.empty(tiles)
        self.west_lon = np.empty(tiles)
        self.east_lon = np.empty(tiles)
        self.south_lat = np.empty(tiles)
        self.north_lat = np.empty(tiles)

    def fill(self, tiles: Tiles) -> None:
        """Put the columns of some tiles at the beginning."""
        tables = GridTables.of(tiles)
        for first, piece in tiles.pieces(PIECE_TILES):
            self._fill_piece(piece, tables, slice(first, first + piece.tile_count))

    def _fill_piece(self, tiles: Tiles, tables: GridTables, here: slice) -> None:
        """Put the columns of some tiles in their place."""
        lengths, rows = tiles.lengths, tiles.rows
        cols = tiles.counted(tiles.col_starts)
        self.raster_col[here] = cols
        self.raster_row[here] = np.repeat(rows.astype(np.uint32), lengths)
        row_starts = (rows * tiles.grid.n_cols).view(np.uint64)
        np.add(cols.view(np.uint64), np.repeat(row_starts, lengths), out=self.tile_id[here])
        cols -= tables.first_col
        for by_col, table in (
            (self.centroid_lon, tables.lon_centers),
            (self.west_lon, tables.lon_edges[:-1]),
            (self.east_lon, tables.lon_edges[1:]),
        ):
            # All columns are in the table; "clip" spares NumPy a copy that guards the target.
            table.take(cols, out=by_col[here], mode="clip")
        table_rows = rows - tables.first_row
        for by_row, table in (
            (self.centroid_lat, tables.lat_centers),
            (self.pixel_area_m2, tables.areas_m2),
            (self.south_lat, tables.lat_edges[1:]),
            (self.north_lat, tables.lat_edges[:-1]),
        ):
            by_row[here] = np.repeat(table[table_rows], lengths)


def tile_batches(
    country_iso: str,
    tiles: Tiles,
    rule: Rule,
    coverage: NDArray[np.float64] | None = None,
    buffers: TileBuffers | None = None,
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Return the rows of ``tile_index`` and of ``tile_bounds`` for a range of tiles.

    East is west plus one cell in the grid's own longitudes, so ``west_lon < east_lon`` holds at the
    antimeridian too. Texts come as dictionary arrays; ``datasets.schemas`` has the types that a
    reader sees.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        tiles: A range of the country's tiles.
        rule: Inclusion rule.
        coverage: Share of each tile that lies in the country, float64 (tiles,), the index's last column;
            None to leave it out.
        buffers: Room for at least these tiles; the batches are views of it and hold until it is filled
            again. By default new memory.
    """
    count = tiles.tile_count
    buffers = buffers or TileBuffers(count)
    buffers.fill(tiles)
    iso, tile_ids = constant_column(country_iso, count), pa.array(buffers.tile_id[:count])
    index = {
        "country_iso": iso,
        "tile_id": tile_ids,
        "inclusion_rule": constant_column(rule.value, count),
        "raster_row": buffers.raster_row[:count],
        "raster_col": buffers.raster_col[:count],
        "centroid_lon": buffers.centroid_lon[:count],
        "centroid_lat": buffers.centroid_lat[:count],
        "pixel_area_m2": buffers.pixel_area_m2[:count],
    }
    if coverage is not None:
        index["coverage"] = coverage
    bounds = {
        "country_iso": iso,
        "tile_id": tile_ids,
        "west_lon": buffers.west_lon[:count],
        "east_lon": buffers.east_lon[:count],
        "south_lat": buffers.south_lat[:count],
        "north_lat": buffers.north_lat[:count],
    }
    return pa.RecordBatch.from_pydict(index), pa.RecordBatch.from_pydict(bounds)


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
