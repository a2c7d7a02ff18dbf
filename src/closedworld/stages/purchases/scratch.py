"""Scratch files: what a block of cards bought and where its holders were, cut by day."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.lives import NONE, HardNegative, Lives, Period, StayKind
from closedworld.store.durable import not_writable

DAY = 86_400

Rows: TypeAlias = "dict[str, NDArray[Any]]"
"""Columns of one length by name."""

BOUGHT = pa.schema(
    [
        ("second", pa.int32()),
        ("key", pa.int64()),
        ("card", pa.int32()),
        ("outlet", pa.int32()),
        ("zone", pa.int16()),
        ("category", pa.int8()),
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
"""Purchases, numbers in place of names: the second of the day, the row among the outlets of ``PaymentMarket``, and the
point of a head office where that is shown, else 0."""

STAYED = pa.schema(
    [
        ("second", pa.int32()),
        ("seconds", pa.int32()),
        ("card", pa.int32()),
        ("kind", pa.int8()),
        ("country", pa.int16()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
    ]
)
"""Stays, likewise: how long they last, and the point of those on trips, else 0."""

_WRITING = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_READING = pa.ipc.IpcReadOptions(use_threads=False)
"""Threads take longer to hand out some kilobytes than to decompress them."""


def bought_rows(
    lives: Lives,
    outlet: NDArray[np.int64],
    first_card: int,
    campaigns: Sequence[NDArray[np.int64]],
    period: Period,
) -> tuple[Rows, NDArray[np.int64]]:
    """Return purchases as ``BOUGHT``, and the day of each, from 0.

    Args:
        lives: The lives of a block.
        outlet: Row of the outlet of each purchase, int64 (n,).
        first_card: Row of its first card among all.
        campaigns: Numbers of the campaigns by type of fraud, int64 (campaigns,); none for those without.
        period: Which days.
    """
    own, truth = lives.purchases, lives.truth
    campaign = np.full(len(own), NONE, np.int64)
    for kind, numbers in enumerate(campaigns):
        some = (truth.fraud_type == kind) & (truth.campaign != NONE)
        campaign[some] = numbers[truth.campaign[some]]
    day, second = np.divmod(own.ts_utc - period.start, DAY)
    is_shown = truth.hard_negative == HardNegative.HEAD_OFFICE
    columns = (
        second, own.key, own.card + first_card, outlet, own.zone, own.category, own.amount,
        own.offset, np.where(is_shown, own.lons, 0.0), np.where(is_shown, own.lats, 0.0),
        truth.fraud_type, campaign, truth.source_site, truth.reported, truth.hard_negative,
    )  # fmt: skip
    return dict(zip(BOUGHT.names, columns, strict=True)), day


def stayed_rows(lives: Lives, first_card: int, period: Period) -> tuple[Rows, NDArray[np.int64]]:
    """Return stays as ``STAYED``, and the day on which each begins, from 0."""
    own = lives.stays
    day, second = np.divmod(own.start - period.start, DAY)
    is_trip = own.kind == StayKind.TRIP
    columns = (
        second, own.end - own.start, own.card + first_card, own.kind, own.country,
        np.where(is_trip, own.lons, 0.0), np.where(is_trip, own.lats, 0.0),
    )  # fmt: skip
    return dict(zip(STAYED.names, columns, strict=True)), day


def write_scratch(
    path: Path, rows: Rows, day: NDArray[np.int64], schema: pa.Schema, days: int
) -> NDArray[np.int64]:
    """Write rows by day, one record batch each, and return how many there are of each, int64 (days,).

    Where the batches begin stands at the end of the file, so that a day is read without the others.

    Args:
        path: The file.
        rows: Columns of ``BOUGHT`` or ``STAYED``, rows in any order.
        day: The day of each row, from 0.
        schema: Which of both.
        days: How many days there are.

    Raises:
        PublishError: ``output-not-writable``.
    """
    # Numbers of two bytes are sorted by radix.
    order = np.argsort(day.astype(np.min_scalar_type(days)), kind="stable")
    sorted_rows = pa.RecordBatch.from_arrays(
        [
            pa.array(rows[one.name].astype(one.type.to_pandas_dtype(), copy=False).take(order))
            for one in schema
        ],
        schema=schema,
    )
    counts = np.bincount(day, minlength=days).astype(np.int64)
    begins = []
    try:
        with pa.OSFile(str(path), "wb") as sink:
            with pa.ipc.new_stream(sink, schema, options=_WRITING) as writer:
                # The schema is written before the first batch, which belongs to no day.
                writer.write_batch(sorted_rows.slice(0, 0))
                for begin, count in zip(
                    (np.cumsum(counts) - counts).tolist(), counts.tolist(), strict=True
                ):
                    begins.append(sink.tell())
                    writer.write_batch(sorted_rows.slice(begin, count))
                begins.append(sink.tell())
            sink.write(np.array(begins, "<i8").tobytes())
    except OSError as error:
        raise not_writable(path, error) from error
    return counts


def read_day(paths: Sequence[Path], schema: pa.Schema, day: int, days: int) -> Rows:
    """Return the rows of a day from scratch files, those of one after those of another.

    Args:
        paths: The files.
        schema: ``BOUGHT`` or ``STAYED``.
        day: Which day, from 0.
        days: How many days there are.

    Raises:
        OSError, pyarrow.ArrowException: One cannot be read.
    """
    batches, head = [], schema.serialize().to_pybytes()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            file.seek(8 * (day - days - 1), os.SEEK_END)
            begin, end = np.frombuffer(file.read(16), "<i8").tolist()
            file.seek(begin)
            stream = pa.ipc.open_stream(head + file.read(end - begin), options=_READING)
            batches.append(stream.read_next_batch())
    table = pa.Table.from_batches(batches, schema)
    return {name: table[name].to_numpy() for name in schema.names}
