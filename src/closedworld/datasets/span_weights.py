"""``span_weights``: the cumulative weight before each run of ``tile_spans``."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import COL_START, COUNTRY_ISO, DELTA, RASTER_ROW

SPAN_WEIGHTS = Dataset(
    "span_weights",
    (
        COUNTRY_ISO,
        RASTER_ROW.encoded(DELTA),
        COL_START.encoded(DELTA),
        Column("tiles", pa.int32(), "tiles of the run", DELTA),
        Column(
            "weight_before",
            pa.int64(),
            "weight of all tiles of the country before this run",
            # fastparquet misreads differences beyond 2^32.
            "PLAIN",
        ),
    ),
    key=("country_iso", "raster_row", "col_start"),
)
