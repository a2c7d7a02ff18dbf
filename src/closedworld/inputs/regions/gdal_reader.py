"""Reading GeoPackage, shapefile, GeoJSON and FlatGeobuf with GDAL through pyogrio."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

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
from closedworld.inputs.regions.raw_rows import Header, Rows
from closedworld.inputs.regions.region_files import (
    SHAPEFILE_MUST,
    START_BYTES,
    check_start,
    input_files,
    unreadable,
)
from closedworld.sanitize import listed, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DRIVERS = {
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
    ".zip": "ESRI Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
}
# pyogrio takes a path apart at these as if it were an address, and would open another file.
_TAKEN_APART = "!;"
_READ_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    OSError,
    # From a text that is not in the encoding the file names.
    UnicodeDecodeError,
    # What pyogrio 0.13 raises for a FlatGeobuf cut off before its first row.
    IndexError,
)
_ENCODING_HINT = "Text is not in the encoding that the file names; for a shapefile, mend the .cpg file beside it."


@dataclass(frozen=True, slots=True)
class VectorReader:
    """An opened layer of a file that GDAL reads.

    Attributes:
        address: What GDAL opens.
        header: What the layer says of itself.
        n_features: Rows that the layer says it has; negative when it does not say.
    """

    address: str
    header: Header
    n_features: int

    @classmethod
    def open(cls, path: Path, layer: str | None) -> VectorReader:
        """Read what a layer says of itself.

        Raises:
            InputError: ``input-path``, ``input-unreadable``, ``layer-ambiguous``, ``zip-content``.
            ConfigError: ``layer-unknown``.
        """
        absolute = str(path.absolute())
        taken_apart = sorted(set(_TAKEN_APART) & set(absolute))
        if taken_apart:
            raise InputError(
                "input-path",
                f"the path has a {' and a '.join(taken_apart)}, which GDAL reads as an address.",
                "Rename or move the file.",
            )
        if absolute.startswith("/vsi"):
            raise InputError(
                "input-path",
                "the path begins with /vsi, which GDAL reads as an address.",
                "Rename or move the folder.",
            )
        suffix = path.suffix.lower()
        _check(path, suffix)
        address = _address(path, absolute, layer) if suffix == ".zip" else absolute
        if _DRIVERS[suffix] == "GeoJSON":
            # The prefix pins the driver. Several others claim JSON, one of them runs pipelines.
            address = f"GEOJSON:{absolute}"
        name = _layer(address, None if suffix == ".zip" else layer)
        info = _warned(lambda: pyogrio.read_info(address, layer=name))[0]
        if info["driver"] != _DRIVERS[suffix]:
            raise unreadable(f"GDAL takes it for {info['driver']}, not {_DRIVERS[suffix]}")
        check_rows(int(info["features"]))
        header = Header(tuple(str(field) for field in info["fields"]), info["crs"], name)
        return cls(address, header, int(info["features"]))

    def rows(self, columns: tuple[str, ...]) -> Rows:
        """Return the geometries and the named columns of all rows.

        Raises:
            InputError: ``input-unreadable``.
        """
        (meta, _, wkb, fields), said = _warned(
            lambda: raw.read(self.address, layer=self.header.layer, columns=list(columns))
        )
        if 0 <= self.n_features != len(wkb):
            raise unreadable(f"it says it has {self.n_features} rows, {len(wkb)} can be read")
        # pyogrio hands the fields over in the order of the file, not in the order asked for.
        names = [str(name) for name in meta["fields"]]
        values = {name: field.tolist() for name, field in zip(names, fields, strict=True)}
        for column in columns:
            if column not in values:
                raise unreadable(
                    f"column {one_line(column, 40)!r} is of a type that cannot be read"
                )
        return Rows(wkb.tolist(), values, said)


def _check(path: Path, suffix: str) -> None:
    """Refuse what a format could bring along besides its data, before GDAL sees it."""
    try:
        if _DRIVERS[suffix] == "GeoJSON":
            check_json(path)
        elif suffix == ".gpkg":
            check_geopackage(path)
        elif suffix == ".shp":
            index = next(part for part in input_files(path) if part.suffix.lower() == ".shx")
            check_shape_index(index.read_bytes(), path.stat().st_size)
        check_bytes(path.stat().st_size, "bytes")
    except OSError as error:
        raise unreadable(error) from error


def _warned(read: Callable[[], Any]) -> tuple[Any, tuple[str, ...]]:
    """Call ``read`` and return its result with the warnings that GDAL gave on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = read()
        except UnicodeDecodeError as error:
            raise unreadable(error, _ENCODING_HINT) from error
        except _READ_ERRORS as error:
            raise unreadable(error) from error
    said = dict.fromkeys(one_line(str(warning.message), 300) for warning in caught)
    return result, tuple(said)


def _layer(address: str, asked: str | None) -> str:
    """Return the layer asked for, or the only one that has geometries."""
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
    """Return what GDAL opens for the shapefile in a zip archive, once its content is checked."""
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
        # RuntimeError: encrypted, or packed by a method that zipfile does not know.
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
        and layer in (None, path.stem)
    )
    if len(shapes) != 1:
        named = "" if layer is None else " of that name"
        raise InputError(
            "zip-content",
            f"a zip archive must hold one shapefile{named}, not {len(shapes)} ({listed(shapes)}).",
            "Name one with --layer, or unpack the archive.",
        )
    path = paths[shapes[0]]
    missing = [part for part in SHAPEFILE_MUST if not _spellings(path, part) & set(members)]
    if missing:
        raise InputError(
            "input-incomplete",
            f"beside {one_line(shapes[0])} the archive has no {' and no '.join(missing)}.",
            "Pack all files of the shapefile.",
        )
    return shapes[0]


def _spellings(path: PurePosixPath, part: str) -> set[str]:
    return {str(path.with_suffix(part)), str(path.with_suffix(part.upper()))}
