"""Datasets of S2: ``tile_weights`` and ``span_weights``."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import (
    COL_START,
    COUNTRY_ISO,
    DELTA,
    RASTER_ROW,
    TILE_ID,
)

TILE_WEIGHTS = Dataset(
    "tile_weights",
    (
        COUNTRY_ISO,
        TILE_ID,
        Column(
            "weight_fp",
            pa.int64(),
            "weight in units of 10^-dp of the country; a country's add up to exactly 10^dp",
        ),
        Column("dp", pa.int32(), "decimal places, one value for the whole dataset"),
        Column(
            "basis",
            pa.string(),
            "what the weights were made from, such as `population` or `population:9,area_m2:1`",
        ),
    ),
    key=("country_iso", "tile_id"),
)
"""The weight of each tile of a country."""

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
"""The cumulative weight before each run of ``tile_spans``."""
