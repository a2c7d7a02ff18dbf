"""The table of merchants as stages take it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.inputs.tables.columns import RowProblem, RowProblems

KEY = (
    ("country_iso", "ascending"),
    ("merchant_id", "ascending"),
    ("site_order", "ascending"),
)
"""Columns that rows are sorted by, and unique on."""

COLUMNS: dict[str, pa.DataType] = {
    "country_iso": pa.string(),
    "merchant_id": pa.string(),
    "site_order": pa.int64(),
    "n": pa.int64(),
    "brand": pa.string(),
    "category": pa.string(),
    "mcc": pa.int32(),
    "gamma": pa.float64(),
    "spacing": pa.string(),
    "place": pa.string(),
    "admin1": pa.string(),
    "lon": pa.float64(),
    "lat": pa.float64(),
    "radius_km": pa.float64(),
    "tile_id": pa.int64(),
}
"""Columns that mean something, and their types; the user's own follow."""


@dataclass(frozen=True, slots=True, eq=False)
class SkippedRow:
    """A row that was left out.

    Attributes:
        row: The row in the file, from 1 below the header.
        merchant_id: Its merchant, as far as it has one.
        country_iso: Its country, as far as it has one.
        problem: Why.
    """

    row: int
    merchant_id: str
    country_iso: str
    problem: str


@dataclass(frozen=True, slots=True, eq=False)
class MerchantTable:
    """Merchants and their outlets by country.

    Attributes:
        source: Where the table is from, for messages.
        rows: ``COLUMNS`` and the user's own, sorted by ``KEY``. A row stands for the outlets
            ``site_order`` to ``site_order + n - 1`` of a merchant in a country; what is not given is null.
        numbers: Row of the source that each row is, from 0, int64 (rows,).
        skipped: Rows that were left out.
        for_any_world: Whether rows in countries that a world does not have are left out without a word.
    """

    source: str
    rows: pa.Table
    numbers: NDArray[np.int64]
    skipped: tuple[SkippedRow, ...] = ()
    for_any_world: bool = False

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Names of the user's columns that mean nothing here."""
        return tuple(name for name in self.rows.column_names if name not in COLUMNS)

    @property
    def site_count(self) -> int:
        """Outlets of all rows."""
        return int(pc.sum(self.rows["n"]).as_py() or 0)

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the countries, ascending."""
        return tuple(pc.unique(self.rows["country_iso"]).to_pylist())

    def within(self, countries: Iterable[str]) -> MerchantTable:
        """Return the rows of some countries."""
        known = pa.array(sorted(countries), pa.string())
        keep = pc.is_in(self.rows["country_iso"], known)
        rows = self.rows.filter(keep).combine_chunks()
        return replace(self, rows=rows, numbers=self.numbers[keep.to_numpy()])

    def without(self, problems: RowProblems) -> MerchantTable:
        """Return the table without the rows that have a problem; these are added to ``skipped``."""
        keep = np.ones(len(self.numbers), np.bool_)
        keep[problems.rows()] = False
        rows = self.rows.filter(pa.array(keep)).combine_chunks()
        skipped = (*self.skipped, *skipped_rows(self.rows, self.numbers, problems.found))
        return replace(self, rows=rows, numbers=self.numbers[keep], skipped=skipped)


def skipped_rows(
    rows: pa.Table, numbers: NDArray[np.int64], problems: Iterable[RowProblem]
) -> list[SkippedRow]:
    """Return problems with the merchants and countries of their rows, in the order of the source."""
    found = [
        SkippedRow(
            int(numbers[one.row]) + 1,
            rows["merchant_id"][one.row].as_py() or "",
            rows["country_iso"][one.row].as_py() or "",
            one.what,
        )
        for one in problems
    ]
    return sorted(found, key=lambda one: one.row)
