"""Finds the columns of country codes and names, and the country that a code means."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.reference.iso import iso_table
from closedworld.sanitize import listed, one_line

# A shapefile keeps ten characters of a name: country_is.
_ALPHA_2_COLUMNS = ("country_iso", "country_is", "iso_a2_eh", "iso_a2", "iso2", "alpha_2")
# gid_0 is GADM's, shapegroup geoBoundaries'.
_ALPHA_3_COLUMNS = ("iso_a3_eh", "iso_a3", "iso3", "alpha_3", "gid_0", "shapegroup", "adm0_a3")
ISO_COLUMNS = _ALPHA_2_COLUMNS + _ALPHA_3_COLUMNS
NAME_COLUMNS = (
    "country_name",
    "admin",
    "name_en",
    "name",
    "name_long",
    "country",
    "adm0_name",
    "name_0",
    "shapename",
)
_NATURAL_EARTH_BEST = "iso_a2_eh"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read.

    Attributes:
        iso: Column of country codes.
        name: Column of names for people; ``None`` when there is none.
    """

    iso: str
    name: str | None

    @property
    def to_read(self) -> tuple[str, ...]:
        """The columns to read, each once."""
        return (self.iso,) if self.name in (None, self.iso) else (self.iso, str(self.name))


def choose_columns(
    available: Sequence[str], iso_column: str | None, name_column: str | None
) -> Columns:
    """Return the named columns, or the first ones known to hold codes and names.

    Args:
        available: Columns of the file.
        iso_column: Exact name, or ``None`` to try those of ``ISO_COLUMNS`` in any letter case.
        name_column: Likewise for names and ``NAME_COLUMNS``; names may be missing.

    Raises:
        ConfigError: ``column-unknown``: the file has no column of that name.
        InputError: ``iso-column-missing``: no column is known to hold codes.
    """
    names = tuple(available)
    for asked, option in ((iso_column, "--iso-column"), (name_column, "--name-column")):
        if asked is not None and asked not in names:
            close = difflib.get_close_matches(asked, names, n=3)
            meant = f"Did you mean {listed(tuple(close))}? " if close else ""
            raise ConfigError(
                "column-unknown",
                f"there is no column {one_line(asked, 40)!r} ({option}).",
                f"{meant}Columns are: {listed(names, 40)}.",
            )
    iso = iso_column if iso_column is not None else _first(names, ISO_COLUMNS)
    if iso is None:
        raise InputError(
            "iso-column-missing",
            "no column is known to hold ISO 3166-1 codes.",
            f"Name it with --iso-column. Columns are: {listed(names, 40)}.",
        )
    return Columns(iso, name_column if name_column is not None else _first(names, NAME_COLUMNS))


def _first(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the first of ``names`` in the order of ``known``, whatever its case."""
    by_folded = {name.casefold(): name for name in reversed(names)}
    return next((by_folded[name] for name in known if name in by_folded), None)


def alpha_2_of(value: object) -> str | None:
    """Return the alpha-2 code that a value of the code column means, or ``None``.

    Only an alpha-2 or alpha-3 code of the ISO table means a country, in any letter case and with blanks
    around it. The text returned is the table's, never the file's.
    """
    if not isinstance(value, str):
        return None
    # str.upper maps a few letters beyond ASCII onto ASCII ones, such as the long s onto S.
    text = value.strip()
    if not text.isascii():
        return None
    table = iso_table()
    entry = table.by_alpha_2.get(text.upper()) or table.by_alpha_3.get(text.upper())
    return None if entry is None else entry.alpha_2


def name_of(iso: str) -> str:
    """Return the name of a country in the ISO table."""
    return one_line(iso_table().by_alpha_2[iso].name)


def advice_for_unknown(iso_column: str, available: Sequence[str]) -> str:
    """Return advice for a row without a code, given the column of codes and all columns."""
    best = _first(tuple(available), (_NATURAL_EARTH_BEST,))
    other = ""
    if best is not None and iso_column != best:
        other = f"Natural Earth's better column is {best}: pass --iso-column {best}. "
    return (
        f"{other}Give the row an ISO 3166-1 alpha-2 or alpha-3 code, or pass --skip-unknown-codes "
        "to leave such rows out; the report then names them."
    )
