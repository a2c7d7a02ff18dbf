"""Columns of purchases as numbers, whatever the table holds them as."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.sanitize import library_message, quoted

_YES = ("1", "1.0", "true", "yes", "y", "t")
_NO = ("0", "0.0", "false", "no", "n", "f")
_ONLINE = ("online", "cnp", "ecommerce", "e-commerce", "internet", "online transaction")
_OFFSET = r"\d\d:\d\d.*(Z|[+-]\d\d:?(\d\d)?)\s*$"
_DAYS = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
_MICROSECONDS = 1e6
_LATEST_SECONDS = 1e11
"""The year 5138; larger numbers are milliseconds."""


def reals(column: pa.ChunkedArray, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, float64 (n,), NaN where it is empty; ``$`` before a number is left out.

    Raises:
        InputError: ``purchases-value``.
    """
    if _is_text(column.type):
        column = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
        if pc.any(pc.starts_with(column, "$")).as_py():
            column = pc.replace_substring(column, "$", "", max_replacements=1)
    try:
        numbers: NDArray[np.float64] = (
            column.cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False)
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _unusable(name, "numbers with a decimal point", error) from error
    return numbers


def seconds(column: pa.ChunkedArray, name: str) -> NDArray[np.float64]:
    """Return times as seconds since 1970 on their own clock, float64 (n,), NaN where empty.

    Raises:
        InputError: ``purchases-value``.
    """
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _unix(reals(column, name), name)
    try:
        times = _timestamps(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        if _is_text(column.type) and pc.all(pc.match_substring_regex(column, r"^\d+$")).as_py():
            return _unix(reals(column, name), name)
        raise _unusable(
            name, "times such as 2025-03-01 17:05:00, or Unix seconds", error
        ) from error
    whole = times.cast(pa.int64()).combine_chunks()
    micro = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False) / _MICROSECONDS
    return np.where(whole.is_null().to_numpy(zero_copy_only=False), np.nan, micro)


def labels(column: pa.ChunkedArray, name: str) -> NDArray[np.int8]:
    """Return whether each purchase is fraud, int8 (n,): 1, 0, or -1 where it is not said.

    Raises:
        InputError: ``purchases-value``.
    """
    if pa.types.is_boolean(column.type):
        flags: NDArray[np.int8] = pc.fill_null(column.cast(pa.int8()), -1).to_numpy()
        return flags
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
    is_yes = pc.is_in(texts, pa.array(_YES)).to_numpy()
    is_no = pc.is_in(texts, pa.array(_NO)).to_numpy()
    is_empty = pc.or_(texts.is_null(), pc.equal(pc.fill_null(texts, ""), "")).to_numpy()
    odd = np.flatnonzero(~(is_yes | is_no | is_empty))
    if len(odd):
        raise InputError(
            "purchases-value",
            f"column {quoted(name)} has {quoted(texts[int(odd[0])].as_py())} for a label.",
            "Labels are 0 or 1, false or true, no or yes.",
        )
    return np.select([is_yes, is_no], [1, 0], -1).astype(np.int8)


def is_online(channel: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which channels have no place, bool (n,)."""
    lower = pc.utf8_lower(pc.fill_null(channel.cast(pa.string()), ""))
    online: NDArray[np.bool_] = pc.is_in(lower, pa.array(_ONLINE)).to_numpy()
    return online


def has_zone(column: pa.ChunkedArray) -> bool:
    """Return whether times state their zone, so that their seconds are those of UTC."""
    if pa.types.is_timestamp(column.type):
        return column.type.tz is not None
    known = column.drop_null()
    # A column has zones in all its rows or in none.
    return bool(_is_text(column.type) and len(known) and re.search(_OFFSET, known[0].as_py()))


def joined(columns: list[pa.ChunkedArray], separator: str) -> pa.ChunkedArray:
    """Return columns as one text, null where the first is."""
    texts = [pc.fill_null(one.cast(pa.string()), "") for one in columns]
    text = pc.binary_join_element_wise(*texts, separator) if len(texts) > 1 else texts[0]
    return pc.if_else(columns[0].is_valid(), text, pa.scalar(None, pa.string()))


def calendar_texts(year: object, month: object, day: object, clock: object) -> pa.ChunkedArray:
    """Return year, month, day and hh:mm in four columns as one time, such as ``2002-09-01 06:21``."""
    parts = [
        pc.utf8_lpad(pc.cast(one, pa.string()), width, "0")
        for one, width in ((year, 4), (month, 2), (day, 2))
    ]
    date = pc.binary_join_element_wise(*parts, "-")
    return pc.binary_join_element_wise(date, pc.cast(clock, pa.string()), " ")


def _timestamps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times in microseconds without a zone; those with an offset are moved to UTC."""
    kind = pa.timestamp("us")
    if not _is_text(column.type):
        return column.cast(kind, safe=False)
    texts = pc.utf8_trim_whitespace(column)
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    for wanted in (kind, pa.timestamp("ns")):
        with contextlib.suppress(pa.ArrowInvalid):
            return texts.cast(wanted).cast(kind, safe=False)
    return texts.cast(pa.timestamp("us", "UTC")).cast(kind)


def _unix(numbers: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    known = numbers[np.isfinite(numbers)]
    if np.abs(known).max(initial=0) > _LATEST_SECONDS:
        raise InputError(
            "purchases-value",
            f"column {quoted(name)} has times after the year 5000 as Unix seconds.",
            "Divide milliseconds by 1,000, or write dates.",
        )
    days = pa.array(known).cast(pa.int64(), safe=False).cast(pa.string())
    if len(known) and pc.all(pc.match_substring_regex(days, _DAYS)).as_py():
        raise InputError(
            "purchases-value",
            f"column {quoted(name)} has numbers such as {days[0]}, which are days and no Unix seconds.",
            "Write times such as 2025-03-01 17:05:00.",
        )
    return numbers


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _unusable(name: str, wanted: str, error: Exception) -> InputError:
    return InputError(
        "purchases-value",
        f"column {quoted(name)} cannot be read: {library_message(error)}.",
        f"Write {wanted}.",
    )
