"""The ISO 3166-1 table, and which of its countries are developed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from closedworld.inputs.reference.registry import bundled_rows

# Developed countries, those with much land apart (S. Angel, "Making Room for a Planet of Cities", Lincoln Institute
# of Land Policy, 2011).
LAND_RICH_COUNTRIES = frozenset({"AU", "CA", "NZ", "US"})
EUROPE_AND_JAPAN = frozenset((
    "AD", "AL", "AT", "AX", "BA", "BE", "BG", "BY", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FO", "FR", "GB",
    "GG", "GI", "GR", "HR", "HU", "IE", "IM", "IS", "IT", "JE", "JP", "LI", "LT", "LU", "LV", "MC", "MD", "ME",
    "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "RU", "SE", "SI", "SJ", "SK", "SM", "UA", "VA", "XK",
))  # fmt: skip
DEVELOPED_COUNTRIES = LAND_RICH_COUNTRIES | EUROPE_AND_JAPAN


@dataclass(frozen=True, slots=True)
class IsoEntry:
    """One country or territory.

    Attributes:
        alpha_2: Two capital letters.
        alpha_3: Three capital letters.
        numeric: Three digits as text, or empty for a user-assigned code.
        name: ISO short name.
        status: ``official`` for ISO 3166-1, ``user-assigned`` for XK (Kosovo).
    """

    alpha_2: str
    alpha_3: str
    numeric: str
    name: str
    status: str


@functools.cache
def iso_table() -> Mapping[str, IsoEntry]:
    """Return the bundled table by alpha-2 code, ascending, read-only and read once per process."""
    rows = bundled_rows("iso_3166_1.csv")
    return MappingProxyType({row["alpha_2"]: IsoEntry(**row) for row in rows})
