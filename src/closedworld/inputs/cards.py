"""The cards whose homes are to be placed: a number of them, numbers by country, or a table of a user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.config.table import MAX_CARDS
from closedworld.errors import ConfigError, InputError
from closedworld.inputs.tables.asked_rows import AskedRows
from closedworld.inputs.tables.columns import RowProblems, first_like, rows_where
from closedworld.kernels.weights import apportion
from closedworld.sanitize import listed, quoted

_ALPHA_2 = 2
_NUMBER = re.compile(r"-?\d{1,30}")
_BY_COUNTRY = re.compile(r"[\w.-]+=\d{1,9}(,[\w.-]+=\d{1,9})*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class CardTable(AskedRows):
    """Cards and their countries; ``rows`` are ``COLUMNS``, and ``card_id`` alone is unique.

    Attributes:
        own_columns: Columns of the source that are not used.
    """

    WHAT: ClassVar = "cards"
    UNPLACEABLE: ClassVar = "cards-unplaceable"
    KEY: ClassVar = ("country_iso", "card_id")
    ID: ClassVar = "card_id"
    COLUMNS: ClassVar = {
        "country_iso": pa.string(),
        "card_id": pa.string(),
        "person_id": pa.string(),
        "place": pa.string(),
        "admin1": pa.string(),
    }
    MISTAKEN: ClassVar = {
        "id": "card_id",
        "card": "card_id",
        "account_id": "card_id",
        "customer_id": "person_id",
        "holder_id": "person_id",
        "person": "person_id",
    }

    own_columns: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many cards there are."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class CardCounts:
    """How many cards there are to be.

    Attributes:
        total: Of all countries, which share it by their people; 0 where ``by_country`` says it.
        by_country: Of each country.

    Raises:
        ConfigError: ``cards-number``.
    """

    total: int
    by_country: Mapping[str, int]

    def __post_init__(self) -> None:
        if not 0 < self.count <= MAX_CARDS or min(self.by_country.values(), default=0) < 0:
            raise ConfigError(
                "cards-number", f"{self.count} cards cannot be made.", f"Take 1 to {MAX_CARDS:,}."
            )

    @property
    def count(self) -> int:
        """How many cards there are."""
        return self.total or sum(self.by_country.values())

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the countries that are named, ascending; none where all share the cards."""
        return tuple(sorted(self.by_country))

    @classmethod
    def parse(cls, text: str) -> CardCounts | None:
        """Return what ``10000`` or ``DE=1000,FR=500`` means; None for any other text.

        Raises:
            ConfigError: ``cards-number``.
        """
        if _NUMBER.fullmatch(text):
            return cls(int(text), {})
        if not _BY_COUNTRY.fullmatch(text):
            return None
        pairs = [one.split("=") for one in text.split(",")]
        counts: dict[str, int] = {}
        for code, number in pairs:
            iso = code.upper() if len(code) == _ALPHA_2 else code
            if iso in counts:
                raise ConfigError("cards-number", f"{quoted(text)} names {iso} twice.")
            counts[iso] = int(number)
        return cls(0, counts)

    def table(self, persons: Mapping[str, float]) -> CardTable:
        """Return the cards, numbered from 1 in each country.

        Args:
            persons: People of each country of the world.

        Raises:
            ConfigError: ``country-without-tiles``; ``cards-number``: nobody lives there.
        """
        counts = self.by_country
        if self.total:
            counts = shared_by_largest_remainder(self.total, persons)
        elif unknown := sorted(counts.keys() - persons.keys()):
            raise ConfigError(
                "country-without-tiles",
                f"cards are asked for in {listed(tuple(unknown))}, where the world has no tiles.",
                f"It has {listed(tuple(sorted(persons)))}.",
            )
        own = [_cards_of(iso, count) for iso, count in sorted(counts.items())]
        rows = pa.concat_tables(own).combine_chunks()
        return CardTable("the cards", rows, np.arange(len(rows)))


CardRequest = CardTable | CardCounts

_SCHEMA = pa.schema(list(CardTable.COLUMNS.items()))


def _cards_of(iso: str, count: int) -> pa.Table:
    """Return cards of a country, ``DE-00000001`` and so on, each with a holder of its own."""
    numbers = pc.utf8_lpad(pa.array(np.arange(1, count + 1)).cast(pa.string()), 8, "0")
    ids = pc.binary_join_element_wise(iso, numbers, "-")
    none = pa.nulls(count, pa.string())
    return pa.table([pa.repeat(iso, count), ids, ids, none, none], schema=_SCHEMA)


def shared_by_largest_remainder(total: int, persons: Mapping[str, float]) -> dict[str, int]:
    """Return a number that is shared by people; what is left goes to the largest remainders, ties by code.

    Raises:
        ConfigError: ``cards-number``: there are no people.
    """
    masses = {iso: round(number) for iso, number in sorted(persons.items())}
    if not any(masses.values()):
        raise ConfigError(
            "cards-number",
            "nobody lives in this world, so cards cannot be divided by population.",
            "Give the number for each country, such as DE=1000,FR=500.",
        )
    counts = apportion(np.array(list(masses.values()), np.int64), total).tolist()
    return {iso: count for iso, count in zip(masses, counts, strict=True) if count}


def card_counts_of(cards: Any) -> CardCounts | None:
    """Return a number, or numbers by country, that a caller gave in place of a table; None for a table.

    Raises:
        ConfigError: ``cards-number``.
    """
    if isinstance(cards, Integral):
        return CardCounts(int(cards), {})
    if isinstance(cards, Mapping):
        return CardCounts(0, dict(cards))
    if isinstance(cards, str | Path) and not Path(cards).exists():
        return CardCounts.parse(Path(cards).name)
    return None


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
