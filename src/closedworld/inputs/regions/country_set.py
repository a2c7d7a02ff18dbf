"""Countries as the rest of closedworld sees them: codes, names, valid polygons, and notes."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import shapely
from shapely import MultiPolygon

from closedworld.config.table import REGIONS
from closedworld.errors import InputError
from closedworld.inputs.reference.places import CountryPlaces, country_places, places_within
from closedworld.inputs.regions.country_codes import CODE, CODE_WORDS, refuse_unknown, wanted_codes
from closedworld.inputs.regions.repair import enclosed
from closedworld.inputs.tables.geometry import GEOMETRY, to_geopandas
from closedworld.kernels.inclusion import Fill
from closedworld.sanitize import html_table, listed, number_of, quoted

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

NoteKind = Literal[
    "assumed",
    "filled",
    "elsewhere",
    "mapped",
    "merged",
    "reader",
    "repaired",
    "skipped",
    "touching",
    "unwrapped",
]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done to the input, or a warning of its reader, for the report.

    Attributes:
        kind: ``merged`` (several rows make one country), ``repaired`` (geometry changed), ``touching`` (a ring
            that touches itself at a point, written as a valid polygon of the same vertices), ``filled`` (rings
            taken as they are), ``unwrapped`` (longitudes moved by whole turns), ``skipped`` (row left out),
            ``elsewhere`` (far from their countries), ``mapped`` (a publisher's own code), ``assumed`` (reference system) or ``reader`` (a warning of the
            library that read the file).
        iso: Alpha-2 code of the country; empty when the note is not about one country.
        message: The note in one sentence, safe to show.
        figures: Named numbers behind the message, such as ``("area_km2_before", 17.5)``.
    """

    kind: NoteKind
    iso: str
    message: str
    figures: tuple[tuple[str, float], ...] = ()

    def to_dict(self) -> dict[str, str | float]:
        """Return the note flat, for JSON."""
        return {"kind": self.kind, "iso": self.iso, "message": self.message, **dict(self.figures)}


@dataclass(frozen=True, slots=True)
class Country:
    """A country and its polygons.

    A tile belongs to the country if it belongs to any of the features. Features are not united: that
    would compute new vertices, and the tiles would no longer be exactly those of the file.

    Attributes:
        iso: ISO 3166-1 alpha-2 code, two upper-case letters; of a region, its own code.
        name: Display name, printable, on one line.
        features: At least one valid (unless there is a fill rule), two-dimensional multipolygon without empty polygons, in WGS 84
            longitude and latitude (degrees), ordered by their WKB bytes. Longitudes are unwrapped:
            no ring jumps at +/-180, so they may lie beyond it (170..190).
        fill: What rings that cross or overlap enclose; None: all features are valid.

    Raises:
        InputError: ``country-malformed``.
    """

    iso: str
    name: str
    features: tuple[MultiPolygon, ...]
    fill: Fill | None = None

    def __repr__(self) -> str:
        polygons = sum(len(feature.geoms) for feature in self.features)
        return f"<Country {self.iso}: {self.name}, {number_of(polygons, 'polygon', 'polygons')}>"

    def __post_init__(self) -> None:
        # Here as well, whoever builds the value.
        if CODE.fullmatch(self.iso) is None:
            raise InputError("country-malformed", f"{quoted(self.iso)} is no code: {CODE_WORDS}.")
        polygonal = all(isinstance(f, MultiPolygon) and not f.is_empty for f in self.features)
        if not self.features or not polygonal:
            raise InputError(
                "country-malformed", f"{self.iso} needs features, all non-empty multipolygons."
            )

    def places(self, *, is_region: bool) -> CountryPlaces:
        """Return its bundled places: those of its code or, of a region, those that its valid polygons cover."""
        return places_within(self.iso, self.features) if is_region else country_places(self.iso)

    def made_valid(self) -> Country:
        """Return the country with valid features: polygons that GEOS makes of what the fill rule encloses.

        Their vertices at crossings are rounded, so they serve for points and pictures; tiles come from ``features``.
        """
        if self.fill is None:
            return self
        return Country(
            self.iso, self.name, tuple(enclosed(feature, self.fill) for feature in self.features)
        )


@dataclass(frozen=True, slots=True)
class CountrySet:
    """Countries ordered by code, and notes on changes made to the input.

    Iteration yields ``Country`` objects; ``countries["DE"]`` returns one or raises ``KeyError``.

    Attributes:
        countries: Strictly ascending by ``iso``.
        notes: Ordered by ``iso``; notes on the whole file come first.
        regions: ``iso`` when codes are those of ISO 3166-1, ``any`` for regions with codes of their own.

    Raises:
        InputError: ``countries-disordered``.
    """

    countries: tuple[Country, ...]
    notes: tuple[Note, ...] = ()
    regions: str = REGIONS[0]
    _by_iso: dict[str, Country] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        isos = self.isos
        if any(a >= b for a, b in itertools.pairwise(isos)):
            raise InputError("countries-disordered", "countries must be unique and sorted by code.")
        object.__setattr__(self, "_by_iso", dict(zip(isos, self.countries, strict=True)))

    def __len__(self) -> int:
        return len(self.countries)

    def __iter__(self) -> Iterator[Country]:
        return iter(self.countries)

    def __contains__(self, iso: object) -> bool:
        return iso in self._by_iso

    def __getitem__(self, iso: str) -> Country:
        return self._by_iso[iso]

    @property
    def isos(self) -> tuple[str, ...]:
        """The alpha-2 codes, or the regions' own, ascending."""
        return tuple(country.iso for country in self.countries)

    @property
    def own_codes(self) -> tuple[str, ...] | None:
        """The codes of regions that are not countries; None when codes are those of ISO 3166-1."""
        return None if self.regions == REGIONS[0] else self.isos

    def places(self, iso: str) -> CountryPlaces:
        """Return the bundled places of a country, or those in a region of valid polygons."""
        return self[iso].places(is_region=self.own_codes is not None)

    @property
    def fill(self) -> Fill | None:
        """What invalid features enclose; None when all are valid."""
        return next((country.fill for country in self if country.fill), None)

    def polygons_sha256(self) -> str:
        """Return SHA-256 over codes and polygons, lower-case hex.

        It does not depend on the file format, the order of rows and polygons, or the start and direction
        of rings. Little-endian WKB of each
        normalized feature, ascending, after its code.
        """
        digest = hashlib.sha256()
        for country in self:
            normalized = shapely.normalize(country.features)
            for wkb in sorted(shapely.to_wkb(normalized, byte_order=1)):
                digest.update(f"{country.iso} {len(wkb)}\n".encode())
                digest.update(wkb)
        return digest.hexdigest()

    def made_valid(self) -> CountrySet:
        """Return the set with every country made valid; itself if all are."""
        if self.fill is None:
            return self
        return CountrySet(tuple(country.made_valid() for country in self), self.notes, self.regions)

    def __repr__(self) -> str:
        return (
            f"<CountrySet: {number_of(len(self), 'country', 'countries')}, {listed(self.isos, 5)}>"
        )

    def _repr_html_(self) -> str:
        rows = [(one.iso, one.name, sum(len(f.geoms) for f in one.features)) for one in self]
        return html_table(repr(self), ("country_iso", "name", "polygons"), rows)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of one row per country: ``country_iso``, ``name``, ``geometry``."""
        return self._table().__arrow_c_stream__(requested_schema)

    def to_geopandas(self) -> GeoDataFrame:
        """Return a row per country as a GeoDataFrame, in EPSG:4326.

        The polygons of several features of a country stand in one multipolygon, not united.

        Raises:
            ConfigError: ``geopandas-missing``.
        """
        return to_geopandas(self._table())

    def _table(self) -> pa.Table:
        shapes = [
            MultiPolygon([polygon for feature in one.features for polygon in feature.geoms])
            for one in self
        ]
        columns = [list(self.isos), [one.name for one in self], shapely.to_wkb(shapes)]
        text = [pa.field(name, pa.string(), nullable=False) for name in ("country_iso", "name")]
        return pa.table(columns, schema=pa.schema([*text, GEOMETRY]))

    def select(self, isos: str | Iterable[str]) -> CountrySet:
        """Return a subset of the countries, with their notes and those on the whole file.

        Args:
            isos: Alpha-2 codes in any order and case, as ``"DE,FR"`` or a list; a code given twice
                counts once.

        Raises:
            ConfigError: ``country-unknown``, ``countries-none-selected``.
        """
        known = {country.iso: country.name for country in self.countries}
        wanted = wanted_codes(isos, known)
        refuse_unknown(wanted, known)
        return CountrySet(
            tuple(country for country in self.countries if country.iso in wanted),
            tuple(note for note in self.notes if not note.iso or note.iso in wanted),
            self.regions,
        )
