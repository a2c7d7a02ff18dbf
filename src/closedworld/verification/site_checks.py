"""A result of sites: its files, its receipt, and every outlet in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from closedworld.datasets import MERCHANTS, SITES, TILE_WEIGHTS
from closedworld.datasets.parameters import SiteParameters
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.places import CountryPlaces
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import zones_of
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_sites import ZONES, CountrySiteChecks
from closedworld.verification.file_checks import check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.membership import placed_polygons
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.request import Request
from closedworld.verification.site_law import SiteLaw, Towns
from closedworld.verification.tile_checks import TileIndex
from closedworld.verification.value_digests import ValueDigests
from closedworld.verification.whole_tables import (
    check_validation,
    places_at_hand,
    polygons_at_hand,
    read_whole,
)

_LAW = "sites by the law, placed again one by one"
_BATCH_TILES = 1 << 20
_PLACES = "places.parquet"


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
        drawn = self._drawn()
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
            self._check_where(check, iso, countries, is_drawn=iso in drawn)
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
        *,
        is_drawn: bool,
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
            if is_drawn:
                self._check_law(check, countries[iso], places)

    def _drawn(self) -> set[str]:
        """Return the countries in which the sites of some merchants are placed again."""
        if self.weights is None or self.index is None:
            self.findings.add_unchecked(_LAW, "no weights at hand")
            return set()
        if self.parameters.places_sha256 != bundled(_PLACES).sha256:
            self.findings.add_unchecked(_LAW, "they were placed by another table of places")
            return set()
        every = list(self.parameters.countries)
        count = len(every) if self.request.recompute is None else self.request.recompute
        draw = random.Random(self.request.seed)  # noqa: S311 -- a sample that can be drawn again
        drawn = set(draw.sample(every, min(count, len(every))))
        if left := len(every) - len(drawn):
            reason = f"{left} of {len(every)} countries not drawn; give --recompute all"
            self.findings.add_unchecked(_LAW, reason)
        return drawn

    def _check_law(self, check: CountrySiteChecks, country: Country, towns: CountryPlaces) -> None:
        """Place all sites of some merchants again."""
        if self.weights is None or self.index is None:
            return
        iso = country.iso
        weights = self.weights
        wanted, rows = check.drawn(self.request.seed)
        grid = self.index.parameters.grid
        some = towns.persons > 0
        law = SiteLaw(
            grid,
            iso,
            self.parameters.seed,
            lambda: _tile_weights(weights, iso),
            Towns(towns.lons[some], towns.lats[some], towns.persons[some]),
        )
        try:
            again = law.sites(wanted) if wanted else []
        except (OSError, ValueError, pa.ArrowException, IntegrityError) as error:
            self.findings.add_unchecked(
                _LAW, f"weights cannot be read: {type(error).__name__}", iso
            )
            return
        polygons = list(placed_polygons(country.features, grid))
        shapely.prepare(polygons)
        for row, (tile, points) in zip(rows, again, strict=True):
            check.compare(row, tile, points, polygons)
        self.findings.add_check(_LAW, len(rows), "sites")


def _tile_weights(
    weights: Published, iso: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for entry in weights.files(TILE_WEIGHTS.name)[iso]:
        with weights.open_parquet(entry) as file:
            for batch in file.iter_batches(_BATCH_TILES, columns=["tile_id", "weight_fp"]):
                yield batch["tile_id"].to_numpy(), batch["weight_fp"].to_numpy()
