"""Finds the columns of codes and names of a file of polygons."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.regions.country_codes import alpha_2_of
from closedworld.inputs.regions.read_options import ReadOptions
from closedworld.sanitize import listed, one_line, quoted

# A shapefile keeps ten characters of a name: country_is, iso3166-1-.
_ALPHA_2_COLUMNS = (
    "country_iso",
    "country_is",
    "iso_a2_eh",
    "iso_a2",
    "iso2",
    "iso_2",
    "alpha_2",
    "alpha-2",
    "alpha2",
    "cca2",
    "iso2_code",
    "iso_cc",
    "iso2cd",
    "iso3166-1-alpha-2",
    "iso3166-1:alpha2",
    "iso3166_1_alpha_2",
    "iso_3166_1_alpha_2_codes",
    "iso3166-1",
    "iso",
    "iso_code",
    "country_code",
    "countrycode",
)
# gid_0 is GADM's, iso3_code GISCO's, shapegroup geoBoundaries', cca3 and ccn3 mledoze's, iso3cd the UN's.
_ALPHA_3_COLUMNS = (
    "iso_a3_eh",
    "iso_a3",
    "iso3",
    "iso_3",
    "alpha_3",
    "alpha-3",
    "alpha3",
    "cca3",
    "iso3_code",
    "iso3cd",
    "iso3166-1-alpha-3",
    "iso3166-1:alpha3",
    "iso3166_1_alpha_3",
    "gid_0",
    "shapegroup",
    "cntr_id",
    "cntr_code",
    "adm0_a3",
    "wb_a3",
)
_NUMERIC_COLUMNS = ("iso_n3_eh", "iso_n3", "ccn3", "iso3166-1-numeric", "m49_cd", "m49", "un_a3")
ISO_COLUMNS = _ALPHA_2_COLUMNS + _ALPHA_3_COLUMNS + _NUMERIC_COLUMNS
NAME_COLUMNS = (
    "country_name",
    "admin",
    "name_engl",
    "name_en",
    "name",
    "name_long",
    "country",
    "adm0_name",
    "name_0",
    "shapename",
    "cntr_name",
    "romnam",
)
_SHOWN = 3

ColumnValues = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read.

    Attributes:
        codes: Column of codes.
        name: Column of names for people; ``None`` when there is none.
    """

    codes: str
    name: str | None

    @property
    def to_read(self) -> tuple[str, ...]:
        """The columns to read, each once."""
        return (self.codes,) if self.name in (None, self.codes) else (self.codes, str(self.name))


def choose_columns(
    available: Sequence[str],
    options: ReadOptions,
    values_of: Callable[[tuple[str, ...]], ColumnValues],
) -> Columns:
    """Return the named columns, or the first ones known to hold codes and names.

    The column ``id``, where GeoJSON and TopoJSON have the ids of features, is taken if it holds only codes.

    Args:
        available: Columns of the file.
        options: May name both.
        values_of: Reads columns; called only if no column is known by its name.

    Raises:
        ConfigError: ``column-unknown``: the file has no column of that name.
        InputError: ``iso-column-missing``: no column is known to hold codes.
    """
    names = tuple(available)
    given = (
        ("--iso-column", options.iso_column),
        ("--code-column", options.code_column),
        ("--name-column", options.name_column),
    )
    for option, asked in given:
        if asked is not None and asked not in names:
            close = difflib.get_close_matches(asked, names, n=3)
            meant = f"Did you mean {listed(tuple(close))}? " if close else ""
            raise ConfigError(
                "column-unknown",
                f"there is no column {one_line(asked, 40)!r} ({option}).",
                f"{meant}Columns are: {listed(names, 40)}.",
            )
    codes = options.code_column or options.iso_column or _first(names, ISO_COLUMNS)
    if codes is None:
        found = code_columns(values_of(names))
        codes = next((name for name in found if name.casefold() == "id"), None)
        if codes is None:
            offer = f"{listed(found)} holds only codes: --iso-column {found[0]}. " if found else ""
            raise InputError(
                "iso-column-missing",
                "no column is known to hold ISO 3166-1 codes.",
                f"{offer}Name it with --iso-column; for regions that are not countries, --regions any "
                f"--code-column NAME. Columns are: {listed(names, 40)}.",
            )
    name = options.name_column if options.name_column is not None else _first(names, NAME_COLUMNS)
    return Columns(codes, name)


def code_columns(values: ColumnValues) -> tuple[str, ...]:
    """Return the columns that hold nothing but codes of countries."""
    return tuple(
        name for name, column in values.items() if len(column) and all(map(alpha_2_of, column))
    )


def advice_for_unknown(column: str, available: Sequence[str]) -> str:
    """Return advice for a row without a code, given the column of codes and all columns."""
    return (
        f"{_alternatives(column, available)}Give the row a code of ISO 3166-1 (alpha-2, alpha-3 or numeric), or pass "
        "--skip-unknown-codes to leave such rows out; the report then names them."
    )


def wrong_column(column: str, values: Sequence[object], available: Sequence[str]) -> InputError:
    """Return the error for a column in which no row has a code."""
    shown = ", ".join(map(quoted, list(dict.fromkeys(map(str, values)))[:_SHOWN]))
    name = one_line(column, 40)
    return InputError(
        "code-unknown",
        f"column {name} has a code of ISO 3166-1 in none of its {len(values):,} rows; it has {shown}.",
        f"{_alternatives(column, available)}Name another column with --iso-column, or, for regions that are not "
        f"countries, pass --regions any --code-column {name}. Columns are: {listed(tuple(available), 40)}.",
    )


def _alternatives(column: str, available: Sequence[str]) -> str:
    """Return which other columns are known to hold codes; empty if there is none."""
    found = (_first(available, (known,)) for known in ISO_COLUMNS)
    others = tuple(name for name in found if name is not None and name != column)
    if not others:
        return ""
    more = f" (or {listed(others[1:], _SHOWN)})" if others[1:] else ""
    return f"Another column may have it: pass --iso-column {others[0]}{more}. "


def _first(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the first of ``names`` in the order of ``known``, whatever its case."""
    by_folded = {name.casefold(): name for name in reversed(names)}
    return next((by_folded[name] for name in known if name in by_folded), None)
