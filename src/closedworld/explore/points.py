"""Sites for the page: where each outlet is, whose it is, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.explore.packing import deltas, packed
from closedworld.sanitize import one_line
from closedworld.store.reading import Published

DEGREES = 1e-5
"""Steps of coordinates, 1.1 m at the equator."""

MOST_POINTS = 1_000_000
"""Sites in a page at most, and homes."""

_SITE_TEXTS = ("merchant_id", "category", "tzid", "place", "admin1", "urban", "precision")
_HOME_TEXTS = ("card_id", "tzid", "place", "admin1", "urban")


def packed_sites(published: Published, countries: Sequence[str]) -> dict[str, Any]:
    """Return the sites that have coordinates, in the order of the dataset.

    Args:
        published: The result of sites.
        countries: Codes of the countries of the page, in its order; sites of others are left out.

    Returns:
        As ``packed_homes``, with ``without_point``, the number of sites left out for want of coordinates, and ``orders`` and
        ``mccs``, differences of ``site_order`` and ``mcc``.
    """
    columns = ["country_iso", "site_order", "lon", "lat", "mcc", *_SITE_TEXTS]
    table = _rows(published, "sites", columns, countries)
    table = table.sort_by(
        [(name, "ascending") for name in ("country_iso", "merchant_id", "site_order")]
    )
    without_point = table["lon"].null_count
    located, chosen, owners = every_nth(
        table.filter(pc.is_valid(table["lon"])), "merchant_id", MOST_POINTS
    )
    return {
        **_packed(located, ("lon", "lat"), _SITE_TEXTS, countries),
        "owners": [len(chosen), owners],
        "without_point": without_point,
        "orders": packed(deltas(_integers(located["site_order"]))),
        "mccs": packed(deltas(_integers(located["mcc"]))),
    }


def packed_homes(published: Published, countries: Sequence[str]) -> dict[str, Any]:
    """Return the homes of card holders, in the order of the dataset.

    Returns:
        ``count``; ``owners``: how many merchants or cards there are here, and in the dataset; ``lons`` and ``lats``: differences, steps of ``degrees``; ``countries``: differences of numbers of
        countries; for each text a table and a number per point, as differences, 0 for null.
    """
    columns = ["country_iso", "home_lon", "home_lat", *_HOME_TEXTS]
    table = _rows(published, "cards", columns, countries)
    table = table.sort_by([("country_iso", "ascending"), ("card_id", "ascending")])
    table, chosen, owners = every_nth(table, "card_id", MOST_POINTS)
    packed_cards = _packed(table, ("home_lon", "home_lat"), _HOME_TEXTS, countries)
    return {**packed_cards, "owners": [len(chosen), owners]}


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


def _packed(
    table: pa.Table, point: tuple[str, str], texts: Sequence[str], countries: Sequence[str]
) -> dict[str, Any]:
    country = pc.index_in(table["country_iso"], pa.array(countries, pa.string()))
    return {
        "count": len(table),
        "degrees": DEGREES,
        "lons": packed(deltas(steps(table[point[0]]))),
        "lats": packed(deltas(steps(table[point[1]]))),
        "countries": packed(deltas(_integers(country))),
        "texts": {name: packed_texts(table[name]) for name in texts},
    }


def packed_texts(column: pa.ChunkedArray) -> dict[str, Any]:
    """Return a column's distinct texts, and the number of each row's, 0 for null, as differences."""
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    numbers = pc.fill_null(coded.indices, -1)
    names = [one_line(text) for text in coded.dictionary.to_pylist()]
    return {"names": names, "numbers": packed(deltas(_integers(numbers) + 1))}


def steps(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return coordinates, degrees, in steps of ``DEGREES``, int64 (n,)."""
    whole: NDArray[np.int64] = np.rint(column.to_numpy() / DEGREES).astype(np.int64)
    return whole


def _integers(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), np.int64)
