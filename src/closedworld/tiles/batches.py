"""Record batches of ``tile_index``, ``tile_bounds`` and ``tile_spans``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from closedworld.tiles.columns import Tiles, constant_column, grid_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.spans import RowSpans, Rule


def tile_batches(
    country_iso: str, tiles: Tiles, rule: Rule, coverage: NDArray[np.float64] | None = None
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Return the rows of ``tile_index`` and of ``tile_bounds`` for a range of tiles.

    With coverage, float64 (tiles,), the index has it as its last column.

    East is west plus one cell in the grid's own longitudes, so ``west_lon < east_lon`` holds at the
    antimeridian too. Texts come as dictionary arrays; ``datasets.schemas`` has the types that a
    reader sees.
    """
    tables, cols = grid_tables(tiles.grid), tiles.col_numbers()
    iso, tile_ids = tiles.constant(country_iso), pa.array(tiles.tile_ids())
    index = {
        "country_iso": iso,
        "tile_id": tile_ids,
        "inclusion_rule": tiles.constant(rule.value),
        "raster_row": tiles.row_numbers(),
        "raster_col": cols.astype(np.uint32),
        "centroid_lon": tables.lon_centers[cols],
        "centroid_lat": tiles.by_row(tables.lat_centers),
        "pixel_area_m2": tiles.by_row(tables.areas_m2),
    }
    if coverage is not None:
        index["coverage"] = coverage
    bounds = {
        "country_iso": iso,
        "tile_id": tile_ids,
        "west_lon": tables.lon_edges[cols],
        "east_lon": tables.lon_edges[1:][cols],
        "south_lat": tiles.by_row(tables.lat_edges[1:]),
        "north_lat": tiles.by_row(tables.lat_edges[:-1]),
    }
    return pa.RecordBatch.from_pydict(index), pa.RecordBatch.from_pydict(bounds)


def coverage_batch(
    country_iso: str, spans: RowSpans, ranks: NDArray[np.int64], coverage: NDArray[np.float64]
) -> pa.RecordBatch:
    """Return rows of ``tile_coverage``: one per tile that does not lie wholly in the country.

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        ranks: Which of them, int64 (n,), ascending.
        coverage: Share of their area that lies in the country, float64 (n,).
    """
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": constant_column(country_iso, len(ranks)),
            "tile_id": spans.tiles_at(ranks),
            "coverage": coverage,
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
