"""``sites``: the outlets of merchants, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.shared_columns import (
    ADMIN1,
    CATEGORY,
    COUNTRY_ISO,
    DELTA,
    LAT,
    LON,
    MCC,
    MERCHANT_ID,
    PLACE,
    SITE_ORDER,
    TILE_ID,
    TZID,
    URBAN,
)

SITES = Dataset(
    "sites",
    (
        Column(
            "site_id",
            pa.int64(),
            "63 bits that follow from merchant_id, country_iso and site_order alone, the same in every world; "
            "unique in the dataset",
            "PLAIN",
        ),
        MERCHANT_ID,
        COUNTRY_ISO,
        SITE_ORDER.encoded(DELTA),
        LON.encoded("PLAIN"),
        LAT.encoded("PLAIN"),
        TILE_ID.encoded("PLAIN"),
        TZID,
        PLACE,
        Column(
            "place_km", pa.float64(), "distance from the centre of the place, km", nullable=True
        ),
        ADMIN1,
        URBAN,
        CATEGORY,
        MCC,
        Column(
            "precision",
            pa.string(),
            "what is known of where it is: `point`; `place` for a town alone; `none` for the country alone",
        ),
    ),
    key=("country_iso", "merchant_id", "site_order"),
)


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """Counts of one country's sites.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        merchants: Rows of the table of merchants.
        sites: Outlets.
        sites_on_map: Those with coordinates.
    """

    ARROW_SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            ("country_iso", pa.string()),
            ("merchants", pa.int64()),
            ("sites", pa.int64()),
            ("sites_on_map", pa.int64()),
        ]
    )

    country_iso: str
    merchants: int
    sites: int
    sites_on_map: int
