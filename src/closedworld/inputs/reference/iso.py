"""The ISO 3166-1 table."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from closedworld.inputs.reference.registry import bundled_rows


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
