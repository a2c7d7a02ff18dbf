"""Checks before GDAL opens a file: what the file could make GDAL do, and how much it may unpack.

Formats hold more than data. GeoJSON may name its reference system by a web address, which GDAL fetches;
a layer of a GeoPackage may be a query that never ends; an index of a shapefile may list one record a
million times; an archive of a kilobyte may unpack to a terabyte.
"""

from __future__ import annotations

import json
import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

from closedworld.bounded_read import is_zip_bomb
from closedworld.errors import InputError
from closedworld.inputs.regions.region_files import unreadable
from closedworld.sanitize import one_line, quoted

MAX_ROWS = 1_000_000
"""Most rows of a file of polygons; all third-level districts of the world together have fewer."""

MAX_BYTES = 1 << 32
"""Most bytes of geometries and columns in memory, 4 GiB."""

# GDAL's JSON reader takes keys in any case, any quotes, and escapes of these letters.
_MAY_NAME_CRS = re.compile(rb"crs|\\u00(?:[46]3|[57][23])", re.IGNORECASE)
# What nearly every file has, and needs no parser to be understood.
_NAMED_CRS = re.compile(
    rb'"crs"\s*:\s*\{\s*"type"\s*:\s*"name"\s*,\s*"properties"\s*:\s*'
    rb'\{\s*"name"\s*:\s*"[^"\\]*"\s*\}\s*\}'
)
# GPKG; GP10 and GP11 of the first versions: https://www.geopackage.org/spec131/#_file_format
_APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")
_APPLICATION_ID_AT = 68
# Steps of SQLite's machine between looks, and looks before a query is given up: 10^9 steps, 10 s.
_STEPS, _LOOKS = 1_000_000, 1_000
_MAX_LAYERS = 1_000
_SHX_HEADER_BYTES = 100


def check_rows(rows: int) -> None:
    """Refuse more than ``MAX_ROWS`` rows.

    Raises:
        InputError: ``input-too-large``.
    """
    if rows > MAX_ROWS:
        raise _too_large(f"it has {rows:,} rows; at most {MAX_ROWS:,} are read")


def check_bytes(size_bytes: int, what: str) -> None:
    """Refuse more than ``MAX_BYTES`` bytes.

    Raises:
        InputError: ``input-too-large``.
    """
    if size_bytes > MAX_BYTES:
        raise _too_large(f"its {what} take {size_bytes:,} bytes; at most {MAX_BYTES:,} are read")


def check_json(path: Path) -> None:
    """Refuse GeoJSON whose reference system GDAL would look up elsewhere.

    Raises:
        InputError: ``input-unreadable``, ``input-too-large``, ``crs-elsewhere``.
    """
    check_bytes(path.stat().st_size, "bytes")
    content = path.read_bytes()
    if _MAY_NAME_CRS.search(_NAMED_CRS.sub(b"", content)) is None:
        return
    try:
        # Numbers do not matter here, and as objects they would take ten times the memory of their text.
        json.loads(content, object_pairs_hook=_kind_of, parse_float=len, parse_int=len)
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from error


def _kind_of(members: list[tuple[str, Any]]) -> tuple[Any, ...]:
    """Return the types that a JSON object states; refuse a reference system that is not a name."""
    for key, kinds in members:
        # Objects within this one are the tuples that this function returned for them.
        if key.lower() != "crs" or not isinstance(kinds, tuple):
            continue
        for kind in kinds:
            if str(kind).lower() != "name":
                raise InputError(
                    "crs-elsewhere",
                    f"the reference system is given by a {quoted(kind)}, which GDAL would look up in "
                    "another file or on the web.",
                    "Convert it: ogr2ogr -t_srs EPSG:4326 out.gpkg in.geojson",
                )
    return tuple(value for key, value in members if key.lower() == "type")


def check_geopackage(path: Path) -> None:
    """Refuse an SQLite file that is not a GeoPackage, or whose layers are queries rather than tables.

    A view or a generated column is a query that GDAL would run, and it may never end.

    Raises:
        InputError: ``input-unreadable``, ``geopackage-program``, ``input-too-large``.
    """
    with path.open("rb") as file:
        file.seek(_APPLICATION_ID_AT)
        if file.read(4) not in _APPLICATION_IDS:
            raise unreadable("it is an SQLite file, but not marked as a GeoPackage")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            looks = iter(range(_LOOKS))
            base.set_progress_handler(lambda: next(looks, None) is None, _STEPS)
            base.execute("PRAGMA trusted_schema = OFF")
            _check_layers(base)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise unreadable(error) from error


def _check_layers(base: sqlite3.Connection) -> None:
    """Refuse layers that are not plain tables, or are too large."""
    # A table may be endless.
    query = f"SELECT table_name, column_name FROM gpkg_geometry_columns LIMIT {_MAX_LAYERS + 1}"  # noqa: S608
    layers = base.execute(query).fetchall()
    if len(layers) > _MAX_LAYERS:
        raise _too_large(f"it has more than {_MAX_LAYERS:,} layers")
    plain_tables = {
        name
        for name, text in base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if not str(text).upper().startswith("CREATE VIRTUAL")
    }
    for table, column in layers:
        # Hidden columns 2 and 3 are generated ones.
        known = base.execute("SELECT name, hidden FROM pragma_table_xinfo(?)", (table,)).fetchall()
        if table not in plain_tables or any(hidden > 1 for _, hidden in known):
            raise InputError(
                "geopackage-program",
                f"layer {quoted(table)} is a view or has computed columns: reading it would run "
                "code from the file.",
                "Convert it to a table: ogr2ogr out.gpkg in.gpkg",
            )
        if column not in {name for name, _ in known}:
            raise unreadable(f"layer {quoted(table)} has no column {quoted(column)}")
        identifiers = [str(name).replace('"', '""') for name in (column, table)]
        # SQL has no parameters for names; quoted identifiers cannot be anything but names.
        query = 'SELECT COUNT(*), TOTAL(LENGTH("{}")) FROM "{}"'.format(*identifiers)  # noqa: S608
        rows, size_bytes = base.execute(query).fetchone()
        check_rows(rows)
        check_bytes(int(size_bytes), "geometries")


def check_shape_index(index: bytes, shape_bytes: int) -> None:
    """Refuse an index that lists more than the shapefile holds, by listing records many times.

    Args:
        index: Content of the .shx.
        shape_bytes: Size of the .shp.

    Raises:
        InputError: ``input-unreadable``, ``input-too-large``.
    """
    records = (len(index) - _SHX_HEADER_BYTES) // 8
    if records < 0:
        raise unreadable("its index (.shx) is cut off")
    check_rows(records)
    # Offset and length of each record in 16-bit words, big-endian (ESRI, 1998, p. 24).
    words = struct.unpack_from(f">{2 * records}I", index, _SHX_HEADER_BYTES)
    listed_bytes = 2 * sum(words[1::2])
    if listed_bytes > shape_bytes:
        raise unreadable(
            f"its index (.shx) lists {listed_bytes:,} bytes, the .shp has {shape_bytes:,}"
        )


def check_packed(member: ZipInfo) -> None:
    """Refuse a member of an archive that unpacks to many times its size.

    Raises:
        InputError: ``input-too-large``.
    """
    check_bytes(member.file_size, "unpacked files")
    if is_zip_bomb(member):
        raise _too_large(
            f"{one_line(member.filename, 40)} would unpack from {member.compress_size:,} to "
            f"{member.file_size:,} bytes"
        )


def _too_large(why: str) -> InputError:
    return InputError(
        "input-too-large", f"the file is refused: {why}.", "Use a file that holds only countries."
    )
