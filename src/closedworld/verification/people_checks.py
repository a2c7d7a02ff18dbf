"""A result of people: its files, its receipt, and every card in it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import CARDS, SITES
from closedworld.datasets.cards import CARDS_ASKED
from closedworld.datasets.parameters import PeopleParameters
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.reference.time_zones import zones_of
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.asked_parts import EARTH_KM, WHOLE, Part
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.file_checks import check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.placed_again import PlacedAgain
from closedworld.verification.points_on_map import of_other_zone, off_tile, outside_of
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.request import Request
from closedworld.verification.site_numbers import WantedSite
from closedworld.verification.tile_checks import TileIndex
from closedworld.verification.value_digests import (
    ValueDigests,
    digest_of_columns,
    digest_of_dataset,
)
from closedworld.verification.whole_tables import (
    IN_COUNTRY,
    check_validation,
    places_at_hand,
    polygons_at_hand,
    read_whole,
)

ZONES = "time zones of homes are their country's"
_LAW = "homes by the law, placed again one by one"
_DRAWN_CARDS = 50
_SLACK = 1 + 1e-6
_GAMMA8 = 8
"""Eight times gamma 1: homes follow the population."""


@dataclass(slots=True, eq=False)
class PeopleChecks:
    """Checks one result of people.

    Attributes:
        published: The result.
        parameters: Its parameters.
        sites: The sites where people work; None when they are not at hand.
        weights: The weights that homes were placed by; None when they are not at hand.
        index: The tiles that they live on; None when they are not at hand.
        request: What was asked for.
        findings: Where findings go.
    """

    published: Published
    parameters: PeopleParameters
    sites: Published | None
    weights: Published | None
    index: TileIndex | None
    request: Request
    findings: Findings
    _digests: ValueDigests = field(default_factory=ValueDigests)

    def run(self) -> None:
        """Check everything."""
        table = check_schemas(
            self.published, self.parameters.datasets, self.findings, (VALIDATION_NAME,)
        )
        check_countries(table, CARDS.name, set(self.parameters.countries), self.findings)
        check_validation(self.published, self.findings)
        countries = polygons_at_hand(self.index, self.request, self.findings)
        cards, persons, ids = 0, 0, []
        again = PlacedAgain(_LAW, b"home", self)
        drawn = again.drawn(self.parameters.countries)
        asked: dict[str, bytes] = {}
        samples: list[tuple[CountryFiles, pa.Table]] = []
        for iso in self.parameters.countries:
            files = table[CARDS.name].get(iso)
            rows = None if files is None else read_whole(files, self._digests)
            if files is None or rows is None:
                self._digests.unknown.add(iso)
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
        if not self._digests.unknown:
            totals = {
                "countries": len(self.parameters.countries),
                "cards": cards,
                "persons": persons,
            }
            check_totals(self.published.receipt, totals, self.findings)
        in_towns = digest_of_dataset(CARDS_ASKED.name, asked) != self.parameters.cards_sha256
        self._check_law(again, samples, countries, in_towns=in_towns)
        self._digests.compare(self.published.receipt, self.findings)

    def _sample(self, rows: pa.Table) -> pa.Table:
        """Return some of the cards of a country."""
        draw = random.Random(self.request.seed)  # noqa: S311 -- a sample that can be drawn again
        return rows.take(draw.sample(range(rows.num_rows), min(_DRAWN_CARDS, rows.num_rows)))

    def _check_law(
        self,
        again: PlacedAgain,
        samples: Sequence[tuple[CountryFiles, pa.Table]],
        countries: CountrySet | None,
        *,
        in_towns: bool,
    ) -> None:
        """Place the homes of some cards again, in any of the towns around them if some cards ask for one."""
        for files, rows in samples:
            iso = files.country_iso
            towns = places_at_hand(self.index, iso, countries)
            if countries is None or iso not in countries or towns is None:
                self.findings.add_unchecked(_LAW, "the polygons are not at hand", iso)
                continue
            holders = rows["person_id"].to_pylist()
            wanted = [WantedSite(holder, 1, _GAMMA8, spaced=False) for holder in holders]
            placed = rows.rename_columns({"home_lon": "lon", "home_lat": "lat"})
            around = _towns_around(towns, rows) if in_towns else [()] * len(holders)
            asked = [(*own, WHOLE) for own in around]
            wrong = again.wrong(countries[iso], towns, wanted, asked, placed)
            _note(files, rows, wrong, "home-law", "the home is not where the law places it.")
            self.findings.add_check(_LAW, len(wanted), "cards")

    def _check_country(
        self, files: CountryFiles, rows: pa.Table, countries: CountrySet | None
    ) -> None:
        iso = files.country_iso
        ids = rows["card_id"].to_pylist()
        falls = [one >= other for one, other in itertools.pairwise(ids)]
        _note(
            files, rows, np.array([False, *falls][: len(ids)]), "order", "card_id is not ascending."
        )
        other = np.array([one != iso for one in rows["country_iso"].to_pylist()], np.bool_)
        _note(files, rows, other, "country-differs", f"country_iso is not {iso}.")
        self.findings.add_check("cards in order", len(ids), "cards")
        places = places_at_hand(self.index, iso, countries)
        if places is None:
            self.findings.add_unchecked(ZONES, "the polygons of the regions are not at hand")
        else:
            zones = of_other_zone(rows["tzid"], zones_of(places.countries).tzids)
            _note(files, rows, zones, "home-zone", f"tzid is none of {iso}.")
            self.findings.add_check(ZONES, len(ids), "cards")
        lon, lat = (rows[name].to_numpy() for name in ("home_lon", "home_lat"))
        if self.index is not None and iso in self.index.countries:
            wrong = off_tile(self.index, iso, lon, lat, rows["tile_id"].to_numpy())
            wrong |= rows["tile_id"].to_numpy() < 0
            message = "the home is not on its tile, or the country does not have it."
            _note(files, rows, wrong, "home-tile", message)
            self.findings.add_check(
                "homes on their tiles, tiles of their country", len(ids), "cards"
            )
        if countries is not None and iso in countries:
            outside = outside_of(countries[iso], lon, lat)
            _note(files, rows, outside, "home-outside", "the home is not in its country.")
            self.findings.add_check(IN_COUNTRY, len(ids), "cards")
        self._check_work(files, rows)

    def _check_work(self, files: CountryFiles, rows: pa.Table) -> None:
        """Find places of work that are no site of the country."""
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
        _note(files, rows, wrong, "work-site", "the place of work is no site of the country.")
        self.findings.add_check(what, rows.num_rows, "cards")


def _towns_around(towns: CountryPlaces, homes: pa.Table) -> list[tuple[Part, ...]]:
    """Return the towns that each home may have been asked to lie in: which, is not published."""
    lon, lat = (np.radians(homes[name].to_numpy())[:, None] for name in ("home_lon", "home_lat"))
    town_lon, town_lat = np.radians(towns.lons), np.radians(towns.lats)
    # The haversine formula.
    half = np.sin((town_lat - lat) / 2) ** 2
    half = half + np.cos(lat) * np.cos(town_lat) * np.sin((town_lon - lon) / 2) ** 2
    km = 2 * EARTH_KM * np.arcsin(np.minimum(np.sqrt(half), 1.0))
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


def _note(
    files: CountryFiles, rows: pa.Table, wrong: NDArray[np.bool_], code: str, message: str
) -> None:
    found = np.flatnonzero(wrong)
    if len(found):
        example = rows.slice(int(found[0]), 1).to_pylist()[0]
        files.add(code, message, example=example, rows=len(found))
