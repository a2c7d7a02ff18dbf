"""The sites and cards of a published world as lives take them, read once in each process."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets import CARDS, SITES
from closedworld.errors import InputError
from closedworld.inputs.payment_settings import habits_of
from closedworld.inputs.reference.currencies import Currency, currencies
from closedworld.inputs.reference.time_zones import country_of_zone
from closedworld.inputs.reference.zone_clocks import clocks_of
from closedworld.kernels.lives import (
    CATEGORIES,
    NONE,
    Cards,
    Countries,
    Market,
    OnlineMerchants,
    Period,
    Purchases,
    Sites,
    card_keys,
)
from closedworld.store.reading import Published

_SITE_COLUMNS = (
    "site_id", "country_iso", "merchant_id", "lon", "lat", "tzid", "category", "mcc",
)  # fmt: skip
_CARD_COLUMNS = (
    "card_id", "country_iso", "home_lon", "home_lat", "work_lon", "work_lat", "tzid",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MarketSource:
    """What a market is made from; equal ones make equal markets, in any process.

    Attributes:
        folders: Folders of sites and people, which tell sources apart.
        rates: Rates by category.
        period: Which days.
        is_regions: Whether codes are those of regions, whose money is that of their clocks' country.
        sites: The published sites.
        people: The published people.
    """

    folders: tuple[str, str]
    rates: tuple[tuple[str, float], ...]
    period: Period
    is_regions: bool
    sites: Published = field(compare=False)
    people: Published = field(compare=False)

    @classmethod
    def of(
        cls,
        sites: Published,
        people: Published,
        rates: dict[str, float],
        period: Period,
        *,
        is_regions: bool,
    ) -> MarketSource:
        """Return the source of two published results."""
        folders = str(sites.folder), str(people.folder)
        return cls(folders, tuple(sorted(rates.items())), period, is_regions, sites, people)


@dataclass(frozen=True, slots=True, eq=False)
class Outlets:
    """What purchases show of where they are made; arrays of one length.

    Attributes:
        ids: Ids of sites, int64; ``NONE`` online.
        lons: Degrees, float64; NaN online.
        lats: Likewise.
        merchant: Number of the merchant, int64.
        country: Row of the country, int64.
        mccs: Merchant category codes, int32.
    """

    ids: NDArray[np.int64]
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    merchant: NDArray[np.int64]
    country: NDArray[np.int64]
    mccs: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class PaymentMarket:
    """A market, and what its numbers stand for.

    Attributes:
        market: What lives take place among.
        codes: Codes of the countries.
        money: Money of each.
        tzids: Names of the zones.
        merchant_ids: Merchants by number.
        outlets: Sites, then the online shops of a merchant in a country.
        online: Numbers of the latter, ascending: merchant times countries, plus row of the country, int64 (shops,).
        card_ids: Cards, in the order of their dataset.
        cards: Countries, homes and work of the cards, without keys.
        unvisited: Sites of no known category, which nobody visits.
    """

    market: Market
    codes: tuple[str, ...]
    money: tuple[Currency, ...]
    tzids: tuple[str, ...]
    merchant_ids: pa.Array
    outlets: Outlets
    online: NDArray[np.int64]
    card_ids: pa.Array
    cards: Cards
    unvisited: int

    def cards_with_keys(self, first: int, stop: int, seed: int) -> Cards:
        """Return some of the cards with the keys that decide their lives."""
        keys = card_keys(self.card_ids.slice(first, stop - first).to_pylist(), seed)
        return replace(self.cards.take(slice(first, stop)), keys=keys)

    def outlets_of(self, purchases: Purchases) -> NDArray[np.int64]:
        """Return the row of each purchase's outlet, int64 (n,)."""
        outlet = purchases.site.copy()
        online = np.flatnonzero(outlet == NONE)
        number = purchases.merchant[online] * len(self.codes) + purchases.country[online]
        outlet[online] = np.searchsorted(self.online, number) + len(self.market.sites)
        return outlet


_LOCK = threading.Lock()


def market_of(source: MarketSource) -> PaymentMarket:
    """Return the market of a source, made once in each process.

    Raises:
        IntegrityError: ``file-unreadable``.
        InputError: ``purchases-without-sites``.
    """
    with _LOCK:
        return _market_of(source)


@functools.lru_cache(maxsize=1)
def _market_of(source: MarketSource) -> PaymentMarket:
    here, online, unvisited = _sites_of(source)
    cards = source.people.read(CARDS.name, _CARD_COLUMNS)
    sites = pa.concat_tables([here, online])
    codes = _sorted_union(sites["country_iso"], cards["country_iso"])
    tzids = _sorted_union(here["tzid"], cards["tzid"])
    merchant_ids = pc.unique(sites["merchant_id"])
    merchant_ids = merchant_ids.take(pc.sort_indices(merchant_ids))
    money = _money_of(codes, here, cards, is_regions=source.is_regions)
    placed = Sites(
        here["site_id"].to_numpy(),
        here["lon"].to_numpy(),
        here["lat"].to_numpy(),
        _rows_in(here["category"], CATEGORIES),
        _rows_in(here["merchant_id"], merchant_ids),
        _rows_in(here["country_iso"], codes),
        _rows_in(here["tzid"], tzids),
        np.ones(here.num_rows),
    )
    shops = OnlineMerchants(
        _rows_in(online["merchant_id"], merchant_ids),
        _rows_in(online["category"], CATEGORIES),
        _rows_in(online["country_iso"], codes),
        np.ones(online.num_rows),
    )
    market = Market.of(
        placed,
        shops,
        clocks_of(tzids, source.period),
        Countries(
            np.array([one.price for one in money]),
            np.array([one.till_step for one in money], np.int64),
            np.array([one.note for one in money], np.int64),
        ),
        habits_of(dict(source.rates)),
    )
    numbers = shops.merchant * len(codes) + shops.country
    online_numbers, last = np.unique(numbers[::-1], return_index=True)
    last = len(numbers) - 1 - last
    off_map = np.full(len(last), np.nan)
    outlets = Outlets(
        np.append(placed.keys, np.full(len(last), NONE)),
        np.append(placed.lons, off_map),
        np.append(placed.lats, off_map),
        np.append(placed.merchant, shops.merchant[last]),
        np.append(placed.country, shops.country[last]),
        np.append(here["mcc"].to_numpy(), online["mcc"].to_numpy()[last]),
    )
    return PaymentMarket(
        market,
        codes,
        money,
        tzids,
        merchant_ids,
        outlets,
        online_numbers,
        cards["card_id"].combine_chunks(),
        _cards(cards, codes, tzids),
        unvisited,
    )


def _sites_of(source: MarketSource) -> tuple[pa.Table, pa.Table, int]:
    """Return sites on the map, online merchants, and how many sites nobody visits.

    Raises:
        IntegrityError: ``file-unreadable``.
        InputError: ``purchases-without-sites``.
    """
    sites = source.sites.read(SITES.name, _SITE_COLUMNS)
    known = sites.filter(pc.is_in(sites["category"], pa.array(CATEGORIES))).combine_chunks()
    is_online = pc.equal(known["category"], "online")
    here = known.filter(pc.and_(known["lon"].is_valid(), pc.invert(is_online))).combine_chunks()
    if not here.num_rows:
        raise InputError(
            "purchases-without-sites",
            f"{source.sites.folder} has no sites on the map in a category that people visit.",
            "Place merchants with a known mcc or category; the page on sites explains both columns.",
        )
    online = known.filter(is_online).combine_chunks()
    return here, online, sites.num_rows - known.num_rows


def _cards(cards: pa.Table, codes: Sequence[str], tzids: Sequence[str]) -> Cards:
    return Cards(
        np.zeros((cards.num_rows, 4), np.uint32),
        cards["home_lon"].to_numpy(),
        cards["home_lat"].to_numpy(),
        cards["work_lon"].to_numpy(),
        cards["work_lat"].to_numpy(),
        _rows_in(cards["country_iso"], codes),
        _rows_in(cards["tzid"], tzids),
    )


def _money_of(
    codes: Sequence[str], sites: pa.Table, cards: pa.Table, *, is_regions: bool
) -> tuple[Currency, ...]:
    """Return the money of each country; of a region that of the country whose clocks it has."""
    if not is_regions:
        return tuple(currencies()[code] for code in codes)
    zones: dict[str, str] = {}
    for table in (cards, sites):
        pairs = (
            table.select(["country_iso", "tzid"]).group_by(["country_iso", "tzid"]).aggregate([])
        )
        zones |= dict(zip(pairs["country_iso"].to_pylist(), pairs["tzid"].to_pylist(), strict=True))
    # Of online merchants alone there are no clocks.
    known = {code: country_of_zone(tzid) for code, tzid in sorted(zones.items())}
    first = next(iter(known.values()))
    return tuple(currencies()[known.get(code, first)] for code in codes)


def _sorted_union(one: pa.ChunkedArray, other: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(sorted({*pc.unique(one).to_pylist(), *pc.unique(other).to_pylist()} - {None}))


def _rows_in(values: pa.ChunkedArray, known: Sequence[str] | pa.Array) -> NDArray[np.int64]:
    found: NDArray[np.int64] = (
        pc.index_in(values, pa.array(known, pa.string())).to_numpy().astype(np.int64)
    )
    return found
