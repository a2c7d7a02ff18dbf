"""A request for sampled points: for which ids, in which countries, and how many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.regions.country_codes import wanted_codes
from closedworld.inputs.tables.columns import RowProblems, name_columns, own_columns, rows_where
from closedworld.inputs.tables.countries import country_codes
from closedworld.inputs.tables.reading import read_table, table_of
from closedworld.kernels.limits import MAX_POINTS
from closedworld.sanitize import number_of, quoted

_KNOWN = ("id", "country_iso", "n")
_SYNONYMS = {"country": "country_iso"}
_CODES = ("country_code", "cc", "iso", "iso2", "iso3", "iso_a2", "iso_a3")
_MISTAKEN = {
    "merchant_id": "id",
    **dict.fromkeys(_CODES, "country_iso"),
    **dict.fromkeys(("outlets", "sites", "points", "stores"), "n"),
    **dict.fromkeys(("n_points", "count", "number", "num", "quantity"), "n"),
}
_PROBLEMS_SHOWN = 20
_PANDAS_INDEX = "__index_level_"

POINT_COLUMNS = ("id", "point_order", "lon", "lat", "country_iso", "tile_id", "geometry")
"""Columns that points have themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleRequest:
    """The points to draw, row by row.

    Attributes:
        isos: Alpha-2 code of each row, upper case, string (rows,).
        counts: Points of each row, 0..2^31, int64 (rows,).
        ids: Id of each row as given; None when the rows have none.
        own: The user's own columns, which go through to the points, (rows,) each.
        left_out: Names of columns that do not, because the points have columns of these names.
        skipped: What is wrong with each row that was left out, in words; empty if none was.
    """

    isos: pa.Array
    counts: NDArray[np.int64]
    ids: pa.Array | None
    own: pa.Table
    left_out: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def keys(self) -> pa.Array:
        """What the points of each row depend on, besides its country: string (rows,); empty without ids."""
        return _keys_of(self.ids, len(self.counts))

    @classmethod
    def of(
        cls,
        table: Any,
        country: str | Iterable[str] | None = None,
        n: int = 1,
        own_codes: Sequence[str] | None = None,
        with_tiles: Collection[str] | None = None,
        *,
        skip_bad_rows: bool = False,
    ) -> SampleRequest:
        """Return the request of a table or file, or for ``n`` points in each of some countries.

        Args:
            table: A CSV or Parquet file, or anything with an Arrow stream: column ``country_iso`` (or ``country``), and
                optionally ``id`` and ``n``; other columns go through to the points.
            country: Codes.
            n: Points in each country.
            own_codes: Codes of the world's regions, if they are not countries.
            with_tiles: Codes in which points can be drawn; None for any.
            skip_bad_rows: Leave out rows of a table that cannot be used, instead of refusing it.

        Raises:
            ConfigError: ``sample-unclear`` unless exactly one of both is given, ``sample-count``,
                ``countries-none-selected``.
            InputError: ``table-kind``, ``table-column``, ``table-column-twice``, ``table-column-near``, or as
                ``read_table``; with all rows that cannot be used ``table-value``, or ``table-id-twice`` where all is
                well but for rows that ask for the same points.
        """
        if (table is None) == (country is None):
            raise ConfigError(
                "sample-unclear",
                "a country and a table were given, or neither.",
                "Give a country and a number of points, or a table.",
            )
        if country is not None:
            if not 0 <= n <= MAX_POINTS:
                raise ConfigError(
                    "sample-count",
                    f"{n} points cannot be drawn in a country.",
                    f"Ask for 0 to {MAX_POINTS:,}.",
                )
            codes = list(wanted_codes(country, own_codes or ()))
            table, with_tiles = pa.table({"country": codes, "n": [n] * len(codes)}), None
        elif isinstance(table, str | Path):
            table = read_table(Path(table))
        return cls._of_rows(table_of(table), own_codes, with_tiles, skip_bad_rows=skip_bad_rows)

    @classmethod
    def _of_rows(
        cls,
        table: pa.Table,
        own_codes: Sequence[str] | None,
        with_tiles: Collection[str] | None,
        *,
        skip_bad_rows: bool,
    ) -> SampleRequest:
        named = name_columns(table, _KNOWN, _SYNONYMS, _MISTAKEN)
        if "country_iso" not in named:
            raise InputError(
                "table-column",
                f"the table has no column country_iso; it has {quoted(table.column_names)}.",
                "Name the column of country codes country_iso or country.",
            )
        problems = RowProblems()
        isos = country_codes(named.texts("country_iso"), problems, own_codes)
        ids = None
        if "id" in named:
            texts = named.texts("id")
            problems.add(rows_where(texts.is_null()), "it has no id")
            is_number = pa.types.is_integer(table[named.names["id"]].type)
            ids = texts.cast(pa.int64()) if is_number else texts
        counts, _ = named.integers("n", problems, required=True)
        if "n" in named:
            is_odd = (counts < 0) | (counts > MAX_POINTS)
            problems.add(np.flatnonzero(is_odd), f"n is not in 0..{MAX_POINTS}")
        else:
            counts = np.ones(table.num_rows, np.int64)
        _find_without_tiles(isos, with_tiles, problems)
        keys = _keys_of(ids, table.num_rows)
        among = problems.rows() if skip_bad_rows else np.zeros(0, np.int64)
        again = _find_again(keys, isos, among, problems)
        if not skip_bad_rows:
            _refuse_problems(problems, again)
        left_out = tuple(name for name in named.others if name.casefold() in POINT_COLUMNS)
        kept = [
            name
            for name in named.others
            if name not in left_out and not name.startswith(_PANDAS_INDEX)
        ]
        own = own_columns(named, kept)
        good = np.setdiff1d(np.arange(table.num_rows), problems.rows())
        return cls(
            isos.take(good),
            counts[good],
            None if ids is None else ids.take(good),
            own.take(good),
            left_out,
            tuple(_in_words(problems)),
        )


def _keys_of(ids: pa.Array | None, rows: int) -> pa.Array:
    """Return what the points of each row depend on: the id as text, string (rows,); empty without ids.

    Ids of digits count as numbers, so that ``007`` read as text or as 7 gives the same points.
    """
    if ids is None:
        return pa.array([""] * rows, pa.string())
    return pc.replace_substring_regex(ids.cast(pa.string()), r"^(-?)0+(\d+)$", r"\1\2")


def _find_without_tiles(
    isos: pa.Array, with_tiles: Collection[str] | None, problems: RowProblems
) -> None:
    if with_tiles is None:
        return
    known = pa.array([None, *sorted(with_tiles)], pa.string())
    for row in rows_where(pc.invert(pc.is_in(isos, known))).tolist():
        problems.add([row], f"the world has no tiles of {isos[row].as_py()}")


def _find_again(
    keys: pa.Array, isos: pa.Array, apart: NDArray[np.int64], problems: RowProblems
) -> int:
    """Find rows that ask for the points of a row before, and return how many; ``apart`` are not looked at."""
    first: dict[tuple[str, str], int] = {}
    leave = set(apart.tolist())
    found = 0
    for row, key in enumerate(zip(isos.to_pylist(), keys.to_pylist(), strict=True)):
        if row in leave or None in key:
            continue
        before = first.setdefault(key, row)
        if before != row:
            whose = f"{key[0]} and id {quoted(key[1])}" if key[1] else key[0]
            problems.add([row], f"it asks for the same points of {whose} as row {before + 1}")
            found += 1
    return found


def _in_words(problems: RowProblems) -> list[str]:
    found = sorted(problems.found, key=lambda one: one.row)
    return [f"row {one.row + 1}: {one.what}" for one in found]


def _refuse_problems(problems: RowProblems, again: int) -> None:
    """Refuse a table whose rows have problems; ``again`` of them ask for what a row before asks for."""
    found = _in_words(problems)
    if found:
        shown = "; ".join(found[:_PROBLEMS_SHOWN])
        more = len(found) - _PROBLEMS_SHOWN
        rest = f"; and {number_of(more, 'problem', 'problems')} more" if more > 0 else ""
        raise InputError(
            "table-id-twice" if again == len(found) else "table-value",
            f"the table cannot be used: {shown}{rest}.",
            "Correct these rows, or pass --skip-bad-rows to leave them out; warnings then name them.",
        )
