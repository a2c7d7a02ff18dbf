"""``sites``: the outlets of merchants, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from closedworld.datasets import shared_columns as shared
from closedworld.datasets.dataset import Column, Dataset

SITES = Dataset(
    "sites",
    (
        shared.SITE_ID.encoded("PLAIN"),
        shared.MERCHANT_ID,
        shared.COUNTRY_ISO,
        shared.SITE_ORDER.encoded(shared.DELTA),
        shared.LON.encoded("PLAIN"),
        shared.LAT.encoded("PLAIN"),
        shared.TILE_ID.encoded("PLAIN"),
        shared.TZID,
        shared.PLACE,
        Column(
            "place_km", pa.float64(), "distance from the centre of the place, km", nullable=True
        ),
        shared.ADMIN1,
        shared.URBAN,
        shared.CATEGORY,
        shared.MCC,
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
        {"country_iso": pa.string()}
        | dict.fromkeys(("merchants", "sites", "sites_on_map"), pa.int64())
    )

    country_iso: str
    merchants: int
    sites: int
    sites_on_map: int
