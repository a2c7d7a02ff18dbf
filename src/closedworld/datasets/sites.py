"""Datasets of S9: ``sites``, the outlets of merchants, and ``merchants``, as their table was understood."""

from __future__ import annotations

from collections.abc import Sequence
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
"""One row for each outlet."""

OWN_TYPES = {"int64": pa.int64(), "double": pa.float64(), "string": pa.string()}
"""Types of a user's own columns, by name."""


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """A column of the user's table that means nothing here.

    Attributes:
        name: Its name.
        type: Key of ``OWN_TYPES``; integers have no gaps.

    Raises:
        ValueError: The type is none of these.
    """

    name: str
    type: str

    def __post_init__(self) -> None:
        """Refuse other types."""
        if self.type not in OWN_TYPES:
            raise ValueError(f"column {self.name!r} is of type {self.type!r}")


MERCHANTS = Dataset(
    "merchants",
    (
        shared.COUNTRY_ISO,
        shared.MERCHANT_ID,
        shared.SITE_ORDER,
        Column("n", pa.int32(), "outlets of this row: `site_order` and the n - 1 after it"),
        Column("brand", pa.string(), "brand, as given", nullable=True),
        shared.CATEGORY,
        shared.MCC,
        Column(
            "gamma",
            pa.float64(),
            "exponent of population density by which the outlets were placed, a multiple of 1/8",
        ),
        Column("spacing", pa.string(), "`catchment` where outlets keep apart, else `none`"),
        shared.PLACE,
        shared.ADMIN1,
        shared.LON,
        shared.LAT,
        Column(
            "radius_km",
            pa.float64(),
            "radius of the circle that the outlets lie in, km",
            nullable=True,
        ),
        shared.TILE_ID,
    ),
    key=("country_iso", "merchant_id", "site_order"),
)


def merchants_with(own_columns: Sequence[OwnColumn]) -> Dataset:
    """Return the dataset with a user's own columns at the end."""
    own = tuple(
        Column(one.name, OWN_TYPES[one.type], "as given", nullable=one.type != "int64")
        for one in own_columns
    )
    return Dataset(MERCHANTS.name, (*MERCHANTS.columns, *own), MERCHANTS.key)


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
