"""Reads GeoPackage, shapefile, GeoJSON, TopoJSON, FlatGeobuf and file geodatabases with GDAL, through pyogrio."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyogrio
from pyogrio import raw

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.limits import (
    check_bytes,
    check_geopackage,
    check_json,
    check_packed,
    check_rows,
    check_shape_index,
)
from closedworld.inputs.regions.region_files import (
    GEODATABASE,
    JSON_SUFFIXES,
    PARQUET_SUFFIXES,
    SHAPEFILE_MUST,
    START_BYTES,
    check_start,
    input_files,
    unreadable,
)
from closedworld.inputs.regions.rows import ColumnValues, Header, Rows
from closedworld.sanitize import listed, one_line

_DRIVERS = {
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
    ".zip": "ESRI Shapefile",
    GEODATABASE: "OpenFileGDB",
}
_TOPOLOGY = re.compile(rb'"type"\s*:\s*"Topology"')
_PROBE_BYTES = 1 << 12
# pyogrio 0.13 splits a path at these as if it were an address, and would open another file.
_SPLIT_AT = "!;"
_READ_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    OSError,
    # Text that is not in the encoding that the file names.
    UnicodeDecodeError,
    # What pyogrio 0.13 raises for a FlatGeobuf cut off before its first row.
    IndexError,
)
_ENCODING_HINT = "Text is not in the encoding that the file names; for a shapefile, fix the .cpg file next to it."


@dataclass(frozen=True, slots=True)
class VectorReader:
    """An opened layer of a file that GDAL reads.

    Attributes:
        address: What GDAL opens.
        header: Metadata of the layer.
        n_features: Rows that the layer states; negative when it states none.
    """

    address: str
    header: Header
    n_features: int

    @classmethod
    def open(cls, path: Path, layer: str | None) -> VectorReader:
        """Read the metadata of a layer.

        Raises:
            InputError: ``input-path``, ``input-unreadable``, ``layer-ambiguous``, ``zip-content``.
            ConfigError: ``layer-unknown``.
        """
        absolute = str(path.absolute())
        found = sorted(set(_SPLIT_AT) & set(absolute))
        if found:
            raise InputError(
                "input-path",
                f"the path has a {' and a '.join(found)}, which GDAL reads as an address.",
                "Rename or move the file.",
            )
        if absolute.startswith("/vsi"):
            raise InputError(
                "input-path",
                "the path begins with /vsi, which GDAL reads as an address.",
                "Rename or move the folder.",
            )
        suffix = GEODATABASE if path.is_dir() else path.suffix.lower()
        _check(path, suffix)
        driver, address = _DRIVERS.get(suffix, ""), absolute
        if suffix == ".zip":
            address = _address(path, absolute, layer)
        elif suffix in JSON_SUFFIXES:
            # The prefix pins the driver. Several others claim JSON, one of them runs pipelines.
            driver = _json_driver(path)
            address = f"{driver.upper()}:{absolute}"
        name = _layer(address, None if suffix == ".zip" else layer)
        info = _warned(lambda: pyogrio.read_info(address, layer=name))[0]
        if info["driver"] != driver:
            raise unreadable(f"GDAL takes it for {info['driver']}, not {driver}")
        check_rows(int(info["features"]))
        # TopoJSON names no reference system; its coordinates are those of the GeoJSON that it was made from.
        crs = "OGC:CRS84" if driver == "TopoJSON" else info["crs"]
        header = Header(tuple(str(field) for field in info["fields"]), crs, name)
        return cls(address, header, int(info["features"]))

    def rows(
        self, columns: tuple[str, ...], keep: Sequence[int] | None = None, *, geometry: bool = True
    ) -> Rows:
        """Return the geometries and the named columns, of some rows or of all.

        Raises:
            InputError: ``input-unreadable``.
        """
        which: dict[str, Any] = {}
        if keep is not None:
            fids = self._read((), read_geometry=False, return_fids=True)[2]
            which = {"fids": fids[list(keep)]}
        if (keep is not None and not len(keep)) or not (columns or geometry):
            return Rows([], {column: [] for column in columns})
        wkb, values, _, warned = self._read(columns, read_geometry=geometry, **which)
        return Rows(wkb.tolist() if geometry else [], values, warned)

    def _read(
        self, columns: tuple[str, ...], **which: Any
    ) -> tuple[Any, ColumnValues, Any, tuple[str, ...]]:
        """Return geometries, columns, ids of rows, and the warnings of GDAL."""
        (meta, fids, wkb, fields), warned = _warned(
            lambda: raw.read(self.address, layer=self.header.layer, columns=list(columns), **which)
        )
        # pyogrio returns the fields in the order of the file, not of the request.
        names = [str(name) for name in meta["fields"]]
        values = {name: field.tolist() for name, field in zip(names, fields, strict=True)}
        for column in columns:
            if column not in values:
                raise unreadable(
                    f"column {one_line(column, 40)!r} is of a type that cannot be read"
                )
        sizes = {len(side) for side in (wkb, fids, *fields) if side is not None}
        if "fids" not in which and self.n_features >= 0 and not sizes <= {self.n_features}:
            raise unreadable(f"it states {self.n_features} rows, but {min(sizes)} can be read")
        return wkb, values, fids, warned


def _check(path: Path, suffix: str) -> None:
    """Refuse what a file could hold besides data, before GDAL opens it."""
    try:
        if suffix in JSON_SUFFIXES:
            check_json(path)
        elif suffix == GEODATABASE:
            check_bytes(sum(file.stat().st_size for file in path.iterdir()), "bytes")
        elif suffix == ".gpkg":
            check_geopackage(path)
        elif suffix == ".shp":
            index = next(file for file in input_files(path) if file.suffix.lower() == ".shx")
            check_shape_index(index.read_bytes(), path.stat().st_size)
        check_bytes(path.stat().st_size, "bytes")
    except OSError as error:
        raise unreadable(error) from error


def _json_driver(path: Path) -> str:
    """Return the driver of a JSON file: TopoJSON if it holds a topology at its start or its end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_PROBE_BYTES)
        file.seek(max(0, size - _PROBE_BYTES))
        end = file.read()
    return "TopoJSON" if _TOPOLOGY.search(start) or _TOPOLOGY.search(end) else "GeoJSON"


def _warned(read: Callable[[], Any]) -> tuple[Any, tuple[str, ...]]:
    """Return the result of ``read`` and the warnings of GDAL."""
    # Features of GeoJSON of more than 200 MB are read, too; check_json has bounded the file.
    pyogrio.set_gdal_config_options({"OGR_GEOJSON_MAX_OBJ_SIZE": 0})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = read()
        except UnicodeDecodeError as error:
            raise unreadable(error, _ENCODING_HINT) from error
        except _READ_ERRORS as error:
            raise unreadable(error) from error
        finally:
            pyogrio.set_gdal_config_options({"OGR_GEOJSON_MAX_OBJ_SIZE": None})
    messages = dict.fromkeys(one_line(str(warning.message), 300) for warning in caught)
    return result, tuple(messages)


def _layer(address: str, asked: str | None) -> str:
    """Return the requested layer, or the only one with geometries."""
    found = _warned(lambda: pyogrio.list_layers(address))[0]
    if not len(found):
        raise unreadable("it holds no layer, so it may be cut off")
    layers = tuple(str(name) for name, kind in found if kind is not None)
    if asked is not None:
        if asked not in layers:
            raise ConfigError(
                "layer-unknown",
                f"there is no layer {one_line(asked, 40)!r} with geometries.",
                f"Layers are: {listed(layers)}.",
            )
        return asked
    if len(layers) != 1:
        raise InputError(
            "layer-ambiguous" if layers else "layer-none",
            f"the file has {len(layers)} layers with geometries: {listed(layers)}.",
            "Name one with --layer." if layers else "Take a file that holds polygons.",
        )
    return layers[0]


def _address(path: Path, absolute: str, layer: str | None) -> str:
    """Return what GDAL opens for the shapefile in a zip archive, after checking its content."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = tuple(archive.namelist())
            shape = _only_shapefile(members, layer)
            path_of = PurePosixPath(shape)
            for member in archive.infolist():
                if PurePosixPath(member.filename).with_suffix("") == path_of.with_suffix(""):
                    check_packed(member)
            with archive.open(shape) as file:
                start = file.read(START_BYTES)
            size = archive.getinfo(shape).file_size
            (index,) = _spellings(path_of, ".shx") & set(members)
            check_shape_index(archive.read(index), size)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError) as error:
        # RuntimeError: encrypted, or compressed by a method that zipfile does not support.
        raise unreadable(error, "Unpack the archive and name the .shp.") from error
    check_start(start, size, ".shp")
    # Braces let the archive have any name: https://gdal.org/user/virtual_file_systems.html
    return f"/vsizip/{{{absolute}}}/{shape}"


def _only_shapefile(members: tuple[str, ...], layer: str | None) -> str:
    """Return the one .shp among the members of an archive, or the one whose stem is ``layer``."""
    paths = {name: PurePosixPath(name) for name in members}
    shapes = tuple(
        name
        for name, path in paths.items()
        if path.suffix.lower() == ".shp"
        # Nothing may lead out of the archive.
        and not path.is_absolute()
        and ".." not in path.parts
        # What the Mac puts beside every file of an archive: "__MACOSX/._world.shp".
        and "__MACOSX" not in path.parts
        and not path.name.startswith("._")
        and layer in (None, path.stem)
    )
    if len(shapes) != 1:
        named = "" if layer is None else " of that name"
        known = {*_DRIVERS, *JSON_SUFFIXES, *PARQUET_SUFFIXES}
        parts = {part for path in paths.values() for part in path.parts}
        others = sorted(part for part in parts if PurePosixPath(part).suffix.lower() in known)
        holds = f" It holds {listed(tuple(others), 5)}." if others and not shapes else ""
        raise InputError(
            "zip-content",
            f"a zip archive must hold one shapefile{named}, not {len(shapes)} ({listed(shapes)}).{holds}",
            "Name one with --layer, or unpack the archive."
            if shapes
            else "Unpack the archive, and name a file or geodatabase in it.",
        )
    path = paths[shapes[0]]
    missing = [suffix for suffix in SHAPEFILE_MUST if not _spellings(path, suffix) & set(members)]
    if missing:
        raise InputError(
            "input-incomplete",
            f"the archive has {one_line(shapes[0])}, but no {' and no '.join(missing)}.",
            "Pack all files of the shapefile.",
        )
    return shapes[0]


def _spellings(path: PurePosixPath, suffix: str) -> set[str]:
    return {str(path.with_suffix(suffix)), str(path.with_suffix(suffix.upper()))}
