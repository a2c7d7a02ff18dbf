"""The bundled places, and the place to which a point belongs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.tables.columns import ranges_of_countries
from closedworld.kernels.nearest import Discs, nearest, nearest_label
from closedworld.kernels.sampling.shape import CountryShape
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

CITY_DENSITY = 4000.0
"""Persons per km2 that turn the persons of a place into the radius of its footprint."""
CORE_SHARE = 0.5
"""Radius of a place's core, of the radius of its footprint."""
CITY_PERSONS, TOWN_PERSONS = 50_000, 5_000
"""Where a city and a town begin (degree of urbanisation of the United Nations)."""
TOWN_REACH = 2.0
"""How far the surroundings of a town reach, in radii of its footprint."""
KM_DECIMALS = 2
"""Decimals of distances that are published."""
CACHED = 256
"""Countries whose search structures are kept; regions may be many more."""
TIMES_LARGER = 2
"""So many times the persons has a place by whose name the places in its core go."""
URBAN = ("core", "town", "rural")

PER_DEGREE = 100_000
_BATCH_ROWS = 1 << 14
_COLUMNS = (
    "country_iso", "lon_e5", "lat_e5", "persons", "persons_in_sections", "is_part", "name", "admin1", "admin1_code", "other_names",
)  # fmt: skip

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CountryPlaces:
    """Places of one country or region, the largest first; arrays of one length.

    Attributes:
        code: Code of the country, two letters, or the region's own.
        countries: Codes of the countries that the places belong to, ascending; of a region without places, the
            country of the place nearest to it.
        divisions: int64 (n,), a number for each country and state, province or region.
        lons: float64 (n,), degrees east of Greenwich, -180..180.
        lats: float64 (n,), degrees north of the equator.
        persons: int64 (n,), persons without those who are listed again under a section of the place: every
            person counts once.
        persons_listed: int64 (n,), persons of the whole place, at least 1, descending.
        is_part: bool (n,), whether the place lies in the core of a larger one, by whose name it goes.
        names: Names.
        admin1: Names of the states, provinces or regions; empty if unknown.
        admin1_codes: Codes of the states of the United States, such as ``IL``; empty elsewhere.
        other_names: Other names of the larger places, folded as by `place_names.folded`, with ``|`` between.
    """

    code: str
    countries: tuple[str, ...]
    divisions: Ints
    lons: Floats
    lats: Floats
    persons: Ints
    persons_listed: Ints
    is_part: npt.NDArray[np.bool_]
    names: pa.StringArray
    admin1: pa.StringArray
    admin1_codes: pa.StringArray
    other_names: pa.StringArray

    @property
    def radius_km(self) -> Floats:
        """Radius of the footprint, float64 (n,), km: a disc with ``CITY_DENSITY`` persons per km2."""
        return np.sqrt(self.persons_listed / (CITY_DENSITY * np.pi))


@dataclass(frozen=True, slots=True)
class PointPlaces:
    """Places of points; arrays of one length.

    Attributes:
        index: int64 (n,), the place in `CountryPlaces`; -1 in a country without places.
        place: Names of the places; null in a country without places.
        place_km: float64 (n,), km to the place along a great circle, rounded to ``KM_DECIMALS``; NaN
            in a country without places.
        admin1: Names of states, provinces or regions; null if unknown.
        urban: ``core``, ``town`` or ``rural``.
    """

    index: Ints
    place: pa.StringArray
    place_km: Floats
    admin1: pa.StringArray
    urban: pa.StringArray


@functools.cache
def _table() -> tuple[pa.Table, dict[str, tuple[int, int]]]:
    """Return all places, and the first place and the one after the last of each country."""
    table = pq.ParquetFile(bundled("places.parquet").path).read(list(_COLUMNS)).combine_chunks()
    return table, {code: (first, stop) for code, first, stop in ranges_of_countries(table)}


def towns() -> pa.Table:
    """Return the places of `TOWN_PERSONS` persons or more, by country.

    Returns:
        ``country_iso``; ``lon_e5`` and ``lat_e5``, degrees times `PER_DEGREE`; ``persons``, as in `CountryPlaces`; ``name``.
    """
    columns = ["country_iso", "lon_e5", "lat_e5", "persons", "name"]
    file = pq.ParquetFile(bundled("places.parquet").path)
    # A third of the places; read at once, all of them would take twice the memory.
    batches = file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False)
    found = [one.filter(pc.greater_equal(one["persons"], TOWN_PERSONS)) for one in batches]
    return pa.Table.from_batches(found).combine_chunks()


@functools.cache
def country_places(country_iso: str) -> CountryPlaces:
    """Return the places of a country, read once per process; a few uninhabited countries have none."""
    table, ranges = _table()
    first, stop = ranges.get(country_iso, (0, 0))
    return _places(country_iso, (country_iso,), table.slice(first, stop - first).combine_chunks())


def places_within(code: str, features: Sequence[shapely.MultiPolygon]) -> CountryPlaces:
    """Return the places that the polygons of a region cover, whatever their country.

    Args:
        code: Code of the region.
        features: Valid polygons, degrees; longitudes may lie beyond +/-180.
    """
    table, _ = _table()
    lons, lats = (table[name].chunk(0).to_numpy() / PER_DEGREE for name in ("lon_e5", "lat_e5"))
    _, south, _, north = shapely.total_bounds(list(features)).tolist()
    inside = np.flatnonzero((south <= lats) & (lats <= north))
    inside = inside[CountryShape(features).contains(lons[inside], lats[inside])]
    found = table.take(pa.array(inside))
    countries = sorted(pc.unique(found["country_iso"]).to_pylist())
    if not countries:
        point = shapely.point_on_surface(max(features, key=shapely.area))
        xyz = to_xyz(np.array([point.x]), np.array([point.y]))
        (closest,), _ = nearest(np.zeros(1, np.int64), xyz, points(to_xyz(lons, lats)))
        countries = [table["country_iso"][int(closest)].as_py()]
    persons = pc.add(found["persons"], found["persons_in_sections"])
    order = np.argsort(-persons.to_numpy().astype(np.int64), kind="stable")
    places = _places(code, tuple(countries), found.take(pa.array(order)).combine_chunks())
    return replace(places, is_part=places.is_part & _in_larger_core(places))


def _in_larger_core(places: CountryPlaces) -> npt.NDArray[np.bool_]:
    """Return which places lie in the core of one of their division with at least twice their persons, bool (n,).

    A place that is part of a town outside of its region stands for itself.
    """
    inside = np.zeros(len(places.names), np.bool_)
    xyz, core = to_xyz(places.lons, places.lats), CORE_SHARE * places.radius_km
    for place in np.flatnonzero(places.is_part).tolist():
        larger = places.persons_listed[:place] >= TIMES_LARGER * places.persons_listed[place]
        larger &= places.divisions[:place] == places.divisions[place]
        away = arc_km(chord_km(xyz[:, :place][:, larger], xyz[:, [place]]))
        inside[place] = (away <= core[:place][larger]).any()
    return inside


def _places(code: str, countries: tuple[str, ...], rows: pa.Table) -> CountryPlaces:
    column = {name: rows[name].combine_chunks() for name in _COLUMNS}
    persons = column["persons"].to_numpy().astype(np.int64)
    division = pc.binary_join_element_wise(column["country_iso"], column["admin1"], "\n")
    return CountryPlaces(
        code=code,
        countries=countries,
        divisions=division.dictionary_encode().indices.to_numpy().astype(np.int64),
        lons=column["lon_e5"].to_numpy() / PER_DEGREE,
        lats=column["lat_e5"].to_numpy() / PER_DEGREE,
        persons=persons,
        persons_listed=persons + column["persons_in_sections"].to_numpy(),
        is_part=column["is_part"].to_numpy(zero_copy_only=False),
        names=column["name"],
        admin1=column["admin1"],
        admin1_codes=column["admin1_code"],
        other_names=column["other_names"],
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """What `place_of` looks up.

    Attributes:
        places: The places, all of one group, without radius.
        cores: Cores of the places that are no part of another, by division.
        index: int64, the place of each core.
    """

    places: Discs
    cores: Discs
    index: Ints


def points(xyz: Floats) -> Discs:
    """Return points, float64 (3, m), as discs of one group without radius."""
    return Discs(np.zeros(xyz.shape[1], np.int64), xyz, np.zeros(xyz.shape[1]))


@functools.lru_cache(maxsize=CACHED)
def _search(places: CountryPlaces) -> _Search:
    xyz = to_xyz(places.lons, places.lats)
    index = np.flatnonzero(~places.is_part)
    index = index[np.argsort(places.divisions[index], kind="stable")]
    cores = Discs(places.divisions[index], xyz[:, index], CORE_SHARE * places.radius_km[index])
    return _Search(points(xyz), cores, index)


def place_of(places: CountryPlaces, lons: Floats, lats: Floats) -> PointPlaces:
    """Return the place of its country or region to which each point belongs.

    The admin1 is that of the nearest place. Among the places of that admin1 which are no part of a larger one, the
    point belongs to that whose core (a disc of half the radius of its footprint) has the nearest edge;
    inside several, to that whose edge is farthest away; equal ones, to the larger place.

    ``urban`` is ``core`` inside the core of a city (50,000 persons or more), ``town`` within two radii of the
    footprint of a place of 5,000 persons or more, else ``rural``.

    Args:
        places: Places of the country or region of all points.
        lons: Degrees, float64 (n,), -180..360.
        lats: Degrees, float64 (n,).
    """
    if not len(places.names):
        none = pa.nulls(lons.size, pa.string())
        rural = pa.repeat(URBAN[-1], lons.size)
        return PointPlaces(np.full(lons.size, -1), none, np.full(lons.size, np.nan), none, rural)
    search = _search(places)
    xyz = to_xyz(lons, lats)
    division = nearest_label(np.zeros(lons.size, np.int64), xyz, search.places, places.divisions)
    core, chord = nearest(division, xyz, search.cores)
    index = search.index[core]
    km = np.round(arc_km(chord), KM_DECIMALS)
    persons, radius = places.persons_listed[index], places.radius_km[index]
    urban = np.where((persons >= TOWN_PERSONS) & (km <= TOWN_REACH * radius), 1, 2)
    urban[(persons >= CITY_PERSONS) & (km <= CORE_SHARE * radius)] = 0
    admin1 = places.admin1.take(pa.array(index))
    known = pc.not_equal(admin1, "")
    return PointPlaces(
        index=index,
        place=places.names.take(pa.array(index)),
        place_km=km,
        admin1=pc.if_else(known, admin1, pa.scalar(None, pa.string())),
        urban=pa.array(URBAN).take(pa.array(urban)),
    )
