"""Sites for the page: where each outlet is, whose it is, and what is known of it."""

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
