"""The rows of ``sites``: outlets with their ids, time zones and towns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import SITES
from closedworld.inputs.reference.places import CountryPlaces, place_of
from closedworld.inputs.reference.time_zones import time_zones
from closedworld.kernels.placing import have_circles
from closedworld.stages.sites.placed import PlacedSites
from closedworld.stages.sites.requirements import CountryMerchants

PRECISIONS = ("point", "place", "none")
"""What is known of where an outlet is: a point, its town, or its country alone."""

_DIGEST_BYTES = 8


def rows_of(merchants: CountryMerchants, placed: PlacedSites, places: CountryPlaces) -> pa.Table:
    """Return outlets as ``sites`` publishes them, described by the places of their country."""
    iso, count, own = merchants.country_iso, len(placed.rows), merchants.rows
    is_on_map = np.zeros(count, np.bool_)
    is_on_map[placed.on_map] = True
    # Online merchants that have a town are described by its centre.
    centres = merchants.circles[placed.rows]
    seated = np.flatnonzero(~is_on_map & have_circles(centres))
    centre_lons, centre_lats, _ = centres[seated].T
    known = np.concatenate([placed.on_map, seated])
    lons = np.concatenate([placed.lons, centre_lons])
    lats = np.concatenate([placed.lats, centre_lats])
    place = place_of(places, lons, lats)
    tile_ids = np.full(count, -1, np.int64)
    tile_ids[placed.on_map] = placed.tile_ids
    precision = np.full(count, PRECISIONS.index("none"))
    precision[seated] = PRECISIONS.index("place")
    precision[placed.on_map] = PRECISIONS.index("point")
    rows = pa.array(placed.rows)
    columns = {
        "site_id": pa.array(
            _site_ids(iso, own["merchant_id"].to_pylist(), placed.rows, placed.orders)
        ),
        "country_iso": pa.repeat(iso, count),
        "site_order": pa.array(placed.orders.astype(np.int32)),
        "lon": _spread(pa.array(placed.lons), placed.on_map, count),
        "lat": _spread(pa.array(placed.lats), placed.on_map, count),
        "tile_id": pa.array(tile_ids),
        "tzid": _spread(time_zones(places, lons, lats), known, count),
        "place": _spread(place.place, known, count),
        "place_km": _spread(
            pa.array(place.place_km[: len(placed.on_map)], from_pandas=True), placed.on_map, count
        ),
        "admin1": _spread(place.admin1, known, count),
        "urban": _spread(place.urban, known, count),
        "precision": pa.array(PRECISIONS).take(pa.array(precision)),
    }
    columns |= {name: own[name].take(rows) for name in ("merchant_id", "category", "mcc")}
    return pa.table({name: columns[name] for name in SITES.schema.names}).cast(SITES.schema)


def _spread(values: pa.Array, where: NDArray[np.int64], count: int) -> pa.Array:
    if np.array_equal(where, np.arange(count)):
        return values
    index = np.full(count, len(where))
    index[where] = np.arange(len(where))
    return values.take(pa.array(index, mask=index == len(where)))


def _site_ids(
    country_iso: str,
    merchant_ids: Sequence[str],
    merchant: NDArray[np.int64],
    orders: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the id of each site: the upper 63 bits of BLAKE2b-64 of country, merchant and number.

    They follow from these alone (docs/decisions/0027-sites.md).

    Args:
        country_iso: ISO 3166-1 alpha-2 code.
        merchant_ids: Merchants.
        merchant: Position of each site's merchant among these, int64 (n,).
        orders: Number of each site among those of its merchant, from 1, int64 (n,).
    """
    common = [
        hashlib.blake2b(f"{country_iso}\n{one}\n".encode(), digest_size=_DIGEST_BYTES)
        for one in merchant_ids
    ]
    digests = bytearray()
    for position, order in zip(merchant.tolist(), orders.tolist(), strict=True):
        own = common[position].copy()
        own.update(b"%d" % order)
        digests += own.digest()
    numbers = np.frombuffer(bytes(digests), ">u8") >> np.uint64(1)
    return numbers.astype(np.int64)
