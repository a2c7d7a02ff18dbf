"""``purchases``, ``stays`` and ``truth``: what cards paid, where their holders were, and which purchases are fraud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from closedworld.datasets import shared_columns as shared
from closedworld.datasets.dataset import Column, Dataset

DATE = "date"
UTC_TIME, LOCAL_TIME = pa.timestamp("us", "UTC"), pa.timestamp("us")
CHANNELS = ("pos", "atm", "online")
STAY_KINDS = ("home", "work", "trip")
FRAUD_TYPES = ("clone", "skim", "lost", "testing")
HARD_NEGATIVES = ("late_posting", "two_holders", "long_flight", "head_office")

PURCHASE_ID = Column(
    "purchase_id",
    pa.int64(),
    "63 bits that follow from seed, card and purchase alone, and tell nothing; unique in the dataset",
    "PLAIN",
)

PURCHASES = Dataset(
    "purchases",
    (
        PURCHASE_ID,
        Column("ts_utc", UTC_TIME, "when it was posted", "PLAIN"),
        Column("ts_local", LOCAL_TIME, "what a clock at `tzid` showed then", "PLAIN"),
        shared.TZID,
        shared.CARD_ID,
        shared.MERCHANT_ID,
        shared.SITE_ID,
        Column("channel", pa.string(), "`pos`, `atm` or `online`"),
        shared.CATEGORY,
        shared.MCC,
        Column("amount", pa.float64(), "amount in units of `currency`, with its digits", "PLAIN"),
        Column("currency", pa.string(), "currency of the country (ISO 4217)"),
        shared.LON,
        shared.LAT,
        shared.COUNTRY_ISO,
    ),
    key=("ts_utc", "purchase_id"),
    partition=DATE,
)

STAYS = Dataset(
    "stays",
    (
        shared.CARD_ID,
        Column("start_utc", UTC_TIME, "when the holder came, or the run began", "PLAIN"),
        Column("end_utc", UTC_TIME, "when the holder left, or the run ended", "PLAIN"),
        Column("kind", pa.string(), "`home`, `work` (within a stay at home) or `trip`"),
        shared.LON.encoded("PLAIN"),
        shared.LAT.encoded("PLAIN"),
        shared.COUNTRY_ISO,
    ),
    key=("start_utc", "card_id", "kind"),
    partition=DATE,
)

TRUTH = Dataset(
    "truth",
    (
        PURCHASE_ID,
        Column("is_fraud", pa.bool_(), "whether it was not the holder", "PLAIN"),
        Column(
            "fraud_type",
            pa.string(),
            f"{', '.join(f'`{one}`' for one in FRAUD_TYPES)}",
            nullable=True,
        ),
        Column("campaign_id", pa.string(), "skimming or testing that it belongs to", nullable=True),
        Column("source_site_id", pa.int64(), "site where the card was skimmed; -1 for none"),
        Column(
            "reported_ts_utc",
            UTC_TIME,
            "when the holder reported the fraud, which may be after the run",
            "PLAIN",
            nullable=True,
        ),
        Column(
            "hard_negative",
            pa.string(),
            f"why an honest purchase may look impossible: {', '.join(f'`{one}`' for one in HARD_NEGATIVES)}",
            nullable=True,
        ),
    ),
    key=("purchase_id",),
    partition=DATE,
)


@dataclass(frozen=True, slots=True)
class DaySummary:
    """Counts of one day.

    Attributes:
        date: The day, in UTC.
        purchases: Its purchases.
        fraud: Those that were not the holder's.
        stays: Stays that began on it.
    """

    ARROW_SCHEMA: ClassVar[pa.Schema] = pa.schema(
        {"date": pa.string()} | dict.fromkeys(("purchases", "fraud", "stays"), pa.int64())
    )

    date: str
    purchases: int
    fraud: int
    stays: int
