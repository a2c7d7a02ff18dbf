"""The country that a code of a file means: ISO 3166-1 in any form, and what publishers write for it."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from closedworld.config.options import split_codes
from closedworld.errors import ConfigError
from closedworld.inputs.reference.iso import iso_table
from closedworld.sanitize import listed, one_line

# Codes of well-known publishers for a country that ISO 3166-1 codes otherwise: the European Union, GADM, Natural
# Earth's ADM0_A3, the World Bank. None of them is a code of another country.
_OTHER_CODES = {
    "EL": "GR",
    "UK": "GB",
    "XKO": "XK",
    "KOS": "XK",
    "KSV": "XK",
    "SAH": "EH",
    "SDS": "SS",
    "PSX": "PS",
    "WBG": "PS",
    "ADO": "AD",
    "IMY": "IM",
    "ROM": "RO",
    "TMP": "TL",
    "ZAR": "CD",
}
_MAX_NUMBER = 999

CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?", re.ASCII)
"""Codes that can name files."""

CODE_WORDS = "up to 64 ASCII letters, digits, '.', '_' and '-', beginning with a letter or digit and not ending with '.'"


def alpha_2_of(value: object) -> str | None:
    """Return the alpha-2 code that a value means, or ``None``.

    Alpha-2, alpha-3 and numeric codes of the ISO table mean a country, in any letter case and with blanks around
    them. The text returned is the table's, never the file's.
    """
    text = _text_of(value)
    return None if text is None else _by_code().get(text)


def country_of(value: object) -> tuple[str | None, str | None]:
    """Return the alpha-2 code that a value of a column means, and its own text if it is no code of ISO's.

    As ``alpha_2_of``, and codes that the European Union, GADM, Natural Earth and the World Bank write for some.
    """
    text = _text_of(value)
    if text in _OTHER_CODES:
        return _OTHER_CODES[text], text
    return alpha_2_of(value), None


def name_of(iso: str) -> str:
    """Return the name of a country in the ISO table."""
    return one_line(iso_table()[iso].name)


def folded(name: str) -> str:
    """Return a name without accents and letter case."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold().strip()


def wanted_codes(asked: str | Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return what was asked for by code: as known, else in upper case.

    Raises:
        ConfigError: ``countries-none-selected``.
    """
    codes = set(known)
    return {code if code in codes else code.upper(): code for code in split_codes(asked)}


def refuse_unknown(wanted: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Raise for codes that a file does not have, with what may be meant.

    Args:
        wanted: What was asked for, by code.
        names: Name of each country or region of the file by code, ascending.

    Raises:
        ConfigError: ``country-unknown``.
    """
    unknown = [asked for code, asked in wanted.items() if code not in names]
    if unknown:
        holdings = f"The file has {len(names)}: {listed(tuple(names))}."
        raise ConfigError(
            "country-unknown",
            f"no country {', '.join(repr(one_line(asked, 40)) for asked in unknown)} in the file.",
            " ".join([*(_advice(asked, names) for asked in unknown), holdings]),
        )


def _advice(asked: str, names: Mapping[str, str]) -> str:
    """Return which codes of the file may be meant by ``asked``; empty if none."""
    code = asked.strip().upper()
    iso, _ = country_of(code)
    if iso is not None:
        if iso in names:
            return f"{code} is {iso} here."
        return f"{iso} is {name_of(iso)}, which the file does not have."
    by_name = {name.casefold(): iso for iso, name in names.items()}
    close = difflib.get_close_matches(asked.strip().casefold(), by_name, n=3)
    isos = [by_name[name] for name in close] or difflib.get_close_matches(
        code, names, n=3, cutoff=0.5
    )
    if not isos:
        return ""
    meant = ", ".join(f"{iso} ({names[iso]})" for iso in isos)
    return f"For {one_line(asked, 40)!r}, did you mean {meant}?"


def _text_of(value: object) -> str | None:
    """Return a value of a column as an upper-case code; None for what cannot be one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:03d}" if 0 <= value <= _MAX_NUMBER else None
    # str.upper maps a few letters beyond ASCII onto ASCII ones, such as the long s onto S.
    if not isinstance(value, str) or not (text := value.strip()).isascii():
        return None
    return text.zfill(3) if text.isdigit() else text.upper()


@functools.cache
def _by_code() -> Mapping[str, str]:
    entries = iso_table().values()
    codes = {
        code: one.alpha_2
        for one in entries
        for code in (one.alpha_2, one.alpha_3, one.numeric)
        if code
    }
    return MappingProxyType(codes)
