"""Files as they are handed out: archives of a Mac, folders of parts, geodatabases, topologies, debris, other axes."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from closedworld.errors import ClosedWorldError, InputError
from closedworld.inputs.crs import require_wgs84
from closedworld.inputs.regions.country_reading import (
    check_countries,
    countries_from_features,
    read_countries,
)
from closedworld.inputs.regions.region_files import input_files
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import region_spans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

FRANCE, GERMANY = shapely.box(0, 44, 4, 48), shapely.box(6, 48, 12, 53)
ROWS = [("FR", "France", FRANCE), ("DE", "Germany", GERMANY)]


def frame() -> Any:
    return gpd.GeoDataFrame({"iso_a2": ["FR", "DE"]}, geometry=[FRANCE, GERMANY], crs=4326)


# Collections ---------------------------------------------------------------------------------

LINE, POINT = shapely.LineString([(4, 46), (5, 46)]), shapely.Point(5, 46)


@pytest.mark.parametrize(
    ("debris", "dropped"),
    [
        ([LINE], "1 LineString"),
        ([POINT, POINT, LINE], "1 LineString, 2 Point"),
        ([shapely.GeometryCollection([shapely.MultiPoint([(0, 0)])])], "1 MultiPoint"),
        ([shapely.MultiLineString([LINE])], "1 MultiLineString"),
    ],
)
def test_a_collection_keeps_its_polygons_under_repair_and_says_what_is_dropped(
    debris: list[shapely.Geometry], dropped: str, write: Write
) -> None:
    path = write("w.geojson", [("FR", "France", shapely.GeometryCollection([FRANCE, *debris]))])
    with pytest.raises(ClosedWorldError) as caught:
        read_countries(path)
    assert caught.value.code == "geometry-not-polygon"
    assert "--repair-geometry" in caught.value.hint
    found = read_countries(path, repair_geometry=True)
    assert found["FR"].features == (shapely.MultiPolygon([FRANCE]),)
    (note,) = found.notes
    assert note.kind == "repaired"
    assert f"dropped: {dropped}." in note.message


@pytest.mark.parametrize("shape", [LINE, POINT, shapely.GeometryCollection([LINE, POINT])])
def test_a_row_without_a_polygon_stays_refused_and_can_be_skipped(
    shape: shapely.Geometry, write: Write
) -> None:
    path = write("w.geojson", [("FR", "France", FRANCE), ("DE", "Germany", shape)])
    for repair in (False, True):
        with pytest.raises(ClosedWorldError) as caught:
            read_countries(path, repair_geometry=repair)
        assert caught.value.code == "geometry-not-polygon"
        assert "--skip-bad-rows" in caught.value.hint
    assert read_countries(path, skip_bad_rows=True).isos == ("FR",)


# Archives and folders ------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "world/", "a b/c/"])
def test_a_zip_made_on_a_mac_is_one_shapefile(inside: str, write: Write, tmp_path: Path) -> None:
    shp = write("w.shp", ROWS)
    archive = tmp_path / "mac.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part in sorted(tmp_path.glob("w.*")):
            file.write(part, inside + part.name)
            file.writestr(f"__MACOSX/{inside}._{part.name}", b"\x00\x05\x16\x07")
        file.writestr(f"{inside}._w.shp", b"\x00\x05\x16\x07")
    assert read_countries(archive) == read_countries(shp)


@pytest.mark.parametrize("names", [("part-0.parquet", "part-1.parquet"), ("a/x.parquet", "b/x.parquet"), ("1.geoparquet", "_hidden.parquet", "2.geoparquet")])  # fmt: skip
def test_a_folder_of_parquet_parts_is_one_table(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "parts.parquet"
    for at, name in enumerate(name for name in names if not name.startswith("_")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        frame().iloc[[at]].to_parquet(folder / name)
    (folder / "_SUCCESS").touch()
    for hidden in (name for name in names if name.startswith("_")):
        (folder / hidden).write_bytes(b"no Parquet")
    assert read_countries(folder).isos == ("DE", "FR")
    assert read_countries(folder, countries="FR").isos == ("FR",)
    assert len(input_files(folder)) == 2


@pytest.mark.parametrize("name", ["world.gdb/a00000001.gdbtable", "x/w.geojson", "w.gpkg"])
def test_archives_of_other_files_say_what_to_unpack(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as file:
        file.writestr(name, b"")
        file.writestr("read me.txt", b"")
    with pytest.raises(InputError, match=r"It holds (world\.gdb|w\.geojson|w\.gpkg)\.") as caught:
        read_countries(tmp_path / "w.zip")
    assert caught.value.code == "zip-content"
    assert caught.value.hint.startswith("Unpack")


def test_parts_must_agree(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    frame().iloc[[0]].to_parquet(folder / "a.parquet")
    frame().iloc[[1]].to_crs(3035).to_parquet(folder / "b.parquet")
    with pytest.raises(InputError, match=r"b.parquet has another") as caught:
        read_countries(folder)
    assert caught.value.code == "geoparquet-metadata"


def test_a_file_geodatabase_is_read_and_sealed_whole(tmp_path: Path) -> None:
    frame().to_file(tmp_path / "world.gdb", driver="OpenFileGDB")
    assert read_countries(tmp_path / "world.gdb").isos == ("DE", "FR")
    assert read_countries(tmp_path / "world.gdb", countries="DE").isos == ("DE",)
    assert {file.name for file in input_files(tmp_path / "world.gdb")} >= {"a00000001.gdbtable"}
    frame().to_file(tmp_path / "world.gdb", driver="OpenFileGDB", layer="more", mode="a")
    with pytest.raises(InputError) as caught:
        read_countries(tmp_path / "world.gdb")
    assert caught.value.code == "layer-ambiguous"
    assert read_countries(tmp_path / "world.gdb", layer="more").isos == ("DE", "FR")


def test_other_folders_say_what_they_hold(write: Write, tmp_path: Path) -> None:
    write("w.shp", ROWS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "half.gdb").mkdir()
    for name, part in (
        (".", "It holds half.gdb, w.shp"),
        ("empty", "Name a file"),
        ("half.gdb", "geodatabase"),
    ):
        with pytest.raises(InputError) as caught:
            read_countries(tmp_path / name)
        assert caught.value.code == "input-not-a-file"
        assert part in caught.value.message + caught.value.hint


# TopoJSON ------------------------------------------------------------------------------------


def topology(
    path: Path, *, quantized: bool = False, layers: tuple[str, ...] = ("countries",)
) -> Path:
    ring = [[0, 44], [4, 44], [4, 48], [0, 48], [0, 44]]
    country = {"type": "Polygon", "id": "250", "properties": {"name": "France"}, "arcs": [[0]]}
    content: dict[str, Any] = {"type": "Topology"}
    if quantized:
        steps = np.diff(np.array(ring), axis=0, prepend=0)
        ring = (steps * 10).tolist()
        content["transform"] = {"scale": [0.1, 0.1], "translate": [0, 0]}
    objects = {name: {"type": "GeometryCollection", "geometries": [country]} for name in layers}
    path.write_text(json.dumps({**content, "objects": objects, "arcs": [ring]}))
    return path


@pytest.mark.parametrize("name", ["countries-110m.json", "w.topojson"])
@pytest.mark.parametrize("quantized", [False, True])
def test_topojson_is_read_by_the_numbers_of_world_atlas(
    name: str, tmp_path: Path, *, quantized: bool
) -> None:
    found = read_countries(topology(tmp_path / name, quantized=quantized))
    assert found.isos == ("FR",)
    assert found["FR"].features[0].equals(FRANCE)


def test_topojson_of_several_objects_names_them(tmp_path: Path) -> None:
    path = topology(tmp_path / "w.json", layers=("countries", "land"))
    with pytest.raises(InputError, match="countries, land") as caught:
        read_countries(path)
    assert caught.value.code == "layer-ambiguous"
    assert read_countries(path, layer="countries").isos == ("FR",)


# Reference systems ---------------------------------------------------------------------------

ELLIPSOID_ONLY = CRS("+proj=longlat +ellps=WGS84 +no_defs").to_wkt("WKT1_GDAL")
TEN_DIGITS = CRS(4326).to_wkt("WKT1_ESRI").replace("0.0174532925199433", "0.0174532925")


@pytest.mark.parametrize(
    "crs",
    [
        ELLIPSOID_ONLY,
        TEN_DIGITS,
        CRS("+proj=longlat +datum=WGS84 +no_defs").to_wkt(),
        CRS("+proj=longlat +a=6378137 +rf=298.257223563 +no_defs").to_wkt(),
        CRS(4326).to_wkt("WKT1_GDAL").replace("0.0174532925199433", "0.01745329252"),
        CRS(4326).to_wkt("WKT1_ESRI").replace("D_WGS_1984", "D_unknown"),
        "EPSG:4979",
        "EPSG:9057",
    ],
)
def test_wgs84_in_other_writings_is_wgs84(crs: str) -> None:
    assert require_wgs84(crs) == ""


@pytest.mark.parametrize("crs", ["EPSG:4258", "EPSG:4269", "EPSG:4674", "EPSG:7844"])
def test_systems_within_metres_are_refused_unless_assumed_which_is_said(
    crs: str, write: Write
) -> None:
    path = write("w.gpkg", ROWS, crs=crs)
    with pytest.raises(InputError, match="by metres at most") as caught:
        read_countries(path)
    assert caught.value.code == "crs-not-wgs84"
    assert "--assume-wgs84" in caught.value.hint
    (note,) = read_countries(path, assume_wgs84=True).notes
    assert (note.kind, crs in note.message) == ("assumed", True)


@pytest.mark.parametrize("crs", ["EPSG:4267", "EPSG:4230", "EPSG:3857", "EPSG:4807", "EPSG:3035"])
def test_systems_farther_off_are_never_assumed(crs: str, write: Write) -> None:
    for assume in (False, True):
        with pytest.raises(InputError) as caught:
            read_countries(write(f"w{assume}.gpkg", ROWS, crs=crs), assume_wgs84=assume)
        assert caught.value.code == "crs-not-wgs84"
        assert "--assume-wgs84" not in caught.value.hint


def test_no_system_can_be_assumed(write: Write) -> None:
    path = write("w.shp", ROWS, crs=None)
    with pytest.raises(InputError, match=r".*") as caught:
        read_countries(path)
    assert caught.value.code == "crs-missing"
    assert "assumed" in [note.kind for note in read_countries(path, assume_wgs84=True).notes]


# Places on the globe -------------------------------------------------------------------------


def test_fiji_of_world_atlas_crosses_180_by_edges_of_exactly_360_degrees() -> None:
    """Where the pieces of a cut polygon were stitched again, 180 and -180 stand in a row."""
    ring = [(179.4, -16.4), (180, -16.1), (-180, -16.1), (-179.8, -16), (-179.9, -16.5), (-180, -16.6), (180, -16.6), (179.3, -16.8)]  # fmt: skip
    for turned in range(len(ring)):
        shape = shapely.Polygon(ring[turned:] + ring[:turned])
        found = countries_from_features([("FJ", "Fiji", shape)])
        (feature,) = found["FJ"].features
        assert feature.is_valid
        west, _, east, _ = feature.bounds
        assert (west, east) == pytest.approx((179.3, 180.2))
        assert [note.kind for note in found.notes] == ["unwrapped"]


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(-180, -90, 180, -60),
        shapely.box(-180, 60, 180, 90),
        shapely.box(-180, 10, 180, 20),
        shapely.Polygon([(-180, -90), (180, -90), (180, -70), (0, -65), (-180, -70)]),
    ],
)
def test_bands_round_the_globe_stay_what_they_are(shape: shapely.Polygon) -> None:
    found = countries_from_features([("AQ", "Antarctica", shape)])
    assert found["AQ"].features == (shapely.MultiPolygon([shape]),)
    assert not found.notes


@pytest.mark.parametrize("turned", [0, 7, 23, 35])
@pytest.mark.parametrize("pole", [-1, 1])
@pytest.mark.parametrize("way", [-1, 1])
def test_a_ring_round_a_pole_is_closed_under_repair(turned: int, pole: int, way: int) -> None:
    """As TopoJSON has Antarctica, whose cut along 180 and the pole was stitched."""
    ring = [(-175 + 10 * i, pole * (60.25 + (i % 2))) for i in range(36)][::way]
    shape = shapely.Polygon(ring[turned:] + ring[:turned])
    with pytest.raises(ClosedWorldError) as caught:
        countries_from_features([("AQ", "", shape)])
    assert caught.value.code == "ring-round-pole"
    assert "--repair-geometry" in caught.value.hint
    found = countries_from_features([("AQ", "", shape)], repair_geometry=True)
    assert [note.kind for note in found.notes] == ["repaired"]
    grid = Grid.from_resolution("0.5deg")
    east = sorted([*ring, (185, ring[0][1] if way == 1 else ring[-1][1])])
    plain = shapely.Polygon([*east, (185, pole * 90), (-175, pole * 90)])
    assert region_spans([found["AQ"].features], grid, "center") == region_spans(
        [[plain]], grid, "center"
    )


def swapped(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


PLACES = {
    "MT": shapely.box(14.2, 35.8, 14.6, 36.1),
    "FR": shapely.box(-4, 43, 8, 51),
    "KE": shapely.box(34, -4, 41, 4),
    "AR": shapely.box(-70, -54, -54, -23),
    "ES": shapely.box(-9, 36, 3, 43),
}


@pytest.mark.parametrize("iso", PLACES)
def test_swapped_latitude_and_longitude_are_noticed(iso: str) -> None:
    assert len(countries_from_features([(iso, "", PLACES[iso])])) == 1
    with pytest.raises(ClosedWorldError, match="are swapped") as caught:
        countries_from_features([(iso, "", swapped(PLACES[iso]))])
    assert caught.value.code == "coordinates-swapped"


def test_one_country_elsewhere_among_many_is_left_alone() -> None:
    rows = [(iso, "", shape) for iso, shape in PLACES.items() if iso != "MT"]
    assert len(countries_from_features([*rows, ("MT", "", swapped(PLACES["MT"]))])) == len(PLACES)
    with pytest.raises(ClosedWorldError):
        countries_from_features([(iso, name, swapped(shape)) for iso, name, shape in rows])


@pytest.mark.slow
def test_large_features_of_geojson_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GDAL refuses features of more than 200 MB unless it is told otherwise; a smaller limit stands for it."""
    monkeypatch.setenv("OGR_GEOJSON_MAX_OBJ_SIZE", "1")
    ring = np.column_stack([np.linspace(0, 4, 60_000), 44 + np.linspace(0, 1, 60_000) ** 2])
    shape = shapely.Polygon([*ring, (4, 48), (0, 48)])
    feature = {
        "type": "Feature",
        "properties": {"iso_a2": "FR"},
        "geometry": json.loads(shapely.to_geojson(shape)),
    }
    path = tmp_path / "large.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert path.stat().st_size > 1_500_000
    check = check_countries(path)
    assert check.ok, check.problems


STATES = {
    "DE": shapely.box(-75.8, 38.4, -75, 39.9),
    "IL": shapely.box(-92, 36.9, -87, 42.5),
    "CO": shapely.box(-109, 37, -102, 41),
}


def test_states_read_as_countries_by_their_postal_codes_are_noticed_by_where_they_lie() -> None:
    """Without names nothing else tells Delaware from Germany."""
    found = countries_from_features([(iso, "", shape) for iso, shape in STATES.items()])
    (note,) = found.notes
    assert note.kind == "elsewhere"
    assert "CO (Colombia), DE (Germany), IL (Israel) lie" in note.message
    assert "--regions any" in note.message


@pytest.mark.parametrize(
    "shapes",
    [
        {"DE": STATES["DE"]},
        {"DE": STATES["DE"], "FR": shapely.box(-5, 42, 8, 51), "IT": shapely.box(7, 37, 18, 47)},
        {"FJ": shapely.box(177, -19, 181, -16), "NZ": shapely.box(166, -47, 183, -34)},
        {"FJ": shapely.box(-183, -19, -179, -16), "US": shapely.box(190, 55, 220, 70)},
        PLACES,
    ],
)
def test_a_country_alone_or_most_in_place_are_not_doubted(
    shapes: dict[str, shapely.Geometry],
) -> None:
    found = countries_from_features([(iso, "", shape) for iso, shape in shapes.items()])
    assert not [note for note in found.notes if note.kind == "elsewhere"]
