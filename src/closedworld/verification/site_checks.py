"""A result of sites: its files, its receipt, and every outlet in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from closedworld.datasets import MERCHANTS, SITES
from closedworld.datasets.parameters import SiteParameters
from closedworld.verification.country_sites import CountrySiteChecks
from closedworld.verification.point_checks import PointChecks
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.whole_tables import read_whole


@dataclass(slots=True, eq=False)
class SiteChecks(PointChecks):
    """Checks one result of sites."""

    kind: ClassVar[str] = "site"
    noun: ClassVar[str] = "point"
    unit: ClassVar[str] = "sites"
    coordinates: ClassVar[tuple[str, str]] = ("lon", "lat")

    parameters: SiteParameters

    def run(self) -> None:
        """Check everything."""
        table, countries, drawn = self.open(), self.polygons(), self.drawn()
        sites_on_map = sites = 0
        merchants: set[str] = set()
        for iso in self.parameters.countries:
            files = [table[name].get(iso) for name in (SITES.name, MERCHANTS.name)]
            rows = [None if one is None else read_whole(one, self.digests) for one in files]
            if files[0] is None or rows[0] is None or rows[1] is None:
                self.digests.unknown.add(iso)
                continue
            check = CountrySiteChecks(files[0], rows[0], rows[1])
            if not check.check_keys():
                continue
            check.check_ids()
            check.check_precision()
            self.check_on_map(files[0], rows[0], rows[0]["tile_id"].to_numpy(), countries)
            towns = self.places(iso, countries)
            if iso in drawn and countries is not None and iso in countries and towns is not None:
                some, wanted, asked = check.drawn(self.request.seed, towns)
                self.check_law(files[0], some, countries[iso], towns, wanted, asked)
            sites += rows[0].num_rows
            sites_on_map += rows[0].num_rows - rows[0]["lon"].null_count
            merchants |= set(rows[1]["merchant_id"].to_pylist())
        if not self.digests.unknown:
            totals = {
                "countries": len(self.parameters.countries),
                "merchants": len(merchants),
                "sites": sites,
                "sites_on_map": sites_on_map,
            }
            check_totals(self.published.receipt, totals, self.findings)
        self.digests.compare(self.published.receipt, self.findings)
        if self.parameters.merchants_sha256 != self.published.receipt.values.get(MERCHANTS.name):
            message = "merchants_sha256 is not the digest of the values of merchants."
            self.findings.add("merchants-digest", message, MERCHANTS.name)
