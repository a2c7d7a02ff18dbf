"""The demonstration of a payment world: some towns with their merchants and cards, made by arithmetic on integers."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from closedworld.config.stage_options import DEMO_TOWNS
from closedworld.inputs.cards import CardTable, read_cards
from closedworld.inputs.merchants.demo import demo_figures, refuse_regions, zipf
from closedworld.inputs.merchants.table import MerchantTable, read_merchants

TOWNS_PATH = Path(__file__).with_name("demo_towns.toml")

_CHAINED = 60
"""Percent of the outlets of a category that belong to a chain of all towns of a country."""


@functools.cache
def town_figures() -> Mapping[str, Any]:
    """Return the bundled towns and numbers."""
    return tomllib.loads(TOWNS_PATH.read_text(encoding="utf-8"))


def town_merchants(own_codes: Sequence[str] | None = None) -> MerchantTable:
    """Return some 1,400 outlets of merchants in the towns, and online merchants; raises as ``demo_merchants``."""
    refuse_regions(own_codes)
    rows = [*_outlets(), *_online()]
    names = ("merchant_id", "country_iso", "place", "site_order", "mcc")
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return replace(read_merchants(table), source=DEMO_TOWNS, for_any_world=True)


def town_cards(own_codes: Sequence[str] | None = None) -> CardTable:
    """Return 10,000 cards, as many in each town as in another; raises as ``demo_merchants``."""
    refuse_regions(own_codes)
    figures = town_figures()
    towns = figures["town"]
    cards = [towns[number % len(towns)] for number in range(figures["cards"])]
    table = pa.table(
        {
            "card_id": [f"card-{number:05d}" for number in range(1, len(cards) + 1)],
            "country_iso": [iso for iso, _ in cards],
            "place": [place for _, place in cards],
        }
    )
    return replace(read_cards(table), source=DEMO_TOWNS)


Row = tuple[str, str, str | None, int, int]
"""Merchant, country, town, number of the outlet in the country, merchant category code."""


def _outlets() -> Iterator[Row]:
    figures, categories = town_figures(), demo_figures()["category"]
    whole = sum(one["per_100k"] for one in categories)
    orders: dict[tuple[str, str], int] = {}
    for iso, town in figures["town"]:
        for one in categories:
            count = max(1, figures["sites_per_town"] * one["per_100k"] // whole)
            chained = count * _CHAINED // 100
            sizes = [*zipf(chained, 2), *[1] * (count - chained)]
            for chain, size in enumerate(sizes, 1):
                is_chain = chain <= len(sizes) - (count - chained)
                merchant = f"{one['name']}-{iso}-{chain if is_chain else f'{town}-{chain}'}"
                for _ in range(size):
                    orders[iso, merchant] = order = orders.get((iso, merchant), 0) + 1
                    yield merchant, iso, town, order, one["mcc"]


def _online() -> Iterator[Row]:
    mccs = demo_figures()["online"]["mccs"]
    isos = sorted({iso for iso, _ in town_figures()["town"]})
    for number in range(town_figures()["online"]):
        yield f"online-{number + 1}", isos[number % len(isos)], None, 1, mccs[number % len(mccs)]
