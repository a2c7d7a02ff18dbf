"""Columns that several datasets have."""

from __future__ import annotations

import pyarrow as pa

from closedworld.datasets.dataset import Column

COUNTRY_ISO = Column(
    "country_iso",
    pa.string(),
    "ISO 3166-1 alpha-2 code; `XK` for Kosovo; with `--regions any` the region's own code",
)
TILE_ID = Column(
    "tile_id", pa.int64(), "`raster_row * n_cols + raster_col`; of sites and merchants -1 for none"
)
RASTER_ROW = Column("raster_row", pa.int32(), "row of the grid, 0 in the north")
COL_START = Column("col_start", pa.int32(), "first column of the run")
COVERAGE = Column(
    "coverage",
    pa.float64(),
    "share of the tile's area that lies in the country, above 0 and at most 1",
)
MERCHANT_ID = Column("merchant_id", pa.string(), "merchant, as given; integers as their digits")
SITE_ID = Column(
    "site_id",
    pa.int64(),
    "63 bits that follow from merchant_id, country_iso and site_order alone, the same in every world; unique in "
    "`sites`; of purchases -1 online",
)
SITE_ORDER = Column(
    "site_order",
    pa.int32(),
    "number of the outlet among those of the merchant in the country, from 1",
)
LON = Column(
    "lon",
    pa.float64(),
    "longitude of the site, or of the centre of the circle that it must lie in, degrees in -180..180",
    nullable=True,
)
LAT = Column(
    "lat",
    pa.float64(),
    "latitude of the site, or of the centre of the circle that it must lie in, degrees",
    nullable=True,
)
PLACE = Column(
    "place", pa.string(), "town that the site or home belongs to, or must lie in", nullable=True
)
ADMIN1 = Column("admin1", pa.string(), "first-level division of the town", nullable=True)
CATEGORY = Column("category", pa.string(), "kind of merchant, such as `grocery`", nullable=True)
MCC = Column("mcc", pa.int32(), "merchant category code (ISO 18245), 0 for none")
TZID = Column(
    "tzid", pa.string(), "time zone in the tz database, such as `Europe/Berlin`", nullable=True
)
URBAN = Column(
    "urban", pa.string(), "`core` of a town, `town` around it, or `rural`", nullable=True
)
CARD_ID = Column("card_id", pa.string(), "card, as given or numbered within its country")

DELTA = "DELTA_BINARY_PACKED"
