"""Files made by hand to do harm: each with the codes that may refuse it, none for what is merely ignored."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import shapely
from affine import Affine
from pyogrio import raw

from closedworld.config.run import RunConfig
from closedworld.inputs.lock import InputLock
from closedworld.inputs.raster.pixels import PixelReader, read_pixel_layout
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.published.results import find_published

if TYPE_CHECKING:
    from collections.abc import Callable

    Case = tuple[Callable[[Path, str], Any], set[str]]

SECRET = "root:x:0:0:secret"  # noqa: S105 -- what no message may hold
SQUARE = shapely.box(0, 40, 5, 45)
CASES: dict[str, Case] = {}


def case(
    name: str, *codes: str
) -> Callable[[Callable[[Path, str], Any]], Callable[[Path, str], Any]]:
    """Add a case: called with a folder and a web address, it reads what it has made."""

    def add(make: Callable[[Path, str], Any]) -> Callable[[Path, str], Any]:
        assert name not in CASES
        CASES[name] = make, set(codes)
        return make

    return add


def read_raster(path: Path) -> None:
    """Read a raster as weights do."""
    layout = read_pixel_layout(path)
    with PixelReader(layout) as reader:
        rows, cols = layout.window_shape
        reader.read(0, 0, rows, cols)
    assert layout.info.grid.west == 0


def from_origin(west: float, north: float, width: float, height: float) -> Affine:
    """Return the transform of a north-up raster."""
    return Affine(width, 0, west, 0, -height, north)


def tif(path: Path, **options: Any) -> Path:
    """Write a sound raster."""
    profile: dict[str, Any] = {"width": 64, "height": 32, "count": 1, "dtype": "float32", "crs": "EPSG:4326", "transform": from_origin(0, 32, 1, 1)}  # fmt: skip
    with rasterio.open(path, "w", driver="GTiff", **{**profile, **options}) as file:
        for namespace, tags in options.get("tags", {}).items():
            file.update_tags(ns=namespace, **tags)
        if file.width == 64:
            file.write(np.ones((file.height, 64), file.dtypes[0]), 1)
    return path


def vector(path: Path, driver: str, code: str = "FR", name: str = "France", **options: Any) -> Path:
    """Write a sound file of one country."""
    raw.write(
        str(path),
        shapely.to_wkb(np.array([SQUARE])),
        [np.array([code], object), np.array([name], object)],
        np.array(["iso_a2", "name"]),
        geometry_type="Polygon",
        crs=options.pop("crs", "EPSG:4326"),
        driver=driver,
        **options,
    )
    return path


def geojson(path: Path, **top: Any) -> Path:
    """Write GeoJSON of one country with further members."""
    geometry = json.loads(shapely.to_geojson(SQUARE))
    feature = {"type": "Feature", "properties": {"iso_a2": "FR"}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", **top, "features": [feature]}))
    return path


def parquet(path: Path, wkb: list[bytes | None], code: str = "FR", **column: Any) -> Path:
    """Write GeoParquet."""
    table = pa.table({"iso_a2": [code] * len(wkb), "geometry": pa.array(wkb, pa.binary())})
    said = {"encoding": "WKB", "geometry_types": [], **column}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": said}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


# In disguise: content that GDAL would take for something else, under a name that is read.
VRT = '<VRTDataset rasterXSize="64" rasterYSize="32"><VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
OGR_VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
DISGUISES = {
    "vrt": VRT.format("/etc/passwd"),
    "vrt of the web": VRT.format("/vsicurl/{url}"),
    "vrt of an archive": VRT.format("/vsizip//vsicurl/{url}.zip/a.tif"),
    "ogr vrt": OGR_VRT.format("/etc/passwd"),
    "ogr vrt of the web": OGR_VRT.format("/vsicurl/{url}"),
    "wms": "<GDAL_WMS><Service name='WMS'><ServerUrl>{url}</ServerUrl></Service></GDAL_WMS>",
    "csv": "iso_a2,WKT\nFR,POLYGON ((0 0,1 0,1 1,0 0))\n",
}
for _suffix in (".tif", ".geojson", ".gpkg", ".shp", ".fgb", ".parquet", ".zip"):
    for _kind, _text in DISGUISES.items():
        if _kind.startswith("ogr") == (_suffix == ".tif") and _kind not in {"wms", "csv"}:
            continue

        def _disguised(folder: Path, url: str, suffix: str = _suffix, text: str = _text) -> None:
            path = folder / f"x{suffix}"
            path.write_text(text.replace("{url}", url))
            for part in (".shx", ".dbf"):
                path.with_suffix(part).write_bytes(bytes(200))
            (read_raster if suffix == ".tif" else read_countries)(path)

        case(f"{_kind} named {_suffix}", "input-unreadable")(_disguised)

for _name, _text in {
    "pipeline": '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}',
    "esri": '{"geometryType": "esriGeometryPolygon", "features": [], "url": "{url}"}',
    "topology": '{"type": "Topology", "objects": {}, "arcs": []}',
}.items():

    def _json(folder: Path, url: str, text: str = _text) -> None:
        path = folder / "x.json"
        path.write_text(text.replace("{url}", url))
        read_countries(path)

    case(
        f"{_name} as json", "input-unreadable", "layer-none", "iso-column-missing", "countries-none"
    )(_json)


# Addresses where a path belongs.
for _address in ("/vsicurl/{url}.tif", "/vsizip/{folder}/a.zip/a.tif", "/vsimem/a.tif", "/vsistdin/a.tif", "GTIFF_DIR:1:{folder}/a.tif", "{url}/a.tif", "zip://{folder}/a.zip!a.tif", "a\0b.tif", "a\nb.tif"):  # fmt: skip

    def _raster_address(folder: Path, url: str, address: str = _address) -> None:
        tif(folder / "a.tif")
        read_raster(Path(address.format(url=url, folder=folder)))

    case(f"raster {_address!r}", "input-missing", "input-path")(_raster_address)
for _address in ("/vsicurl/{url}.geojson", "/vsizip/{folder}/a.zip/a.shp", "/vsigzip/{folder}/a.geojson", "{url}/a.geojson", "zip://{folder}/a.zip!a.shp", "a\0b.geojson"):  # fmt: skip

    def _vector_address(folder: Path, url: str, address: str = _address) -> None:
        geojson(folder / "a.geojson")
        read_countries(address.format(url=url, folder=folder))

    case(f"polygons {_address!r}", "input-missing", "input-path", "input-format")(_vector_address)


@case("raster that is a pipe", "input-not-a-file")
def _pipe(folder: Path, _url: str) -> None:
    os.mkfifo(folder / "a.tif")
    read_raster(folder / "a.tif")


@case("polygons that are a pipe", "input-not-a-file")
def _vector_pipe(folder: Path, _url: str) -> None:
    os.mkfifo(folder / "a.geojson")
    read_countries(folder / "a.geojson")


@case("raster that links to itself", "input-missing")
def _loop(folder: Path, _url: str) -> None:
    (folder / "a.tif").symlink_to(folder / "a.tif")
    read_raster(folder / "a.tif")


# Files beside a raster, which must not count.
@case("aux.xml that moves the raster")
def _aux(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif")
    text = "<PAMDataset><GeoTransform>50, 1, 0, 32, 0, -1</GeoTransform></PAMDataset>"
    (folder / "a.tif.aux.xml").write_text(text)
    read_raster(path)


@case("world file that moves the raster")
def _tfw(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif")
    (folder / "a.tfw").write_text("1\n0\n0\n-1\n50\n32\n")
    read_raster(path)


@case("mask beside the raster")
def _msk(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif")
    (folder / "a.tif.msk").write_text(VRT.format("/etc/passwd"))
    read_raster(path)


@case("overviews beside the raster")
def _ovr(folder: Path, url: str) -> None:
    path = tif(folder / "a.tif")
    (folder / "a.tif.ovr").write_text(VRT.format(f"/vsicurl/{url}"))
    read_raster(path)


@case("overviews on the web, named inside")
def _tags(folder: Path, url: str) -> None:
    tags = {"OVERVIEW_FILE": f"/vsicurl/{url}"}
    read_raster(tif(folder / "a.tif", tags={"OVERVIEWS": tags}))


# Sizes.
@case(
    "raster of 2^31 columns in two kilobytes", "grid-too-large", "grid-too-wide", "input-unreadable"
)
def _wide(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif", width=16_777_217, height=1, transform=from_origin(0, 1, 1e-6, 1e-6), SPARSE_OK=True, tiled=True, blockxsize=8192, blockysize=16)  # fmt: skip
    read_raster(path)


@case("raster with a block of 1 GiB", "raster-block-too-large")
def _block(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif", width=32_768, height=32_768, transform=from_origin(0, 32, 1e-4, 1e-4), dtype="uint8", SPARSE_OK=True, tiled=True, blockxsize=32_768, blockysize=32_768)  # fmt: skip
    read_raster(path)


@case("raster of complex numbers", "raster-dtype")
def _complex(folder: Path, _url: str) -> None:
    read_raster(tif(folder / "a.tif", dtype="complex64"))


@case(
    "raster with no cells of any size",
    "grid-no-transform",
    "grid-cell-size",
    "grid-rotated",
    "grid-not-finite",
)
def _no_cells(folder: Path, _url: str) -> None:
    read_raster(tif(folder / "a.tif", transform=from_origin(0, 32, 1e-300, 1e-300)))


@case("raster whose directory follows itself")
def _directory(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif")
    content = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, first)[0]
    struct.pack_into("<I", content, first + 2 + 12 * entries, first)
    path.write_bytes(content)
    read_raster(path)


@case("raster whose pixels lie beyond its end", "input-unreadable")
def _beyond(folder: Path, _url: str) -> None:
    path = tif(folder / "a.tif")
    path.write_bytes(path.read_bytes()[:-4000])
    read_raster(path)


# Reference systems that are elsewhere.
for _name, _crs in {
    "link": {"type": "link", "properties": {"href": "{url}"}},
    "url": {"type": "URL", "properties": {"url": "{url}"}},
    "epsg": {"type": "EPSG", "properties": {"code": 4326}},
    "link in odd case": {"type": "LiNk", "properties": {"href": "{url}"}},
    "a file": {"type": "link", "properties": {"href": "/etc/passwd"}},
}.items():
    for _key in ("crs", "CRS", "\\u0063rs"):

        def _elsewhere(folder: Path, url: str, crs: Any = _crs, key: str = _key) -> None:
            path = geojson(folder / "a.geojson", HERE=crs)
            text = path.read_text().replace("HERE", key).replace("{url}", url)
            path.write_text(text)
            read_countries(path)

        case(f"reference system by {_name} as {_key}", "crs-elsewhere")(_elsewhere)


@case("reference system by link in a geometry", "crs-elsewhere")
def _in_geometry(folder: Path, url: str) -> None:
    path = geojson(folder / "a.geojson")
    crs = json.dumps({"type": "link", "properties": {"href": url}})
    path.write_text(path.read_text().replace('"coordinates"', f'"crs": {crs}, "coordinates"'))
    read_countries(path)


@case("two reference systems, the second a link", "crs-elsewhere")
def _twice(folder: Path, url: str) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    path = geojson(folder / "a.geojson", crs=crs)
    link = json.dumps({"type": "link", "properties": {"href": url}})
    path.write_text(path.read_text().replace('"features"', f'"crs": {link}, "features"'))
    read_countries(path)


@case("reference system in single quotes", "input-unreadable")
def _quotes(folder: Path, url: str) -> None:
    path = geojson(folder / "a.geojson")
    link = "'crs': {'type': 'link', 'properties': {'href': '" + url + "'}}"
    path.write_text(path.read_text().replace('"features"', f'{link}, "features"'))
    read_countries(path)


@case("reference system of GeoParquet that names a file", "crs-unreadable")
def _init(folder: Path, _url: str) -> None:
    read_countries(parquet(folder / "a.parquet", [SQUARE.wkb], crs="+init=/etc/passwd:root"))


@case("reference system of GeoParquet on the web", "crs-unreadable")
def _crs_url(folder: Path, url: str) -> None:
    read_countries(parquet(folder / "a.parquet", [SQUARE.wkb], crs=url))


@case(
    "reference system of a shapefile on the web", "crs-missing", "crs-unreadable", "crs-not-wgs84"
)
def _prj(folder: Path, url: str) -> None:
    path = vector(folder / "a.shp", "ESRI Shapefile")
    path.with_suffix(".prj").write_text(url)
    read_countries(path)


# JSON that is deep, and numbers that are none.
for _name, _text in {
    "arrays": "[" * 100_000,
    "objects": '{"a":' * 100_000,
    "coordinates": '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"iso_a2":"FR"},"geometry":{"type":"Polygon","coordinates":'
    + "[" * 5_000
    + "]" * 5_000
    + "}}]}",
    "huge number": '{"type":"Feature","properties":{"iso_a2":"FR"},"geometry":{"type":"Polygon","coordinates":[[[1e400,0],[1,0],[1,1],[1e400,0]]]}}',
    "crs and deep": '{"crs":' + "[" * 100_000,
}.items():

    def _deep(folder: Path, _url: str, text: str = _text) -> None:
        (folder / "a.geojson").write_text(text)
        read_countries(folder / "a.geojson")

    case(
        f"json: {_name}",
        "input-unreadable",
        "coordinates-not-finite",
        "coordinates-out-of-range",
        "geometry-empty",
        "layer-none",
        "iso-column-missing",
        "geometry-unreadable",
        "layer-ambiguous",
        "geometry-invalid",
        "countries-none",
    )(_deep)

# Codes and names.
for _code in ("F\0R", "../FR", "F\nR", "\x1b[31m", "<script>", "' OR 1=1 --", "FR/..", "\uff26\uff32", "\u202eRF", "F" * 100_000):  # fmt: skip

    def _coded(folder: Path, _url: str, code: str = _code) -> None:
        read_countries(parquet(folder / "a.parquet", [SQUARE.wkb], code=code))

    case(f"code {_code[:12]!r}", "code-unknown")(_coded)


@case("name with a script, a line break and an escape")
def _named(folder: Path, _url: str) -> None:
    name = "<script>alert(1)</script>\n\x1b[31m" + "x" * 10_000
    countries = read_countries(vector(folder / "a.gpkg", "GPKG", name=name))
    assert countries["FR"].name.isprintable()
    assert len(countries["FR"].name) <= 120


# Geometries.
for _name, _wkb in {
    "four billion points": struct.pack("<BIII", 1, 3, 1, 0xFFFFFFFF),
    "four billion rings": struct.pack("<BII", 1, 3, 0xFFFFFFFF),
    "four billion parts": struct.pack("<BII", 1, 6, 0xFFFFFFFF),
    "collections ten thousand deep": struct.pack("<BII", 1, 7, 1) * 10_000,
    "no such type": struct.pack("<BI", 1, 99),
    "no such byte order": struct.pack("<BI", 7, 3),
    "cut off": SQUARE.wkb[:-3],
    "empty": b"",
    "a line": shapely.LineString([(0, 0), (1, 1)]).wkb,
    "nan": SQUARE.wkb.replace(struct.pack("<d", 45.0), struct.pack("<d", float("nan"))),
    "infinite": SQUARE.wkb.replace(struct.pack("<d", 45.0), struct.pack("<d", float("inf"))),
}.items():

    def _binary(folder: Path, _url: str, wkb: bytes = _wkb) -> None:
        read_countries(parquet(folder / "a.parquet", [wkb]))

    case(
        f"WKB: {_name}",
        "geometry-unreadable",
        "geometry-empty",
        "geometry-not-polygon",
        "coordinates-not-finite",
        "geometry-invalid",
    )(_binary)


# GeoPackages that are programs.
def package(folder: Path, *statements: str) -> Path:
    """Write a GeoPackage and run SQL on it."""
    path = vector(folder / "a.gpkg", "GPKG")
    with closing(sqlite3.connect(path)) as base:
        for statement in statements:
            base.execute(statement)
        base.commit()
    return path


@case("GeoPackage with a view that never ends", "geopackage-program")
def _view(folder: Path, _url: str) -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, NULL AS geom, 'FR' AS iso_a2 FROM n"
    path = package(folder, "ALTER TABLE a RENAME TO b", f"CREATE VIEW a AS {query}", "UPDATE gpkg_geometry_columns SET table_name = 'a'", "UPDATE gpkg_contents SET table_name = 'a'")  # fmt: skip
    read_countries(path)


@case("GeoPackage with computed columns", "geopackage-program")
def _computed(folder: Path, _url: str) -> None:
    read_countries(package(folder, "ALTER TABLE a ADD COLUMN big BLOB AS (zeroblob(1000000000))"))


@case("GeoPackage with a virtual table", "geopackage-program", "input-unreadable")
def _virtual(folder: Path, _url: str) -> None:
    path = package(folder, "ALTER TABLE a RENAME TO b", "CREATE VIRTUAL TABLE a USING rtree(fid, x1, x2)", "UPDATE gpkg_geometry_columns SET table_name = 'a'", "UPDATE gpkg_contents SET table_name = 'a'")  # fmt: skip
    read_countries(path)


@case(
    "GeoPackage whose layer is named by SQL",
    "input-unreadable",
    "geopackage-program",
    "layer-none",
    "layer-ambiguous",
)
def _named_by_sql(folder: Path, _url: str) -> None:
    name = 'a"; DROP TABLE gpkg_contents; --'
    quoted = name.replace('"', '""')
    literal = name.replace("'", "''")
    path = package(folder, f'CREATE TABLE "{quoted}" (fid INTEGER PRIMARY KEY, geom BLOB)', f"INSERT INTO gpkg_geometry_columns VALUES ('{literal}', 'geom', 'POLYGON', 4326, 0, 0)", f"INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('{literal}', 'features', 4326)")  # fmt: skip  # noqa: S608
    read_countries(path)


@case("SQLite that is no GeoPackage", "input-unreadable")
def _sqlite(folder: Path, _url: str) -> None:
    with closing(sqlite3.connect(folder / "a.gpkg")) as base:
        base.execute("CREATE TABLE a (iso_a2 TEXT)")
        base.commit()
    read_countries(folder / "a.gpkg")


# Bombs.
@case(
    "index of a shapefile that lists one record a million times",
    "input-unreadable",
    "input-too-large",
)
def _shx(folder: Path, _url: str) -> None:
    path = vector(folder / "a.shp", "ESRI Shapefile")
    index = path.with_suffix(".shx")
    content = index.read_bytes()
    index.write_bytes(content[:100] + content[100:108] * 500_000)
    read_countries(path)


@case("index of a shapefile that is cut off", "input-unreadable")
def _short_shx(folder: Path, _url: str) -> None:
    path = vector(folder / "a.shp", "ESRI Shapefile")
    path.with_suffix(".shx").write_bytes(b"\0" * 50)
    read_countries(path)


@case("archive of a kilobyte that unpacks to 100 megabytes", "input-too-large")
def _bomb(folder: Path, _url: str) -> None:
    path = vector(folder / "a.shp", "ESRI Shapefile")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in (".shp", ".shx", ".prj"):
            archive.write(path.with_suffix(part), f"a{part}")
        archive.writestr("a.dbf", bytes(100_000_000))
    read_countries(folder / "a.zip")


for _member in ("../a", "/a", "b/../../a", "C:\\a"):

    def _leads_out(folder: Path, _url: str, member: str = _member) -> None:
        path = vector(folder / "a.shp", "ESRI Shapefile")
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for part in (".shp", ".shx", ".dbf", ".prj"):
                archive.write(path.with_suffix(part), "x")
                archive.filelist[-1].filename = member + part
                archive.NameToInfo[member + part] = archive.filelist[-1]
        countries = read_countries(folder / "a.zip")
        assert countries.isos == ("FR",)

    case(f"archive whose member is {_member}", "zip-content", "input-unreadable")(_leads_out)


@case("GeoParquet of one great value in every row", "input-too-large")
def _dictionary(folder: Path, _url: str) -> None:
    values = pa.DictionaryArray.from_arrays(np.zeros(500, np.int32), [bytes(10_000_000)])
    table = pa.table({"iso_a2": ["FR"] * 500, "geometry": values})
    said = {"encoding": "WKB", "geometry_types": []}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": said}}
    with pq.ParquetWriter(folder / "a.parquet", table.schema, store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"geo": json.dumps(geo)})
    read_countries(folder / "a.parquet")


@case("GeoParquet of a million and one rows", "input-too-large")
def _rows(folder: Path, _url: str) -> None:
    read_countries(parquet(folder / "a.parquet", [b""] * 1_000_001))


@case("GeoParquet whose metadata is deep", "geoparquet-metadata")
def _deep_metadata(folder: Path, _url: str) -> None:
    table = pa.table({"iso_a2": ["FR"], "geometry": [SQUARE.wkb]})
    pq.write_table(table.replace_schema_metadata({"geo": "[" * 100_000}), folder / "a.parquet")
    read_countries(folder / "a.parquet")


@case("FlatGeobuf whose header states 4 GB", "input-unreadable", "layer-none")
def _fgb(folder: Path, _url: str) -> None:
    path = vector(folder / "a.fgb", "FlatGeobuf")
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\xff\xff\xff\xff" + content[12:])
    read_countries(path)


# Run files, locks and receipts.
for _name, _text in {
    "deep": "countries = " + "[" * 100_000,
    "a number of 5,000 digits": "dp = " + "9" * 5_000,
    "NUL in a path": 'out = "a\\u0000b"',
    "escape in a path": 'raster = "\\u001b[31m.tif"',
    "a name of 100,000 letters": "x" * 100_000 + " = 1",
    "not UTF-8": "\udcff",
    "two megabytes": "#" * (1 << 21),
}.items():

    def _run_file(folder: Path, _url: str, text: str = _text) -> None:
        (folder / "run.toml").write_bytes(text.encode(errors="surrogateescape"))
        RunConfig.from_toml(folder / "run.toml")

    case(
        f"run file: {_name}",
        "config-syntax",
        "config-missing",
        "path-control-character",
        "option-unknown",
        "option-type",
    )(_run_file)


@case("run file that is a pipe", "config-missing")
def _run_pipe(folder: Path, _url: str) -> None:
    os.mkfifo(folder / "run.toml")
    RunConfig.from_toml(folder / "run.toml")


@case("run file that is a device without an end", "config-missing")
def _run_device(folder: Path, _url: str) -> None:
    (folder / "run.toml").symlink_to("/dev/zero")
    RunConfig.from_toml(folder / "run.toml")


@case("lock that is a device without an end", "lock-missing")
def _lock_device(folder: Path, _url: str) -> None:
    (folder / "closedworld.lock").symlink_to("/dev/zero")
    InputLock.read(folder / "closedworld.lock")


@case("receipt that is a pipe", "receipt-unreadable")
def _receipt_pipe(folder: Path, _url: str) -> None:
    os.mkfifo(folder / "_receipt.json")
    find_published(folder)


@case("receipt of a terabyte", "receipt-unreadable")
def _receipt_large(folder: Path, _url: str) -> None:
    with (folder / "_receipt.json").open("wb") as file:
        file.truncate(1 << 34)
    find_published(folder)


for _path in ("../../etc/passwd", "/etc/passwd", "a\nb", "a\0b", "a//b", "./a"):

    def _receipt_path(folder: Path, _url: str, path: str = _path) -> None:
        files = [{"path": path, "size_bytes": 1, "rows": 1, "sha256": ""}]
        content = {"receipt_format": 2, "stage": "tiles", "parameter_hash": "", "parameters": {}, "totals": {}, "versions": {}, "files": files, "values_sha256": {}}  # fmt: skip
        (folder / "_receipt.json").write_text(json.dumps(content))
        find_published(folder)

    case(f"receipt that lists {_path!r}", "receipt-unreadable")(_receipt_path)
