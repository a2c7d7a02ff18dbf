"""Whether holders could be where they bought: fast enough, and where their stays say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.verification.asked_parts import EARTH_KM
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.findings import Findings

_SLOW_KMH, _SLOW_KM = 60.0, 300.0
_FLIGHT_KMH, _FLIGHT_HOURS = 700.0, 3.0
_TOLERANCE_HOURS = 1e-6
_MICROS_PER_HOUR = 3.6e9
_SAMPLE_DIVISOR = 16
"""One card in so many is looked up in the stays."""

Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class HolderMoves:
    """Looks at honest purchases at sites, in order of time, day by day.

    Attributes:
        findings: Where findings go.
    """

    findings: Findings
    _last: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    _bought: list[pa.Table] = field(default_factory=list)
    _stays: list[pa.Table] = field(default_factory=list)
    _pairs: int = 0
    _files: CountryFiles | None = None

    def add(
        self, files: CountryFiles, purchases: pa.Table, truth: pa.Table, stays: pa.Table
    ) -> None:
        """Add a day.

        Args:
            files: Its files, for findings.
            purchases: Its purchases.
            truth: What is said of each of them, row by row.
            stays: Stays that begin on it.
        """
        self._files = files
        honest = pc.and_(pc.invert(truth["is_fraud"]), truth["hard_negative"].is_null())
        at_site = pc.and_(honest, purchases["lon"].is_valid())
        names = ["card_id", "ts_utc", "lon", "lat", "purchase_id"]
        rows = purchases.select(names).filter(at_site)
        rows = rows.sort_by([("card_id", "ascending"), ("ts_utc", "ascending")]).combine_chunks()
        self._check_speeds(files, rows)
        self._bought.append(rows.filter(_sampled(rows["card_id"])))
        stays = stays.filter(pc.not_equal(stays["kind"], "work"))
        self._stays.append(stays.filter(_sampled(stays["card_id"])))

    def _check_speeds(self, files: CountryFiles, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        cards = rows["card_id"].combine_chunks().dictionary_encode()
        card = cards.indices.to_numpy(zero_copy_only=False)
        ts = rows["ts_utc"].cast(pa.int64()).to_numpy()
        lon, lat = rows["lon"].to_numpy(), rows["lat"].to_numpy()
        first = np.append(True, card[1:] != card[:-1])
        before = np.arange(len(ts)) - 1
        ts_before, lon_before, lat_before = ts[before], lon[before].copy(), lat[before].copy()
        ids = cards.dictionary.to_pylist()
        known = first.copy()
        for row in np.flatnonzero(first).tolist():
            last = self._last.get(ids[card[row]])
            if last is None:
                known[row] = False
                continue
            ts_before[row], lon_before[row], lat_before[row] = last
        is_pair = ~first | known
        km = km_between(lon, lat, lon_before, lat_before)
        hours = (ts - ts_before) / _MICROS_PER_HOUR
        fast = is_pair & (hours + _TOLERANCE_HOURS < hours_needed(km))
        message = (
            "the holder came sooner than one gets from door to door, and truth does not say why."
        )
        files.add_rows(rows, fast, "holder-speed", message)
        self._pairs += int(np.count_nonzero(is_pair))
        last_rows = np.flatnonzero(np.append(first[1:], True)).tolist()
        for row in last_rows:
            self._last[ids[card[row]]] = int(ts[row]), float(lon[row]), float(lat[row])

    def finish(self) -> None:
        """Compare the purchases of some cards with their stays, once all days are there."""
        self.findings.add_check(
            "speeds of holders between purchases at sites", self._pairs, "pairs of purchases"
        )
        if self._files is None:
            return
        bought = pa.concat_tables(self._bought).combine_chunks()
        stays = pa.concat_tables(self._stays).combine_chunks()
        by_card: dict[str, list[tuple[int, int]]] = {}
        begins = stays["start_utc"].cast(pa.int64()).to_pylist()
        ends = stays["end_utc"].cast(pa.int64()).to_pylist()
        for card, begin, end in zip(stays["card_id"].to_pylist(), begins, ends, strict=True):
            by_card.setdefault(card, []).append((begin, end))
        moments = bought["ts_utc"].cast(pa.int64()).to_pylist()
        wrong = [
            not any(begin <= ts <= end for begin, end in by_card.get(card, ()))
            for card, ts in zip(bought["card_id"].to_pylist(), moments, strict=True)
        ]
        message = "the holder bought at a site while no stay says where."
        self._files.add_rows(bought, np.array(wrong, np.bool_), "holder-stay", message)
        self.findings.add_check(
            f"purchases within a stay, one card in {_SAMPLE_DIVISOR}", bought.num_rows, "purchases"
        )


def hours_needed(km: Floats) -> Floats:
    """Return the hours from door to door at least, float64 (n,): 60 km/h up to 300 km, beyond that 700 km/h and 3 hours.

    As a flight of 300 km takes less than such a drive, shorter ways than that may have been flown in part.
    """
    flown = _FLIGHT_HOURS + np.maximum(km, _SLOW_KM) / _FLIGHT_KMH
    return np.minimum(km / _SLOW_KMH, flown)


def _sampled(cards: pa.ChunkedArray) -> pa.Array:
    """Return which rows are of cards that are looked up, always the same cards."""
    encoded = cards.combine_chunks().dictionary_encode()
    chosen = [
        hashlib.sha256(one.encode()).digest()[0] % _SAMPLE_DIVISOR == 0
        for one in encoded.dictionary.to_pylist()
    ]
    return pa.array(chosen, pa.bool_()).take(encoded.indices)


def km_between(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Return great-circle distances, km, by the haversine formula; arguments in degrees."""
    x, y, u, v = (np.radians(one) for one in (lon, lat, other_lon, other_lat))
    up = np.sin((y - v) / 2) ** 2 + np.cos(y) * np.cos(v) * np.sin((x - u) / 2) ** 2
    km: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(up, 1.0)))
    return km
