"""Finds the columns of codes and names of a file of polygons."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.regions.country_codes import country_of
from closedworld.inputs.regions.read_options import ReadOptions
from closedworld.inputs.regions.rows import ColumnValues, Reader
from closedworld.sanitize import listed, one_line, quoted

# A shapefile keeps ten characters of a name: country_is.
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
    "name_latn",
    "nuts_name",
    "romnam",
)
_SHOWN = 3


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


def choose_columns(reader: Reader, options: ReadOptions) -> Columns:
    """Return the named columns, or the first ones known to hold codes and names.

    The column ``id``, where GeoJSON and TopoJSON have the ids of features, is taken if it holds only codes.

    Args:
        reader: The file; its values are read only if no column is known by its name.
        options: May name both.

    Raises:
        ConfigError: ``column-unknown``: the file has no column of that name.
        InputError: ``iso-column-missing``: no column is known to hold codes.
    """
    names = reader.header.columns
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
        found = code_columns(reader.rows(names, geometry=False).values)
        codes = next((name for name in found if name.casefold() == "id"), None)
        if codes is None:
            hold = f"{listed(found)} {'hold' if len(found) > 1 else 'holds'} only codes"
            offer = f"{hold}: --iso-column {found[0]}. " if found else ""
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
        name for name, column in values.items() if len(column) and all(map(_is_code, column))
    )


def advice_for_unknown(reader: Reader, columns: Columns, given: Sequence[object]) -> str:
    """Return advice for rows without a code.

    Args:
        reader: The file; other columns are read only if a row has no code.
        columns: The columns that are read.
        given: Values of the column of codes.
    """
    if all(map(_is_code, given)):
        return ""
    better = _better(reader, columns.codes, given)
    other = (
        f"More rows have a code in another column: pass --iso-column {better[0]}. "
        if better
        else ""
    )
    return (
        f"{other}Give the row a code of ISO 3166-1 (alpha-2, alpha-3 or numeric), or pass --skip-unknown-codes "
        "to leave such rows out; the report then names them."
    )


def wrong_column(reader: Reader, columns: Columns, given: Sequence[object]) -> InputError:
    """Return the error for a column in which no row has a code; arguments as ``advice_for_unknown``."""
    shown = ", ".join(map(quoted, list(dict.fromkeys(map(str, given)))[:_SHOWN]))
    name = one_line(columns.codes, 40)
    better = _better(reader, columns.codes, given)
    other = (
        f"Pass --iso-column {better[0]}, which has codes"
        if better
        else "Name another one with --iso-column"
    )
    return InputError(
        "code-unknown",
        f"column {name} has a code of ISO 3166-1 in none of its {len(given):,} rows; it has {shown}.",
        f"{other}, or, for regions that are not countries, pass --regions any --code-column {name}. Columns are: "
        f"{listed(reader.header.columns, 40)}.",
    )


def _is_code(value: object) -> bool:
    return country_of(value)[0] is not None


def _better(reader: Reader, column: str, given: Sequence[object]) -> list[str]:
    """Return columns that have more codes than a column, those with the most first."""
    names = reader.header.columns
    others = tuple(name for name in names if name.casefold() in ISO_COLUMNS and name != column)
    if not others:
        return []
    values = reader.rows(others, geometry=False).values
    counts = {name: sum(map(_is_code, own)) for name, own in values.items()}
    found = [name for name, count in counts.items() if count > sum(map(_is_code, given))]
    # Names that are looked for first are the better ones.
    return sorted(found, key=lambda name: (-counts[name], ISO_COLUMNS.index(name.casefold())))


def _first(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the first of ``names`` in the order of ``known``, whatever its case."""
    by_folded = {name.casefold(): name for name in reversed(names)}
    return next((by_folded[name] for name in known if name in by_folded), None)
