"""The money of each country."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from closedworld.inputs.reference.registry import bundled_rows

CURRENCIES = "currencies.csv"


@dataclass(frozen=True, slots=True)
class Currency:
    """What people pay with in a country.

    Attributes:
        code: ISO 4217 code.
        minor_digits: Decimal digits of its minor unit.
        price: Minor units that buy what one euro buys in a rich country, roughly.
        till_step: Amounts at tills are multiples of this many minor units.
        note: Amounts of cash are multiples of this many minor units.
    """

    code: str
    minor_digits: int
    price: float
    till_step: int
    note: int


@functools.cache
def currencies() -> Mapping[str, Currency]:
    """Return the currency of each country by its code, read once per process."""
    return MappingProxyType(
        {
            row["country_iso"]: Currency(
                row["currency"],
                int(row["minor_digits"]),
                int(row["minor_per_euro"]) * int(row["price_percent"]) / 100,
                int(row["till_step"]),
                int(row["note"]),
            )
            for row in bundled_rows(CURRENCIES)
        }
    )
