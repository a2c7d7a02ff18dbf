"""The sites of a country: against its merchants, and which of them are placed again."""

from __future__ import annotations

import hashlib
import itertools
import random
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.reference.place_names import find_place
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.verification.asked_parts import WHOLE, Part, is_circle
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.site_numbers import WantedSite

_KEPT = ("category", "mcc")
_DRAWN_MERCHANTS, _MOST_SITES = 10, 200
_GAMMA_STEPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class CountrySiteChecks:
    """Checks the sites of one country.

    Attributes:
        files: Their files.
        sites: Rows of ``sites``.
        merchants: Rows of ``merchants``.
    """

    files: CountryFiles
    sites: pa.Table
    merchants: pa.Table

    def check_keys(self) -> bool:
        """Compare merchants and numbers with the table of merchants; return whether they are the same."""
        counts = self.merchants["n"].to_numpy().astype(np.int64)
        first = pc.fill_null(self.merchants["site_order"], 1).to_numpy().astype(np.int64)
        row = np.repeat(np.arange(len(counts)), counts)
        order = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts - first, counts)
        self._count("an outlet for each of the merchants' table, and no other", len(row))
        if len(row) != self.sites.num_rows:
            self.files.add("site-keys", f"{self.sites.num_rows:,} sites for {len(row):,} outlets.")
            return False
        taken = pa.array(row)
        expected = {name: self.merchants[name].take(taken) for name in ("merchant_id", *_KEPT)}
        expected["site_order"] = pa.array(order.astype(np.int32))
        for name, values in expected.items():
            right = _same(self.sites[name], values)
            self._note(
                ~right,
                "site-keys" if name not in _KEPT else "site-kind",
                f"{name} differs from merchants.",
            )
            if name not in _KEPT and not right.all():
                return False
        keys = list(zip(self.sites["merchant_id"].to_pylist(), order.tolist(), strict=True))
        if any(one >= other for one, other in itertools.pairwise(keys)):
            self.files.add("order", "merchant_id, site_order is not ascending.")
        return True

    def check_ids(self) -> None:
        """Compare ids with those that follow from the keys."""
        iso = self.files.country_iso
        found = self.sites["site_id"].to_numpy()
        keys = zip(
            self.sites["merchant_id"].to_pylist(), self.sites["site_order"].to_pylist(), strict=True
        )
        expected = np.fromiter((_site_id(iso, *key) for key in keys), np.int64, len(found))
        self._note(found != expected, "site-id", "site_id does not follow from its key.")
        self._count("ids of sites from their keys", len(found))

    def check_precision(self) -> None:
        """Find coordinates that are there without a point, and the reverse."""
        is_point = pc.equal(self.sites["precision"], "point").to_numpy()
        for name in ("lon", "lat", "tzid", "urban"):
            given = self.sites[name].is_valid().to_numpy()
            wrong = is_point & ~given if name in {"tzid", "urban"} else is_point != given
            self._note(wrong, "site-precision", f"{name} is there or not against precision.")
        no_tile = self.sites["tile_id"].to_numpy() < 0
        self._note(
            is_point == no_tile, "site-precision", "tile_id is there or not against precision."
        )
        known = pc.is_in(self.sites["precision"], pa.array(["point", "place", "none"])).to_numpy()
        self._note(~known, "site-precision", "precision is no known word.")
        self._count("precision against coordinates", len(is_point))

    def drawn(
        self, seed: int, towns: CountryPlaces
    ) -> tuple[pa.Table, list[WantedSite], list[tuple[Part, ...]]]:
        """Return all sites on the map of some rows of merchants: rows, what was placed, and where it was asked for.

        Args:
            seed: Decides what is drawn.
            towns: The towns of the country.
        """
        on_map = pc.equal(self.sites["precision"], "point").to_numpy()
        on_map &= self.sites["lon"].is_valid().to_numpy() & self.sites["lat"].is_valid().to_numpy()
        merchant_rows = np.repeat(
            np.arange(self.merchants.num_rows), self.merchants["n"].to_numpy()
        )
        sizes = np.bincount(merchant_rows[on_map])
        few = np.flatnonzero((sizes > 0) & (sizes <= _MOST_SITES)).tolist()
        draw = random.Random(seed)  # noqa: S311 -- a sample that can be drawn again
        chosen = draw.sample(few, min(_DRAWN_MERCHANTS, len(few)))
        rows = np.flatnonzero(on_map & np.isin(merchant_rows, chosen)).tolist()
        gamma, spacing = self.merchants["gamma"].to_pylist(), self.merchants["spacing"].to_pylist()
        wanted = [
            WantedSite(
                self.sites["merchant_id"][row].as_py(),
                self.sites["site_order"][row].as_py(),
                round(gamma[merchant_rows[row]] * _GAMMA_STEPS),
                spacing[merchant_rows[row]] == "catchment",
            )
            for row in rows
        ]
        parts = {row: self._asked_parts(row, towns) for row in chosen}
        sites = self.sites.take(pa.array(rows, pa.int64()))
        return sites, wanted, [parts[merchant_rows[row]] for row in rows]

    def _asked_parts(self, row: int, towns: CountryPlaces) -> tuple[Part, ...]:
        """Return where in the country a row of merchants asks to be; nothing where it asks for what is not there."""
        (asked,) = self.merchants.slice(row, 1).to_pylist()
        circle = asked["lon"], asked["lat"], asked["radius_km"]
        if asked["tile_id"] >= 0:
            return (Part(tile=asked["tile_id"]),)
        if asked["place"] is not None:
            try:
                place = find_place(towns, asked["place"], asked["admin1"])
            except InputError:
                return ()
            return (Part(circle=(place.lon, place.lat, place.radius_km)),)
        if circle == (None, None, None):
            return (WHOLE,)
        return (Part(circle=circle),) if is_circle(*circle) else ()

    def _note(self, wrong: NDArray[np.bool_], code: str, message: str) -> None:
        self.files.add_rows(self.sites, wrong, code, message)

    def _count(self, what: str, count: int) -> None:
        self.files.findings.add_check(what, count, "sites")


def _same(one: pa.ChunkedArray, other: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return where two columns are equal, nulls included, bool (rows,)."""
    equal = pc.fill_null(pc.equal(one, other), fill_value=False)
    both = pc.and_(one.is_null(), other.is_null())
    same: NDArray[np.bool_] = pc.or_(equal, both).to_numpy()
    return same


def _site_id(country_iso: str, merchant_id: str, order: int) -> int:
    text = f"{country_iso}\n{merchant_id}\n{order}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1
