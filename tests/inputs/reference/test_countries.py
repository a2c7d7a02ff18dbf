"""Country polygons: complete, valid, carved as told."""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.reference.registry import bundled

Rows = list[dict[str, str]]
Polygons = dict[str, shapely.MultiPolygon]

# longitude, latitude, code that has the point, code that lost it
CARVED = [
    (55.5, -21.1, "RE", "FR"),
    (45.15, -12.82, "YT", "FR"),
    (-53.0, 4.0, "GF", "FR"),
    (-61.65, 16.15, "GP", "FR"),  # Basse-Terre
    (-61.4, 16.32, "GP", "FR"),  # Grande-Terre
    (-61.05, 16.32, "GP", "FR"),  # La Désirade
    (-61.27, 15.93, "GP", "FR"),  # Marie-Galante
    (-61.02, 14.65, "MQ", "FR"),
    (-68.27, 12.18, "BQ", "NL"),  # Bonaire
    (-62.98, 17.49, "BQ", "NL"),  # Sint Eustatius
    (-63.24, 17.63, "BQ", "NL"),  # Saba
    (15.6, 78.2, "SJ", "NO"),  # Longyearbyen
    (19.0, 74.45, "SJ", "NO"),  # Bear Island
    (32.5, 80.15, "SJ", "NO"),  # Kvitøya
    (-8.4, 71.0, "SJ", "NO"),  # Jan Mayen
    (3.4, -54.42, "BV", "NO"),
    (105.63, -10.48, "CX", "AU"),
    (96.83, -12.18, "CC", "AU"),
    (-171.205, -9.345, "TK", "NZ"),  # Fakaofo
]

KEPT = [
    (2.35, 48.86, "FR"),
    (9.1, 42.2, "FR"),  # Corsica
    (-109.22, 10.3, "FR"),  # Clipperton
    (4.9, 52.37, "NL"),
    (10.75, 59.91, "NO"),
    (25.8, 71.0, "NO"),  # the north of Magerøya
    (158.86, -54.6, "AU"),  # Macquarie Island
    (149.1, -35.3, "AU"),
    (-176.5, -44.0, "NZ"),  # Chatham
    (-57.622, -30.187, "BR"),  # Brazilian Island
    (20.9, 42.6, "XK"),
    (20.1, 60.25, "AX"),
    (166.64, 19.29, "UM"),  # Wake
    (-75.01, 18.41, "UM"),  # Navassa
    (73.5, -53.1, "HM"),
    (72.41, -7.31, "IO"),
    (-2.36, 49.43, "GG"),  # Sark
    (12.4533, 41.9033, "VA"),
    (0.0, -85.0, "AQ"),
    (-13.2, 27.15, "EH"),
    (31.5, 4.85, "SS"),
    (179.0, 65.8, "RU"),
]


@pytest.mark.parametrize(("lon", "lat", "code", "parent"), CARVED)
def test_carved_part_belongs_to_its_code_only(
    polygons: Polygons, lon: float, lat: float, code: str, parent: str
) -> None:
    point = shapely.Point(lon, lat)
    near = point.buffer(0.02)  # islets are smaller than the precision of a remembered coordinate
    assert polygons[code].intersects(near)
    assert not polygons[parent].intersects(near)


@pytest.mark.parametrize(("lon", "lat", "code"), KEPT)
def test_place_belongs_to_exactly_one_code(
    polygons: Polygons, lon: float, lat: float, code: str
) -> None:
    point = shapely.Point(lon, lat)
    assert [c for c, polygon in polygons.items() if polygon.covers(point)] == [code]


@pytest.mark.parametrize(
    ("lon", "lat"), [(28.6, 9.6), (35.8, 33.0), (-73.3, -49.5), (-55.95, -30.96)]
)
def test_disputed_ground_that_the_source_leaves_out_has_no_code(
    polygons: Polygons, lon: float, lat: float
) -> None:
    """Abyei, Golan, the Patagonian ice field and the corner at Masoller, as the docs say."""
    assert not any(polygon.covers(shapely.Point(lon, lat)) for polygon in polygons.values())


def test_every_code_has_a_polygon_or_a_reason(polygons: Polygons, provenance: Rows) -> None:
    reasons = {r["code"] for r in provenance if r["outcome"] == "no polygon" and r["note"]}
    assert set(polygons) | reasons == set(iso_table())
    assert not set(polygons) & reasons


def test_provenance_has_one_row_per_polygon_with_its_parts_and_area(
    polygons: Polygons, provenance: Rows
) -> None:
    told = {row["code"]: row for row in provenance if row["outcome"] == "polygon"}
    assert list(told) == list(polygons)
    for code, polygon in polygons.items():
        assert int(told[code]["parts"]) == shapely.get_num_geometries(polygon), code
        assert math.isclose(float(told[code]["area_deg2"]), polygon.area, abs_tol=1e-9), code
        assert told[code]["source_features"], code


def test_every_polygon_is_valid_and_in_range(polygons: Polygons) -> None:
    for code, polygon in polygons.items():
        assert polygon.geom_type == "MultiPolygon", code
        assert polygon.is_valid, f"{code}: {shapely.is_valid_reason(polygon)}"
        assert polygon.area > 0, code
        west, south, east, north = polygon.bounds
        assert -180 <= west < east <= 180, code
        assert -90 <= south < north <= 90, code


@pytest.mark.slow
def test_countries_share_borders_not_ground(polygons: Polygons) -> None:
    """The overlap of any two countries is below a millionth of a square degree (1.2 ha)."""
    geometries = list(polygons.values())
    codes = list(polygons)
    tree = shapely.STRtree(geometries)
    for i, j in tree.query(geometries, predicate="overlaps").T:
        if i < j:
            shared = geometries[i].intersection(geometries[j]).area
            assert shared < 1e-6, f"{codes[i]} and {codes[j]} share {shared} square degrees"


def test_rows_are_unique_and_sorted(polygons: Polygons) -> None:
    codes = pq.read_table(bundled("countries.parquet").path)["country_iso"].to_pylist()
    assert codes == sorted(polygons)


def test_geoparquet_metadata_tells_a_reader_what_it_needs(polygons: Polygons) -> None:
    schema = pq.read_schema(bundled("countries.parquet").path)
    assert schema.names == ["country_iso", "name", "geometry"]
    assert schema.field("geometry").type == pa.binary()
    geo: dict[str, Any] = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geometry"
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["MultiPolygon"]
    assert column["bbox"] == pytest.approx(shapely.total_bounds(list(polygons.values())))
    crs = pyproj.CRS.from_json_dict(column["crs"])
    assert crs.to_authority() == ("OGC", "CRS84")


def test_names_are_what_a_reader_expects() -> None:
    table = pq.read_table(bundled("countries.parquet").path, columns=["country_iso", "name"])
    names = dict(zip(*(table[c].to_pylist() for c in ("country_iso", "name")), strict=True))
    assert names["BO"] == "Bolivia"
    assert names["CI"] == "Côte d'Ivoire"
    assert names["CW"] == "Curaçao"
    assert names["KR"] == "South Korea"
    assert names["VG"] == "British Virgin Islands"
    inverted = [name for name in names.values() if ", " in name and " and " not in name]
    assert inverted == []


def test_egypt_alone_was_repaired_and_kept_its_area(provenance: Rows) -> None:
    repaired = [row for row in provenance if row["area_before_repair_deg2"]]
    assert [row["code"] for row in repaired] == ["EG"]
    before, after = (float(repaired[0][k]) for k in ("area_before_repair_deg2", "area_deg2"))
    assert abs(before - after) < 1e-9


def test_features_without_code_are_left_out_with_a_reason(
    polygons: Polygons, provenance: Rows
) -> None:
    left_out = {row["name"]: row["note"] for row in provenance if row["outcome"] == "left out"}
    assert set(left_out) == {
        "Akrotiri Sovereign Base Area",
        "Bir Tawil",
        "Dhekelia Sovereign Base Area",
        "Scarborough Reef",
        "Spratly Islands",
        "US Naval Base Guantanamo Bay",
    }
    assert all(left_out.values())
    for lon, lat in ((32.9, 34.6), (33.6, 21.85), (33.75, 35.0), (-75.13, 19.95)):
        assert not any(p.contains(shapely.Point(lon, lat)) for p in polygons.values())
