"""``cards``: payment cards, and where their holders live and work, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from closedworld.datasets import shared_columns as shared
from closedworld.datasets.dataset import Column, Dataset

CARDS = Dataset(
    "cards",
    (
        shared.CARD_ID.encoded("PLAIN"),
        Column(
            "person_id", pa.string(), "holder of the card; `card_id` where none is given", "PLAIN"
        ),
        shared.COUNTRY_ISO,
        Column("home_lon", pa.float64(), "longitude of the home, degrees in -180..180", "PLAIN"),
        Column("home_lat", pa.float64(), "latitude of the home, degrees", "PLAIN"),
        shared.TILE_ID.encoded("PLAIN"),
        shared.TZID,
        shared.PLACE,
        shared.ADMIN1,
        shared.URBAN,
        Column(
            "work_lon",
            pa.float64(),
            "longitude of the place of work, a site of the country, degrees; missing where it has no sites",
            "PLAIN",
            nullable=True,
        ),
        Column(
            "work_lat",
            pa.float64(),
            "latitude of the place of work, degrees",
            "PLAIN",
            nullable=True,
        ),
    ),
    key=("country_iso", "card_id"),
)


CARDS_ASKED = Dataset(
    "cards",
    tuple(
        Column(name, pa.string(), "as given", nullable=name in {"place", "admin1"})
        for name in ("country_iso", "card_id", "person_id", "place", "admin1")
    ),
    key=("country_iso", "card_id"),
)
"""The cards as they are asked for; not published, but its digest decides what ``cards`` contains."""


@dataclass(frozen=True, slots=True)
class CardSummary:
    """Counts of one country's cards.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        cards: Its cards.
        persons: Their holders.
    """

    ARROW_SCHEMA: ClassVar[pa.Schema] = pa.schema(
        {"country_iso": pa.string()} | dict.fromkeys(("cards", "persons"), pa.int64())
    )

    country_iso: str
    cards: int
    persons: int
