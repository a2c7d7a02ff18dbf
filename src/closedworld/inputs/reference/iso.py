"""The ISO 3166-1 table."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from closedworld.inputs.reference.registry import bundled


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


@dataclass(frozen=True, slots=True)
class IsoTable:
    """All entries, sorted by alpha-2 code, with read-only lookups.

    Attributes:
        entries: Every entry, sorted by ``alpha_2``.
        by_alpha_2: Entry per alpha-2 code.
        by_alpha_3: Entry per alpha-3 code.
    """

    entries: tuple[IsoEntry, ...]
    by_alpha_2: Mapping[str, IsoEntry]
    by_alpha_3: Mapping[str, IsoEntry]


@functools.cache
def iso_table() -> IsoTable:
    """Return the bundled table, read once per process."""
    with bundled("iso_3166_1.csv").path.open(encoding="utf-8", newline="") as stream:
        entries = tuple(IsoEntry(**row) for row in csv.DictReader(stream))
    return IsoTable(
        entries,
        by_alpha_2=MappingProxyType({entry.alpha_2: entry for entry in entries}),
        by_alpha_3=MappingProxyType({entry.alpha_3: entry for entry in entries}),
    )
