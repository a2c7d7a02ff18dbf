"""What tables of their own say about purchases: homes of cards, sites of merchants, and the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.purchases.values import labels, reals
from closedworld.inputs.tables.streaming import TableStream
from closedworld.sanitize import listed

_HOMES = (
    ("card_id", "home_lon", "home_lat"),
    ("CUSTOMER_ID", "x_customer_id", "y_customer_id"),
    ("CUSTOMER_ID", "billing_long", "billing_lat"),
)
_SITES = (
    ("site_id", "lon", "lat"),
    ("TERMINAL_ID", "x_terminal_id", "y_terminal_id"),
    ("TERMINAL_ID", "terminal_long", "terminal_lat"),
)
_TRUTH = ("purchase_id", "is_fraud")
_KIND, _LISTED = "fraud_type", "hard_negative"


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A point by key.

    Attributes:
        keys: Keys as text, (k,).
        lons: Degrees, or x of a square, float64 (k,).
        lats: Degrees, or y, float64 (k,).
    """

    keys: pa.Array
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]

    def at(
        self, column: pa.ChunkedArray | None, rows: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the point of each key, float64 (rows,) each; NaN where it is not known."""
        if column is None:
            return np.full(rows, np.nan), np.full(rows, np.nan)
        encoded = column.combine_chunks().dictionary_encode()
        numbers = pc.index_in(encoded.dictionary.cast(pa.string()), self.keys)
        table = np.append(pc.fill_null(numbers, -1).to_numpy(zero_copy_only=False), -1)
        at = table[pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)]
        return np.append(self.lons, np.nan)[at], np.append(self.lats, np.nan)[at]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What the truth says of some purchases.

    Attributes:
        is_fraud: int8 (n,), 1 or 0.
        kinds: Kind of fraud, text (n,), null where none is named.
        is_listed: Whether it is listed as noise, bool (n,).
    """

    is_fraud: NDArray[np.int8]
    kinds: pa.ChunkedArray
    is_listed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Purchases that are fraud or listed as noise; all others are legitimate.

    Attributes:
        ids: Their ids, (k,).
        known: What is said of them, (k,) each.
    """

    ids: pa.Array
    known: Verdicts

    def at(self, column: pa.ChunkedArray) -> Verdicts:
        """Return the truth of the purchases with these ids, (n,)."""
        ids = self.ids
        if column.type != ids.type:
            column, ids = column.cast(pa.string()), ids.cast(pa.string())
        found = pc.index_in(column, ids)
        at = pc.fill_null(found, len(self.ids)).to_numpy()
        return Verdicts(
            np.append(self.known.is_fraud, np.int8(0))[at],
            self.known.kinds.take(found),
            np.append(self.known.is_listed, np.False_)[at],
        )


@dataclass(frozen=True, slots=True)
class SideTables:
    """Tables beside the purchases, as far as there are any.

    Attributes:
        homes: Homes of cards.
        sites: Places of merchants.
        truth: Labels.
    """

    homes: Points | None = None
    sites: Points | None = None
    truth: Truth | None = None


def read_homes(stream: TableStream) -> Points:
    """Return the homes of a table of cards.

    Raises:
        InputError: ``table-column``, ``purchases-value``.
    """
    return _points(stream, _HOMES, "homes of cards")


def read_sites(stream: TableStream) -> Points:
    """Return the places of a table of merchants or terminals.

    Raises:
        InputError: ``table-column``, ``purchases-value``.
    """
    return _points(stream, _SITES, "places of merchants")


def read_truth(stream: TableStream) -> Truth:
    """Return a table of labels, of which only frauds and noise are kept.

    Raises:
        InputError: ``table-column``, ``purchases-value``.
    """
    columns = _columns(stream, (_TRUTH,), "labels")
    extra = [name for name in (_KIND, _LISTED) if name in stream.columns]
    kept = []
    for batch in stream.batches([*columns, *extra]):
        table = pa.Table.from_batches([batch])
        is_fraud = labels(table[columns[1]], columns[1]) == 1
        is_listed = np.zeros(table.num_rows, np.bool_)
        if _LISTED in extra:
            is_listed = _is_listed(table[_LISTED])
        kinds = table[_KIND] if _KIND in extra else pa.nulls(table.num_rows, pa.string())
        flat = pa.table(
            {
                "id": table[columns[0]],
                "is_fraud": pa.array(is_fraud.astype(np.int8)),
                "kind": kinds.cast(pa.string()),
                "is_listed": pa.array(is_listed),
            }
        )
        kept.append(flat.filter(pa.array(is_fraud | is_listed)))
    table = pa.concat_tables(kept).combine_chunks() if kept else _no_truth()
    known = Verdicts(
        table["is_fraud"].to_numpy(),
        pa.chunked_array([table["kind"].combine_chunks()]),
        table["is_listed"].to_numpy(),
    )
    return Truth(table["id"].combine_chunks(), known)


def _no_truth() -> pa.Table:
    kinds = {"id": pa.string(), "is_fraud": pa.int8(), "kind": pa.string(), "is_listed": pa.bool_()}
    return pa.schema(kinds).empty_table()


def _is_listed(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which rows are listed as noise: a flag, or a text that names the noise."""
    if pa.types.is_boolean(column.type):
        flags: NDArray[np.bool_] = pc.fill_null(column, fill_value=False).to_numpy()
        return flags
    texts = pc.utf8_lower(pc.fill_null(column.cast(pa.string()), ""))
    none = pa.array(["", "0", "false", "no", "none"])
    listed_: NDArray[np.bool_] = pc.invert(pc.is_in(texts, none)).to_numpy()
    return listed_


def _points(stream: TableStream, layouts: tuple[tuple[str, ...], ...], what: str) -> Points:
    columns = _columns(stream, layouts, what)
    table = stream.table(columns)
    lons, lats = (reals(table[name], name) for name in columns[1:])
    return Points(table[columns[0]].cast(pa.string()).combine_chunks(), lons, lats)


def _columns(
    stream: TableStream, layouts: tuple[tuple[str, ...], ...], what: str
) -> tuple[str, ...]:
    for columns in layouts:
        if set(columns) <= set(stream.columns):
            return columns
    wanted = "; or ".join(", ".join(one) for one in layouts)
    raise InputError(
        "table-column",
        f"{stream.name} has no columns of {what}; it has {listed(stream.columns, 12)}.",
        f"Name them {wanted}.",
    )
