"""Bundled places: complete, the largest first, and the place of a point is what a person would say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shapely

from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.reference.places import (
    CITY_PERSONS,
    CORE_SHARE,
    TOWN_PERSONS,
    TOWN_REACH,
    country_places,
    place_of,
    places_within,
)
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float64]
CODES = [entry.alpha_2 for entry in iso_table().values()]

# country, longitude, latitude, place, admin1, urban
TOLD = [
    ("DE", 9.935, 53.55, "Hamburg", "Hamburg", "core"),  # Altona
    ("DE", 9.98, 53.46, "Harburg", "Hamburg", "core"),  # a town of its own south of the Elbe
    ("DE", 13.40, 52.52, "Berlin", "State of Berlin", "core"),
    ("DE", 13.05, 52.40, "Potsdam", "Brandenburg", "core"),  # next to a place 20 times its size
    (
        "US",
        -118.14,
        34.147,
        "Pasadena",
        "California",
        "core",
    ),  # within the footprint of Los Angeles
    ("US", -74.05, 40.72, "Jersey City", "New Jersey", "town"),  # 4 km from New York's own point
    ("US", -73.98, 40.66, "New York City", "New York", "core"),  # Brooklyn
    ("US", -77.08, 38.88, "Arlington", "Virginia", "town"),  # next to Washington
    ("GB", -0.10, 51.50, "London", "England", "core"),
    ("IN", 77.03, 28.46, "Gurugram", "Haryana", "core"),  # next to Delhi
    ("IN", 77.20, 28.60, "Delhi", "Delhi", "core"),
    ("JP", 139.70, 35.69, "Tokyo", "Tokyo", "core"),  # Shinjuku
    ("FR", 2.35, 48.86, "Paris", "Île-de-France", "core"),
    ("SG", 103.85, 1.30, "Singapore", None, "core"),
]


def scattered(code: str, n: int, seed: int) -> tuple[Floats, Floats]:
    """Return points around the places of a country."""
    rng, places = np.random.default_rng(seed), country_places(code)
    k = rng.integers(0, len(places.names), n)
    lons = places.lons[k] + rng.normal(0, 0.1, n)
    return (lons + 180) % 360 - 180, np.clip(places.lats[k] + rng.normal(0, 0.1, n), -90, 90)


def test_every_place_is_read_once() -> None:
    counts = {code: len(country_places(code).names) for code in CODES}
    assert sum(counts.values()) == 204_228
    assert [code for code, count in counts.items() if not count] == ["AQ", "BV", "HM", "UM"]


@pytest.mark.parametrize("code", ["DE", "FJ", "VA"])
def test_columns_are_in_range_and_the_largest_place_is_first(code: str) -> None:
    places = country_places(code)
    assert (np.diff(places.persons_listed) <= 0).all()
    assert places.persons_listed.min() >= 1
    assert ((places.persons >= 0) & (places.persons <= places.persons_listed)).all()
    assert (np.abs(places.lons) <= 180).all()
    assert (np.abs(places.lats) <= 90).all()
    assert not places.is_part[0]


def test_sections_are_taken_off_their_city() -> None:
    """Boroughs of London are listed with London; its persons count once."""
    london = country_places("GB")
    assert london.names[0].as_py() == "London"
    assert london.persons[0] < london.persons_listed[0] / 2


@pytest.mark.parametrize(("code", "lon", "lat", "place", "admin1", "urban"), TOLD)
def test_place_is_what_a_person_would_say(
    code: str, lon: float, lat: float, place: str, admin1: str | None, urban: str
) -> None:
    found = place_of(country_places(code), np.asarray([lon]), np.asarray([lat]))
    said = (found.place[0].as_py(), found.admin1[0].as_py(), found.urban[0].as_py())
    assert said == (place, admin1, urban)


@pytest.mark.parametrize("code", ["DE", "FJ", "US"])
def test_place_is_the_one_of_the_law_written_out(code: str) -> None:
    """The admin1 of the nearest place, then the core with the nearest edge, over all places."""
    lons, lats = scattered(code, 150, 3)
    places = country_places(code)
    found = place_of(places, lons, lats)
    xyz, admin1 = to_xyz(places.lons, places.lats), np.asarray(places.admin1)
    for i in range(lons.size):
        away = chord_km(xyz, to_xyz(lons[i : i + 1], lats[i : i + 1]))
        edge = away - CORE_SHARE * places.radius_km
        edge[places.is_part | (admin1 != admin1[np.argmin(away)])] = np.inf
        best = int(np.argmin(edge))
        assert found.index[i] == best
        assert found.place[i].as_py() == places.names[best].as_py()
        assert found.place_km[i] == pytest.approx(arc_km(away)[best], abs=0.0051)


def test_urban_follows_from_the_published_distance_and_the_persons_of_the_place() -> None:
    lons, lats = scattered("DE", 2_000, 5)
    places = country_places("DE")
    found = place_of(places, lons, lats)
    persons, radius = places.persons_listed[found.index], places.radius_km[found.index]
    core = (persons >= CITY_PERSONS) & (found.place_km <= CORE_SHARE * radius)
    town = (persons >= TOWN_PERSONS) & (found.place_km <= TOWN_REACH * radius)
    assert (
        found.urban.to_pylist() == np.where(core, "core", np.where(town, "town", "rural")).tolist()
    )
    assert set(found.urban.to_pylist()) == {"core", "town", "rural"}


def test_points_on_both_sides_of_the_antimeridian_have_the_same_place() -> None:
    """Taveuni in Fiji lies across it."""
    found = place_of(
        country_places("FJ"),
        np.asarray([179.999, -179.999, 180.001]),
        np.asarray([-16.85, -16.85, -16.85]),
    )
    assert len(set(found.place.to_pylist())) == 1
    assert found.place_km[1] == found.place_km[2]


def test_a_country_without_places_has_none() -> None:
    found = place_of(country_places("AQ"), np.asarray([0.0, 170.0]), np.asarray([-89.0, -77.0]))
    assert found.place.null_count == found.admin1.null_count == 2
    assert np.isnan(found.place_km).all()
    assert found.index.tolist() == [-1, -1]
    assert found.urban.to_pylist() == ["rural", "rural"]


def test_no_points_have_no_places() -> None:
    assert len(place_of(country_places("DE"), np.zeros(0), np.zeros(0)).place) == 0


@pytest.mark.parametrize(
    ("box", "countries"),
    [
        ((6.0, 50.7, 6.2, 50.9), ("BE", "DE", "NL")),  # Aachen and its neighbours
        ((178.4, -17.5, 181.0, -16.2), ("FJ",)),  # across the antimeridian
        ((-181.0, -17.5, -179.0, -16.2), ("FJ",)),
        ((-150.8, 62.6, -150.2, 62.9), ("US",)),  # no place: the country of the nearest
    ],
)
def test_places_of_a_region_are_those_that_its_polygons_cover(
    box: tuple[float, float, float, float], countries: tuple[str, ...]
) -> None:
    west, south, east, north = box
    found = places_within("x", [shapely.MultiPolygon([shapely.box(*box)])])
    assert found.countries == countries
    own = [country_places(code) for code in CODES]
    every = {
        (lon, lat, name, persons)
        for places in own
        for lon, lat, name, persons in zip(
            places.lons, places.lats, places.names.to_pylist(), places.persons, strict=True
        )
        if south < lat < north and any(west < lon + turn < east for turn in (-360, 0, 360))
    }
    assert every == set(
        zip(found.lons, found.lats, found.names.to_pylist(), found.persons, strict=True)
    )
    assert (np.diff(found.persons_listed) <= 0).all()


def test_part_of_a_town_outside_of_the_region_stands_for_itself() -> None:
    """Pasadena goes by the name of Los Angeles, which a region of the San Gabriel Valley does not have."""
    places = country_places("US")
    (pasadena,) = [
        k
        for k, name in enumerate(places.names.to_pylist())
        if name == "Pasadena" and places.admin1_codes[k].as_py() == "CA"
    ]
    lon, lat = places.lons[pasadena], places.lats[pasadena]
    wide, narrow = (
        places_within(
            "x", [shapely.MultiPolygon([shapely.box(lon - r, lat - r, lon + r, lat + r)])]
        )
        for r in (0.5, 0.05)
    )
    for found in (wide, narrow):
        alone = np.asarray(found.names) == "Pasadena"
        assert found.is_part[alone].tolist() == [found is wide and places.is_part[pasadena]]
    point = np.array([lon]), np.array([lat])
    assert place_of(narrow, *point).place.to_pylist() == ["Pasadena"]
