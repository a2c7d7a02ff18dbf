"""Reading a table of cards: columns recognised, every row checked, all problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.errors import InputError
from closedworld.inputs.cards.request import CardTable
from closedworld.inputs.tables.columns import RowProblems, first_like, rows_where
from closedworld.sanitize import quoted


def read_cards(source: Path | str | Any, *, own_codes: Sequence[str] | None = None) -> CardTable:
    """Return a table of cards with the problems of its rows; those that need the world are found by the stage.

    Args:
        source: Path of a CSV or Parquet file, or anything with an Arrow stream: a table of pyarrow, pandas,
            Polars or DuckDB.
        own_codes: Codes of the regions of the world, which ``country_iso`` then holds; None for countries.

    Raises:
        InputError: ``table-...``, ``input-...``; ``cards-unplaceable``: it has no rows.
    """
    named, where = CardTable.columns_in(source)
    problems = RowProblems()
    columns = CardTable.ids_and_countries(named, problems, own_codes)
    columns["person_id"] = pc.coalesce(named.texts("person_id"), columns["card_id"])
    columns |= {name: named.texts(name) for name in ("place", "admin1")}
    rows = pa.table({name: columns[name].cast(kind) for name, kind in CardTable.COLUMNS.items()})
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
