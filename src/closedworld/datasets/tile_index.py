"""``tile_index``: one row per tile of a country."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import COUNTRY_ISO, COVERAGE, RASTER_ROW, TILE_ID

TILE_INDEX = Dataset(
    "tile_index",
    (
        COUNTRY_ISO,
        TILE_ID,
        Column("inclusion_rule", pa.string(), "`center` or `any_overlap`"),
        RASTER_ROW,
        Column("raster_col", pa.int32(), "column of the grid, 0 in the west"),
        Column(
            "centroid_lon",
            pa.float64(),
            "longitude of the tile's centre, degrees, in the grid's own range",
        ),
        Column("centroid_lat", pa.float64(), "latitude of the tile's centre, degrees"),
        Column(
            "pixel_area_m2",
            pa.float64(),
            "area of the tile on the ellipsoid: whole square centimetres / 10^4",
        ),
    ),
    key=("country_iso", "tile_id"),
)

TILE_INDEX_WITH_COVERAGE = replace(TILE_INDEX, columns=(*TILE_INDEX.columns, COVERAGE))
