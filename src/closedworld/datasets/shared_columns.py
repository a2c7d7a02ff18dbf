"""Columns that several datasets have."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column

COUNTRY_ISO = Column("country_iso", pa.string(), "ISO 3166-1 alpha-2 code; `XK` for Kosovo")
TILE_ID = Column("tile_id", pa.int64(), "`raster_row * n_cols + raster_col`")
RASTER_ROW = Column("raster_row", pa.int32(), "row of the grid, 0 in the north")
COL_START = Column("col_start", pa.int32(), "first column of the run")
COVERAGE = Column(
    "coverage",
    pa.float64(),
    "share of the tile's area that lies in the country, above 0 and at most 1",
)

DELTA = "DELTA_BINARY_PACKED"
