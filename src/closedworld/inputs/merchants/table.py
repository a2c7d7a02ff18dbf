"""The table of merchants: columns recognised, every row checked, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.tables.asked_rows import AskedRows
from closedworld.inputs.tables.columns import NamedColumns, RowProblems, own_column, rows_where

MAX_SITES = 1 << 31
"""Outlets of one row."""

SPACINGS = ("none", "catchment")

_MAX_GAMMA = 4.0
_MAX_MCC = 9999


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


def read_merchants(
    source: Path | str | Any, *, own_codes: Sequence[str] | None = None
) -> MerchantTable:
    """Return a table of merchants with the problems of its rows; those that need the world are found by the stage.

    Args:
        source: Path of a CSV or Parquet file, or anything with an Arrow stream: a table of pyarrow, pandas,
            Polars or DuckDB.
        own_codes: Codes of the regions of the world, which ``country_iso`` then holds; None for countries.

    Raises:
        InputError: ``table-...``, ``input-...``.
    """
    named, where = MerchantTable.columns_in(source)
    if "n" in named and "site_order" in named:
        raise InputError(
            "table-column",
            "the table of merchants has columns n and site_order.",
            "Keep n for a row with several outlets, or site_order for a row per outlet.",
        )
    problems = RowProblems()
    rows = _rows(named, problems, own_codes)
    _check_keys(rows, "site_order" in named, problems)
    _check_where(rows, problems)
    return MerchantTable(where, rows, np.arange(rows.num_rows), problems=problems).in_order()


def _rows(named: NamedColumns, problems: RowProblems, own_codes: Sequence[str] | None) -> pa.Table:
    """Return the columns in their types; what cannot be read is null, and a problem of its row."""
    columns = MerchantTable.ids_and_countries(named, problems, own_codes)
    given_orders, _ = named.integers("site_order", problems, required=True)
    counts, has_count = named.integers("n", problems)
    if "site_order" in named:
        counts = np.ones_like(given_orders)
    else:
        given_orders = np.ones_like(counts)
        counts = np.where(has_count, counts, 1)
        problems.add(
            np.flatnonzero((counts < 0) | (counts > MAX_SITES)), f"n is not in 0..{MAX_SITES}"
        )
    columns |= {"site_order": pa.array(given_orders), "n": pa.array(counts)}
    columns |= {name: named.texts(name) for name in ("brand", "category")}
    mccs, has_mcc = named.integers("mcc", problems)
    is_odd = has_mcc & ((mccs < 1) | (mccs > _MAX_MCC))
    problems.add(np.flatnonzero(is_odd), f"mcc is not in 1..{_MAX_MCC}")
    columns["mcc"] = pa.array(np.clip(mccs, 0, _MAX_MCC).astype(np.int32), mask=~has_mcc | is_odd)
    gammas, has_gamma = named.reals("gamma", problems)
    is_odd = (gammas < 0) | (gammas > _MAX_GAMMA) | (gammas * 8 != np.round(gammas * 8))
    problems.add(np.flatnonzero(is_odd), f"gamma is not a multiple of 1/8 in 0..{_MAX_GAMMA:g}")
    columns["gamma"] = pa.array(gammas, mask=~has_gamma | is_odd)
    spacing = pc.utf8_lower(named.texts("spacing"))
    is_known = pc.is_in(spacing, pa.array([*SPACINGS, None], pa.string()))
    problems.add(rows_where(pc.invert(is_known)), f"spacing is not {' or '.join(SPACINGS)}")
    columns["spacing"] = spacing
    columns |= {name: named.texts(name) for name in ("place", "admin1")}
    for name in ("lon", "lat", "radius_km"):
        numbers, is_given = named.reals(name, problems)
        columns[name] = pa.array(numbers, mask=~is_given)
    tile_ids, has_tile = named.integers("tile_id", problems)
    columns["tile_id"] = pa.array(tile_ids, mask=~has_tile)
    kinds = MerchantTable.COLUMNS
    table = pa.table({name: columns[name].cast(kind) for name, kind in kinds.items()})
    for name in named.others:
        table = table.append_column(name, _own_column(named, name))
    return table


def _own_column(named: NamedColumns, name: str) -> pa.Array:
    """Return a column of the user: integers without gaps and reals of 64 bits, all else as text."""
    kind = named.table.schema.field(name).type
    wide = pa.int64() if pa.types.is_integer(kind) else pa.float64()
    # Readers make reals of integers with gaps, and long ids then lose their last digits.
    number = pa.types.is_floating(kind) or (
        pa.types.is_integer(kind) and not named.table[name].null_count
    )
    return own_column(named, name, wide if number else pa.string()).combine_chunks()


def _check_keys(rows: pa.Table, by_outlet: bool, problems: RowProblems) -> None:  # noqa: FBT001 -- one caller
    """Find rows with the same key and, where there is a row per outlet, numbers that are not 1 to n."""
    names = list(MerchantTable.KEY)
    numbered = rows.select(names).append_column("row", pa.array(np.arange(rows.num_rows)))
    keyed = numbered.drop_null()
    counted = keyed.group_by(names, use_threads=False).aggregate([("row", "list")])
    sizes = pc.list_value_length(counted["row_list"])
    for rows_of_key in counted.filter(pc.greater(sizes, 1))["row_list"].to_pylist():
        which = "merchant, country and site_order" if by_outlet else "merchant and country"
        problems.add(rows_of_key, f"{len(rows_of_key)} rows have the same {which}")
    if not by_outlet:
        return
    figures = [("site_order", figure) for figure in ("min", "max", "count_distinct")]
    by_merchant = keyed.group_by(names[:2], use_threads=False).aggregate(
        [*figures, ("row", "list")]
    )
    complete = pc.and_(
        pc.equal(by_merchant["site_order_min"], 1),
        pc.equal(by_merchant["site_order_max"], by_merchant["site_order_count_distinct"]),
    )
    for one in by_merchant.filter(pc.invert(complete)).to_pylist():
        problems.add(
            one["row_list"],
            f"site_order of this merchant and country must be 1 to {one['site_order_count_distinct']}, each "
            f"once; it is {one['site_order_min']} to {one['site_order_max']}",
        )


def _check_where(rows: pa.Table, problems: RowProblems) -> None:
    """Find rows that say in several ways where their outlets are to lie, or in half a way."""
    has = {name: rows[name].is_valid().to_numpy() for name in ("place", "admin1", "tile_id")}
    circle = np.stack([rows[name].is_valid().to_numpy() for name in ("lon", "lat", "radius_km")])
    has_circle = circle.all(axis=0)
    problems.add(
        np.flatnonzero(circle.any(axis=0) & ~has_circle), "lon, lat and radius_km belong together"
    )
    problems.add(np.flatnonzero(has["admin1"] & ~has["place"]), "admin1 has no place")
    ways = has["place"].astype(int) + has["tile_id"] + has_circle
    problems.add(
        np.flatnonzero(ways > 1),
        "place, a circle of lon, lat and radius_km, and tile_id exclude each other",
    )
    lons, lats, radii = (_reals(rows, name) for name in ("lon", "lat", "radius_km"))
    problems.add(np.flatnonzero(np.abs(lons) > 360), "lon is not in -360..360")  # noqa: PLR2004 -- a turn
    problems.add(np.flatnonzero(np.abs(lats) > 90), "lat is not in -90..90")  # noqa: PLR2004 -- the poles
    problems.add(np.flatnonzero(radii <= 0), "radius_km is not above 0")


def _reals(rows: pa.Table, name: str) -> NDArray[np.float64]:
    reals: NDArray[np.float64] = pc.fill_null(rows[name], float("nan")).to_numpy()
    return reals
