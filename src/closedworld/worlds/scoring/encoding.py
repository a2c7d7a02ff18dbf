"""Purchases of any layout as rows of one type, with the country and the clock of their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.inputs.purchases.formats import PLACE, PurchaseFormat
from closedworld.inputs.purchases.side_tables import SideTables
from closedworld.inputs.purchases.values import (
    calendar_texts,
    has_zone,
    is_online,
    joined,
    labels,
    reals,
    seconds,
)
from closedworld.kernels.scoring.consecutive import distance_km
from closedworld.kernels.scoring.merchant_places import place_keys
from closedworld.kernels.scoring.polygon_owners import PolygonOwners
from closedworld.worlds.scoring.clocks import hours_of, local_seconds, zones_at
from closedworld.worlds.scoring.numbering import Numbering, sort_keys

UNKNOWN, LEGITIMATE = -1, 0
NO_PLACE, AT_SEA = -2, -1
NO_FRAUD = "none"
FRAUD = "fraud"
"""Kind of fraud where the table names none."""

PURCHASE = np.dtype(
    [
        ("card", "i4"),
        ("merchant", "i4"),
        ("category", "i4"),
        ("zone", "i2"),
        ("kind", "i2"),  # -1 unknown, 0 legitimate, else the kind of fraud
        ("country", "i2"),  # of the place; -1 at sea, -2 no place
        ("is_listed", "?"),  # listed as noise by the table of truth
        ("is_online", "?"),
        ("time", "f8"),
        ("lon", "f8"),
        ("lat", "f8"),
        ("hour", "f8"),
        ("amount", "f8"),
        ("id", "f8"),
        ("order", "f8"),
    ]
)
MERCHANT_PLACE = np.dtype([("merchant", "i4"), ("place", "i8")])

_HALF_TURN, _TURN, _POLE = 180.0, 360.0, 90.0


@dataclass(slots=True, eq=False)
class Encoder:
    """Turns batches of a table into rows, and numbers what they name.

    Attributes:
        form: The layout of the table.
        owners: Polygons of countries.
        side: Homes, sites and truth from tables of their own.
        cards: Numbers of cards; so for merchants, categories, zones, kinds of fraud and places by name.
        counts: What was counted on the way, by name.
        homes: Longitude and latitude of each card's home, float64 (cards, 2); NaN where it is not known.
        per_merchant: Purchases of each merchant, int64 (merchants,).
    """

    form: PurchaseFormat
    owners: PolygonOwners
    side: SideTables
    cards: Numbering = field(default_factory=Numbering)
    merchants: Numbering = field(default_factory=Numbering)
    categories: Numbering = field(default_factory=Numbering)
    zones: Numbering = field(default_factory=Numbering)
    kinds: Numbering = field(default_factory=lambda: Numbering(NO_FRAUD))
    places: Numbering = field(default_factory=Numbering)
    counts: Counter[str] = field(default_factory=Counter)
    homes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    per_merchant: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def columns(self) -> list[str]:
        """Return the names of the columns to read, each once."""
        return list(dict.fromkeys(name for some in self.form.columns.values() for name in some))

    def rows(self, batch: pa.RecordBatch) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Return purchases and the places of their merchants, ``PURCHASE`` (n,) and ``MERCHANT_PLACE`` (m,).

        Raises:
            InputError: ``purchases-value``.
        """
        table = pa.Table.from_batches([batch])
        rows = np.zeros(table.num_rows, PURCHASE)
        rows["card"] = self._numbers(table, "card", self.cards)
        rows["merchant"] = self._numbers(table, "merchant", self.merchants)
        rows["category"] = self._numbers(table, "category", self.categories)
        rows["time"] = self._seconds(table)
        rows["amount"] = self._reals(table, "amount")
        rows["order"] = self.counts["rows"] + np.arange(len(rows))
        ids = self._column(table, "id")
        rows["id"] = np.nan if ids is None else sort_keys(ids)
        self._label(table, rows)
        self._place(table, rows)
        self._clock(table, rows)
        self.counts["rows"] += len(rows)
        complete = (rows["card"] >= 0) & np.isfinite(rows["time"])
        sold = np.bincount(rows["merchant"][rows["merchant"] >= 0], minlength=len(self.merchants))
        sold[: len(self.per_merchant)] += self.per_merchant
        self.per_merchant = sold
        self.counts["incomplete"] += int(len(rows) - np.count_nonzero(complete))
        keys = self._place_keys(table, rows)
        located = (keys >= 0) & (rows["merchant"] >= 0) & complete
        places = np.zeros(np.count_nonzero(located), MERCHANT_PLACE)
        places["merchant"], places["place"] = rows["merchant"][located], keys[located]
        return rows[complete], places

    def _column(self, table: pa.Table, role: str) -> pa.ChunkedArray | None:
        names = self.form.columns.get(role)
        if names is None:
            return None
        return table[names[0]] if len(names) == 1 else joined([table[one] for one in names], "|")

    def _reals(self, table: pa.Table, role: str) -> NDArray[np.float64]:
        column = self._column(table, role)
        if column is None:
            return np.full(table.num_rows, np.nan)
        return reals(column, self.form.columns[role][0])

    def _numbers(self, table: pa.Table, role: str, numbering: Numbering) -> NDArray[np.int32]:
        column = self._column(table, role)
        return np.full(table.num_rows, -1, np.int32) if column is None else numbering.of(column)

    def _seconds(self, table: pa.Table) -> NDArray[np.float64]:
        names = self.form.columns["time"]
        column = table[names[0]]
        if len(names) > 1:
            column = calendar_texts(*(table[name] for name in names))
        self.counts["zoned"] += has_zone(column)
        return seconds(column, names[-1])

    def _label(self, table: pa.Table, rows: NDArray[np.void]) -> None:
        """Set the kind of fraud, from the table or from that of the truth."""
        rows["kind"] = UNKNOWN
        if self.side.truth is not None and "id" in self.form.columns:
            truth = self.side.truth.at(table[self.form.columns["id"][0]])
            is_fraud, kinds, rows["is_listed"] = truth.is_fraud, truth.kinds, truth.is_listed
            self.counts["labelled"] += int((is_fraud | truth.is_listed).sum())
        elif "label" in self.form.columns:
            names = self.form.columns["label"]
            is_fraud, kinds = labels(table[names[0]], names[0]), self._column(table, "kind")
        else:
            return
        named = pa.nulls(len(rows), pa.string()) if kinds is None else kinds.cast(pa.string())
        # A fraud whose kind reads "none" is a fraud.
        named = pc.fill_null(named, NO_FRAUD)
        named = pc.if_else(pc.equal(named, NO_FRAUD), FRAUD, named)
        frauds = np.flatnonzero(is_fraud == 1)
        rows["kind"] = np.minimum(is_fraud, LEGITIMATE)
        if len(frauds):
            rows["kind"][frauds] = self.kinds.of(pa.chunked_array(named.take(pa.array(frauds))))

    def _place(self, table: pa.Table, rows: NDArray[np.void]) -> None:
        """Set the place, its country and its zone, and learn the homes of new cards."""
        lons, lats = self._reals(table, "lon"), self._reals(table, "lat")
        if self.side.sites is not None:
            lons, lats = self.side.sites.at(self._column(table, "merchant"), len(rows))
        channel = self._column(table, "channel")
        online = np.zeros(len(rows), np.bool_) if channel is None else is_online(channel)
        self.counts["online"] += int(online.sum())
        self.counts["unplaced"] += int((np.isnan(lons) & ~online).sum())
        rows["is_online"] = online
        lons, lats = self._on_globe(lons, lats)
        lons, lats = np.where(online, np.nan, lons), np.where(online, np.nan, lats)
        rows["lon"], rows["lat"] = lons, lats
        rows["country"], rows["zone"] = NO_PLACE, -1
        self.counts["located"] += int(np.isfinite(lons).sum())
        self._learn_homes(table, rows["card"])
        if self.form.plane:
            return
        at = np.flatnonzero(np.isfinite(lons))
        # Sites are visited again and again: each is looked up once in a batch.
        _, first, place = np.unique(
            place_keys(lons[at], lats[at]), return_index=True, return_inverse=True
        )
        site_lons, site_lats = lons[at[first]], lats[at[first]]
        country = self.owners.locate(site_lons, site_lats)
        rows["country"][at] = country[place]
        isos: Sequence[str] = self.owners.isos
        rows["zone"][at] = zones_at(self.zones, isos, country, site_lons, site_lats)[place]
        given = self._column(table, "country")
        if given is not None:
            numbers = pc.index_in(given.cast(pa.string()), pa.array(self.owners.isos))
            told = pc.fill_null(numbers, NO_PLACE).to_numpy()
            checked = (told >= 0) & (rows["country"] != NO_PLACE)
            self.counts["country_checked"] += int(checked.sum())
            self.counts["country_agrees"] += int((checked & (told == rows["country"])).sum())

    def _on_globe(
        self, lons: NDArray[np.float64], lats: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return places with longitudes in -180..180; those off the globe count as missing."""
        if self.form.plane:
            return lons, lats
        with np.errstate(invalid="ignore"):
            off = (np.abs(lats) > _POLE) | (np.abs(lons) > _TURN)
            missing = off | ~np.isfinite(lons) | ~np.isfinite(lats)
            lons = np.where(lons > _HALF_TURN, lons - _TURN, lons)
            lons = np.where(lons < -_HALF_TURN, lons + _TURN, lons)
        self.counts["off_globe"] += int(off.sum())
        return np.where(missing, np.nan, lons), np.where(missing, np.nan, lats)

    def _learn_homes(self, table: pa.Table, card: NDArray[np.int32]) -> None:
        """Keep the home of each new card, from its first row or from the table of cards."""
        fresh, first = np.unique(card, return_index=True)
        is_new = fresh >= len(self.homes)
        fresh, first = fresh[is_new], first[is_new]
        if self.side.homes is not None:
            lons, lats = self.side.homes.at(self._column(table, "card"), len(card))
        else:
            lons, lats = self._reals(table, "home_lon"), self._reals(table, "home_lat")
        lons, lats = self._on_globe(lons[first], lats[first])
        self.homes = np.concatenate([self.homes, np.column_stack([lons, lats])])

    def _clock(self, table: pa.Table, rows: NDArray[np.void]) -> None:
        """Set the local hour, and compare zone and local time with those that the table gives."""
        told = self._numbers(table, "tzid", self.zones)
        checked = (told >= 0) & (rows["zone"] >= 0)
        self.counts["zone_checked"] += int(checked.sum())
        self.counts["zone_agrees"] += int((checked & (told == rows["zone"])).sum())
        is_utc = self.form.clock == "utc"
        if is_utc and "local_time" in self.form.columns:
            local = seconds(self._column(table, "local_time"), self.form.columns["local_time"][0])
            wanted = local_seconds(self.zones, told, rows["time"])
            known = np.isfinite(wanted) & np.isfinite(local)
            self.counts["local_checked"] += int(known.sum())
            self.counts["local_agrees"] += int((known & (wanted == local)).sum())
        rows["zone"] = np.where(rows["zone"] >= 0, rows["zone"], told)
        rows["hour"] = hours_of(
            local_seconds(self.zones, rows["zone"], rows["time"]) if is_utc else rows["time"]
        )

    def _place_keys(self, table: pa.Table, rows: NDArray[np.void]) -> NDArray[np.int64]:
        """Return a number for each place, by coordinates or, without these, by name; -1 for none."""
        if PLACE not in self.form.columns:
            return place_keys(rows["lon"], rows["lat"])
        keys = self._numbers(table, PLACE, self.places).astype(np.int64)
        return np.where(rows["is_online"], -1, keys)


def home_distances(
    rows: NDArray[np.void], homes: NDArray[np.float64], *, plane: bool
) -> NDArray[np.float64]:
    """Return distances from the homes of the cards, km or, in a plane, its units, float64 (n,).

    Args:
        rows: ``PURCHASE`` (n,).
        homes: Longitude and latitude of each row's home, float64 (n, 2).
        plane: Whether coordinates are those of a square.
    """
    if plane:
        away: NDArray[np.float64] = np.hypot(rows["lon"] - homes[:, 0], rows["lat"] - homes[:, 1])
        return away
    return distance_km(rows["lon"], rows["lat"], homes[:, 0], homes[:, 1])
