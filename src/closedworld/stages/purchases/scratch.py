"""Scratch files: what a block of cards bought and where its holders were, a file for each block, cut by day."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
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
from closedworld.store.durable import writing_to

DAY = 86_400

Rows: TypeAlias = "dict[str, NDArray[Any]]"
"""Columns of one length by name."""


@dataclass(frozen=True, slots=True, eq=False)
class ScratchTable:
    """What scratch files hold of one kind.

    Attributes:
        name: What it is.
        columns: Types by name.
    """

    name: str
    columns: dict[str, type[np.signedinteger[Any] | np.float64]]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return sum(np.dtype(one).itemsize for one in self.columns.values())


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
_ENTRY = np.dtype(("<i8", 2 + len(SCRATCH_TABLES)))
"""Of a day: where its piece begins, how many bytes it has, and the rows of each table."""


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
    lives: Lives, campaigns: Mapping[FraudType, NDArray[np.int64]], sites: Sites, period: Period
) -> tuple[Rows, NDArray[np.int64]]:
    """Return what few purchases have as ``MARKED``, and the day of each, from 0.

    Args:
        lives: The lives of a block.
        campaigns: Numbers of the campaigns by type of fraud, int64 (campaigns,), of those that have any.
        sites: All sites.
        period: Which days.
    """
    own, truth = lives.purchases, lives.truth
    which = np.flatnonzero(is_marked(truth.fraud_type, truth.hard_negative))
    fraud_type, of_type = truth.fraud_type[which], truth.campaign[which]
    campaign = np.full(len(which), NONE, np.int64)
    for kind, numbers in campaigns.items():
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


def scratch_path(folder: Path, number: int) -> str:
    """Return the file of a block, as a text: a year of 30,000 cards opens 45,000."""
    return f"{folder}/block-{number:05d}"


def write_scratch(
    path: Path, tables: Sequence[tuple[Rows, NDArray[np.int64]]], days: int
) -> NDArray[np.int64]:
    """Write what a block leaves by day, one compressed piece each, and return the rows, int64 (tables, days).

    In a piece the first bytes of all values of a column come first, then their second bytes: most numbers are small,
    so the later ones are zeros, and the file is a quarter smaller. Where the piece of each day begins stands at the head of
    the file, so that a day is read without the others.

    Args:
        path: The file.
        tables: Rows of each of ``SCRATCH_TABLES``, in any order, and the day of each row, from 0.
        days: How many days there are.

    Raises:
        PublishError: ``output-not-writable``.
    """
    counts = np.array([np.bincount(day, minlength=days) for _, day in tables], np.int64)
    parts = []
    for kind, (rows, day), of_day in zip(SCRATCH_TABLES, tables, counts, strict=True):
        # Numbers of two bytes are sorted by radix.
        order = np.argsort(day.astype(np.min_scalar_type(days)), kind="stable")
        columns = [rows[name].astype(one).take(order) for name, one in kind.columns.items()]
        planes = np.concatenate([one[:, np.newaxis].view(np.uint8).T for one in columns])
        stops = np.cumsum(of_day)
        bounds = zip((stops - of_day).tolist(), stops.tolist(), strict=True)
        parts.append([planes[:, begin:stop].tobytes() for begin, stop in bounds])
    codec = pa.Codec(_CODEC)
    pieces = [codec.compress(b"".join(one), asbytes=True) for one in zip(*parts, strict=True)]
    sizes = np.array([len(piece) for piece in pieces])
    begins = np.cumsum(sizes) - sizes + _ENTRY.itemsize * days
    entries = np.stack([begins, sizes, *counts], axis=1).astype(_ENTRY.base)
    with writing_to(path):
        path.write_bytes(b"".join([entries.tobytes(), *pieces]))
    return counts


def read_day(folder: Path, blocks: int, day: int) -> tuple[Rows, ...]:
    """Return the rows of a day of each of ``SCRATCH_TABLES``, those of one block after those of another.

    Args:
        folder: Where the files of the blocks lie.
        blocks: How many there are.
        day: Which day, from 0.

    Raises:
        OSError, ValueError: A file cannot be read.
    """
    codec, widths = pa.Codec(_CODEC), [kind.row_bytes for kind in SCRATCH_TABLES]
    found: list[list[NDArray[np.uint8]]] = [[np.empty((one, 0), np.uint8)] for one in widths]
    for number in range(blocks):
        file = os.open(scratch_path(folder, number), os.O_RDONLY)
        try:
            entry = os.pread(file, _ENTRY.itemsize, _ENTRY.itemsize * day)
            begin, size, *counts = np.frombuffer(entry, _ENTRY.base, _ENTRY.shape[0]).tolist()
            piece = os.pread(file, size, begin)
        finally:
            os.close(file)
        sizes = [width * count for width, count in zip(widths, counts, strict=True)]
        content, begin = codec.decompress(piece, sum(sizes)), 0
        for planes, width, own in zip(found, widths, sizes, strict=True):
            planes.append(np.frombuffer(content, np.uint8, own, begin).reshape(width, -1))
            begin += own
    return tuple(
        _values(np.concatenate(planes, axis=1), kind)
        for planes, kind in zip(found, SCRATCH_TABLES, strict=True)
    )


def _values(planes: NDArray[np.uint8], kind: ScratchTable) -> Rows:
    """Return columns from the bytes of their values, uint8 (bytes of a row, n)."""
    rows: Rows = {}
    for name, one in kind.columns.items():
        own, planes = np.split(planes, [np.dtype(one).itemsize])
        rows[name] = np.ascontiguousarray(own.T).view(one).ravel()
    return rows
