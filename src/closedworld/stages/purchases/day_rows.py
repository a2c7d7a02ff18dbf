"""The rows of a day as datasets publish them, names in place of numbers."""

from __future__ import annotations

from collections.abc import Sequence

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
from closedworld.kernels.lives import CATEGORIES, NONE
from closedworld.stages.purchases.market import PaymentMarket

_MICROS = 1_000_000


def purchase_rows(rows: pa.Table, of: PaymentMarket) -> pa.RecordBatch:
    """Return rows of ``BOUGHT`` as ``purchases`` publishes them."""
    ts, site, country = (_column(rows, name) for name in ("ts", "site", "country"))
    at_site = site != NONE
    site_ids = np.full(len(ts), NONE, np.int64)
    site_ids[at_site] = of.site_ids[site[at_site]]
    lon, lat = (rows[name].to_numpy() for name in ("lon", "lat"))
    off_map = np.isnan(lon)
    columns = {
        "purchase_id": rows["key"],
        "ts_utc": pa.array(ts * _MICROS, UTC_TIME),
        "ts_local": pa.array((ts + _column(rows, "offset")) * _MICROS, LOCAL_TIME),
        "tzid": _named(of.tzids, rows["zone"]),
        "card_id": of.card_ids.take(rows["card"]),
        "merchant_id": of.merchant_ids.take(rows["merchant"]),
        "site_id": pa.array(site_ids),
        "channel": _named(CHANNELS, rows["channel"]),
        "category": _named(CATEGORIES, rows["category"]),
        "mcc": pa.array(_mccs(rows, of, site)),
        "amount": pa.array(_amounts(_column(rows, "amount"), country, of)),
        "currency": _named([one.code for one in of.money], rows["country"]),
        "lon": pa.array(lon, mask=off_map),
        "lat": pa.array(lat, mask=off_map),
        "country_iso": _named(of.codes, rows["country"]),
    }
    return _batch(columns, PURCHASES.schema)


def truth_rows(rows: pa.Table, of: PaymentMarket) -> pa.RecordBatch:
    """Return rows of ``BOUGHT`` as ``truth`` publishes them, by purchase."""
    rows = rows.take(pc.sort_indices(rows["key"]))
    fraud, source, reported = (_column(rows, name) for name in ("fraud", "source", "reported"))
    kinds = _kinds(FRAUD_TYPES, fraud)
    campaign = rows["campaign"].combine_chunks()
    no_campaign = pc.equal(campaign, NONE)
    names = pc.binary_join_element_wise(kinds, campaign.cast(pa.string()), "-")
    source_ids = np.full(len(fraud), NONE, np.int64)
    source_ids[source != NONE] = of.site_ids[source[source != NONE]]
    columns = {
        "purchase_id": rows["key"],
        "is_fraud": pa.array(fraud != 0),
        "fraud_type": kinds,
        "campaign_id": pc.if_else(no_campaign, pa.scalar(None, pa.string()), names),
        "source_site_id": pa.array(source_ids),
        "reported_ts_utc": pa.array(reported * _MICROS, UTC_TIME, mask=reported == NONE),
        "hard_negative": _kinds(HARD_NEGATIVES, _column(rows, "hard")),
    }
    return _batch(columns, TRUTH.schema)


def stay_rows(rows: pa.Table, of: PaymentMarket) -> pa.RecordBatch:
    """Return rows of ``STAYED`` as ``stays`` publishes them, sorted."""
    columns = {
        "card_id": of.card_ids.take(rows["card"]),
        "start_utc": pa.array(_column(rows, "start") * _MICROS, UTC_TIME),
        "end_utc": pa.array(_column(rows, "end") * _MICROS, UTC_TIME),
        "kind": _named(STAY_KINDS, rows["kind"]),
        "lon": rows["lon"],
        "lat": rows["lat"],
        "country_iso": _named(of.codes, rows["country"]),
    }
    batch = _batch(columns, STAYS.schema)
    return batch.take(pc.sort_indices(batch, [(name, "ascending") for name in STAYS.key]))


def _column(rows: pa.Table, name: str) -> NDArray[np.int64]:
    return rows[name].to_numpy().astype(np.int64)  # type: ignore[no-any-return]


def _named(names: Sequence[str], numbers: pa.ChunkedArray) -> pa.Array:
    return pa.array(names, pa.string()).take(numbers.combine_chunks())


def _kinds(names: Sequence[str], numbers: NDArray[np.int64]) -> pa.Array:
    """Return the name of each kind, null for 0."""
    return pa.array(names, pa.string()).take(pa.array(numbers - 1, mask=numbers == 0))


def _mccs(rows: pa.Table, of: PaymentMarket, site: NDArray[np.int64]) -> NDArray[np.int32]:
    at_site = site != NONE
    mccs = np.zeros(len(site), np.int32)
    mccs[at_site] = of.site_mccs[site[at_site]]
    merchant, country = _column(rows, "merchant")[~at_site], _column(rows, "country")[~at_site]
    pairs = zip(merchant.tolist(), country.tolist(), strict=True)
    mccs[~at_site] = [of.online_mccs[pair] for pair in pairs]
    return mccs


def _amounts(
    minor: NDArray[np.int64], country: NDArray[np.int64], of: PaymentMarket
) -> NDArray[np.float64]:
    digits = np.array([one.minor_digits for one in of.money], np.int64)
    scale = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])[digits]
    amounts: NDArray[np.float64] = minor / scale[country]
    return amounts


def _batch(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
        for one in (columns[name] for name in schema.names)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
