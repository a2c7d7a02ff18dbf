"""``tile_coverage``: the tiles that do not lie wholly in their country."""

from __future__ import annotations

from closedworld.datasets.dataset import Dataset
from closedworld.datasets.shared_columns import COUNTRY_ISO, COVERAGE, DELTA, TILE_ID

TILE_COVERAGE = Dataset(
    "tile_coverage",
    (COUNTRY_ISO, TILE_ID.encoded(DELTA), COVERAGE.encoded("PLAIN")),
    key=("country_iso", "tile_id"),
)
