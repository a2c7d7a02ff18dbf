"""Small files that keep their readers busy for ever: each is given up when its time is over."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import shapely

from closedworld.inputs.isolated import read_in_subprocess
from closedworld.inputs.regions.country_reading import read_countries
from harness import hostile

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 2
LEVELS = 12
# What marks a page of a table's tree: https://www.sqlite.org/fileformat2.html#b_tree_pages
INNER, LEAF = 5, 13
HEADER_BYTES, CELL_BYTES, POINTER_BYTES = 12, 5, 2


def endless_table(path: Path, table: str) -> None:
    """Let a table of an SQLite file have more rows than could ever be counted.

    The pages of its tree all name one and the same page below, hundreds of times, level after level.
    """
    with closing(sqlite3.connect(path)) as base:
        (root,) = base.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    content = bytearray(path.read_bytes())
    (size,) = struct.unpack_from(">H", content, 16)
    at = slice((root - 1) * size, root * size)
    assert content[at][0] == LEAF, "the table is not small"
    # The leaf moves to the end of the file, each level above it after it, and the root stays.
    page = bytes(content[at])
    for _ in range(LEVELS):
        content += page
        page = _inner_page(len(content) // size, size)
    content[at] = page
    # Bytes 28 to 31 of the header: pages of the file.
    struct.pack_into(">I", content, 28, len(content) // size)
    path.write_bytes(content)


def _inner_page(below: int, size: int) -> bytes:
    """Return a page of a tree all of whose children are one page."""
    page, start = bytearray(size), size
    cells = (size - HEADER_BYTES) // (CELL_BYTES + POINTER_BYTES)
    for number in range(cells):
        start -= CELL_BYTES
        struct.pack_into(">IB", page, start, below, 1)
        struct.pack_into(">H", page, HEADER_BYTES + POINTER_BYTES * number, start)
    struct.pack_into(">BHHHBI", page, 0, INNER, 0, cells, start, 0, below)
    return bytes(page)


def tangle(corners: int) -> bytes:
    """Return a polygon whose sides cross each other more often than could ever be sorted out."""
    places = np.random.default_rng(1).uniform((0, 0), (100, 80), (corners, 2))
    return bytes(shapely.to_wkb(shapely.Polygon(places)))


for _table in ("gpkg_extensions", "gpkg_contents", "layer"):

    def _endless(folder: Path, _url: str, table: str = _table) -> None:
        path = hostile.vector(folder / "layer.gpkg", "GPKG")
        endless_table(path, table)
        read_in_subprocess(path, input_time_limit=SECONDS)

    hostile.case(f"geopackage whose table {_table} has no end", "input-time-limit")(_endless)


@hostile.case("polygon that cannot be disentangled", "input-time-limit")
def _tangle(folder: Path, _url: str) -> None:
    path = hostile.parquet(folder / "a.parquet", [tangle(5_000)])
    read_in_subprocess(path, input_time_limit=SECONDS, repair_geometry=True)


@hostile.case("geopackage whose layers have no end", "input-too-large")
def _endless_layers(folder: Path, _url: str) -> None:
    path = hostile.vector(folder / "layer.gpkg", "GPKG")
    endless_table(path, "gpkg_geometry_columns")
    with closing(sqlite3.connect(path)) as base:
        # Without its index, the table itself has to be read.
        base.execute("PRAGMA writable_schema = ON")
        base.execute(
            "DELETE FROM sqlite_master WHERE type = 'index' AND tbl_name = 'gpkg_geometry_columns'"
        )
        base.execute(
            "UPDATE sqlite_master SET sql = 'CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m)' WHERE name = 'gpkg_geometry_columns'"
        )
        base.commit()
    read_countries(path)
