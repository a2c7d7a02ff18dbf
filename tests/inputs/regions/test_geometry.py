"""What is no valid polygon on the globe is named with country, reason and place."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from closedworld.errors import GeometryError, InputError
from closedworld.inputs.regions.country_reading import (
    check_countries,
    countries_from_features,
    read_countries,
)
from closedworld.inputs.regions.country_set import Country, CountrySet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

SQUARE = shapely.box(5, 47, 15, 55)
# shapely itself warns of these when it builds them.
with np.errstate(invalid="ignore"):
    NAN, INF = shapely.from_wkt(
        ["POLYGON ((0 0, NaN 1, 1 1, 0 0))", "POLYGON ((0 0, 1 Inf, 1 1, 0 0))"]
    )
BOW = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")


def refused(geometry: Any, **options: Any) -> GeometryError:
    with pytest.raises(GeometryError, match=r"EG 'Egypt' \(row 1\)") as caught:
        countries_from_features([("EG", "Egypt", geometry)], **options)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (None, "geometry-empty"),
        (shapely.Polygon(), "geometry-empty"),
        (shapely.MultiPolygon(), "geometry-empty"),
        (shapely.GeometryCollection(), "geometry-empty"),
        (shapely.Point(1, 2), "geometry-not-polygon"),
        (shapely.LineString([(0, 0), (1, 1)]), "geometry-not-polygon"),
        (shapely.GeometryCollection([SQUARE, shapely.Point(1, 2)]), "geometry-not-polygon"),
        ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "geometry-unreadable"),
        (NAN, "coordinates-not-finite"),
        (INF, "coordinates-not-finite"),
        (shapely.box(0, 89, 1, 90.001), "coordinates-out-of-range"),
        (shapely.box(539, 0, 540.5, 1), "coordinates-out-of-range"),
        (shapely.box(-361, 0, -359, 1), "coordinates-out-of-range"),
        (BOW, "geometry-invalid"),
    ],
)
def test_what_is_no_polygon_on_the_globe_is_refused(geometry: Any, code: str) -> None:
    assert refused(geometry).code == code


def test_the_place_and_the_likely_cause_of_coordinates_off_the_globe() -> None:
    projected = refused(shapely.box(500000, 5200000, 600000, 5300000))
    assert "lon 600000, lat 5200000" in projected.message
    assert "-t_srs EPSG:4326" in projected.hint
    assert "swapped" in refused(shapely.box(47, 100, 55, 150)).hint


def test_an_invalid_polygon_names_reason_and_place() -> None:
    error = refused(BOW)
    assert "Self-intersection at lon 1, lat 1" in error.message
    assert "--repair-geometry" in error.hint


def test_the_edge_of_the_globe_is_on_it() -> None:
    for box in [(-180, -90, 180, 90), (0, -90, 360, 90), (-360, 0, -180, 1), (400, 0, 540, 1)]:
        (country,) = countries_from_features([("AQ", "", shapely.box(*box))])
        assert country.features[0].bounds == box


def test_z_and_m_are_dropped_and_collections_of_polygons_opened() -> None:
    solid = shapely.from_wkt("POLYGON ZM ((0 0 5 6, 1 0 5 6, 1 1 5 6, 0 0 5 6))")
    nested = shapely.GeometryCollection(
        [shapely.MultiPolygon([SQUARE]), shapely.GeometryCollection([shapely.box(20, 0, 21, 1)])]
    )
    first, second = countries_from_features([("DE", "", solid), ("FR", "", nested)])
    assert first.features == (shapely.from_wkt("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),)
    assert second.features == (shapely.MultiPolygon([SQUARE, shapely.box(20, 0, 21, 1)]),)


def test_empty_parts_are_left_out() -> None:
    holed = shapely.from_wkt("MULTIPOLYGON (EMPTY, ((0 0, 1 0, 1 1, 0 0)), EMPTY)")
    (country,) = countries_from_features([("DE", "", holed)])
    assert country.features == (shapely.from_wkt("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),)


def test_an_unclosed_ring_and_a_curve_in_a_parquet_file_are_named(write: Write) -> None:
    path = write("w.parquet", [("DE", "Germany", SQUARE), ("FR", "France", None)])
    table = pq.read_table(path)
    # Little-endian polygon of one ring of four vertices, the last not the first.
    wkb = b"\x01" + np.array([3, 1, 4], "<u4").tobytes()
    wkb += np.array([0, 0, 1, 0, 1, 1, 0, 1], "<f8").tobytes()
    # An empty curve polygon.
    curve = b"\x01" + np.array([10, 0], "<u4").tobytes()
    shapes = pa.array([wkb, curve], pa.binary())
    pq.write_table(table.set_column(table.schema.get_field_index("shape"), "shape", shapes), path)
    check = check_countries(path)
    assert [(p.code, p.row) for p in check.problems] == [
        ("geometry-unreadable", 1),
        ("geometry-unreadable", 2),
    ]
    assert "closed" in check.problems[0].message


def test_null_and_point_in_a_file(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "properties": {"iso2": "DE"}, "geometry": None},
        {
            "type": "Feature",
            "properties": {"iso2": "FR"},
            "geometry": {"type": "Point", "coordinates": [1, 2]},
        },
    ]
    path = tmp_path / "w.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    codes = [problem.code for problem in check_countries(path).problems]
    assert codes == ["geometry-empty", "geometry-not-polygon"]


@pytest.mark.parametrize(("geometry", "vertex"), [(NAN, "lon nan, lat 1"), (INF, "lat inf")])
def test_the_vertex_that_is_not_finite_is_named(
    geometry: shapely.Polygon, vertex: str, write: Write
) -> None:
    path = write("w.parquet", [("DE", "Germany", SQUARE), ("FR", "France", geometry)])
    with pytest.raises(GeometryError, match=vertex) as caught:
        read_countries(path)
    assert caught.value.code == "coordinates-not-finite"


# Repair --------------------------------------------------------------------------------------


def test_repair_keeps_what_the_rings_enclose_and_says_what_changed() -> None:
    countries = countries_from_features([("EG", "Egypt", BOW)], repair_geometry=True)
    (feature,) = countries["EG"].features
    wings = shapely.from_wkt("MULTIPOLYGON (((0 0, 0 2, 1 1, 0 0)), ((1 1, 2 2, 2 0, 1 1)))")
    assert feature.normalize() == wings.normalize()
    (note,) = countries.notes
    figures = dict(note.figures)
    assert (note.kind, note.iso) == ("repaired", "EG")
    assert (figures["vertices_before"], figures["vertices_after"]) == (5, 8)
    # By the shoelace formula the two wings of a bow tie take each other away.
    assert figures["area_km2_before"] == pytest.approx(0, abs=1e-6)
    # Two square degrees at the equator; a degree is 111.2 km on the authalic sphere.
    assert figures["area_km2_after"] == pytest.approx(2 * 111.195**2, rel=1e-3)
    assert note.to_dict()["vertices_after"] == 8


def test_repair_touches_no_valid_polygon() -> None:
    countries = countries_from_features([("DE", "", SQUARE)], repair_geometry=True)
    assert countries["DE"].features == (shapely.MultiPolygon([SQUARE]),)
    assert countries.notes == ()


def test_repair_that_leaves_nothing_is_an_error() -> None:
    flat = shapely.from_wkt("POLYGON ((0 0, 1 1, 2 2, 0 0))")
    assert refused(flat, repair_geometry=True).code == "geometry-unrepairable"


# Values check themselves ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "iso", ["", "..", "DE.", ".DE", "D\n", "ÄÖ", "a b", "a/b", "-DE", "x" * 65]
)
def test_a_country_has_a_code_that_is_fit_for_a_path(iso: str) -> None:
    with pytest.raises(InputError) as caught:
        Country(iso, "", (shapely.MultiPolygon([SQUARE]),))
    assert caught.value.code == "country-malformed"


def test_a_country_has_features_that_are_multipolygons() -> None:
    for features in [(), (SQUARE,), (shapely.MultiPolygon(),)]:
        with pytest.raises(InputError):
            Country("DE", "", features)


def test_a_set_of_countries_is_in_order() -> None:
    a, b = (Country(iso, "", (shapely.MultiPolygon([SQUARE]),)) for iso in ("AA", "BB"))
    assert CountrySet((a, b)).isos == ("AA", "BB")
    for disordered in [(b, a), (a, a)]:
        with pytest.raises(InputError) as caught:
            CountrySet(disordered)
        assert caught.value.code == "countries-disordered"


def test_a_world_of_many_vertices_is_checked_in_well_under_a_second(write: Write) -> None:
    circle = [shapely.Point(i % 15 * 12 - 84, i // 15 * 12 - 84).buffer(5, 500) for i in range(225)]
    codes = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    path = write(
        "w.parquet", [(code, "", shape) for code, shape in zip(codes, circle, strict=False)]
    )
    started = time.perf_counter()
    countries = read_countries(path, skip_unknown_codes=True)
    # 0.1 s on the machine it was written on; ten times that on a busy one.
    assert time.perf_counter() - started < 2
    assert len(countries) > 50
