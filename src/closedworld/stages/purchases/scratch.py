"""Scratch files: what a block of cards bought and where its holders were, cut by day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.lives import NONE, Lives, Period
from closedworld.store.durable import not_writable

DAY = 86_400

BOUGHT = pa.schema(
    [
        ("ts", pa.int64()),
        ("key", pa.int64()),
        ("card", pa.int32()),
        ("site", pa.int32()),
        ("merchant", pa.int32()),
        ("zone", pa.int16()),
        ("category", pa.int8()),
        ("channel", pa.int8()),
        ("country", pa.int16()),
        ("amount", pa.int64()),
        ("offset", pa.int32()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("fraud", pa.int8()),
        ("campaign", pa.int64()),
        ("source", pa.int32()),
        ("reported", pa.int64()),
        ("hard", pa.int8()),
    ]
)
"""Purchases, numbers in place of names."""

STAYED = pa.schema(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("card", pa.int32()),
        ("kind", pa.int8()),
        ("country", pa.int16()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
    ]
)
"""Stays, likewise."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


def bought_rows(lives: Lives, first_card: int, campaigns: Sequence[NDArray[np.int64]]) -> pa.Table:
    """Return purchases as ``BOUGHT``.

    Args:
        lives: The lives of a block.
        first_card: Row of its first card among all.
        campaigns: Numbers of the campaigns by type of fraud, int64 (campaigns,); none for those without.
    """
    own, truth = lives.purchases, lives.truth
    campaign = np.full(len(own), NONE, np.int64)
    for kind, numbers in enumerate(campaigns):
        some = (truth.fraud_type == kind) & (truth.campaign != NONE)
        campaign[some] = numbers[truth.campaign[some]]
    columns = (
        own.ts_utc, own.key, own.card + first_card, own.site, own.merchant, own.zone, own.category,
        own.channel, own.country, own.amount, own.offset, own.lons, own.lats, truth.fraud_type,
        campaign, truth.source_site, truth.reported, truth.hard_negative,
    )  # fmt: skip
    return _table(columns, BOUGHT)


def stayed_rows(lives: Lives, first_card: int) -> pa.Table:
    """Return stays as ``STAYED``."""
    own = lives.stays
    columns = own.start, own.end, own.card + first_card, own.kind, own.country, own.lons, own.lats
    return _table(columns, STAYED)


def _table(columns: Sequence[NDArray[np.generic]], schema: pa.Schema) -> pa.Table:
    arrays = [
        pa.array(one.astype(field.type.to_pandas_dtype(), copy=False))
        for one, field in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def write_scratch(path: Path, rows: pa.Table, time: str, period: Period) -> NDArray[np.int64]:
    """Write rows by day, one record batch each, and return how many there are of each, int64 (days,).

    Args:
        path: The file.
        rows: Rows of ``BOUGHT`` or ``STAYED`` in any order, all within the period.
        time: Column by which they are cut.
        period: Which days.

    Raises:
        PublishError: ``output-not-writable``.
    """
    day = (rows[time].to_numpy() - period.start) // DAY
    order = np.argsort(day, kind="stable")
    rows = rows.take(pa.array(order)).combine_chunks()
    bounds = np.searchsorted(day[order], np.arange(period.days + 1))
    try:
        with (
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_file(sink, rows.schema, options=_OPTIONS) as writer,
        ):
            for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
                batches = rows.slice(begin, end - begin).to_batches()
                writer.write_batch(
                    batches[0] if batches else pa.RecordBatch.from_pylist([], rows.schema)
                )
    except OSError as error:
        raise not_writable(path, error) from error
    return np.diff(bounds).astype(np.int64)


def read_day(paths: Sequence[Path], day: int) -> pa.Table:
    """Return the rows of a day from scratch files, those of one after those of another.

    Raises:
        OSError, pyarrow.ArrowException: One cannot be read.
    """
    batches = []
    for path in paths:
        with pa.OSFile(str(path), "rb") as file:
            batches.append(pa.ipc.open_file(file).get_batch(day))
    return pa.Table.from_batches(batches).combine_chunks()
