"""A result of sites: its files, its receipt, and every outlet in it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from closedworld.datasets import MERCHANTS, SITES, TILE_WEIGHTS
from closedworld.datasets.parameters import SiteParameters
from closedworld.errors import ConfigError, IntegrityError
from closedworld.inputs.reference.places import CountryPlaces, country_places
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import zones_of
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.published.polygons import polygons_of
from closedworld.sanitize import library_message
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.country_sites import IN_COUNTRY, ZONES, CountrySiteChecks
from closedworld.verification.file_checks import check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.membership import placed_polygons
from closedworld.verification.receipt_checks import PARAMETER_ERRORS, bad_parameters, check_totals
from closedworld.verification.request import Request
from closedworld.verification.site_law import SiteLaw, Towns
from closedworld.verification.tile_checks import TileIndex
from closedworld.verification.value_digests import ValueDigests, digest_of_columns

_LAW = "sites by the law, placed again one by one"
_BATCH_TILES = 1 << 20
_PLACES = "places.parquet"


def read_site_parameters(published: Published, findings: Findings) -> SiteParameters | None:
    """Return the parameters of sites; None, with a finding, when they make no sense."""
    try:
        return SiteParameters.from_dict(published.receipt.parameters)
    except PARAMETER_ERRORS as error:
        bad_parameters(error, findings)
        return None


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
        self._check_validation()
        countries = self._polygons()
        drawn = self._drawn()
        sites_on_map = sites = 0
        merchants: set[str] = set()
        for iso in self.parameters.countries:
            files = [table[name].get(iso) for name in (SITES.name, MERCHANTS.name)]
            rows = [None if one is None else self._rows(one) for one in files]
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

    def _rows(self, files: CountryFiles) -> pa.Table | None:
        """Return all rows of a country; None, with a finding, when they cannot be read."""
        schema = files.dataset.schema
        batches = list(files.batches(files.columns, with_footers=True))
        if not files.is_whole:
            return None
        try:
            table = pa.Table.from_batches(batches).cast(schema) if batches else schema.empty_table()
        except (pa.ArrowException, UnicodeDecodeError) as error:
            files.add("schema", f"rows cannot be understood: {library_message(error)}.")
            return None
        table = table.combine_chunks()
        if table.num_rows:
            (batch,) = table.to_batches()
            self._digests.add(files, table.num_rows, digest_of_columns(batch, files.dataset))
        return table

    def _check_validation(self) -> None:
        """Read what the stage says that it checked; the receipt seals its bytes."""
        try:
            (entry,) = (one for one in self.published.receipt.files if one.path == VALIDATION_NAME)
            with self.published.open(entry) as file:
                content = json.loads(file.read())
            passed = content["passed"] is True and all(one["passed"] for one in content["checks"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{VALIDATION_NAME} cannot be read: {type(error).__name__}."
            self.findings.add("validation", message)
            return
        if not passed:
            self.findings.add("validation", f"{VALIDATION_NAME} has a check that failed.")
        self.findings.add_check("checks in validation.json", len(content["checks"]), "checks")

    def _polygons(self) -> CountrySet | None:
        if self.index is None:
            self.findings.add_unchecked(IN_COUNTRY, "no index of the tiles")
            return None
        try:
            return polygons_of(self.index.published, self.request.polygons)
        except ConfigError:
            reason = "the world was built from other polygons; give them"
            self.findings.add_unchecked(IN_COUNTRY, reason)
            return None

    def _check_where(
        self,
        check: CountrySiteChecks,
        iso: str,
        countries: CountrySet | None,
        *,
        is_drawn: bool,
    ) -> None:
        """Compare sites with time zones, tiles and polygons of their country."""
        places = self._places(iso, countries)
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

    def _places(self, iso: str, countries: CountrySet | None) -> CountryPlaces | None:
        """Return the places of a country, or those in a region, which needs its polygons."""
        if countries is not None and iso in countries:
            return countries.places(iso)
        is_region = self.index is None or self.index.parameters.own_codes is not None
        return None if is_region else country_places(iso)

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
    """Yield tiles and weights of a country."""
    for entry in weights.files(TILE_WEIGHTS.name)[iso]:
        with weights.open_parquet(entry) as file:
            for batch in file.iter_batches(_BATCH_TILES, columns=["tile_id", "weight_fp"]):
                yield batch["tile_id"].to_numpy(), batch["weight_fp"].to_numpy()
