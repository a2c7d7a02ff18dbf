"""Reading a table of cards: columns recognised, every row checked, all problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from closedworld.errors import InputError
from closedworld.inputs.cards.request import COLUMNS, KEY, CardTable
from closedworld.inputs.tables.columns import RowProblems, name_columns, rows_where
from closedworld.inputs.tables.countries import country_codes
from closedworld.inputs.tables.reading import read_or_take
from closedworld.sanitize import number_of, one_line, quoted

_SYNONYMS = {"country": "country_iso"}
_MISTAKEN = {
    "id": "card_id",
    "card": "card_id",
    "account_id": "card_id",
    "customer_id": "person_id",
    "holder_id": "person_id",
    "person": "person_id",
    "iso": "country_iso",
    "iso2": "country_iso",
    "iso3": "country_iso",
    "country_code": "country_iso",
    "city": "place",
    "town": "place",
    "state": "admin1",
    "region": "admin1",
}
_PROBLEMS_SHOWN = 20


def read_cards(source: Path | str | Any, *, own_codes: Sequence[str] | None = None) -> CardTable:
    """Return a table of cards, read and checked; what needs the world is checked by the stage.

    Args:
        source: Path of a CSV or Parquet file, or anything with an Arrow stream: a table of pyarrow, pandas,
            Polars or DuckDB.
        own_codes: Codes of the regions of the world, which ``country_iso`` then holds; None for countries.

    Raises:
        InputError: ``table-...``, ``input-...``; ``cards-unplaceable`` with all rows that have a problem.
    """
    table, where = read_or_take(source, "the table of cards")
    named = name_columns(table, tuple(COLUMNS), _SYNONYMS, _MISTAKEN)
    named.require("cards", "card_id", "country_iso")
    problems = RowProblems()
    ids = named.texts("card_id")
    problems.add(rows_where(ids.is_null()), "it has no card_id")
    persons = pc.coalesce(named.texts("person_id"), ids)
    columns = {
        "country_iso": country_codes(named.texts("country_iso"), problems, own_codes),
        "card_id": ids,
        "person_id": persons,
        **{name: named.texts(name) for name in ("place", "admin1")},
    }
    rows = pa.table({name: columns[name].cast(kind) for name, kind in COLUMNS.items()})
    alone = pc.and_(rows["admin1"].is_valid(), rows["place"].is_null())
    problems.add(rows_where(alone), "it has an admin1 without a place")
    _find_twice(rows, problems)
    refuse_unplaceable(where, rows, problems)
    if not rows.num_rows:
        raise InputError("cards-unplaceable", f"{where} has no rows.")
    return CardTable(where, rows.sort_by(list(KEY)).combine_chunks(), named.others)


def refuse_unplaceable(where: str, rows: pa.Table, problems: RowProblems) -> None:
    """Refuse rows that have a problem, all at once.

    Raises:
        InputError: ``cards-unplaceable``.
    """
    if not problems.found:
        return
    shown = [
        f"row {one.row + 1} ({one_line(rows['card_id'][one.row].as_py() or '?', 40)}): {one.what}"
        for one in problems.found[:_PROBLEMS_SHOWN]
    ]
    more = len(problems.found) - len(shown)
    raise InputError(
        "cards-unplaceable",
        f"{number_of(len(problems.rows()), 'row', 'rows')} of {where} cannot be used: {'; '.join(shown)}"
        f"{f'; and {more:,} more' * bool(more)}.",
        "Correct them, or leave them out.",
    )


def _find_twice(rows: pa.Table, problems: RowProblems) -> None:
    """Find cards that are there already, and holders with homes in two places."""
    ids = rows["card_id"].to_pylist()
    first: dict[str, int] = {}
    for row, one in enumerate(ids):
        if one is not None and first.setdefault(one, row) != row:
            problems.add([row], f"card_id {quoted(one)} is that of row {first[one] + 1}")
    where = rows.select(["person_id", "country_iso", "place", "admin1"]).to_pylist()
    homes: dict[str, tuple[object, ...]] = {}
    for row, one in enumerate(where):
        person, *home = one.values()
        if person is not None and homes.setdefault(person, tuple(home)) != tuple(home):
            problems.add([row], f"person {quoted(person)} has another home in a row before")
