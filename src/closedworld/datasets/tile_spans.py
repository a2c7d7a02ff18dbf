"""``tile_spans``: one row per run of tiles in a row of the grid."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import COL_START, COUNTRY_ISO, DELTA, RASTER_ROW

TILE_SPANS = Dataset(
    "tile_spans",
    (
        COUNTRY_ISO,
        RASTER_ROW.encoded(DELTA),
        COL_START.encoded(DELTA),
        Column("col_stop", pa.int32(), "column after the last of the run", DELTA),
        Column("first_rank", pa.int64(), "tiles of the country before this run", DELTA),
    ),
    key=("country_iso", "raster_row", "col_start"),
)
