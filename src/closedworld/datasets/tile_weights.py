"""``tile_weights``: the weight of each tile of a country."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import COUNTRY_ISO, TILE_ID

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
