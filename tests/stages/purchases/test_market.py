"""Which sites people visit, and the money of countries and regions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from closedworld.errors import InputError
from closedworld.inputs.reference.currencies import currencies
from closedworld.kernels.lives import CATEGORIES, NONE, Period
from closedworld.stages.purchases.market import MarketSource, _money_of, _sites_of, market_of


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


SITES = [
    (7, "zoo", "FR", "grocery", 5411, 2.0, 48.0, "Europe/Paris"),
    (8, "web", "JP", "online", 5815, None, None, None),
    (9, "ant", "JP", "fuel", 5541, 139.0, 35.0, "Asia/Tokyo"),
    (10, "web", "FR", "online", 5816, None, None, None),
    (11, "ant", "FR", "online", 5817, None, None, None),
    (12, "web", "FR", "online", 5818, 2.0, 48.0, "Europe/Paris"),
    (13, "bee", "FR", "odd", 1, 2.0, 48.0, "Europe/Paris"),
    (14, "web", "JP", "online", 5819, None, None, None),
    (15, "ant", "FR", "online", 5820, None, None, None),
]
SITE_NAMES = ("site_id", "merchant_id", "country_iso", "category", "mcc", "lon", "lat", "tzid")
CARDS = [
    ("c1", "JP", 139.5, 35.5, 139.0, 35.0, "Asia/Tokyo"),
    ("c2", "MT", 14.5, 35.9, None, None, "Europe/Malta"),
]
CARD_NAMES = (
    "card_id", "country_iso", "home_lon", "home_lat", "work_lon", "work_lat", "tzid",
)  # fmt: skip


def published(names: tuple[str, ...], rows: list[Any], folder: str) -> Any:
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return SimpleNamespace(folder=folder, read=lambda _, columns: table.select(columns))


def test_a_market_numbers_what_the_world_names() -> None:
    """An online shop is a merchant in a country; its last row says its code."""
    sites = published(SITE_NAMES, SITES, "sites")
    cards = published(CARD_NAMES, CARDS, "people")
    source = MarketSource.of(sites, cards, {}, Period(20_000, 2), is_regions=False)
    found = market_of(source)
    assert market_of(source) is found
    assert (found.codes, found.unvisited) == (("FR", "JP", "MT"), 1)
    assert found.tzids == ("Asia/Tokyo", "Europe/Malta", "Europe/Paris")
    assert [one.code for one in found.money] == ["EUR", "JPY", "EUR"]
    merchants = found.merchant_ids.to_pylist()
    assert merchants == ["ant", "web", "zoo"]
    outlets, placed = found.outlets, found.market.sites
    rows = list(
        zip(
            outlets.ids.tolist(),
            [merchants[one] for one in outlets.merchant],
            [found.codes[one] for one in outlets.country],
            outlets.mccs.tolist(),
            strict=True,
        )
    )
    assert rows == [
        (7, "zoo", "FR", 5411),
        (9, "ant", "JP", 5541),
        (NONE, "ant", "FR", 5820),
        (NONE, "web", "FR", 5818),
        (NONE, "web", "JP", 5819),
    ]
    np.testing.assert_array_equal(outlets.lons, [2.0, 139.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(outlets.lats, [48.0, 35.0, np.nan, np.nan, np.nan])
    assert [CATEGORIES[one] for one in placed.category] == ["grocery", "fuel"]
    assert [found.tzids[one] for one in placed.zone] == ["Europe/Paris", "Asia/Tokyo"]
    bought: Any = SimpleNamespace(
        site=np.array([NONE, 1, NONE, 0, NONE]),
        merchant=np.array([1, 0, 0, 2, 1]),
        country=np.array([1, 1, 0, 0, 0]),
    )
    assert found.outlets_of(bought).tolist() == [4, 1, 2, 0, 3]
    assert found.card_ids.to_pylist() == ["c1", "c2"]
    assert [found.codes[one] for one in found.cards.country] == ["JP", "MT"]
    np.testing.assert_array_equal(found.cards.work_lons, [139.0, np.nan])
