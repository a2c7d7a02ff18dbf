"""The figures of a score: names, meanings, and why some are not available."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure means.

    Attributes:
        title: In a few words.
        unit: ``share``, ``km``, or empty for a number.
        needs: Columns that it needs.
        what: In a sentence.
        roles: Roles of these columns, ``place`` and ``zone`` in any form, ``utc`` for a clock of UTC.
        none: Why it is not available although the columns are there.
    """

    title: str
    unit: str
    needs: str
    what: str
    roles: tuple[str, ...]
    none: str


SEVERAL_PURCHASES = 10
"""A merchant with fewer may well have a new place each time."""

ZONE_PURCHASES = 1000
"""A time zone with fewer has no share at night of its own."""

NO_FRAUD = "no purchase is labelled as fraud"
"""Why what needs fraud is not available although there are labels."""

FIGURES: Mapping[str, Meaning] = {
    "fraud": Meaning(
        "fraud",
        "share",
        "a label",
        "Share of purchases labelled as fraud.",
        ("label",),
        "no purchase is labelled",
    ),
    "places_per_merchant": Meaning(
        "places per merchant, median",
        "",
        "merchant and place",
        "Distinct places of a merchant, to the metre. A shop has one; a chain has several that recur.",
        ("merchant", "place"),
        "no purchase has both a merchant and a place",
    ),
    "new_place_each_time": Meaning(
        "merchants with a new place each time",
        "share",
        "merchant and place",
        "Of the merchants with at least ten purchases, those that never have the same place twice.",
        ("merchant", "place"),
        f"no merchant has {SEVERAL_PURCHASES} purchases with places",
    ),
    "at_sea": Meaning(
        "at sea",
        "share",
        "longitude and latitude",
        "Places outside all country polygons. Coasts are right to about a kilometre.",
        ("place",),
        "no purchase has a place",
    ),
    "abroad": Meaning(
        "abroad",
        "share",
        "longitude and latitude",
        "Legitimate purchases in another country than the card's home or, without homes, its median place.",
        ("place",),
        "no legitimate purchase of a card with a home in a country is in a country",
    ),
    "fast_within_hour": Meaning(
        "over 150 km/h, within an hour",
        "share",
        "longitude, latitude and time",
        "Of consecutive legitimate purchases of a card at most an hour apart, those faster than 150 km/h.",
        ("place",),
        "no two consecutive legitimate purchases of a card within an hour have places",
    ),
    "fast": Meaning(
        "over 150 km/h",
        "share",
        "longitude, latitude and time",
        "Of all consecutive legitimate purchases of a card, those faster than 150 km/h.",
        ("place",),
        "no two consecutive legitimate purchases of a card have places",
    ),
    "flight": Meaning(
        "over 900 km/h",
        "share",
        "longitude, latitude and time",
        "Of all consecutive legitimate purchases of a card, those faster than an airliner.",
        ("place",),
        "no two consecutive legitimate purchases of a card have places",
    ),
    "flight_precision": Meaning(
        "precision of alarms over 900 km/h",
        "share",
        "a label, longitude, latitude and time",
        "Of all consecutive purchases faster than 900 km/h, those with fraud at either end.",
        ("label", "place"),
        "no two consecutive purchases of a card are faster than 900 km/h",
    ),
    "home_km": Meaning(
        "distance from home, median",
        "km",
        "longitude and latitude",
        "Legitimate purchases; without homes, from the card's median place.",
        ("place",),
        "no legitimate purchase has a place",
    ),
    "home_far": Meaning(
        "over 100 km from home",
        "share",
        "longitude and latitude",
        "Legitimate purchases; without homes, from the card's median place.",
        ("place",),
        "no legitimate purchase has a place",
    ),
    "night": Meaning(
        "at night, 0 to 5 h",
        "share",
        "time",
        "Legitimate purchases in person, in local time if times are UTC, otherwise by the file's own clock.",
        (),
        "no legitimate purchase in person has a known local time",
    ),
    "night_worst_zone": Meaning(
        "at night in the worst zone",
        "share",
        "time, longitude and latitude",
        "The highest share among time zones with at least 1,000 legitimate purchases in person.",
        ("zone",),
        f"no time zone has {ZONE_PURCHASES:,} legitimate purchases in person",
    ),
    "zone_agrees": Meaning(
        "time zone fits the place",
        "share",
        "time zone, longitude and latitude",
        "Zones in the table that match the coordinates.",
        ("tzid", "place"),
        "no purchase has both a time zone and a place",
    ),
    "local_time_agrees": Meaning(
        "local time fits the zone",
        "share",
        "UTC, local time and time zone",
        "Local times in the table that match UTC and the zone.",
        ("utc", "local_time", "tzid"),
        "no purchase has both a local time and a time zone",
    ),
    "country_agrees": Meaning(
        "country fits the place",
        "share",
        "country, longitude and latitude",
        "Countries in the table whose polygons contain the place.",
        ("country", "place"),
        "no purchase has both a country and a place",
    ),
}
"""Meaning of each figure by name, in the order of the page."""

FEATURE_TITLES: Mapping[str, str] = {
    "speed": "speed since the last place",
    "distance_from_home": "distance from home",
    "amount": "amount",
    "hour": "hour",
    "category": "category",
    "gap": "time since the last purchase",
    "merchant_frequency": "purchases of the merchant",
    "id": "id",
    "order": "order in the file",
}
GEOGRAPHIC = ("speed", "distance_from_home")
"""Features that may say a lot; of all others, a high AUC is a leak."""

LEAK = 0.1
"""An AUC farther than this from 0.5 is a leak, unless the feature is geographic."""

DEVIATIONS = 3.0
"""And farther than so many standard deviations of an AUC that says nothing: sqrt((1/frauds + 1/others) / 12), as Mann and
Whitney have it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a table.

    Attributes:
        value: None where it is not available.
        of: How many purchases, pairs or merchants it is based on.
        why: Why it is not available; empty where it is.
    """

    value: float | None
    of: int = 0
    why: str = ""

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return it as JSON holds it."""
        return {"value": self.value, "of": self.of, "why": self.why}
