"""The demonstration's merchants, made by arithmetic on integers: the same in every run and on every machine."""

from __future__ import annotations

import functools
import hashlib
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from closedworld.config.stage_options import DEMO
from closedworld.errors import ConfigError
from closedworld.inputs.merchants.table import MerchantTable, read_merchants
from closedworld.inputs.reference.registry import bundled_rows, verify_bundled

DEMO_PERSONS = "population_5m_countries.csv"
"""The bundled file that outlets follow."""

_WORLD_CHAINS = 6
"""Chains of several countries in a category, at most."""

_FEW_SITES = 16
"""Fewer outlets of a category in a country have no chain of their own."""

_ZIPF = 840
"""Share of the largest chain; the k-th largest has a k-th of it (840 has many divisors)."""


def demo_merchants(own_codes: Sequence[str] | None = None) -> MerchantTable:
    """Return the demonstration's merchants, all of them in countries.

    Args:
        own_codes: Codes of the regions of the world; None for countries.

    Raises:
        ConfigError: ``demo-regions``: the world is made of regions.
        IntegrityError: A bundled file was changed.
    """
    refuse_regions(own_codes)
    return _demo_merchants()


def refuse_regions(own_codes: Sequence[str] | None) -> None:
    """Refuse a demonstration in a world of regions.

    Raises:
        ConfigError: ``demo-regions``.
    """
    if own_codes is not None:
        raise ConfigError(
            "demo-regions",
            "the demonstration's merchants and cards belong to countries, but this world is made of regions.",
            "Give a table of your own with the codes of the regions in column country_iso.",
        )


@functools.cache
def _demo_merchants() -> MerchantTable:
    """Return some 2,000 merchants with some 100,000 outlets in all countries.

    Outlets follow population and income; chain sizes fall as 1/k, and many merchants have one shop. What a
    country has does not depend on the others.
    """
    figures = demo_figures()
    rows = [*_outlets(figures), *_online(figures)]
    columns = ("merchant_id", "country_iso", "n", "brand", "mcc")
    table = pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
    return replace(read_merchants(table), source=DEMO, for_any_world=True)


@functools.cache
def demo_figures() -> Mapping[str, Any]:
    """Return the bundled figures of a high street."""
    return tomllib.loads(Path(__file__).with_name("demo.toml").read_text(encoding="utf-8"))


Row = tuple[str, str, int, str | None, int]
"""Merchant, country, outlets, brand, merchant category code."""


def _outlets(figures: Mapping[str, Any]) -> Iterator[Row]:
    categories = figures["category"]
    whole = sum(one["per_100k"] for one in categories)
    levels = figures["price_level"]
    income = {iso: name for name, isos in figures["income"].items() for iso in isos.split()}
    size = figures["size"]
    for iso, persons in demo_persons().items():
        level = levels[income.get(iso, "upper_middle")]
        sites = max(size["least_sites"], persons * level // (100 * size["persons_per_site"]))
        done = upto = 0
        for category in categories:
            upto += category["per_100k"]
            # Rounded so that they add up, from a start of each country's own.
            start = _number(iso, "start") % whole
            here = (sites * upto + start) // whole - done
            done += here
            yield from _merchants(iso, category, here, level)


def _merchants(iso: str, category: Mapping[str, Any], sites: int, level: int) -> Iterator[Row]:
    name, mcc = category["name"], category["mcc"]
    chains = [
        chain
        for chain in range(1, _WORLD_CHAINS + 1)
        if category["world"] and _number(iso, name, chain) % 100 < level // chain + 10
    ]
    of_world = sites * category["world"] // 100 if chains else 0
    of_chains = sites * category["chained"] // 100
    singles = min(sites - of_world - of_chains, math.isqrt(sites) // 6)
    if sites < _FEW_SITES and category["world"]:
        # One of eight has a shop of its own; the rest of so few belong to chains of the world.
        singles = int(sites > 0 and _number(iso, name) % 8 == 0)
        of_world = sites - singles
        chains = chains or [1]
    for chain, n in zip(chains, zipf(of_world, len(chains)), strict=True):
        if n:
            yield f"{name}-{chain}", iso, n, f"{name} {chain}", mcc
    national = sites - of_world - singles
    for chain, n in enumerate(zipf(national, max(1, math.isqrt(national) // 9)), 1):
        if n:
            yield f"{name}-{iso}-{chain}", iso, n, f"{name} {iso} {chain}", mcc
    for shop in range(1, singles + 1):
        yield f"{name}-{iso}-shop-{shop}", iso, 1, None, mcc


def _online(figures: Mapping[str, Any]) -> Iterator[Row]:
    """Yield merchants without outlets on the map, one row for each country."""
    online, persons = figures["online"], demo_persons()
    mccs = online["mccs"]
    for number in range(online["world"]):
        for iso in persons:
            yield f"online-{number + 1}", iso, 1, f"online {number + 1}", mccs[number % len(mccs)]
    largest = sorted(persons, key=lambda iso: (-persons[iso], iso))
    for number, iso in enumerate(largest[: online["national"]]):
        yield f"online-{iso}", iso, 1, f"online {iso}", mccs[number % len(mccs)]


def zipf(sites: int, chains: int) -> list[int]:
    """Return sizes in proportion to 1, 1/2, 1/3 and so on that add up."""
    shares = [_ZIPF // rank for rank in range(1, chains + 1)]
    upto = done = 0
    sizes = []
    for share in shares:
        upto += share
        stop = -(-sites * upto // sum(shares))
        sizes.append(stop - done)
        done = stop
    return sizes


def _number(*words: object) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(map(str, words)).encode()).digest()[:8], "big")


def demo_persons() -> dict[str, int]:
    """Return the persons of each country in the bundled population, by code."""
    rows = bundled_rows(verify_bundled(DEMO_PERSONS).name)
    return {row["country_iso"]: int(row["population"]) for row in rows}
