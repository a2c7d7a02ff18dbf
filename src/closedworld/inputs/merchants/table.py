"""The table of merchants as stages take it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from closedworld.inputs.tables.asked_rows import AskedRows


@dataclass(frozen=True, slots=True, eq=False)
class MerchantTable(AskedRows):
    """Merchants and their outlets by country.

    ``rows`` are ``COLUMNS`` and the user's own. A row stands for the outlets ``site_order`` to ``site_order + n - 1``
    of a merchant in a country.

    Attributes:
        for_any_world: Whether rows in countries that a world does not have are left out without a word.
    """

    WHAT: ClassVar = "merchants"
    UNPLACEABLE: ClassVar = "merchants-unplaceable"
    KEY: ClassVar = ("country_iso", "merchant_id", "site_order")
    ID: ClassVar = "merchant_id"
    COLUMNS: ClassVar = {
        "country_iso": pa.string(),
        "merchant_id": pa.string(),
        "site_order": pa.int64(),
        "n": pa.int64(),
        "brand": pa.string(),
        "category": pa.string(),
        "mcc": pa.int32(),
        "gamma": pa.float64(),
        "spacing": pa.string(),
        "place": pa.string(),
        "admin1": pa.string(),
        "lon": pa.float64(),
        "lat": pa.float64(),
        "radius_km": pa.float64(),
        "tile_id": pa.int64(),
    }
    MISTAKEN: ClassVar = {
        "id": "merchant_id",
        "merchant": "merchant_id",
        "outlets": "n",
        "sites": "n",
        "stores": "n",
        "count": "n",
        "outlet": "site_order",
        "order": "site_order",
        "latitude": "lat",
        "longitude": "lon",
        "lng": "lon",
        "long": "lon",
        "radius": "radius_km",
        "chain": "brand",
    }

    for_any_world: bool = False

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Names of the user's columns that mean nothing here."""
        return tuple(name for name in self.rows.column_names if name not in self.COLUMNS)

    @property
    def site_count(self) -> int:
        """Outlets of all rows."""
        return int(pc.sum(self.rows["n"]).as_py() or 0)

    def within(self, countries: Iterable[str]) -> MerchantTable:
        """Return the rows of some countries."""
        known = pa.array(sorted(countries), pa.string())
        keep = pc.is_in(self.rows["country_iso"], known)
        rows = self.rows.filter(keep).combine_chunks()
        return replace(self, rows=rows, numbers=self.numbers[keep.to_numpy()])
