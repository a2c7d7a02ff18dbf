"""``tile_bounds``: the sides of each tile of a country."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import COUNTRY_ISO, TILE_ID

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
