"""Purchases in the columns, types and orders of other generators' files.

Nothing is made up about people: where a layout wants a name, an address or a job, each has the same value, and card
numbers fail the check of Luhn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets.purchases import FRAUD_TYPES
from closedworld.worlds.converting.own_purchases import PurchaseBatch
from closedworld.worlds.converting.table_files import decimals

_SPARKOV_CATEGORIES = {
    "grocery": ("grocery_pos", "grocery_net"),
    "convenience": ("grocery_pos", "grocery_net"),
    "discount": ("shopping_pos", "shopping_net"),
    "pharmacy": ("health_fitness", "health_fitness"),
    "fast_food": ("food_dining", "food_dining"),
    "restaurant": ("food_dining", "food_dining"),
    "fuel": ("gas_transport", "gas_transport"),
    "big_box": ("home", "shopping_net"),
    "fashion": ("shopping_pos", "shopping_net"),
    "hotel": ("travel", "travel"),
    "transport_and_post": ("travel", "travel"),
}
"""Category of Sparkov for a kind of merchant, in a shop and online; all others are misc_pos and misc_net."""

_DAY_SECONDS = 86_400
_UNKNOWN = "unknown"
_CARD_LENGTH = 16
_CARD_START = 9 * 10 ** (_CARD_LENGTH - 1)
_COORDINATE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of files.

    Attributes:
        suffixes: Suffixes of the file; empty for a folder of a pickle for each day.
        rows: Makes a batch into rows, given the start of the first day in seconds since 1970.
        sorted_by: Columns that all rows are sorted by; empty for the order of time.
    """

    suffixes: tuple[str, ...]
    rows: Callable[[PurchaseBatch, int], pa.Table]
    sorted_by: tuple[str, ...] = ()


def card_numbers(cards: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return numbers of 16 digits, the first of them 9, which no issuer has, that all fail Luhn's check, int64 (n,)."""
    bare = _CARD_START // 10 + cards.astype(np.int64)
    total = np.zeros(len(bare), np.int64)
    rest = bare.copy()
    for place in range(_CARD_LENGTH - 1):
        digit = rest % 10
        # From the right, every other digit counts double, the first of those without check digit among them.
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled // 10 + doubled % 10
        rest //= 10
    wrong = (10 - total % 10 + 1) % 10
    numbers: NDArray[np.int64] = bare * 10 + wrong
    return numbers


def sparkov(batch: PurchaseBatch, first_day: int) -> pa.Table:
    """Return the columns of Kaggle's fraudTrain.csv; online purchases, which have no place, are at home."""
    del first_day
    n = len(batch)
    lon, lat = batch.lons_lats()
    category = batch.table["category"].cast(pa.string()).combine_chunks().dictionary_encode()
    pairs = [
        _SPARKOV_CATEGORIES.get(name, ("misc_pos", "misc_net"))
        for name in category.dictionary.to_pylist()
    ]
    pairs.append(("misc_pos", "misc_net"))
    codes = pc.fill_null(category.indices, len(pairs) - 1).to_numpy(zero_copy_only=False)
    names = np.array(pairs, object)[codes, batch.is_online.astype(np.int64)]
    ids = batch.table["purchase_id"].to_pylist()
    columns: dict[str, Any] = {
        "": np.arange(batch.first, batch.first + n),
        "trans_date_trans_time": _clock(batch.table["ts_local"], "%Y-%m-%d %H:%M:%S"),
        "cc_num": card_numbers(batch.card),
        "merchant": batch.table["merchant_id"],
        "category": pa.array(names, pa.string()),
        "amt": decimals(batch.reals("amount"), 2),
        "first": _same(n, _UNKNOWN),
        "last": _same(n, _UNKNOWN),
        "gender": pa.array(np.where(batch.person % 2 == 0, "F", "M")),
        "street": _same(n, _UNKNOWN),
        "city": pc.fill_null(batch.home["place"], _UNKNOWN),
        "state": pc.fill_null(batch.home["admin1"], _UNKNOWN),
        "zip": np.zeros(n, np.int64),
        "lat": decimals(batch.home_lat, _COORDINATE_DIGITS),
        "long": decimals(batch.home_lon, _COORDINATE_DIGITS),
        "city_pop": np.ones(n, np.int64),
        "job": _same(n, _UNKNOWN),
        "dob": _same(n, "1980-01-01"),
        "trans_num": pa.array([f"{one:032x}" for one in ids]),
        "unix_time": _seconds(batch.table["ts_utc"]),
        "merch_lat": decimals(lat, _COORDINATE_DIGITS),
        "merch_long": decimals(lon, _COORDINATE_DIGITS),
        "is_fraud": batch.is_fraud.astype(np.int64),
    }
    return pa.table(columns)


def handbook(batch: PurchaseBatch, first_day: int) -> pa.Table:
    """Return the columns of the Fraud Detection Handbook, on the clock of UTC."""
    seconds = _seconds(batch.table["ts_utc"])
    columns: dict[str, Any] = {
        "TRANSACTION_ID": np.arange(batch.first, batch.first + len(batch)),
        "TX_DATETIME": batch.table["ts_utc"]
        .cast(pa.timestamp("s"), safe=False)
        .cast(pa.timestamp("ns")),
        "CUSTOMER_ID": batch.card.astype(np.int64),
        "TERMINAL_ID": batch.terminal.astype(np.int64),
        "TX_AMOUNT": batch.reals("amount"),
        "TX_TIME_SECONDS": seconds - first_day,
        "TX_TIME_DAYS": (seconds - first_day) // _DAY_SECONDS,
        "TX_FRAUD": batch.is_fraud.astype(np.int64),
        "TX_FRAUD_SCENARIO": _scenario(batch),
    }
    return pa.table(columns)


def synccfd(batch: PurchaseBatch, first_day: int) -> pa.Table:
    """Return the columns of SynCCFD, on the clock of UTC; online purchases are at home."""
    base = handbook(batch, first_day)
    lon, lat = batch.lons_lats()
    columns: dict[str, Any] = {
        **{name: base[name] for name in base.column_names[:5]},
        "TX_TYPE": pa.array(np.where(batch.is_online, "CNP", "CP")),
        "TX_SHIPP_LAT": lat,
        "TX_SHIPP_LONG": lon,
        "TX_BILL_LAT": batch.home_lat,
        "TX_BILL_LONG": batch.home_lon,
        "TX_TERM_LAT": lat,
        "TX_TERM_LONG": lon,
        **{name: base[name] for name in base.column_names[5:]},
    }
    return pa.table(columns)


def tabformer(batch: PurchaseBatch, first_day: int) -> pa.Table:
    """Return the columns of TabFormer's card_transaction.v1.csv, by the local clock."""
    del first_day
    n = len(batch)
    local = batch.table["ts_local"]
    chip = np.select(
        [batch.is_online, batch.is_atm],
        ["Online Transaction", "Swipe Transaction"],
        "Chip Transaction",
    )
    city = pc.if_else(
        pa.array(batch.is_online), "ONLINE", pc.fill_null(batch.site["place"], _UNKNOWN)
    )
    state = pc.if_else(
        pa.array(batch.is_online),
        pa.scalar(None, pa.string()),
        batch.table["country_iso"].cast(pa.string()),
    )
    columns: dict[str, Any] = {
        "User": batch.person.astype(np.int64),
        "Card": batch.card_of_person,
        "Year": pc.year(local),
        "Month": pc.month(local),
        "Day": pc.day(local),
        "Time": _clock(local, "%H:%M"),
        "Amount": pc.binary_join_element_wise("$", decimals(batch.reals("amount"), 2), ""),
        "Use Chip": pa.array(chip),
        "Merchant Name": _hashed(batch.table["merchant_id"]),
        "Merchant City": city,
        "Merchant State": state,
        "Zip": pa.nulls(n, pa.string()),
        "MCC": batch.table["mcc"],
        "Errors?": pa.nulls(n, pa.string()),
        "Is Fraud?": pa.array(np.where(batch.is_fraud == 1, "Yes", "No")),
    }
    return pa.table(columns)


LAYOUTS = {
    "sparkov": Layout((".csv",), sparkov),
    "handbook": Layout((), handbook),
    "tabformer": Layout((".csv",), tabformer, ("User", "Card")),
    "synccfd": Layout((".csv", ".parquet"), synccfd),
}
"""The layouts by name."""


def _scenario(batch: PurchaseBatch) -> NDArray[np.int64]:
    """Return the number of the kind of fraud in the order of ``FRAUD_TYPES``, from 1; 0 for none."""
    kinds = pc.index_in(batch.fraud_type, pa.array(FRAUD_TYPES))
    numbers = pc.fill_null(pc.add(kinds, 1), 0).to_numpy().astype(np.int64)
    return np.where(batch.is_fraud == 1, numbers, 0)


def _seconds(column: pa.ChunkedArray) -> NDArray[np.int64]:
    seconds: NDArray[np.int64] = (
        column.cast(pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64()).to_numpy()
    )
    return seconds


def _clock(column: pa.ChunkedArray, form: str) -> pa.ChunkedArray:
    return pc.strftime(column.cast(pa.timestamp("s"), safe=False), format=form)


def _same(n: int, text: str) -> pa.Array:
    return pa.repeat(pa.scalar(text), n)


def _hashed(column: pa.ChunkedArray) -> pa.Array:
    """Return names as signed 64-bit numbers, as TabFormer has merchants."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    digests = [
        hashlib.blake2b(one.encode(), digest_size=8).digest()
        for one in encoded.dictionary.to_pylist()
    ]
    numbers = np.array([int.from_bytes(one, "little", signed=True) for one in digests], np.int64)
    return pa.array(numbers).take(encoded.indices)
