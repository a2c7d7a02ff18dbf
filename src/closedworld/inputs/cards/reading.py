"""Reading a table of cards: columns recognised, every row checked, all problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.errors import InputError
from closedworld.inputs.cards.request import COLUMNS, CardTable
from closedworld.inputs.tables.columns import RowProblems, first_like, name_columns, rows_where
from closedworld.inputs.tables.countries import country_codes
from closedworld.inputs.tables.reading import read_or_take
from closedworld.sanitize import quoted

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


def read_cards(source: Path | str | Any, *, own_codes: Sequence[str] | None = None) -> CardTable:
    """Return a table of cards with the problems of its rows; those that need the world are found by the stage.

    Args:
        source: Path of a CSV or Parquet file, or anything with an Arrow stream: a table of pyarrow, pandas,
            Polars or DuckDB.
        own_codes: Codes of the regions of the world, which ``country_iso`` then holds; None for countries.

    Raises:
        InputError: ``table-...``, ``input-...``; ``cards-unplaceable``: it has no rows.
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
    if not rows.num_rows:
        raise InputError("cards-unplaceable", f"{where} has no rows.")
    numbers = np.arange(rows.num_rows)
    cards = CardTable(where, rows, numbers, problems=problems, own_columns=named.others)
    return cards.in_order()


def _find_twice(rows: pa.Table, problems: RowProblems) -> None:
    """Find cards that are there already, and holders with homes in two places."""
    ids, persons = rows["card_id"], rows["person_id"]
    first = first_like(rows.select(["card_id"]))
    again = (first != np.arange(rows.num_rows)) & ids.is_valid().to_numpy()
    for row in np.flatnonzero(again).tolist():
        card = quoted(ids[row].as_py())
        problems.add([row], f"card_id {card} is that of row {first[row] + 1}")
    kept = np.flatnonzero(~again & persons.is_valid().to_numpy())
    some = rows.take(pa.array(kept))
    home = first_like(some.select(["country_iso", "place", "admin1"]))
    moved = home != home[first_like(some.select(["person_id"]))]
    for row in kept[moved].tolist():
        person = quoted(persons[row].as_py())
        problems.add([row], f"person {person} has another home in a row before")
