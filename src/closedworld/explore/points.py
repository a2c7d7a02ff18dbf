"""Points for the page: sites, homes, and the lives of cards, purchase by purchase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from closedworld.explore.packing import packed_numbers, packed_texts
from closedworld.sanitize import one_line
from closedworld.store.reading import Published

PER_DEGREE = 100_000
"""Steps of coordinates, 1.1 m at the equator."""

MOST_POINTS = 1_000_000
"""Sites in a page at most, and homes."""

_LABELS = {
    "merchant_id": "Merchant",
    "card_id": "Card",
    "country_iso": "Code",
    "site_order": "Outlet number",
    "lon": "Longitude",
    "lat": "Latitude",
    "category": "Category",
    "mcc": "MCC",
    "place": "Place",
    "admin1": "Region",
    "urban": "Surroundings",
    "tzid": "Local time",
    "precision": "Precision",
}
"""What the page calls the columns, in its order."""

_SITE_TEXTS = ("merchant_id", "country_iso", "category", "mcc", "place", "admin1", "urban", "tzid", "precision")  # fmt: skip
_HOME_TEXTS = ("card_id", "country_iso", "place", "admin1", "urban", "tzid")

MOST_PURCHASES = 300_000
"""Purchases in a page at most, 4 MB."""

OFF_MAP = 180
"""Latitude of a purchase without a place, degrees."""

_PURCHASE_COLUMNS = (
    "purchase_id", "ts_utc", "card_id", "merchant_id", "channel", "category", "amount", "currency", "lon", "lat",
)  # fmt: skip
_PURCHASE_TEXTS = {
    "merchant_id": "Merchant", "category": "Category", "channel": "Channel", "currency": "",
    "fraud_type": "Fraud", "hard_negative": "Legitimate, but",
}  # fmt: skip
_THOUSANDTHS = 1000
_LOW_BITS = 30


def packed_sites(worlds: Sequence[Published | None], countries: Sequence[str]) -> dict[str, Any]:
    """Return the sites that have coordinates, in the order of the dataset.

    Args:
        worlds: The result of sites of the world, and of the one beside it if there is one; None for none.
        countries: Codes of the countries of the page; sites of others are left out.

    Returns:
        As ``packed_homes``, with ``without_point``, the number of sites left out for want of coordinates, and ``groups``: number,
        name and count of each category, the most frequent first. Of two worlds, column ``world`` is 0 for a site that both have,
        with all its facts, 1 and 2 for one of the first and of the second alone.
    """
    columns = ["site_order", "lon", "lat", *_SITE_TEXTS]
    tables = [_rows(one, "sites", columns, countries) for one in worlds if one is not None]
    table = tables[0] if len(worlds) == 1 else _joined(worlds, tables)
    table = table.sort_by(
        [(name, "ascending") for name in ("country_iso", "merchant_id", "site_order")]
    )
    located, chosen, owners = every_nth(
        table.filter(pc.is_valid(table["lon"])), "merchant_id", MOST_POINTS
    )
    packed = _columns(located, _SITE_TEXTS)
    if "world" in table.column_names:
        numbers = packed_numbers(located["world"].to_numpy(), label="Only in")
        packed["world"] = {**numbers, "names": ["world A", "world B"]}
    number_of = {name: i for i, name in enumerate(packed["category"]["names"], start=1)}
    counts = sorted(
        ((one["values"], one["counts"]) for one in located["category"].value_counts().to_pylist()),
        key=lambda one: -one[1],
    )
    return {
        "columns": packed,
        "count": len(located),
        "owners": [len(chosen), owners],
        "without_point": table["lon"].null_count,
        "groups": [
            (0 if name is None else number_of[one_line(name)], name or "no category", count)
            for name, count in counts
        ],
    }


def _joined(worlds: Sequence[Published | None], tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of two tables, those that both have once, with a column ``world``: 0 for both, else 1 or 2."""
    held = [number for number, one in enumerate(worlds, start=1) if one is not None]
    every = pa.concat_tables(
        one.append_column("world", pa.array(np.full(len(one), number)))
        for one, number in zip(tables, held, strict=True)
    )
    columns = tables[0].column_names
    table = every.group_by(columns).aggregate([("world", "sum")])
    # 1 and 2 are 3.
    world = table["world_sum"].to_numpy() % 3
    return table.select(columns).append_column("world", pa.array(world))


def packed_homes(published: Published, countries: Sequence[str]) -> dict[str, Any]:
    """Return the homes of card holders, in the order of the dataset.

    Returns:
        ``columns`` by name; ``count`` of rows; ``owners``: how many merchants or cards there are here, and in the dataset.
    """
    table = _rows(published, "cards", ["home_lon", "home_lat", *_HOME_TEXTS], countries)
    table = table.rename_columns(["lon", "lat", *_HOME_TEXTS])
    table = table.sort_by([("country_iso", "ascending"), ("card_id", "ascending")])
    table, chosen, owners = every_nth(table, "card_id", MOST_POINTS)
    return {
        "columns": _columns(table, _HOME_TEXTS),
        "count": len(table),
        "owners": [len(chosen), owners],
    }


def packed_lives(published: Published) -> dict[str, Any]:
    """Return the purchases of all cards, or of every n-th card so that they fit, card by card in the order of time.

    Returns:
        ``owners``: how many cards there are here, and in the dataset; ``names``: ids of those here; ``columns``: ``card``, a
        number; ``second`` since 1970; coordinates; ``high`` and ``low`` bits of the amount in thousandths; texts.
    """
    table = published.dataset("purchases").to_table(columns=list(_PURCHASE_COLUMNS))
    table, chosen, cards = every_nth(table, "card_id", MOST_PURCHASES)
    truth = published.dataset("truth").to_table(
        columns=["purchase_id", "fraud_type", "hard_negative"]
    )
    table = table.join(truth, "purchase_id")
    table = table.sort_by(
        [(name, "ascending") for name in ("card_id", "ts_utc", "purchase_id")]
    ).combine_chunks()
    card = pc.index_in(table["card_id"], chosen).to_numpy()
    seconds = pc.cast(table["ts_utc"], pa.int64()).to_numpy() // 1_000_000
    # Of rials, millions; of dinars, thousandths.
    amounts = np.rint(table["amount"].to_numpy() * _THOUSANDTHS).astype(np.int64)
    points = {
        "lon": pc.fill_null(table["lon"], 0.0),
        "lat": pc.fill_null(table["lat"], float(OFF_MAP)),
    }
    return {
        "owners": [len(chosen), cards],
        "names": [one_line(name) for name in chosen.to_pylist()],
        "columns": {
            "card": packed_numbers(card),
            "second": packed_numbers(seconds),
            "high": packed_numbers(amounts >> _LOW_BITS),
            "low": packed_numbers(amounts & ((1 << _LOW_BITS) - 1)),
            **{
                name: packed_numbers(own.to_numpy(), per=PER_DEGREE) for name, own in points.items()
            },
            **{
                name: packed_texts(table[name], label=label)
                for name, label in _PURCHASE_TEXTS.items()
            },
        },
    }


def every_nth(table: pa.Table, owner: str, most: int) -> tuple[pa.Table, pa.Array, int]:
    """Return all rows of every n-th owner, so that there are about as many as fit.

    Returns:
        The rows, in their order; the owners that are left, sorted; how many owners there were.
    """
    owners = pc.unique(table[owner]).sort()
    step = -(-len(table) // most) or 1
    chosen = owners.take(pa.array(np.arange(0, len(owners), step)))
    if step > 1:
        table = table.filter(pc.is_in(table[owner], chosen))
    return table, chosen, len(owners)


def _rows(
    published: Published, dataset: str, columns: list[str], countries: Sequence[str]
) -> pa.Table:
    table = published.dataset(dataset).to_table(columns=columns)
    return table.filter(pc.is_in(table["country_iso"], pa.array(countries, pa.string())))


def _columns(table: pa.Table, texts: Sequence[str]) -> dict[str, Any]:
    columns = {}
    for name, label in _LABELS.items():
        if name in texts:
            columns[name] = packed_texts(table[name], label=label)
        elif name in table.column_names:
            per = PER_DEGREE if name in {"lon", "lat"} else 1
            columns[name] = packed_numbers(table[name].to_numpy(), per=per, label=label)
    return columns
