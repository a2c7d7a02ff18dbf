"""Datasets of S1: ``tile_index``, ``tile_bounds``, ``tile_spans`` and ``tile_coverage``."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import (
    COL_START,
    COUNTRY_ISO,
    COVERAGE,
    DELTA,
    RASTER_ROW,
    TILE_ID,
)

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
"""One row per tile of a country."""

TILE_INDEX_WITH_COVERAGE = replace(TILE_INDEX, columns=(*TILE_INDEX.columns, COVERAGE))

TILE_BOUNDS = Dataset(
    "tile_bounds",
    (
        COUNTRY_ISO,
        TILE_ID,
        Column(
            "west_lon",
            pa.float64(),
            "longitude of the west side, degrees; `west_lon < east_lon` always",
        ),
        Column(
            "east_lon",
            pa.float64(),
            "longitude of the east side, degrees; beyond 180 where the tile crosses the antimeridian",
        ),
        Column("south_lat", pa.float64(), "latitude of the south side, degrees"),
        Column("north_lat", pa.float64(), "latitude of the north side, degrees"),
    ),
    key=("country_iso", "tile_id"),
)
"""The sides of each tile of a country."""

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
"""One row per run of tiles in a row of the grid."""

TILE_COVERAGE = Dataset(
    "tile_coverage",
    (COUNTRY_ISO, TILE_ID.encoded(DELTA), COVERAGE.encoded("PLAIN")),
    key=("country_iso", "tile_id"),
)
"""The tiles that do not lie wholly in their country."""
