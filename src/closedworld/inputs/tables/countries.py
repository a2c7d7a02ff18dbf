"""The countries that a column of a user's table means: codes of ISO 3166-1 or names, in any letter case."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.regions.country_codes import alpha_2_of, folded
from closedworld.inputs.tables.columns import RowProblems, rows_where
from closedworld.sanitize import quoted

# What people write for the code or the name of the ISO table; suggested, never assumed.
_MEANT = {"uk": "GB", "el": "GR", "korea": "KR", "usa.": "US", "holland": "NL", "england": "GB"}
_ALIKE = 0.75


def country_codes(
    texts: pa.Array, problems: RowProblems, own_codes: Sequence[str] | None = None
) -> pa.Array:
    """Return the alpha-2 code that each text means; null, and a problem of the row, where it means none.

    Args:
        texts: Alpha-2, alpha-3 or numeric codes or names of the ISO table, string (rows,).
        problems: Get the rows without a country.
        own_codes: Codes of regions that texts mean instead, in any letter case; None for countries.
    """
    encoded = texts.dictionary_encode()
    known = {code.casefold(): code for code in own_codes or ()}
    meant = [
        alpha_2_of(text) or _by_name().get(folded(text))
        if own_codes is None
        else known.get(text.casefold())
        for text in encoded.dictionary.to_pylist()
    ]
    codes = pa.array(meant, pa.string()).take(encoded.indices)
    problems.add(rows_where(texts.is_null()), "it has no country")
    unknown = rows_where(pc.and_(codes.is_null(), texts.is_valid()))
    advice = functools.cache(_advice if own_codes is None else lambda _: "")
    what = "country" if own_codes is None else "region"
    for row in unknown.tolist():
        text = texts[row].as_py()
        problems.add([row], f"unknown {what} {quoted(text)}{advice(text)}")
    return codes


def _advice(text: str) -> str:
    names = difflib.get_close_matches(folded(text), _by_name(), 1, _ALIKE)
    close = _MEANT.get(folded(text)) or next((_by_name()[name] for name in names), None)
    return "" if close is None else f"; did you mean {close} ({iso_table()[close].name})?"


@functools.cache
def _by_name() -> Mapping[str, str]:
    return MappingProxyType({folded(one.name): one.alpha_2 for one in iso_table().values()})
