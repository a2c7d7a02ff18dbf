"""What the stage checks of its own result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import TRUTH
from closedworld.inputs.reference.zone_clocks import zone_info
from closedworld.kernels.lives import NONE, FraudType, HardNegative, Lives, Market
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz
from closedworld.stages.checked_results import staged_parts
from closedworld.stages.checking import CheckCounts
from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry

CLAIMS = {
    "rows": "every purchase of a life has one row, and no other row is there",
    "purchase_ids": "no two purchases have the same id",
    "labels": "every row of truth belongs to a purchase of its day, and every purchase has one",
    "times": "rows are sorted by time, each within the day that names its file",
    "clocks": "ts_local is what zoneinfo shows for ts_utc in tzid (a sample of each day)",
    "speeds": "no holder is faster than 900 km/h between two purchases at sites, but for those that truth lists",
    "amounts": "amounts are above 0",
    "stays": "stays end after they begin",
}
"""What each check claims."""

FASTEST_KMH = 900.0
_SAMPLED = 300
_MICROS = 1_000_000
_IDS_AT_ONCE, _ID_BITS = 1 << 23, 63


def check_lives(market: Market, lives: Lives) -> CheckCounts:
    """Return what was counted of the lives of a block of cards."""
    counts, own, truth = CheckCounts(), lives.purchases, lives.truth
    honest = (own.site != NONE) & (truth.fraud_type == FraudType.NONE)
    honest &= truth.hard_negative == HardNegative.NONE
    rows = np.flatnonzero(honest)
    same = np.flatnonzero(np.diff(own.card[rows]) == 0)
    site, sites, hours = own.site[rows], market.sites, np.diff(own.ts_utc[rows])[same] / 3600
    xyz = to_xyz(sites.lons, sites.lats)
    km = arc_km(chord_km(xyz.take(site[same + 1], axis=1), xyz.take(site[same], axis=1)))
    counts.add("speeds", len(same), np.count_nonzero(km > FASTEST_KMH * hours))
    counts.add("amounts", len(own), np.count_nonzero(own.amount < 1))
    counts.add("stays", len(lives.stays), np.count_nonzero(lives.stays.end <= lives.stays.start))
    return counts


def check_day(
    counts: CheckCounts, purchases: pa.Table, truth: pa.Table, begin: int, end: int, wanted: int
) -> None:
    """Count what is wrong with the rows of a day that were written.

    Args:
        counts: Get what is counted.
        purchases: Columns ``purchase_id``, ``ts_utc``, ``ts_local`` and ``tzid`` of ``purchases``.
        truth: Column ``purchase_id`` of ``truth``.
        begin: First second of the day since 1970 UTC.
        end: The second after its last.
        wanted: Purchases that lives have on it.
    """
    counts.add("rows", wanted, abs(purchases.num_rows - wanted))
    ids, labels = (np.sort(one["purchase_id"].to_numpy()) for one in (purchases, truth))
    same = len(ids) == len(labels) and bool((ids == labels).all())
    counts.add("labels", len(ids), 0 if same else max(len(ids), 1))
    utc = purchases["ts_utc"].cast(pa.int64()).to_numpy()
    inside = (utc >= begin * _MICROS) & (utc < end * _MICROS)
    falls = np.count_nonzero(np.diff(utc) < 0)
    counts.add("times", len(utc), np.count_nonzero(~inside) + falls)
    step = max(1, len(utc) // _SAMPLED)
    some = purchases.take(pa.array(np.arange(0, len(utc), step)))
    wrong = sum(
        _local(second, zone_info(tzid)) != local
        for second, local, tzid in zip(
            some["ts_utc"].cast(pa.int64()).to_pylist(),
            some["ts_local"].to_pylist(),
            some["tzid"].to_pylist(),
            strict=True,
        )
    )
    counts.add("clocks", some.num_rows, wrong)


def _local(micros: int, zone: ZoneInfo) -> datetime:
    moment = datetime.fromtimestamp(micros // _MICROS, UTC).astimezone(zone)
    return moment.replace(tzinfo=None)


def check_ids(folder: Storage, files: Sequence[FileEntry], counts: CheckCounts) -> None:
    """Count ids that several purchases have; a share of all ids at a time, as they were written."""
    rows = sum(entry.rows for entry in files if entry.dataset == TRUTH.name)
    bits = (rows // _IDS_AT_ONCE).bit_length()
    low_bits, twice = _ID_BITS - bits, 0
    for part in range(1 << bits):
        found: list[NDArray[np.int64]] = []
        for file in staged_parts(folder, files, TRUTH):
            ids = file.read(["purchase_id"], use_threads=False)["purchase_id"].to_numpy()
            # Rows of a file are sorted by id.
            first, last = part << low_bits, ((part + 1) << low_bits) - 1
            own = slice(np.searchsorted(ids, first), np.searchsorted(ids, last, "right"))
            found.append(ids[own].copy())
        every = np.concatenate([np.array([], np.int64), *found])
        every.sort()
        twice += int(np.count_nonzero(every[1:] == every[:-1]))
    counts.add("purchase_ids", rows, twice)
