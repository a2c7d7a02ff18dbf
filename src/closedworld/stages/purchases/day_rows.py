"""The rows of a day as datasets publish them, names in place of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets import PURCHASES, STAYS, TRUTH
from closedworld.datasets.purchases import (
    CHANNELS,
    FRAUD_TYPES,
    HARD_NEGATIVES,
    LOCAL_TIME,
    STAY_KINDS,
    UTC_TIME,
)
from closedworld.kernels.lives import CATEGORIES, NONE, HardNegative, StayKind
from closedworld.stages.purchases.market import PaymentMarket
from closedworld.stages.purchases.scratch import Rows, is_marked

_MICROS = 1_000_000

INDEXED_TEXTS = "tzid", "channel", "category", "currency", "country_iso"
"""Texts of purchases that are of few values, for ``PartEncoder``."""


def purchase_rows(rows: Rows, marked: Rows, begin: int, of: PaymentMarket) -> pa.RecordBatch:
    """Return rows of ``BOUGHT`` as ``purchases`` publishes them.

    Args:
        rows: The rows, sorted.
        marked: Rows of ``MARKED`` of the day, sorted by key.
        begin: First second of the day since 1970 UTC.
        of: What numbers stand for.
    """
    ts, outlet = rows["second"].astype(np.int64) + begin, rows["outlet"]
    outlets, country = of.outlets, of.outlets.country.take(outlet)
    lon, lat = outlets.lons.take(outlet), outlets.lats.take(outlet)
    shown = np.flatnonzero(rows["hard"] == HardNegative.HEAD_OFFICE)
    row = np.searchsorted(marked["key"], rows["key"][shown])
    lon[shown], lat[shown] = marked["lon"][row], marked["lat"][row]
    off_map = np.isnan(lon)
    columns = {
        "purchase_id": pa.array(rows["key"]),
        "ts_utc": pa.array(ts * _MICROS, UTC_TIME),
        "ts_local": pa.array((ts + rows["offset"]) * _MICROS, LOCAL_TIME),
        "tzid": _indexed(of.tzids, rows["zone"]),
        "card_id": of.card_ids.take(pa.array(rows["card"])),
        "merchant_id": of.merchant_ids.take(pa.array(outlets.merchant.take(outlet))),
        "site_id": pa.array(outlets.ids.take(outlet)),
        "channel": _indexed(
            [CHANNELS[one] for one in of.market.habits.channel.tolist()], rows["category"]
        ),
        "category": _indexed(CATEGORIES, rows["category"]),
        "mcc": pa.array(outlets.mccs.take(outlet)),
        "amount": pa.array(_amounts(rows["amount"], country, of)),
        "currency": _indexed([one.code for one in of.money], country),
        "lon": pa.array(lon, mask=off_map),
        "lat": pa.array(lat, mask=off_map),
        "country_iso": _indexed(of.codes, country),
    }
    return pa.RecordBatch.from_pydict({name: columns[name] for name in PURCHASES.schema.names})


def truth_rows(rows: Rows, marked: Rows, of: PaymentMarket) -> pa.RecordBatch:
    """Return rows of ``BOUGHT`` and ``MARKED``, each sorted by key, as ``truth`` publishes them."""
    fraud = rows["fraud"]
    which = np.flatnonzero(is_marked(fraud, rows["hard"]))
    campaign, source, reported = np.full((3, len(fraud)), NONE)
    campaign[which], source[which], reported[which] = (
        marked[name] for name in ("campaign", "source", "reported")
    )
    some = np.flatnonzero(campaign != NONE)
    names = [
        f"{FRAUD_TYPES[kind - 1]}-{number}"
        for kind, number in zip(fraud[some].tolist(), campaign[some].tolist(), strict=True)
    ]
    named = np.zeros(len(fraud), np.int64)
    named[some] = np.arange(len(some)) + 1
    columns = {
        "purchase_id": pa.array(rows["key"]),
        "is_fraud": pa.array(fraud != 0),
        "fraud_type": _kinds(FRAUD_TYPES, fraud),
        "campaign_id": _kinds(names, named),
        "source_site_id": pa.array(np.where(source == NONE, NONE, of.outlets.ids.take(source))),
        "reported_ts_utc": pa.array(reported * _MICROS, UTC_TIME, mask=reported == NONE),
        "hard_negative": _kinds(HARD_NEGATIVES, rows["hard"]),
    }
    return _batch(columns, TRUTH.schema)


def stay_rows(rows: Rows, begin: int, of: PaymentMarket) -> pa.RecordBatch:
    """Return rows of ``STAYED`` of the day that begins at a second as ``stays`` publishes them, sorted."""
    card, kind, start = rows["card"], rows["kind"], rows["second"].astype(np.int64) + begin
    cards, is_home, is_work = of.cards, kind == StayKind.HOME, kind == StayKind.WORK
    places = {
        "lon": (cards.home_lons.take(card), cards.work_lons.take(card)),
        "lat": (cards.home_lats.take(card), cards.work_lats.take(card)),
    }
    columns = {
        "card_id": of.card_ids.take(pa.array(card)),
        "start_utc": pa.array(start * _MICROS, UTC_TIME),
        "end_utc": pa.array((start + rows["seconds"]) * _MICROS, UTC_TIME),
        "kind": _named(STAY_KINDS, kind),
        "country_iso": _named(of.codes, rows["country"]),
    } | {name: pa.array(np.select([is_home, is_work], places[name], rows[name])) for name in places}
    batch = _batch(columns, STAYS.schema)
    return batch.take(pc.sort_indices(batch, [(name, "ascending") for name in STAYS.key]))


def _indexed(names: Sequence[str], numbers: NDArray[Any]) -> pa.DictionaryArray:
    """Return the name of each number, some equal perhaps, with the names that are there in order of appearance."""
    first = np.full(len(names), len(numbers))
    # The last of equal places wins, which is their first.
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    used = np.argsort(first)[: np.count_nonzero(first < len(numbers))]
    found = pa.array(names, pa.string()).take(pa.array(used)).dictionary_encode()
    index = np.zeros(len(names), np.int32)
    index[used] = found.indices.to_numpy()
    return pa.DictionaryArray.from_arrays(pa.array(index.take(numbers)), found.dictionary)


def _named(names: Sequence[str], numbers: NDArray[Any]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(numbers))


def _kinds(names: Sequence[str], numbers: NDArray[Any]) -> pa.Array:
    """Return the name of each number, from 1, null for 0."""
    return pa.array(names, pa.string()).take(pa.array(numbers - 1, mask=numbers == 0))


def _amounts(
    minor: NDArray[np.int64], country: NDArray[np.int64], of: PaymentMarket
) -> NDArray[np.float64]:
    digits = np.array([one.minor_digits for one in of.money], np.int64)
    scale = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])[digits]
    amounts: NDArray[np.float64] = minor / scale[country]
    return amounts


def _batch(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
