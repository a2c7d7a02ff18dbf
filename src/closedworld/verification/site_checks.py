"""A result of sites: its files, its receipt, and every outlet in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from closedworld.datasets import MERCHANTS, SITES
from closedworld.datasets.parameters import SiteParameters
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.reference.time_zones import zones_of
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_sites import ZONES, CountrySiteChecks
from closedworld.verification.file_checks import check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.placed_again import PlacedAgain
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.request import Request
from closedworld.verification.tile_checks import TileIndex
from closedworld.verification.value_digests import ValueDigests
from closedworld.verification.whole_tables import (
    check_validation,
    places_at_hand,
    polygons_at_hand,
    read_whole,
)

_LAW = "sites by the law, placed again one by one"


@dataclass(slots=True, eq=False)
class SiteChecks:
    """Checks one result of sites.

    Attributes:
        published: The result.
        parameters: Its parameters.
        weights: The weights that the sites were placed by; None when they are not at hand.
        index: Their tiles, likewise.
        request: What was asked for.
        findings: Where findings go.
    """

    published: Published
    parameters: SiteParameters
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
        for name in (SITES.name, MERCHANTS.name):
            check_countries(table, name, set(self.parameters.countries), self.findings)
        check_validation(self.published, self.findings)
        countries = polygons_at_hand(self.index, self.request, self.findings)
        again = PlacedAgain(_LAW, b"site", self)
        drawn = again.drawn(self.parameters.countries)
        sites_on_map = sites = 0
        merchants: set[str] = set()
        for iso in self.parameters.countries:
            files = [table[name].get(iso) for name in (SITES.name, MERCHANTS.name)]
            rows = [None if one is None else read_whole(one, self._digests) for one in files]
            if files[0] is None or rows[0] is None or rows[1] is None:
                self._digests.unknown.add(iso)
                continue
            check = CountrySiteChecks(files[0], rows[0], rows[1])
            if not check.check_keys():
                continue
            check.check_ids()
            check.check_precision()
            self._check_where(check, iso, countries, again if iso in drawn else None)
            sites += rows[0].num_rows
            sites_on_map += rows[0].num_rows - rows[0]["lon"].null_count
            merchants |= set(rows[1]["merchant_id"].to_pylist())
        if not self._digests.unknown:
            totals = {
                "countries": len(self.parameters.countries),
                "merchants": len(merchants),
                "sites": sites,
                "sites_on_map": sites_on_map,
            }
            check_totals(self.published.receipt, totals, self.findings)
        self._digests.compare(self.published.receipt, self.findings)
        if self.parameters.merchants_sha256 != self.published.receipt.values.get(MERCHANTS.name):
            message = "merchants_sha256 is not the digest of the values of merchants."
            self.findings.add("merchants-digest", message, MERCHANTS.name)

    def _check_where(
        self,
        check: CountrySiteChecks,
        iso: str,
        countries: CountrySet | None,
        again: PlacedAgain | None,
    ) -> None:
        """Compare sites with time zones, tiles and polygons of their country."""
        places = places_at_hand(self.index, iso, countries)
        if places is None:
            self.findings.add_unchecked(ZONES, "the polygons of the regions are not at hand")
        else:
            check.check_zones(zones_of(places.countries).tzids)
        if self.index is not None and iso in self.index.countries:
            check.check_tiles(self.index, iso)
        if countries is not None and places is not None and iso in countries:
            check.check_polygons(countries[iso])
            if again is not None:
                self._check_law(again, check, countries[iso], places)

    def _check_law(
        self,
        again: PlacedAgain,
        check: CountrySiteChecks,
        country: Country,
        towns: CountryPlaces,
    ) -> None:
        """Place all sites of some merchants again."""
        wanted, rows, asked = check.drawn(self.request.seed, towns)
        placed = check.sites.take(pa.array(rows, pa.int64()))
        wrong = again.wrong(country, towns, wanted, asked, placed)
        check.note_off_law(np.array(rows, np.int64)[wrong])
        self.findings.add_check(_LAW, len(rows), "sites")
