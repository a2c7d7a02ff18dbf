"""Countries as the rest of closedworld sees them: codes, names, valid polygons, and notes."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import shapely
from shapely import MultiPolygon

from closedworld.config.options import split_codes
from closedworld.errors import ConfigError, InputError
from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.tables.geometry import GEOMETRY, to_geopandas
from closedworld.sanitize import html_table, listed, number_of, one_line

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

NoteKind = Literal["merged", "reader", "repaired", "skipped", "unwrapped"]

# The code becomes part of a path, so it is checked here as well, whoever builds the value.
_ALPHA_2 = re.compile(r"[A-Z]{2}", re.ASCII)
# Reserved by ISO 3166-1 for the United Kingdom; used by the European Union for Greece.
_OTHER_CODES = {"UK": "GB", "EL": "GR"}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done to the input, or a warning of its reader, for the report.

    Attributes:
        kind: ``merged`` (several rows make one country), ``repaired`` (geometry changed),
            ``unwrapped`` (longitudes moved by whole turns), ``skipped`` (row left out) or
            ``reader`` (a warning of the library that read the file).
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
        iso: ISO 3166-1 alpha-2 code, two upper-case letters.
        name: Display name, printable, on one line.
        features: At least one valid, two-dimensional multipolygon without empty polygons, in WGS 84
            longitude and latitude (degrees), ordered by their WKB bytes. Longitudes are unwrapped:
            no ring jumps at +/-180, so they may lie beyond it (170..190).

    Raises:
        InputError: ``country-malformed``.
    """

    iso: str
    name: str
    features: tuple[MultiPolygon, ...]

    def __repr__(self) -> str:
        polygons = sum(len(feature.geoms) for feature in self.features)
        return f"<Country {self.iso}: {self.name}, {number_of(polygons, 'polygon', 'polygons')}>"

    def __post_init__(self) -> None:
        """Refuse a code that is not two letters, and features that are not multipolygons."""
        if _ALPHA_2.fullmatch(self.iso) is None:
            raise InputError("country-malformed", f"{self.iso!r} is not two upper-case letters.")
        polygonal = all(isinstance(f, MultiPolygon) and not f.is_empty for f in self.features)
        if not self.features or not polygonal:
            raise InputError(
                "country-malformed", f"{self.iso} needs features, all non-empty multipolygons."
            )


@dataclass(frozen=True, slots=True)
class CountrySet:
    """Countries ordered by code, and notes on changes made to the input.

    Iteration yields ``Country`` objects; ``countries["DE"]`` returns one or raises ``KeyError``.

    Attributes:
        countries: Strictly ascending by ``iso``.
        notes: Ordered by ``iso``; notes on the whole file come first.

    Raises:
        InputError: ``countries-disordered``.
    """

    countries: tuple[Country, ...]
    notes: tuple[Note, ...] = ()
    _by_iso: dict[str, Country] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse countries out of order or twice, and index them."""
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
        """The alpha-2 codes, ascending."""
        return tuple(country.iso for country in self.countries)

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
        wanted = {iso.upper(): iso for iso in split_codes(isos)}
        unknown = [asked for iso, asked in wanted.items() if iso not in self._by_iso]
        if unknown:
            raise ConfigError(
                "country-unknown",
                f"no country {', '.join(repr(one_line(asked, 40)) for asked in unknown)} in the file.",
                " ".join([*(self._advice(asked) for asked in unknown), self._holdings()]),
            )
        return CountrySet(
            tuple(country for country in self.countries if country.iso in wanted),
            tuple(note for note in self.notes if not note.iso or note.iso in wanted),
        )

    def _advice(self, asked: str) -> str:
        """Return which codes of this set may be meant by ``asked``; empty if none."""
        table = iso_table()
        code = asked.strip().upper()
        entry = table.by_alpha_3.get(code) or table.by_alpha_2.get(_OTHER_CODES.get(code, code))
        if entry is not None:
            if entry.alpha_2 in self:
                return f"{code} is {entry.alpha_2} here."
            return f"{entry.alpha_2} is {one_line(entry.name)}, which the file does not have."
        names = {country.name.casefold(): country.iso for country in self.countries}
        key = asked.strip().casefold()
        close = difflib.get_close_matches(key, names, n=3)
        isos = [names[name] for name in close] or difflib.get_close_matches(
            code, self.isos, n=3, cutoff=0.5
        )
        if not isos:
            return ""
        meant = ", ".join(f"{iso} ({self[iso].name})" for iso in isos)
        return f"For {one_line(asked, 40)!r}, did you mean {meant}?"

    def _holdings(self) -> str:
        return f"The file has {len(self)}: {listed(self.isos)}."
