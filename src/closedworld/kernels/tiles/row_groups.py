"""Rows of S1's datasets: those of ``tile_index`` and ``tile_bounds`` as Parquet columns from runs, so that no tile has a row in memory.

Every column repeats along a run, counts up along it, or is looked up by the tile's raster row or column. So
the places where rows and columns are looked up are encoded once and serve all columns of both files.
``tile_spans`` and ``tile_coverage`` have few rows, and are record batches.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.grid import RowAreas
from closedworld.kernels.parquet import (
    Chunk,
    Encoding,
    Page,
    constant,
    counted_up,
    index_dtype,
    looked_up,
    numbers,
    packed,
    plain,
    repeated,
)
from closedworld.kernels.sizes import DEFAULT_SIZES
from closedworld.kernels.spans import Border, RowSpans, Rule
from closedworld.kernels.tiles.ranges import Tiles, held_columns

_SHORT_INDEX_BYTES, _LONG_INDEX_LEVEL = 2, 3
"""Indices longer than two bytes repeat a raster row apart, which zstd looks back upon at level 3 and not at 1."""


class RowGroup:
    """Tiles of a country that make a row group.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        tiles: The tiles, ``row_group_tiles`` of the default ``Sizes`` at most.
        areas: Area of a tile of each of their rows.
    """

    def __init__(self, country_iso: str, tiles: Tiles, areas: RowAreas) -> None:
        self._grid, self._count = tiles.grid, tiles.tile_count
        self._iso = constant(country_iso, self._count)
        self._ids = id_column(tiles)
        is_new = np.append(True, tiles.rows[1:] != tiles.rows[:-1])
        self._rows = tiles.rows[is_new]
        self._areas = areas.m2[self._rows - areas.first_row]
        of_row = np.add.reduceat(tiles.lengths, np.flatnonzero(is_new))
        self._row_places = Page.of(repeated(of_row), self._count, Encoding.RLE_DICTIONARY)
        self._take_columns(tiles)

    def index(self, rule: Rule, coverage: NDArray[np.float64] | None = None) -> dict[str, Chunk]:
        """Return the columns of ``tile_index``, by name.

        Args:
            rule: Inclusion rule.
            coverage: Share of each tile that lies in the country, float64 (tiles,); None to leave
                the column out.
        """
        columns = {
            "country_iso": self._iso,
            "tile_id": self._ids,
            "inclusion_rule": constant(rule.value, self._count),
            "raster_row": self._by_row(self._rows.astype(np.int32)),
            "raster_col": self._by_column(self._cols.astype(np.int32)),
            "centroid_lon": self._by_column(self._grid.lon_center(self._cols)),
            "centroid_lat": self._by_row(self._grid.lat_center(self._rows)),
            "pixel_area_m2": self._by_row(self._areas),
        }
        return columns if coverage is None else {**columns, "coverage": plain(coverage)}

    def bounds(self) -> dict[str, Chunk]:
        """Return the columns of ``tile_bounds``, by name.

        East is west plus one cell in the grid's own longitudes, so ``west_lon < east_lon`` holds at
        the antimeridian too.
        """
        return {
            "country_iso": self._iso,
            "tile_id": self._ids,
            "west_lon": self._by_column(self._grid.lon_edge(self._cols)),
            "east_lon": self._by_column(self._grid.lon_edge(self._cols + 1)),
            "south_lat": self._by_row(self._grid.lat_edge(self._rows + 1)),
            "north_lat": self._by_row(self._grid.lat_edge(self._rows)),
        }

    def _take_columns(self, tiles: Tiles) -> None:
        """Find the raster columns that hold a tile, and where each tile's stands among them."""
        self._cols, begins = held_columns(tiles.col_starts, tiles.lengths)
        kind = index_dtype(len(self._cols))
        before = np.cumsum(tiles.lengths) - tiles.lengths
        # Unsigned integers wrap around, so what is below zero here is right after the sum.
        indices = np.repeat((begins - before).astype(kind), tiles.lengths)
        indices += _counting(kind)[: self._count]
        level = 1 if kind.itemsize <= _SHORT_INDEX_BYTES else _LONG_INDEX_LEVEL
        self._column_indices = Page.of(
            packed(indices), self._count, Encoding.RLE_DICTIONARY, level=level
        )

    def _by_row(self, values: NDArray[Any]) -> Chunk:
        return looked_up(values, self._row_places)

    def _by_column(self, values: NDArray[Any]) -> Chunk:
        return looked_up(values, self._column_indices)


@cache
def _counting(kind: np.dtype[Any]) -> NDArray[np.unsignedinteger[Any]]:
    """Return 0, 1, 2, ... for a whole row group, wrapped round; always the same, so made once."""
    return np.arange(DEFAULT_SIZES.row_group_tiles, dtype=np.uint32).astype(kind)


def id_column(tiles: Tiles) -> Chunk:
    """Return the column ``tile_id``, int64, ascending."""
    first = tiles.rows * tiles.grid.n_cols + tiles.col_starts
    last = first[-1] + tiles.lengths[-1] - 1
    page = Page.of(counted_up(first, tiles.lengths), tiles.tile_count, Encoding.DELTA_BINARY_PACKED)
    return numbers(np.int64(first[0]), np.int64(last), page)


def constant_column(value: str, length: int) -> pa.DictionaryArray:
    """Return a text repeated ``length`` times as a dictionary array."""
    zeros = pa.array(np.zeros(length, np.int8))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value]), safe=False)


def coverage_batch(country_iso: str, spans: RowSpans, border: Border) -> pa.RecordBatch:
    """Return rows of ``tile_coverage``: one per tile that is not wholly in the country.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        border: Which of them.
    """
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, len(border.ranks)),
            "tile_id": spans.tiles_at(border.ranks).view(np.int64),
            "coverage": border.coverage,
        }
    )


def spans_batch(country_iso: str, spans: RowSpans) -> pa.RecordBatch:
    """Return rows of ``tile_spans``: one per run of the country."""
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, spans.n_runs),
            "raster_row": spans.rows.astype(np.int32),
            "col_start": spans.col_starts.astype(np.int32),
            "col_stop": spans.col_stops.astype(np.int32),
            "first_rank": spans.first_ranks,
        }
    )
