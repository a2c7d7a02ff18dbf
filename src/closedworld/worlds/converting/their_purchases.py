"""A table of other people's purchases as arrays: whose, when, at which merchant, and where the cards live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.purchases.formats import PurchaseFormat
from closedworld.inputs.purchases.values import is_online, joined, labels, reals, seconds
from closedworld.inputs.tables.streaming import TableStream
from closedworld.worlds.scoring.numbering import Numbering
from closedworld.worlds.world import PublishedWorld

_ONLINE_ENDING = "_net"


@dataclass(frozen=True, slots=True, eq=False)
class TheirPurchases:
    """Purchases in the order of their table.

    Attributes:
        card: Number of the card, int64 (n,).
        merchant: Number of the merchant, int64 (n,).
        time: Seconds, float64 (n,).
        is_fraud: bool (n,).
        cards: Cards by number.
        merchants: Merchants by number.
        categories: Category of each merchant, that of its first purchase; empty for none.
        in_shop: Whether each purchase is in a shop: neither its merchant nor its channel is online, bool (n,).
        home_lon: Home of each card, degrees, float64 (cards,).
        home_lat: Degrees, float64 (cards,).
        country: Country of the world that each card lives in.
        outside: Cards that live in none of them, and are given that of most others.
    """

    card: NDArray[np.int64]
    merchant: NDArray[np.int64]
    time: NDArray[np.float64]
    is_fraud: NDArray[np.bool_]
    cards: tuple[str, ...]
    merchants: tuple[str, ...]
    categories: tuple[str, ...]
    in_shop: NDArray[np.bool_]
    home_lon: NDArray[np.float64]
    home_lat: NDArray[np.float64]
    country: tuple[str, ...]
    outside: int

    def outlet_id(self, merchant: int) -> str:
        """Return what a merchant's outlets are keyed by: its name, which no order of rows changes."""
        return f"merchant {self.merchants[merchant]}"

    def merchant_countries(self) -> list[tuple[int, str]]:
        """Return each merchant that has places with each country of its cards there, ascending."""
        codes, code_of = np.unique(np.array(self.country), return_inverse=True)
        pairs = self.merchant * len(codes) + code_of[self.card]
        found = (divmod(pair, len(codes)) for pair in np.unique(pairs[self.in_shop]).tolist())
        return [(merchant, str(codes[code])) for merchant, code in found]


def read_theirs(stream: TableStream, form: PurchaseFormat, world: PublishedWorld) -> TheirPurchases:
    """Return the purchases of a table.

    Raises:
        InputError: ``input-unreadable``, ``purchases-value``, ``purchases-none``, ``relocate-rows``.
    """
    cards, merchants = Numbering(), Numbering()
    roles = ("card", "merchant", "time", "label", "category", "channel", "home_lon", "home_lat")
    wanted = dict.fromkeys(name for role in roles for name in form.columns.get(role, ()))
    parts = [
        _read(pa.Table.from_batches([batch]), form, cards, merchants)
        for batch in stream.batches(list(wanted))
    ]
    if not parts:
        raise InputError("purchases-none", f"{stream.name} has no rows.", "Check the file.")
    table = pa.concat_tables(parts)
    columns = {name: table[name].to_numpy() for name in table.column_names if name != "category"}
    whole = (columns["card"] >= 0) & (columns["merchant"] >= 0)
    for name in ("time", "home_lon", "home_lat"):
        whole &= np.isfinite(columns[name])
    if not whole.all():
        raise InputError(
            "relocate-rows",
            f"{int((~whole).sum()):,} rows of {stream.name} have no card, merchant, time or home; the first is row "
            f"{int(np.argmin(whole)) + 1}.",
            "Leave them out: where they took place cannot be chosen.",
        )
    _, first = np.unique(columns["card"], return_index=True)
    lons, lats = columns["home_lon"][first], columns["home_lat"][first]
    _, sold = np.unique(columns["merchant"], return_index=True)
    categories = tuple(table["category"].take(pa.array(sold)).to_pylist())
    online = np.array([one.endswith(_ONLINE_ENDING) or one == "online" for one in categories])
    country, outside = _countries(world, lons, lats, stream.name)
    return TheirPurchases(
        columns["card"].astype(np.int64),
        columns["merchant"].astype(np.int64),
        columns["time"],
        columns["label"] == 1,
        cards.names,
        merchants.names,
        categories,
        ~(online[columns["merchant"]] | columns["online"]),
        lons,
        lats,
        country,
        outside,
    )


def _read(
    table: pa.Table, form: PurchaseFormat, cards: Numbering, merchants: Numbering
) -> pa.Table:
    def column(role: str) -> pa.ChunkedArray:
        return joined([table[name] for name in form.columns[role]], "|")

    n = table.num_rows
    (when,) = form.columns["time"]
    label = np.full(n, -1, np.int8)
    if "label" in form.columns:
        label = labels(table[form.columns["label"][0]], form.columns["label"][0])
    category = column("category") if "category" in form.columns else pa.nulls(n, pa.string())
    online = is_online(column("channel")) if "channel" in form.columns else np.zeros(n, np.bool_)
    return pa.table(
        {
            "online": pa.array(online),
            "card": pa.array(cards.of(column("card"))),
            "merchant": pa.array(merchants.of(column("merchant"))),
            "time": pa.array(seconds(table[when], when)),
            "label": pa.array(label),
            "category": pc.fill_null(category, ""),
            **{
                role: pa.array(reals(table[form.columns[role][0]], form.columns[role][0]))
                for role in ("home_lon", "home_lat")
            },
        }
    )


def _countries(
    world: PublishedWorld, lons: NDArray[np.float64], lats: NDArray[np.float64], source: str
) -> tuple[tuple[str, ...], int]:
    """Return the country of each home, and how many lie in none of the world and have that of most others."""
    found = world.locate(lons, lats)["country_iso"].to_pylist()
    known = [one for one in found if one is not None]
    if 2 * len(known) < len(found):
        raise InputError(
            "relocate-homes",
            f"of {len(found):,} homes in {source}, only {len(known):,} lie in the countries of the world.",
            "Build a world of their countries, or check whether longitude and latitude are swapped.",
        )
    usual = max(sorted(set(known)), key=known.count)
    return tuple(usual if one is None else one for one in found), len(found) - len(known)
