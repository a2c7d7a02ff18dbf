"""Developed countries, those with much land apart (S. Angel, "Making Room for a Planet of Cities", Lincoln Institute of Land Policy, 2011)."""

from __future__ import annotations

LAND_RICH_COUNTRIES = frozenset({"AU", "CA", "NZ", "US"})
EUROPE_AND_JAPAN = frozenset((
    "AD", "AL", "AT", "AX", "BA", "BE", "BG", "BY", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FO", "FR", "GB",
    "GG", "GI", "GR", "HR", "HU", "IE", "IM", "IS", "IT", "JE", "JP", "LI", "LT", "LU", "LV", "MC", "MD", "ME",
    "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "RU", "SE", "SI", "SJ", "SK", "SM", "UA", "VA", "XK",
))  # fmt: skip
DEVELOPED_COUNTRIES = LAND_RICH_COUNTRIES | EUROPE_AND_JAPAN
