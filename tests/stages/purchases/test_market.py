"""Which sites people visit, and the money of countries and regions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from closedworld.errors import InputError
from closedworld.inputs.reference.currencies import currencies
from closedworld.stages.purchases.market import _money_of, _sites_of


def source_of(*rows: tuple[int, str | None, float | None]) -> Any:
    """Return a source whose sites have these ids, categories and longitudes."""
    ids, categories, lons = zip(*rows, strict=True)
    table = pa.table(
        {
            "site_id": pa.array(ids),
            "category": pa.array(categories, pa.string()),
            "lon": pa.array(lons, pa.float64()),
        }
    )
    return SimpleNamespace(sites=SimpleNamespace(folder="world", read=lambda *_: table))


def test_people_visit_sites_on_the_map_and_online_ones_of_known_categories() -> None:
    here, online, unvisited = _sites_of(
        source_of(
            (1, "grocery", 6.0),
            (2, "online", None),
            (3, "odd", 6.0),
            (4, None, 6.5),
            (5, "fuel", 6.5),
            (6, "online", 6.0),
            (7, "odd", None),
            (8, "fuel", None),
        )
    )
    assert here["site_id"].to_pylist() == [1, 5]
    assert online["site_id"].to_pylist() == [2, 6]
    assert unvisited == 3


def test_a_world_without_sites_to_visit_is_refused() -> None:
    with pytest.raises(InputError, match="world has no sites on the map") as caught:
        _sites_of(source_of((2, "online", None), (3, "odd", 6.0), (8, "fuel", None)))
    assert caught.value.code == "purchases-without-sites"


def zones(**by_code: str) -> pa.Table:
    codes = [code for code in by_code for _ in range(2)]
    return pa.table({"country_iso": codes, "tzid": [by_code[code] for code in codes]})


def test_a_region_has_the_money_of_the_country_whose_clocks_it_has() -> None:
    """One of online merchants alone has that of the first region with clocks."""
    cards = zones(north="America/New_York", west="Europe/London")
    sites = zones(east="Asia/Tokyo", north="America/New_York")
    codes = ("east", "north", "south", "west")
    found = _money_of(codes, sites, cards, is_regions=True)
    assert [one.code for one in found] == ["JPY", "USD", "JPY", "GBP"]
    countries = ("FR", "JP", "US")
    money = _money_of(countries, sites, cards, is_regions=False)
    assert money == tuple(currencies()[code] for code in countries)
