"""What checks of sites and of homes share: points on the map of their country, and placed again by the plain law."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from closedworld.datasets import TILE_WEIGHTS
from closedworld.datasets.parameters import PeopleParameters, SiteParameters
from closedworld.errors import ConfigError, IntegrityError
from closedworld.inputs.reference.places import CountryPlaces, country_places
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import zones_of
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.published.polygons import polygons_of
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.asked_parts import WHOLE, Part, read_parts
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.file_checks import FileTable, check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.membership import placed_polygons
from closedworld.verification.request import Request
from closedworld.verification.site_law import TOLERANCE_DEGREES, SiteLaw, Towns
from closedworld.verification.site_numbers import WantedSite
from closedworld.verification.tile_checks import TileIndex
from closedworld.verification.value_digests import ValueDigests
from closedworld.verification.whole_tables import check_validation

_BATCH_TILES = 1 << 20
_PLACES = "places.parquet"
_IN_COUNTRY = "points in their country, by GEOS"


@dataclass(slots=True, eq=False)
class PointChecks:
    """Checks one result with points that were placed.

    Attributes:
        kind: What was placed, ``site`` or ``home``; also the kind of its keys.
        noun: What messages call its place.
        unit: What is counted.
        coordinates: Columns of longitude and latitude.
        published: The result.
        parameters: Its parameters.
        weights: The weights that points were placed by; None when they are not at hand.
        index: Their tiles, likewise.
        request: What was asked for.
        findings: Where findings go.
        digests: Where digests of values go.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    unit: ClassVar[str]
    coordinates: ClassVar[tuple[str, str]]

    published: Published
    parameters: SiteParameters | PeopleParameters
    weights: Published | None
    index: TileIndex | None
    request: Request
    findings: Findings
    digests: ValueDigests = field(default_factory=ValueDigests, init=False)

    @property
    def law(self) -> str:
        """Name of the check of points that are placed again."""
        return f"{self.kind}s by the law, placed again one by one"

    def open(self) -> FileTable:
        """Return the files, checked as far as their rows need not be read."""
        files, findings = (VALIDATION_NAME,), self.findings
        table = check_schemas(self.published, self.parameters.datasets, findings, files)
        for dataset in self.parameters.datasets:
            check_countries(table, dataset.name, set(self.parameters.countries), findings)
        check_validation(self.published, findings)
        return table

    def polygons(self) -> CountrySet | None:
        """Return the polygons that tiles were built from; None, noted as unchecked, when they are not at hand."""
        if self.index is None:
            self.findings.add_unchecked(_IN_COUNTRY, "no index of the tiles")
            return None
        try:
            return polygons_of(self.index.published, self.request.polygons)
        except ConfigError:
            reason = "the world was built from other polygons; give them"
            self.findings.add_unchecked(_IN_COUNTRY, reason)
            return None

    def places(self, iso: str, countries: CountrySet | None) -> CountryPlaces | None:
        """Return the places of a country, or those in a region, which needs its polygons."""
        if countries is not None and iso in countries:
            return countries.places(iso)
        is_region = self.index is None or self.index.parameters.own_codes is not None
        return None if is_region else country_places(iso)

    def check_on_map(
        self,
        files: CountryFiles,
        rows: pa.Table,
        tile: NDArray[np.int64],
        countries: CountrySet | None,
    ) -> None:
        """Find points of a country that are not in its time zones, not on its tiles or not in its polygons.

        Args:
            files: Their files.
            rows: Their rows.
            tile: Tile of each, int64 (rows,); below 0 for those that need none.
            countries: The polygons; None when they are not at hand.
        """
        iso, kind, add_check = files.country_iso, self.kind, self.findings.add_check
        lon, lat = (rows[name].to_numpy() for name in self.coordinates)
        zones = f"time zones of {kind}s are their country's"
        places = self.places(iso, countries)
        if places is None:
            self.findings.add_unchecked(zones, "the polygons of the regions are not at hand")
        else:
            other = _of_other_zone(rows["tzid"], zones_of(places.countries).tzids)
            files.add_rows(rows, other, f"{kind}-zone", f"tzid is none of {iso}.")
            add_check(zones, len(other), self.unit)
        if self.index is not None and iso in self.index.countries:
            off = _off_tile(self.index, iso, lon, lat, tile)
            message = f"the {self.noun} is not on its tile, or the country does not have it."
            files.add_rows(rows, off, f"{kind}-tile", message)
            count = int(np.count_nonzero(tile >= 0))
            add_check(f"{kind}s on their tiles, tiles of their country", count, self.unit)
        if countries is not None and iso in countries:
            outside = _outside_of(countries[iso], lon, lat)
            message = f"the {self.noun} is not in its country."
            files.add_rows(rows, outside, f"{kind}-outside", message)
            add_check(_IN_COUNTRY, int(np.count_nonzero(~np.isnan(lon))), self.unit)

    def drawn(self) -> set[str]:
        """Return the countries in which some points are placed again."""
        countries = self.parameters.countries
        if self.weights is None or self.index is None:
            self.findings.add_unchecked(self.law, "no weights at hand")
            return set()
        if self.parameters.places_sha256 != bundled(_PLACES).sha256:
            self.findings.add_unchecked(self.law, "they were placed by another table of places")
            return set()
        return self.request.drawn(countries, len(countries), self.law, self.findings)

    def check_law(
        self,
        files: CountryFiles,
        rows: pa.Table,
        country: Country,
        towns: CountryPlaces,
        wanted: Sequence[WantedSite],
        asked: Sequence[Sequence[Part]],
    ) -> None:
        """Find points that do not lie where the law says.

        In a piece of a tile so small that no try met it, any point does.

        Args:
            files: Their files.
            rows: Their rows.
            country: Polygons of the country.
            towns: Its towns.
            wanted: What was placed, row by row.
            asked: Parts of the country, in any of which each may have been asked to lie.
        """
        wrong = self._off_law(rows, country, towns, wanted, asked)
        message = f"the {self.noun} is not where the law places it."
        files.add_rows(rows, wrong, f"{self.kind}-law", message)
        self.findings.add_check(self.law, len(wanted), self.unit)

    def _off_law(
        self,
        rows: pa.Table,
        country: Country,
        towns: CountryPlaces,
        wanted: Sequence[WantedSite],
        asked: Sequence[Sequence[Part]],
    ) -> NDArray[np.bool_]:
        weights, index = self.weights, self.index
        if weights is None or index is None or not wanted:
            return np.zeros(len(wanted), np.bool_)
        grid, some = index.parameters.grid, towns.persons > 0
        parts = {part for own in asked for part in own} - {WHOLE}
        try:
            law = SiteLaw(
                grid,
                country.iso,
                self.parameters.seed,
                lambda: _tile_weights(weights, country.iso),
                Towns(towns.lons[some], towns.lats[some], towns.persons[some]),
                self.kind.encode(),
            )
            found = read_parts(parts, country, grid, _tile_weights(weights, country.iso))
        except (OSError, ValueError, pa.ArrowException, IntegrityError) as error:
            reason = f"weights cannot be read: {type(error).__name__}"
            self.findings.add_unchecked(self.law, reason, country.iso)
            return np.zeros(len(wanted), np.bool_)
        whole = list(placed_polygons(country.features, grid))
        placed = rows.select([*self.coordinates, "tile_id"])
        right = np.zeros(len(wanted), np.bool_)
        for turn in range(max(map(len, asked))):
            for part, at in _rows_by_part(asked, turn, ~right).items():
                own = None if part == WHOLE else found[part]
                if own is not None and not own.weights[1].any():
                    continue
                right[at] = _is_right(
                    law if own is None else law.within(*own.weights),
                    whole if own is None else own.polygons,
                    [wanted[row] for row in at],
                    placed.take(pa.array(at, pa.int64())),
                )
        return ~right


def _off_tile(
    index: TileIndex,
    iso: str,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    tile: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return which points are not on their tile, or on one that the country does not have; not those of tile -1.

    Args:
        index: The tiles.
        iso: The country.
        lon: Degrees, float64 (n,).
        lat: Degrees, float64 (n,).
        tile: Tile that each is said to lie on, int64 (n,).
    """
    grid = index.parameters.grid
    here = np.flatnonzero(tile >= 0)
    here = here[tile[here] < grid.n_tiles]
    row, col = np.divmod(tile[here], grid.n_cols)
    across = (lon[here] - (grid.west + (col + 0.5) * grid.cell_width) + 180.0) % 360.0 - 180.0
    down = lat[here] - (grid.north - (row + 0.5) * grid.cell_height)
    on_tile = np.abs(across) <= grid.cell_width / 2 + TOLERANCE_DEGREES
    on_tile &= np.abs(down) <= grid.cell_height / 2 + TOLERANCE_DEGREES
    wrong = tile >= grid.n_tiles
    wrong[here] |= ~on_tile | ~index.countries[iso].ids.holds(tile[here])
    return wrong


def _outside_of(
    country: Country, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points lie outside of a country, bool (n,); not those without coordinates."""
    left = np.flatnonzero(~np.isnan(lon))
    for polygon in shapely.get_parts(list(country.features)):
        shapely.prepare(polygon)
        for turn in (0.0, 360.0, -360.0):
            left = left[~shapely.intersects_xy(polygon, lon[left] + turn, lat[left])]
    outside = np.zeros(len(lon), np.bool_)
    outside[left] = True
    return outside


def _of_other_zone(zones: pa.ChunkedArray, tzids: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which time zones are none of a country's, bool (n,); not those that are missing."""
    known = pc.or_(pc.is_in(zones, pa.array(tzids, pa.string())), zones.is_null())
    other: NDArray[np.bool_] = ~known.to_numpy()
    return other


def _rows_by_part(
    asked: Sequence[Sequence[Part]], turn: int, left: NDArray[np.bool_]
) -> dict[Part, list[int]]:
    """Return the rows that are left by the part that each asks for in its turn."""
    found: dict[Part, list[int]] = {}
    for row in np.flatnonzero(left).tolist():
        if turn < len(asked[row]):
            found.setdefault(asked[row][turn], []).append(row)
    return found


def _is_right(
    law: SiteLaw, polygons: list[shapely.Polygon], wanted: Sequence[WantedSite], placed: pa.Table
) -> list[bool]:
    """Return which points, ``(lon, lat, tile_id)``, lie where the law of a part of the country says."""
    shapely.prepare(polygons)
    columns = (column.to_pylist() for column in placed.columns)
    return [
        own == tile and _is_first_in(polygons, points, lon, lat)
        for (tile, points), lon, lat, own in zip(law.sites(wanted), *columns, strict=True)
    ]


def _is_first_in(
    polygons: list[shapely.Polygon], points: Iterator[tuple[float, float]], lon: float, lat: float
) -> bool:
    """Return whether a point is the first of some that lies in polygons; if none does, whether it lies in them."""
    for x, y in points:
        if shapely.intersects_xy(polygons, x, y).any():
            turned = (x - lon + 180.0) % 360.0 - 180.0
            return max(abs(turned), abs(y - lat)) < TOLERANCE_DEGREES
    own = shapely.points([lon - 360.0, lon, lon + 360.0], lat)
    return bool(shapely.dwithin(np.asarray(polygons)[:, None], own, TOLERANCE_DEGREES).any())


def _tile_weights(
    weights: Published, iso: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for entry in weights.files(TILE_WEIGHTS.name)[iso]:
        with weights.open_parquet(entry) as file:
            for batch in file.iter_batches(_BATCH_TILES, columns=["tile_id", "weight_fp"]):
                yield batch["tile_id"].to_numpy(), batch["weight_fp"].to_numpy()
