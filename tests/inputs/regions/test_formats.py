"""Every format gives the same countries, and a broken file says what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import CRS

from closedworld.errors import ClosedWorldError, ConfigError, InputError
from closedworld.inputs.regions.country_reading import check_countries, read_countries
from closedworld.inputs.regions.region_files import input_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

SQUARE = shapely.box(5, 47, 15, 55)
WITH_HOLE = shapely.Polygon(
    [(0, 40), (0, 50), (8, 50), (8, 40)], [[(1, 41), (2, 41), (2, 43), (1, 41)]]
)
ISLANDS = shapely.MultiPolygon([shapely.box(8, 56, 9, 57), shapely.box(11.1, 54.7, 12.3, 55.6)])
ROWS = [("FR", "France", WITH_HOLE), ("DE", "Deutschland", SQUARE), ("DK", "Danmark", ISLANDS)]
NAMES = ["w.parquet", "w.geoparquet", "w.gpkg", "w.shp", "w.geojson", "w.json", "w.fgb"]


def code_of(path: Path | str, **options: Any) -> str:
    with pytest.raises(ClosedWorldError) as caught:
        read_countries(path, **options)
    assert len(caught.value.message) < 800
    return caught.value.code


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_countries(name: str, write: Write) -> None:
    countries = read_countries(write(name, ROWS))
    assert countries.isos == ("DE", "DK", "FR")
    assert [country.name for country in countries] == ["Deutschland", "Danmark", "France"]
    assert countries.notes == ()
    for (_, _, given), iso in zip(ROWS, ("FR", "DE", "DK"), strict=True):
        (feature,) = countries[iso].features
        assert feature.geom_type == "MultiPolygon"
        # Shapefiles turn rings round; the vertices are the very same.
        expected = given if given.geom_type == "MultiPolygon" else shapely.MultiPolygon([given])
        assert feature.normalize() == expected.normalize()


def test_a_shapefile_in_a_zip_archive_is_read_in_place(write: Write, tmp_path: Path) -> None:
    shp = write("world.shp", ROWS)
    archive = tmp_path / "natural {earth}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part in input_files(shp):
            file.write(part, f"sub folder/{part.name}")
    assert read_countries(archive) == read_countries(shp)
    assert read_countries(archive, layer="world").isos == ("DE", "DK", "FR")
    assert code_of(archive, layer="other") == "zip-content"
    assert input_files(archive) == (archive,)


def test_a_zip_archive_must_hold_one_whole_shapefile(write: Write, tmp_path: Path) -> None:
    shp = write("world.shp", ROWS)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(shp, "world.shp")
    assert code_of(archive) == "input-incomplete"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readme.txt", "nothing here")
    assert code_of(archive) == "zip-content"


def test_a_zip_archive_is_not_believed(write: Write, tmp_path: Path) -> None:
    parts = {part.suffix: part.read_bytes() for part in input_files(write("w.shp", ROWS))}
    archive = tmp_path / "a.zip"

    def packed(stem: str, shp: bytes) -> Path:
        with zipfile.ZipFile(archive, "w") as file:
            for suffix, content in (parts | {".shp": shp}).items():
                file.writestr(stem + suffix, content)
        return archive

    assert read_countries(packed("w", parts[".shp"])).isos == ("DE", "DK", "FR")
    assert code_of(packed("w", b"<OGRVRTDataSource/>")) == "input-unreadable"
    assert code_of(packed("w", parts[".shp"][:-8])) == "input-unreadable"
    assert code_of(packed("../w", parts[".shp"])) == "zip-content"
    assert code_of(packed("/w", parts[".shp"])) == "zip-content"


def test_input_files_are_all_that_make_up_the_input(write: Write, tmp_path: Path) -> None:
    shp = write("w.shp", ROWS)
    write("other.shp", ROWS)
    (tmp_path / "w.shp.xml").write_text("metadata decides nothing")
    assert [path.name for path in input_files(shp)] == ["w.shp", "w.shx", "w.dbf", "w.prj", "w.cpg"]
    gpkg = write("w.gpkg", ROWS)
    assert input_files(str(gpkg)) == (gpkg,)


def test_upper_case_suffixes_are_known(write: Write, tmp_path: Path) -> None:
    shp = write("w.shp", ROWS)
    for part in input_files(shp):
        part.rename(part.with_suffix(part.suffix.upper()))
    upper = tmp_path / "w.SHP"
    assert read_countries(upper).isos == ("DE", "DK", "FR")
    assert [p.name for p in input_files(upper)] == ["w.SHP", "w.SHX", "w.DBF", "w.PRJ", "w.CPG"]


def test_paths_that_lead_to_no_file(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.gpkg") == "input-missing"
    assert code_of("https://example.org/world.gpkg") == "input-missing"
    assert code_of("/vsicurl/https://example.org/world.gpkg") == "input-missing"
    assert code_of(tmp_path) == "input-not-a-file"
    (tmp_path / "w.kml").write_text("<kml/>")
    assert code_of(tmp_path / "w.kml") == "input-format"
    with pytest.raises(InputError, match=r"\.gpkg.*\.geojson"):
        read_countries(tmp_path / "w.kml")


@pytest.mark.parametrize("bad", ["a!b.gpkg", "a;b.gpkg"])
def test_a_path_that_gdal_would_take_apart_is_refused(bad: str, write: Write) -> None:
    assert (
        code_of(write("w.gpkg", ROWS).rename(write("w.gpkg", ROWS).with_name(bad))) == "input-path"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_another_kind_is_not_handed_to_the_library(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("<OGRVRTDataSource></OGRVRTDataSource>")
    for part in ("shx", "dbf"):
        path.with_suffix(f".{part}").write_text("")
    assert code_of(path) == "input-unreadable"
    path.write_bytes(b"")
    assert code_of(path) == "input-unreadable"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_never_gives_countries(
    name: str, share: float, write: Write
) -> None:
    path = write(name, ROWS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert code_of(path) == "input-unreadable"


def test_json_that_another_driver_would_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    pipeline = {"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read x"}
    path.write_text(json.dumps(pipeline))
    assert code_of(path) == "input-unreadable"


@pytest.mark.parametrize("part", ["shx", "dbf"])
def test_a_shapefile_without_its_other_files_says_which(part: str, write: Write) -> None:
    path = write("w.shp", ROWS)
    path.with_suffix(f".{part}").unlink()
    with pytest.raises(InputError, match=rf"no w\.{part}") as caught:
        read_countries(path)
    assert caught.value.code == "input-incomplete"


def test_text_in_another_encoding_than_the_file_says(write: Write) -> None:
    path = write("w.shp", [("CH", "Zürich", SQUARE)], encoding="ISO-8859-1")
    assert read_countries(path)["CH"].name == "Zürich"
    path.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(InputError, match=r"\.cpg") as caught:
        read_countries(path)
    assert caught.value.code == "input-unreadable"


def test_layers_are_chosen_by_name_when_there_are_several(write: Write) -> None:
    path = write("w.gpkg", ROWS, layer="land")
    write("w.gpkg", ROWS[:1], layer="sea", append=True)
    with pytest.raises(InputError, match="land, sea") as caught:
        read_countries(path)
    assert caught.value.code == "layer-ambiguous"
    assert read_countries(path, layer="sea").isos == ("FR",)
    assert code_of(path, layer="air") == "layer-unknown"
    assert code_of(write("w.parquet", ROWS), layer="land") == "layer-unknown"


# Reference systems ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["w.gpkg", "w.shp", "w.fgb"])
def test_a_missing_reference_system_is_an_error(name: str, write: Write) -> None:
    if name == "w.shp":
        path = write(name, ROWS)
        path.with_suffix(".prj").unlink()
    else:
        path = write(name, ROWS, crs=None)
    with pytest.raises(InputError, match="-a_srs EPSG:4326") as caught:
        read_countries(path)
    assert caught.value.code == "crs-missing"


@pytest.mark.parametrize(
    ("crs", "named"),
    [("EPSG:3857", "Pseudo-Mercator"), ("EPSG:4269", "NAD83")],
)
def test_another_reference_system_is_named(crs: str, named: str, write: Write) -> None:
    with pytest.raises(InputError, match=named) as caught:
        read_countries(write("w.gpkg", ROWS, crs=crs))
    assert caught.value.code == "crs-not-wgs84"
    assert "-t_srs EPSG:4326" in caught.value.hint


@pytest.mark.parametrize("crs", ["OGC:CRS84", "EPSG:4326"])
def test_both_orders_of_axes_are_longitude_first(crs: str, write: Write) -> None:
    (feature,) = read_countries(write("w.gpkg", ROWS, crs=crs))["DE"].features
    assert feature.bounds == (5, 47, 15, 55)
    projjson = CRS.from_user_input(crs).to_json_dict()
    (feature,) = read_countries(write("w.parquet", ROWS, crs=projjson))["DE"].features
    assert feature.bounds == (5, 47, 15, 55)


def test_a_prj_as_esri_writes_it_is_wgs84(write: Write) -> None:
    path = write("w.shp", ROWS)
    path.with_suffix(".prj").write_text(
        'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
    )
    assert read_countries(path).isos == ("DE", "DK", "FR")


def test_geojson_with_an_old_crs_member_is_not_taken_for_wgs84(write: Write) -> None:
    assert code_of(write("w.geojson", ROWS, crs="EPSG:3857", RFC7946="NO")) == "crs-not-wgs84"


def test_a_wrong_reference_system_and_a_wrong_code_are_both_told(write: Write) -> None:
    path = write("w.gpkg", [("XX", "", SQUARE)], crs="EPSG:3857")
    check = check_countries(path)
    assert [problem.code for problem in check.problems] == ["crs-not-wgs84", "code-unknown"]


# GeoParquet ----------------------------------------------------------------------------------


def test_geoparquet_without_crs_is_crs84_and_with_null_has_none(write: Write) -> None:
    assert len(read_countries(write("w.parquet", ROWS))) == 3
    assert code_of(write("w.parquet", ROWS, crs=None)) == "crs-missing"
    assert code_of(write("w.parquet", ROWS, crs={"type": "nonsense"})) == "crs-unreadable"
    assert code_of(write("w.parquet", ROWS, crs=5)) == "geoparquet-metadata"


def test_geoparquet_in_another_encoding_is_refused(write: Write) -> None:
    assert code_of(write("w.parquet", ROWS, encoding="multipolygon")) == "geoparquet-encoding"
    assert code_of(write("w.parquet", ROWS, edges="spherical")) == "geoparquet-edges"


@pytest.mark.parametrize("geo", [None, b"{", b"[]", b'{"primary_column": "nope", "columns": {}}'])
def test_parquet_without_usable_metadata_is_refused(geo: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    table = pa.table({"iso2": ["DE"], "geometry": pa.array([b""], pa.binary())})
    pq.write_table(table if geo is None else table.replace_schema_metadata({b"geo": geo}), path)
    assert code_of(path) == "geoparquet-metadata"


def test_geoparquet_of_geopandas_is_read(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame(
        {"iso2": ["DE"]}, geometry=[SQUARE], crs="EPSG:4326", index=["a"]
    )
    frame.to_parquet(tmp_path / "w.parquet")
    assert read_countries(tmp_path / "w.parquet")["DE"].features == (
        shapely.MultiPolygon([SQUARE]),
    )


# ---------------------------------------------------------------------------------------------


def test_a_warning_of_the_reader_becomes_a_note(tmp_path: Path) -> None:
    path = tmp_path / "w.geojson"
    unclosed = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}
    feature = {"type": "Feature", "properties": {"iso2": "DE"}, "geometry": unclosed}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    # What the installed GDAL and GEOS make of an unclosed ring differs; never silence.
    check = check_countries(path)
    said = [note for note in check.countries.notes if note.kind == "reader"]
    assert said or [problem.code for problem in check.problems] == ["geometry-unreadable"]


def test_checking_names_the_columns_it_took(write: Write) -> None:
    check = check_countries(write("w.gpkg", ROWS))
    assert check.ok
    assert (check.code_column, check.name_column, check.n_rows) == ("iso2", "name", 3)
    assert check.require() is check.countries


def test_importing_the_package_loads_neither_gdal_nor_proj() -> None:
    program = (
        "import sys, closedworld.inputs.regions.country_reading; "
        "sys.exit(len({'pyogrio', 'pyproj'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_options_with_a_name_that_no_column_has(write: Write) -> None:
    path = write("w.gpkg", ROWS)
    for options in ({"iso_column": "ISO2"}, {"name_column": "NAME"}):
        with pytest.raises(ConfigError, match="iso2, name") as caught:
            read_countries(path, **options)  # type: ignore[arg-type]  # both are text
        assert caught.value.code == "column-unknown"
