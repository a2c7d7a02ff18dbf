"""Rows of a user's table, each of which asks for something to be placed, and those of them that cannot be used."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.tables.columns import (
    NamedColumns,
    RowProblem,
    RowProblems,
    name_columns,
    rows_where,
)
from closedworld.inputs.tables.countries import country_codes
from closedworld.inputs.tables.reading import read_table, table_of
from closedworld.sanitize import number_of, one_line

_PROBLEMS_SHOWN = 20
_SYNONYMS = {"country": "country_iso"}
_MISTAKEN = {
    "iso": "country_iso",
    "iso2": "country_iso",
    "iso3": "country_iso",
    "country_code": "country_iso",
    "city": "place",
    "town": "place",
    "state": "admin1",
    "region": "admin1",
}


def rows_between(rows: pa.Table, first: int, stop: int) -> pa.Table:
    """Return some rows of a table, copied.

    A slice that is sent to another process takes the whole table with it: https://github.com/apache/arrow/issues/26685.
    """
    return rows.take(pa.array(np.arange(first, stop))).combine_chunks()


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that was left out.

    Attributes:
        row: The row in the file, from 1 below the header.
        row_id: Its merchant or card, as far as it has one.
        country_iso: Its country, as far as it has one.
        problem: Why.
    """

    row: int
    row_id: str
    country_iso: str
    problem: str


@dataclass(frozen=True, slots=True, eq=False)
class AskedRows:
    """Rows of a user's table.

    Attributes:
        source: Where the table is from, for messages.
        rows: Columns with a meaning, sorted by ``KEY``; what is not given is null.
        numbers: Row of the source that each row is, from 0, int64 (rows,).
        skipped: Rows that were left out, in the order of the source.
        problems: Problems of rows that are still there, until ``settled``.
    """

    WHAT: ClassVar[str]
    """What the rows are, such as ``merchants``."""

    UNPLACEABLE: ClassVar[str]
    """Code of the error of rows that cannot be used."""

    COLUMNS: ClassVar[Mapping[str, pa.DataType]]
    """Columns that mean something, and their types."""

    MISTAKEN: ClassVar[Mapping[str, str]]
    """Names that people write for one of them, besides those for a country and a place."""

    KEY: ClassVar[Sequence[str]]
    """Columns that rows are sorted by."""

    ID: ClassVar[str]
    """Column that names a row in messages."""

    source: str
    rows: pa.Table
    numbers: NDArray[np.int64]
    skipped: tuple[SkippedRow, ...] = ()
    problems: RowProblems = field(default_factory=RowProblems)

    @classmethod
    def columns_in(cls, source: Path | str | Any) -> tuple[NamedColumns, str]:
        """Return the table of a file or of a caller, its columns recognised, and what messages call it.

        Args:
            source: Path of a CSV or Parquet file, or anything with an Arrow stream.

        Raises:
            InputError: ``table-...``, ``input-...``.
        """
        is_file = isinstance(source, Path | str)
        table = read_table(Path(source)) if is_file else table_of(source)
        mistaken = {**_MISTAKEN, **cls.MISTAKEN}
        named = name_columns(table, tuple(cls.COLUMNS), _SYNONYMS, mistaken)
        named.require(cls.WHAT, cls.ID, "country_iso")
        return named, str(source) if is_file else f"the table of {cls.WHAT}"

    @classmethod
    def ids_and_countries(
        cls, named: NamedColumns, problems: RowProblems, own_codes: Sequence[str] | None
    ) -> dict[str, pa.Array]:
        """Return the columns of ids and countries by name; a row without either is a problem.

        Args:
            named: The table.
            problems: Get the rows without an id or a country.
            own_codes: Codes of the regions of the world; None for countries.
        """
        ids = named.texts(cls.ID)
        problems.add(rows_where(ids.is_null()), f"it has no {cls.ID}")
        codes = country_codes(named.texts("country_iso"), problems, own_codes)
        return {"country_iso": codes, cls.ID: ids}

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the countries, ascending."""
        return tuple(pc.unique(self.rows["country_iso"].drop_null()).to_pylist())

    def in_order(self) -> Self:
        """Return the rows sorted by ``KEY``; problems follow their rows."""
        keys = [(name, "ascending") for name in self.KEY]
        order = pc.sort_indices(self.rows, sort_keys=keys).to_numpy()
        place_of = np.empty(len(order), np.int64)
        place_of[order] = np.arange(len(order))
        found = [RowProblem(int(place_of[one.row]), one.what) for one in self.problems.found]
        rows = self.rows.take(pa.array(order)).combine_chunks()
        return replace(self, rows=rows, numbers=self.numbers[order], problems=RowProblems(found))

    def settled(self, *, skip_unplaceable: bool) -> Self:
        """Return the table without the rows that have a problem, or refuse all.

        Raises:
            InputError: ``merchants-unplaceable``, ``cards-unplaceable``: some rows have one, and are not to be
                skipped, or no row is left.
        """
        if not self.problems.found:
            return self
        bad = self._with_names(self.problems.found)
        keep = np.ones(len(self.numbers), np.bool_)
        keep[self.problems.rows()] = False
        if skip_unplaceable and keep.any():
            return replace(
                self,
                rows=self.rows.filter(pa.array(keep)).combine_chunks(),
                numbers=self.numbers[keep],
                skipped=tuple(sorted([*self.skipped, *bad], key=lambda one: one.row)),
                problems=RowProblems(),
            )
        count = len({one.row for one in bad})
        raise InputError(
            self.UNPLACEABLE,
            f"{count:,} of {number_of(len(self.numbers), 'row', 'rows')} of {self.source} cannot be used: {_shown(bad)}.",
            "Correct them, or leave them out with --skip-unplaceable, which writes them to a file.",
        )

    def skipped_text(self) -> str:
        """Return what to say of the rows that were left out; there are some."""
        count = number_of(len({one.row for one in self.skipped}), "row", "rows")
        first = self.skipped[0]
        return (
            f"{count} of {self.source} left out; row {first.row}: {first.problem}. "
            f"The run report lists them in skipped_{self.WHAT}.csv."
        )

    @classmethod
    def skipped_file(cls, skipped: Sequence[SkippedRow]) -> dict[str, str]:
        """Return rows that were left out as a CSV file, by name; nothing without any."""
        if not skipped:
            return {}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("row", cls.ID, "country_iso", "problem"))
        writer.writerows((one.row, one.row_id, one.country_iso, one.problem) for one in skipped)
        return {f"skipped_{cls.WHAT}.csv": text.getvalue()}

    def _with_names(self, problems: Iterable[RowProblem]) -> list[SkippedRow]:
        """Return problems with ids and countries of their rows, in the order of the source."""
        found = [
            SkippedRow(
                int(self.numbers[one.row]) + 1,
                self.rows[self.ID][one.row].as_py() or "",
                self.rows["country_iso"][one.row].as_py() or "",
                one.what,
            )
            for one in problems
        ]
        return sorted(found, key=lambda one: one.row)


def _shown(bad: list[SkippedRow]) -> str:
    texts = [
        f"row {one.row}"
        + (f" ({one_line(one.row_id, 40)}, {one.country_iso or '?'})" if one.row_id else "")
        + f": {one.problem}"
        for one in bad[:_PROBLEMS_SHOWN]
    ]
    more = len(bad) - len(texts)
    return "; ".join(texts) + (
        f"; and {number_of(more, 'problem', 'problems')} more" if more else ""
    )
