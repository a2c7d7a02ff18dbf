"""Scratch files: what a block of cards bought and where its holders were, cut by day."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.kernels.lives import (
    NONE,
    FraudType,
    HardNegative,
    Lives,
    Period,
    Sites,
    StayKind,
)
from closedworld.store.durable import not_writable

DAY = 86_400

Rows: TypeAlias = "dict[str, NDArray[Any]]"
"""Columns of one length by name."""


@dataclass(frozen=True, slots=True, eq=False)
class ScratchTable:
    """What one kind of scratch files holds.

    Attributes:
        name: First part of their names.
        columns: Types by name.
    """

    name: str
    columns: dict[str, type[np.signedinteger[Any] | np.float64]]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return sum(np.dtype(one).itemsize for one in self.columns.values())

    def path(self, folder: Path, number: int) -> Path:
        """Return the file of a block."""
        return folder / f"{self.name}-{number:05d}"


BOUGHT = ScratchTable(
    "bought",
    {
        "second": np.int32,
        "key": np.int64,
        "card": np.int32,
        "outlet": np.int32,
        "zone": np.int16,
        "category": np.int8,
        "amount": np.int64,
        "offset": np.int32,
        "fraud": np.int8,
        "hard": np.int8,
    },
)
"""Purchases, numbers in place of names: the second of the day, the row among the outlets of ``PaymentMarket``."""

MARKED = ScratchTable(
    "marked",
    {
        "key": np.int64,
        "campaign": np.int64,
        "source": np.int32,
        "reported": np.int64,
        "lon": np.float64,
        "lat": np.float64,
    },
)
"""What few purchases have, those that ``is_marked``: facts about fraud, and the point shown, which is that of a head
office for some."""

STAYED = ScratchTable(
    "stayed",
    {
        "second": np.int32,
        "seconds": np.int32,
        "card": np.int32,
        "kind": np.int8,
        "country": np.int16,
        "lon": np.float64,
        "lat": np.float64,
    },
)
"""Stays, likewise: how long they last, and the point of those on trips, else 0."""

SCRATCH_TABLES = BOUGHT, MARKED, STAYED
"""What a block leaves."""

_CODEC = "lz4_raw"
_ENTRY = np.dtype("<i8")


def is_marked(fraud: NDArray[np.int8], hard: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return whether purchases have a row of ``MARKED``, bool (n,): fraud, and those shown at a head office."""
    found: NDArray[np.bool_] = (fraud != FraudType.NONE) | (hard == HardNegative.HEAD_OFFICE)
    return found


def bought_rows(
    lives: Lives, outlet: NDArray[np.int64], first_card: int, period: Period
) -> tuple[Rows, NDArray[np.int64]]:
    """Return purchases as ``BOUGHT``, and the day of each, from 0.

    Args:
        lives: The lives of a block.
        outlet: Row of the outlet of each purchase, int64 (n,).
        first_card: Row of its first card among all.
        period: Which days.
    """
    own, truth = lives.purchases, lives.truth
    day, second = np.divmod(own.ts_utc - period.start, DAY)
    columns = (
        second, own.key, own.card + first_card, outlet, own.zone, own.category, own.amount,
        own.offset, truth.fraud_type, truth.hard_negative,
    )  # fmt: skip
    return dict(zip(BOUGHT.columns, columns, strict=True)), day


def marked_rows(
    lives: Lives, campaigns: Sequence[NDArray[np.int64]], sites: Sites, period: Period
) -> tuple[Rows, NDArray[np.int64]]:
    """Return what few purchases have as ``MARKED``, and the day of each, from 0.

    Args:
        lives: The lives of a block.
        campaigns: Numbers of the campaigns by type of fraud, int64 (campaigns,); none for those without.
        sites: All sites.
        period: Which days.
    """
    own, truth = lives.purchases, lives.truth
    which = np.flatnonzero(is_marked(truth.fraud_type, truth.hard_negative))
    fraud_type, of_type = truth.fraud_type[which], truth.campaign[which]
    campaign = np.full(len(which), NONE, np.int64)
    for kind, numbers in enumerate(campaigns):
        some = (fraud_type == kind) & (of_type != NONE)
        campaign[some] = numbers[of_type[some]]
    shown = own.shown[which]
    at_site = shown != NONE
    points = np.full((2, len(which)), np.nan)
    points[:, at_site] = sites.lons[shown[at_site]], sites.lats[shown[at_site]]
    columns = (
        own.key[which], campaign, truth.source_site[which], truth.reported[which], *points,
    )  # fmt: skip
    day = (own.ts_utc[which] - period.start) // DAY
    return dict(zip(MARKED.columns, columns, strict=True)), day


def stayed_rows(lives: Lives, first_card: int, period: Period) -> tuple[Rows, NDArray[np.int64]]:
    """Return stays as ``STAYED``, and the day on which each begins, from 0."""
    own = lives.stays
    day, second = np.divmod(own.start - period.start, DAY)
    is_trip = own.kind == StayKind.TRIP
    columns = (
        second, own.end - own.start, own.card + first_card, own.kind, own.country,
        np.where(is_trip, own.lons, 0.0), np.where(is_trip, own.lats, 0.0),
    )  # fmt: skip
    return dict(zip(STAYED.columns, columns, strict=True)), day


def write_scratch(
    path: Path, rows: Rows, day: NDArray[np.int64], kind: ScratchTable, days: int
) -> NDArray[np.int64]:
    """Write rows by day, one compressed block each, and return how many there are of each, int64 (days,).

    In a block the first bytes of all values of a column come first, then their second bytes: most numbers are small,
    so the later ones are zeros, and the file is a quarter smaller. Where a block begins, its size and its rows stand
    at the end of the file, so that a day is read without the others.

    Args:
        path: The file.
        rows: Columns of the table, rows in any order.
        day: The day of each row, from 0.
        kind: Which table.
        days: How many days there are.

    Raises:
        PublishError: ``output-not-writable``.
    """
    # Numbers of two bytes are sorted by radix.
    order = np.argsort(day.astype(np.min_scalar_type(days)), kind="stable")
    planes = np.concatenate(
        [_planes(rows[name].astype(one).take(order)).T for name, one in kind.columns.items()]
    )
    counts = np.bincount(day, minlength=days).astype(np.int64)
    entries = []
    try:
        with pa.OSFile(str(path), "wb") as file:
            for stop, count in zip(np.cumsum(counts).tolist(), counts.tolist(), strict=True):
                block = pa.compress(planes[:, stop - count : stop].tobytes(), _CODEC)
                entries.append((file.tell(), len(block), count))
                file.write(block)
            file.write(np.array(entries, _ENTRY).tobytes())
    except OSError as error:
        raise not_writable(path, error) from error
    return counts


def read_day(paths: Sequence[Path], kind: ScratchTable, day: int, days: int) -> Rows:
    """Return the rows of a day from scratch files, those of one after those of another.

    Args:
        paths: The files.
        kind: Which table they hold.
        day: Which day, from 0.
        days: How many days there are.

    Raises:
        OSError, ValueError: One cannot be read.
    """
    blocks = []
    for path in paths:
        with path.open("rb", buffering=0) as file:
            file.seek((day - days) * 3 * _ENTRY.itemsize, os.SEEK_END)
            begin, size, count = np.frombuffer(file.read(), _ENTRY, 3).tolist()
            file.seek(begin)
            blocks.append((file.read(size), count))
    total = sum(count for _, count in blocks)
    rows: Rows = {name: np.empty(total, one) for name, one in kind.columns.items()}
    stop = 0
    for block, count in blocks:
        content = pa.decompress(block, kind.row_bytes * count, _CODEC)
        planes = np.frombuffer(content, np.uint8).reshape(kind.row_bytes, count)
        stop, top = stop + count, 0
        for values in rows.values():
            own = _planes(values)[stop - count : stop]
            own[:] = planes[top : top + own.shape[1]].T
            top += own.shape[1]
    return rows


def _planes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes of values, uint8 (n, bytes of a value), in the memory of the values."""
    return values.view(np.uint8).reshape(len(values), values.itemsize)
