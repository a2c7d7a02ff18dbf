"""Fixed outlets of other people's merchants, placed by the law of sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.errors import ConfigError
from closedworld.stages.sites.build import build_sites
from closedworld.store.durable import temporary_folder
from closedworld.worlds.converting.their_purchases import TheirPurchases
from closedworld.worlds.world import PublishedWorld

OUTLETS_PER_MILLION = 10.0
"""Outlets of a merchant of average size for a million people."""

MOST_PER_MILLION = 1_000_000

_KINDS = {
    "grocery_pos": "grocery",
    "gas_transport": "fuel",
    "food_dining": "restaurant",
    "entertainment": "restaurant",
    "shopping_pos": "fashion",
    "health_fitness": "pharmacy",
    "personal_care": "pharmacy",
    "home": "big_box",
    "kids_pets": "discount",
    "travel": "hotel",
    "misc_pos": "convenience",
}
"""Kind of merchant for a category of Sparkov; other categories are taken for kinds or codes as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedOutlets:
    """Outlets sorted by merchant and country; those of key k are ``starts[k]`` to ``starts[k + 1]``.

    Attributes:
        lons: Degrees, float64 (sites,).
        lats: Degrees, float64 (sites,).
        ranges: First and last outlet of each merchant number and country code.
    """

    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    ranges: Mapping[tuple[int, str], tuple[int, int]]


def require_outlets(per_million: float) -> None:
    """Refuse a number of outlets that cannot be meant.

    Raises:
        ConfigError: ``relocate-outlets``.
    """
    if not 0 < per_million <= MOST_PER_MILLION:
        raise ConfigError(
            "relocate-outlets",
            f"{per_million:g} outlets per million people cannot be placed.",
            f"Take a number above 0, at most {MOST_PER_MILLION:,}; {OUTLETS_PER_MILLION:g} is usual.",
        )


def place_outlets(
    world: PublishedWorld,
    theirs: TheirPurchases,
    seed: int,
    per_million: float,
    workers: int | None,
) -> PlacedOutlets:
    """Return the outlets of all merchants in the countries where their cards live."""
    people = world.population()
    persons = dict(
        zip(people["country_iso"].to_pylist(), people["persons"].to_pylist(), strict=True)
    )
    keys = theirs.merchant_countries()
    if not keys:
        return PlacedOutlets(np.empty(0), np.empty(0), {})
    sold = np.bincount(theirs.merchant[theirs.in_shop], minlength=len(theirs.merchants))
    mean = sold[sold > 0].mean()
    kinds = [_KINDS.get(one, one) for one in theirs.categories]
    rows = []
    for merchant, iso in keys:
        size = np.sqrt(sold[merchant] / mean)
        count = max(1, round(per_million * float(persons[iso]) / 1e6 * size))
        rows.append((theirs.outlet_id(merchant), iso, count, kinds[merchant] or None))
    names = ("merchant_id", "country_iso", "n", "category")
    table = pa.table(
        {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    )
    with temporary_folder() as folder:
        built = build_sites(world, folder, merchants=table, seed=seed, workers=workers)
        placed = built.published.dataset("sites").to_table(
            columns=["merchant_id", "country_iso", "lon", "lat"]
        )
    placed = placed.filter(placed["lon"].is_valid())
    placed = placed.sort_by([("merchant_id", "ascending"), ("country_iso", "ascending")])
    return PlacedOutlets(
        placed["lon"].to_numpy(), placed["lat"].to_numpy(), _ranges(placed, theirs)
    )


def _ranges(placed: pa.Table, theirs: TheirPurchases) -> dict[tuple[int, str], tuple[int, int]]:
    number_of_id = {theirs.outlet_id(number): number for number in range(len(theirs.merchants))}
    grouped = placed.append_column("row", pa.array(np.arange(placed.num_rows))).group_by(
        ["merchant_id", "country_iso"], use_threads=False
    )
    found = grouped.aggregate([("row", "min"), ("row", "max")]).to_pylist()
    return {
        (number_of_id[one["merchant_id"]], one["country_iso"]): (one["row_min"], one["row_max"] + 1)
        for one in found
    }
