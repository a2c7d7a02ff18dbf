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

_TEXTS = ("merchant_id", "category", "tzid", "place", "admin1", "urban", "precision")


def packed_sites(published: Published, countries: Sequence[str]) -> dict[str, Any]:
    """Return the sites that have coordinates, in the order of the dataset.

    Args:
        published: The result of sites.
        countries: Codes of the countries of the page, in its order; sites of others are left out.

    Returns:
        ``count``, ``without_point``; ``lons`` and ``lats``: differences, steps of ``DEGREES``; ``countries``:
        differences of numbers of countries; ``orders``: differences of ``site_order``; for each text a table
        and a number per site, as differences, 0 for null.
    """
    columns = ["country_iso", "site_order", "lon", "lat", "mcc", *_TEXTS]
    table = published.dataset("sites").to_table(columns=columns)
    table = table.filter(pc.is_in(table["country_iso"], pa.array(countries, pa.string())))
    table = table.sort_by(
        [(name, "ascending") for name in ("country_iso", "merchant_id", "site_order")]
    )
    located = table.filter(pc.is_valid(table["lon"]))
    country = pc.index_in(located["country_iso"], pa.array(countries, pa.string()))
    return {
        "count": len(located),
        "without_point": len(table) - len(located),
        "degrees": DEGREES,
        "lons": packed(deltas(_steps(located["lon"]))),
        "lats": packed(deltas(_steps(located["lat"]))),
        "countries": packed(deltas(_integers(country))),
        "orders": packed(deltas(_integers(located["site_order"]))),
        "mccs": packed(deltas(_integers(located["mcc"]))),
        "texts": {name: _packed_texts(located[name]) for name in _TEXTS},
    }


def _packed_texts(column: pa.ChunkedArray) -> dict[str, Any]:
    """Return a column's distinct texts, and the number of each row's, 0 for null, as differences."""
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    numbers = pc.fill_null(coded.indices, -1)
    names = [one_line(text) for text in coded.dictionary.to_pylist()]
    return {"names": names, "numbers": packed(deltas(_integers(numbers) + 1))}


def _steps(column: pa.ChunkedArray) -> NDArray[np.int64]:
    steps: NDArray[np.int64] = np.rint(column.to_numpy() / DEGREES).astype(np.int64)
    return steps


def _integers(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), np.int64)
