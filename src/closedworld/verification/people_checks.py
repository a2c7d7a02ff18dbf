"""A result of people: its files, its receipt, and every card in it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from closedworld.datasets import CARDS, SITES
from closedworld.datasets.cards import CARDS_ASKED
from closedworld.datasets.parameters import PeopleParameters
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.store.reading import Published
from closedworld.verification.asked_parts import WHOLE, Part
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.holder_moves import km_between
from closedworld.verification.point_checks import PointChecks
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.site_numbers import WantedSite
from closedworld.verification.value_digests import digest_of_columns, digest_of_dataset
from closedworld.verification.whole_tables import read_whole

_DRAWN_CARDS = 50
_SLACK = 1 + 1e-6
_GAMMA8 = 8
"""Eight times gamma 1: homes follow the population."""
_OFF_GRID = np.iinfo(np.int64).max


@dataclass(slots=True, eq=False)
class PeopleChecks(PointChecks):
    """Checks one result of people.

    Attributes:
        sites: The sites where people work; None when they are not at hand.
    """

    kind: ClassVar[str] = "home"
    noun: ClassVar[str] = "home"
    unit: ClassVar[str] = "cards"
    coordinates: ClassVar[tuple[str, str]] = ("home_lon", "home_lat")

    parameters: PeopleParameters
    sites: Published | None

    def run(self) -> None:
        """Check everything."""
        table, countries, drawn = self.open(), self.polygons(), self.drawn()
        cards, persons, ids = 0, 0, []
        asked: dict[str, bytes] = {}
        samples: list[tuple[CountryFiles, pa.Table]] = []
        for iso in self.parameters.countries:
            files = table[CARDS.name].get(iso)
            rows = None if files is None else read_whole(files, self.digests)
            if files is None or rows is None:
                self.digests.unknown.add(iso)
                continue
            self._check_country(files, rows, countries)
            asked[iso] = _digest_without_towns(rows)
            if iso in drawn:
                samples.append((files, self._sample(rows)))
            ids += rows["card_id"].to_pylist()
            cards += rows.num_rows
            persons += len(set(rows["person_id"].to_pylist()))
        if len(set(ids)) < len(ids):
            self.findings.add("card-keys", "several cards have one card_id.", CARDS.name)
        if not self.digests.unknown:
            totals = {
                "countries": len(self.parameters.countries),
                "cards": cards,
                "persons": persons,
            }
            check_totals(self.published.receipt, totals, self.findings)
        in_towns = digest_of_dataset(CARDS_ASKED.name, asked) != self.parameters.cards_sha256
        self._check_homes(samples, countries, in_towns=in_towns)
        self.digests.compare(self.published.receipt, self.findings)

    def _sample(self, rows: pa.Table) -> pa.Table:
        draw = random.Random(self.request.seed)  # noqa: S311 -- a sample that can be drawn again
        return rows.take(draw.sample(range(rows.num_rows), min(_DRAWN_CARDS, rows.num_rows)))

    def _check_homes(
        self,
        samples: Sequence[tuple[CountryFiles, pa.Table]],
        countries: CountrySet | None,
        *,
        in_towns: bool,
    ) -> None:
        """Place the homes of some cards again, in any of the towns around them if some cards ask for one."""
        for files, rows in samples:
            iso = files.country_iso
            towns = self.places(iso, countries)
            if countries is None or iso not in countries or towns is None:
                self.findings.add_unchecked(self.law, "the polygons are not at hand", iso)
                continue
            holders = rows["person_id"].to_pylist()
            wanted = [WantedSite(holder, 1, _GAMMA8, spaced=False) for holder in holders]
            around = _towns_around(towns, rows) if in_towns else [()] * len(holders)
            asked = [(*own, WHOLE) for own in around]
            self.check_law(files, rows, countries[iso], towns, wanted, asked)

    def _check_country(
        self, files: CountryFiles, rows: pa.Table, countries: CountrySet | None
    ) -> None:
        ids = rows["card_id"].to_pylist()
        pairs = [one >= other for one, other in itertools.pairwise(ids)]
        falls = np.array([False, *pairs][: len(ids)], np.bool_)
        files.add_rows(rows, falls, "order", "card_id is not ascending.")
        iso = files.country_iso
        other = np.array([one != iso for one in rows["country_iso"].to_pylist()], np.bool_)
        files.add_rows(rows, other, "country-differs", f"country_iso is not {iso}.")
        self.findings.add_check("cards in order", len(ids), "cards")
        # Every home needs a tile, so none is as wrong as one off the grid.
        tile = rows["tile_id"].to_numpy()
        self.check_on_map(files, rows, np.where(tile < 0, _OFF_GRID, tile), countries)
        self._check_work(files, rows)

    def _check_work(self, files: CountryFiles, rows: pa.Table) -> None:
        what = "places of work are sites of the country"
        if self.sites is None:
            self.findings.add_unchecked(what, "no sites at hand")
            return
        try:
            sites = self.sites.read(SITES.name, ["lon", "lat"], files.country_iso)
        except IntegrityError:
            self.findings.add_unchecked(what, "the sites cannot be read", files.country_iso)
            return
        known = set(zip(sites["lon"].to_pylist(), sites["lat"].to_pylist(), strict=True))
        known.discard((None, None))
        wanted = known or {(None, None)}
        works = zip(rows["work_lon"].to_pylist(), rows["work_lat"].to_pylist(), strict=True)
        wrong = np.array([one not in wanted for one in works], np.bool_)
        files.add_rows(rows, wrong, "work-site", "the place of work is no site of the country.")
        self.findings.add_check(what, rows.num_rows, "cards")


def _towns_around(towns: CountryPlaces, homes: pa.Table) -> list[tuple[Part, ...]]:
    """Return the towns that each home may have been asked to lie in: which, is not published."""
    lon, lat = (homes[name].to_numpy()[:, None] for name in ("home_lon", "home_lat"))
    km = km_between(lon, lat, towns.lons, towns.lats)
    circles = np.column_stack([towns.lons, towns.lats, towns.radius_km])
    return [
        tuple(Part(circle=(x, y, radius)) for x, y, radius in circles[inside].tolist())
        for inside in km <= towns.radius_km * _SLACK
    ]


def _digest_without_towns(rows: pa.Table) -> bytes:
    """Return the digest of the cards as they were asked for, if none asked for a town."""
    names = CARDS_ASKED.schema.names
    columns = [
        pa.nulls(rows.num_rows, pa.string())
        if name in {"place", "admin1"}
        else rows[name].combine_chunks()
        for name in names
    ]
    return digest_of_columns(pa.RecordBatch.from_arrays(columns, names), CARDS_ASKED)
