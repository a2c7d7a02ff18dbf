"""Columns of a user's table by name and type, and what is wrong with its rows, all collected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.sanitize import library_message, listed, one_line, quoted

_ALIKE = 0.8
"""Share of letters that two names have in common, in order, when one may be a slip of the other."""

_MAX_INT64 = 2**63 - 1

_PLAIN_KINDS = (
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_boolean,
    pa.types.is_date32,
    pa.types.is_timestamp,
    pa.types.is_string,
)

_OUTLETS = "(outlet|site|store|shop|point|location|branch(es)?)s?"
_COUNT_OF_OUTLETS = re.compile(
    rf"(n|nr|no|num|number|count|total|qty|quantity)(_of)?_{_OUTLETS}|{_OUTLETS}_(count|total|qty|quantity)"
)
"""What people call column ``n``."""

_INTEGER = r"^[+-]?[0-9]{1,18}(\.0*)?$"  # pandas writes integers beside empty cells as 2.0
_REAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"


def rows_where(mask: pa.Array) -> NDArray[np.int64]:
    """Return the rows where a mask holds, ascending, int64 (n,); null does not."""
    rows: NDArray[np.int64] = np.flatnonzero(
        pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False)
    )
    return rows


def first_like(rows: pa.Table) -> NDArray[np.int64]:
    """Return the first row with the same values as each, nulls included, int64 (rows,)."""
    count = rows.num_rows
    first = np.zeros(count, np.int64)
    for column in rows.columns:
        # Ranks take a tenth of the memory that a dictionary takes.
        ranks = pc.rank(column, tiebreaker="dense").to_numpy().astype(np.int64)
        pairs = pc.rank(pa.array(first * (count + 1) + ranks), tiebreaker="dense").to_numpy()
        first_of = np.empty(count + 1, np.int64)
        first_of[pairs[::-1]] = np.arange(count)[::-1]
        first = first_of[pairs]
    return first


def ranges_of_countries(rows: pa.Table) -> Iterator[tuple[str, int, int]]:
    """Yield ``(country_iso, first, stop)``: which rows of a table sorted by country are each country's."""
    runs = pc.run_end_encode(rows["country_iso"].combine_chunks())
    stops = runs.run_ends.to_pylist()
    yield from zip(runs.values.to_pylist(), [0, *stops], stops, strict=False)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row.

    Attributes:
        row: The row, from 0.
        what: What is wrong, in words that follow the row.
    """

    row: int
    what: str


@dataclass(slots=True)
class RowProblems:
    """Problems of the rows of a table."""

    found: list[RowProblem] = field(default_factory=list)

    def add(self, rows: Iterable[int], what: str) -> None:
        """Add the same problem to some rows."""
        self.found += [RowProblem(int(row), what) for row in rows]

    def rows(self) -> NDArray[np.int64]:
        """Return the rows with a problem, ascending, each once, int64 (n,)."""
        return np.unique(np.array([one.row for one in self.found], np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class NamedColumns:
    """A table whose columns were recognised.

    Attributes:
        table: The table.
        names: Name in the table by known name.
        others: Names of the columns that are not known, in the table's order.
    """

    table: pa.Table
    names: Mapping[str, str]
    others: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def require(self, what: str, *names: str) -> None:
        """Refuse a table without some columns.

        Args:
            what: What the rows are, such as ``merchants``.
            names: The columns.

        Raises:
            InputError: ``table-column``.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise InputError(
                "table-column",
                f"the table of {what} has no column {' and no column '.join(missing)}; it has "
                f"{quoted(self.table.column_names)}.",
                "Add it, or give the column that has it this name.",
            )

    def texts(self, name: str) -> pa.Array:
        """Return a column as text without blanks around it; null where it is empty or not there.

        Raises:
            InputError: ``table-column``.
        """
        if name not in self.names:
            return pa.nulls(self.table.num_rows, pa.string())
        texts = pc.utf8_trim_whitespace(read_as(self.table, self.names[name], pa.string()))
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)

    def integers(
        self, name: str, problems: RowProblems, *, required: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return a column of integers, and where it has a value: int64 (rows,), bool (rows,).

        Args:
            name: Name of the column.
            problems: Get the rows with something else.
            required: Whether a row without a value is a problem, if there is such a column.

        Raises:
            InputError: ``table-column``.
        """
        values, given = self._numbers(name, _INTEGER, pa.int64(), "an integer", problems)
        if required and name in self.names:
            problems.add(rows_where(self.texts(name).is_null()), f"it has no {name}")
        return values.astype(np.int64), given

    def reals(self, name: str, problems: RowProblems) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return a column of finite numbers, and where it has a value: float64 (rows,), bool (rows,).

        Raises:
            InputError: ``table-column``.
        """
        what = "a number with a decimal point"
        values, given = self._numbers(name, _REAL, pa.float64(), what, problems)
        odd = given & ~np.isfinite(values)
        problems.add(np.flatnonzero(odd), f"{name} is not a finite number")
        return np.where(odd, 0.0, values), given & ~odd

    def _numbers(
        self, name: str, pattern: str, kind: pa.DataType, what: str, problems: RowProblems
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        rows = self.table.num_rows
        if name not in self.names:
            return np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
        given = self.table[self.names[name]]
        if pa.types.is_integer(given.type) or (
            pa.types.is_floating(given.type) and pa.types.is_floating(kind)
        ):
            numbers = read_as(self.table, self.names[name], kind)
        else:
            texts = self.texts(name)
            fits = pc.match_substring_regex(texts, pattern)
            for row in rows_where(pc.invert(fits)).tolist():
                problems.add([row], f"{name} is {quoted(texts[row].as_py())}, not {what}")
            bare = pc.utf8_ltrim(texts, "+")
            if pa.types.is_integer(kind):
                bare = pc.replace_substring_regex(bare, r"\.0*$", "")
            numbers = pc.cast(pc.if_else(fits, bare, pa.scalar(None, pa.string())), kind)
        is_given: NDArray[np.bool_] = numbers.is_valid().to_numpy(zero_copy_only=False)
        return pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False), is_given


def read_as(table: pa.Table, name: str, kind: pa.DataType, what: str = "") -> pa.Array:
    """Return a column as another type, which messages call ``what``, if that is not its name.

    Raises:
        InputError: ``table-column``.
    """
    try:
        return table[name].cast(kind).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "table-column",
            f"column {name} of the table is {table[name].type} and cannot be read as {what or kind}: "
            f"{library_message(error)}.",
        ) from error


def name_columns(
    table: pa.Table, known: Sequence[str], synonyms: Mapping[str, str], mistaken: Mapping[str, str]
) -> NamedColumns:
    """Return a table with its known columns found, in any letter case, blanks and hyphens as underscores.

    Args:
        table: The table.
        known: Names that mean something.
        synonyms: Other names for the same, and the known name that each stands for.
        mistaken: Names that people write instead of a known one, refused when that one is missing.

    Raises:
        InputError: ``table-column-twice``, ``table-column-near``.
    """
    names: dict[str, str] = {}
    others: list[str] = []
    for given in table.column_names:
        plain = _plain(given)
        name = synonyms.get(plain, plain)
        if name not in known:
            if given in others:
                raise _twice(given, given)
            others.append(given)
        elif name in names:
            raise _twice(names[name], given)
        else:
            names[name] = given
    missing = [name for name in known if name not in names]
    known_as = {name: name for name in missing}
    known_as |= {other: name for other, name in synonyms.items() if name in missing}
    found = {given: _near(_plain(given), known_as, mistaken) for given in others}
    near = {given: name for given, name in found.items() if name is not None}
    if near:
        pairs = ", ".join(f"{quoted(given)} ({name})" for given, name in near.items())
        raise InputError(
            "table-column-near",
            f"columns of the table have names that resemble known ones: {pairs}.",
            "Rename each to the name in brackets if that is meant, otherwise to something less similar. "
            f"Known columns: {listed(tuple(known))}.",
        )
    return NamedColumns(table, names, tuple(others))


def own_columns(named: NamedColumns, names: Sequence[str]) -> pa.Table:
    """Return columns of the user's own as every format of points can hold them.

    Numbers, truth values, dates, times and texts keep their type, and all else becomes text.

    Raises:
        InputError: ``table-column``: a column has no form as text.
    """
    columns = {}
    for name in names:
        kind = named.table.schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_uint64(kind):
            # Formats without such integers would round them.
            fits = (pc.max(named.table[name]).as_py() or 0) <= _MAX_INT64
            kind = pa.int64() if fits else pa.string()
        keeps = any(is_kind(kind) for is_kind in _PLAIN_KINDS)
        columns[name] = own_column(named, name, kind if keeps else pa.string())
    return pa.table(columns)


def own_column(named: NamedColumns, name: str, wanted: pa.DataType) -> pa.ChunkedArray:
    """Return a column of the user as another type.

    Raises:
        InputError: ``table-column``: it cannot be that.
    """
    column = named.table[name]
    try:
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "table-column",
            f"column {quoted(name)} of the table is {one_line(str(column.type), 60)}, which has no form as text.",
            "Drop the column, or make it text or numbers.",
        ) from error


def _plain(name: str) -> str:
    return name.strip().lstrip("\ufeff").casefold().replace(" ", "_").replace("-", "_")


def _near(plain: str, known_as: Mapping[str, str], mistaken: Mapping[str, str]) -> str | None:
    """Return the missing column that a name may mean; ``known_as`` has its name by each name it may have."""
    if mistaken.get(plain) in known_as.values():
        return mistaken[plain]
    if _COUNT_OF_OUTLETS.fullmatch(plain) and "n" in known_as.values():
        return "n"
    close = difflib.get_close_matches(plain, known_as, n=1, cutoff=_ALIKE)
    return known_as[close[0]] if close else None


def _twice(one: str, other: str) -> InputError:
    return InputError(
        "table-column-twice",
        f"the table has columns {quoted(one)} and {quoted(other)}, which are the same.",
        "Keep one of them.",
    )
