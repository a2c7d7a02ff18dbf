"""Every point has a time zone of its country: the one that covers it, else that of the nearest place."""

from __future__ import annotations

import zoneinfo

import numpy as np
import pytest
import tzfpy

from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.reference.places import country_places
from closedworld.inputs.reference.time_zones import time_zone_versions, time_zones, zones_of

pytestmark = pytest.mark.slow

CODES = [entry.alpha_2 for entry in iso_table().values()]

# country, longitude, latitude, zone
TOLD = [
    ("US", -85.31, 35.05, "America/New_York"),  # Chattanooga
    ("US", -86.78, 36.16, "America/Chicago"),  # Nashville
    ("US", -114.07, 32.75, "America/Phoenix"),  # Arizona has no summer time
    ("US", -176.64, 51.87, "America/Adak"),
    ("US", 173.2, 52.85, "America/Adak"),  # Attu, beyond the antimeridian
    ("US", -157.86, 21.31, "Pacific/Honolulu"),
    ("ES", -16.25, 28.47, "Atlantic/Canary"),
    ("ES", -5.31, 35.89, "Africa/Ceuta"),
    ("PT", -25.67, 37.74, "Atlantic/Azores"),
    ("DE", 8.69, 47.69, "Europe/Busingen"),  # a German town in Switzerland
    ("CN", 87.6, 43.8, "Asia/Shanghai"),  # Urumqi: two zones, the first of the tz database
    ("UA", 34.1, 44.95, "Europe/Simferopol"),
    ("RU", -169.05, 65.78, "Asia/Anadyr"),  # Big Diomede, east of the antimeridian
    ("RU", 190.95, 65.78, "Asia/Anadyr"),  # the same on a grid of 0 to 360
    ("NZ", -176.5, -44.0, "Pacific/Chatham"),
    ("KI", -157.4, 1.9, "Pacific/Kiritimati"),
    ("CY", 33.94, 35.12, "Asia/Famagusta"),
    ("PS", 35.29, 31.95, "Asia/Hebron"),  # covered by a zone of Israel
    ("BR", -32.42, -3.85, "America/Noronha"),
    ("XK", 21.17, 42.66, "Europe/Belgrade"),
    ("VN", 105.85, 21.03, "Asia/Ho_Chi_Minh"),  # covered by Asia/Bangkok
    ("US", -60.0, 40.0, "America/New_York"),  # at sea: the nearest place
    ("CL", -100.0, -30.0, "Pacific/Easter"),  # at sea
    ("AQ", 166.7, -77.8, "Antarctica/McMurdo"),
    ("AQ", 0.0, -90.0, "Antarctica/McMurdo"),
    ("BV", 3.4, -54.4, "Etc/GMT"),
]


@pytest.mark.parametrize(("code", "lon", "lat", "zone"), TOLD)
def test_zone_is_that_of_the_place(code: str, lon: float, lat: float, zone: str) -> None:
    assert time_zones(country_places(code), np.asarray([lon]), np.asarray([lat])).to_pylist() == [
        zone
    ]


def test_every_country_has_zones_that_python_knows() -> None:
    known = zoneinfo.available_timezones()
    for code in CODES:
        tzids = zones_of([code]).tzids
        assert tzids
        assert len(set(tzids)) == len(tzids)
        assert set(tzids) <= known


def test_tzfpy_knows_every_zone_of_the_table() -> None:
    """A newer table than its polygons would name zones that no point can have."""
    assert {tzid for code in CODES for tzid in zones_of([code]).tzids} <= set(tzfpy.timezonenames())


@pytest.mark.parametrize("code", ["BR", "CN", "ES", "ID", "US"])
def test_zone_covers_the_point_or_none_of_the_country_does(code: str) -> None:
    """Against tzfpy, point by point."""
    rng, places = np.random.default_rng(1), country_places(code)
    k = rng.integers(0, len(places.names), 500)
    lons, lats = (
        places.lons[k] + rng.normal(0, 0.3, k.size),
        places.lats[k] + rng.normal(0, 0.3, k.size),
    )
    own = zones_of([code]).tzids
    covered = 0
    for lon, lat, zone in zip(
        lons, lats, time_zones(country_places(code), lons, lats).to_pylist(), strict=True
    ):
        covering = [tzid for tzid in own if tzid in tzfpy.get_tzs(lon, lat)]
        assert zone == covering[0] if covering else zone in own
        covered += bool(covering)
    assert covered > 450


@pytest.mark.parametrize("code", CODES)
def test_zones_of_points_anywhere_belong_to_the_country(code: str) -> None:
    rng = np.random.default_rng(2)
    lons, lats = rng.uniform(-180, 360, 40), np.degrees(np.arcsin(rng.uniform(-1, 1, 40)))
    ends = np.asarray([-180.0, 180.0, 360.0, 0.0, 0.0])
    lats = np.concatenate([lats, [0.0, 0.0, 0.0, -90.0, 90.0]])
    found = time_zones(country_places(code), np.concatenate([lons, ends]), lats).to_pylist()
    assert set(found) <= set(zones_of([code]).tzids)


def test_no_points_have_no_zones() -> None:
    assert len(time_zones(country_places("US"), np.zeros(0), np.zeros(0))) == 0


def test_versions_name_all_that_decides_a_zone() -> None:
    assert set(time_zone_versions()) == {"places.parquet", "time_zones.csv", "tzfpy", "tzfpy_data"}
    assert all(time_zone_versions().values())
