"""Tiles with geometry: one file of points or boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.tiles import Tiles
from closedworld.store.atomic import refuse_folder, require_suffix, whole_file
from closedworld.worlds.export_collection import write_export_collection
from closedworld.worlds.gdal_writers import DRIVERS, write_by_gdal
from closedworld.worlds.geoparquet import (
    COVERING,
    COVERING_TYPE,
    GEOMETRY,
    SIDES,
    box_wkb,
    covering,
    geo_metadata,
    point_wkb,
)
from closedworld.worlds.world import PublishedWorld
from closedworld.worlds.world_tiles import BATCH_TILES, box_sides, tile_batches, turn_of

Kind: TypeAlias = Literal["point", "box"]
_SHAPES: Mapping[Kind, Literal["Point", "Polygon"]] = {"point": "Point", "box": "Polygon"}
TILE_SUFFIXES = (".parquet", ".geoparquet", *DRIVERS)


def export_tiles(
    world: PublishedWorld, path: Path, kind: Kind, countries: Sequence[str] = ()
) -> int:
    """Write tiles with their geometry as one GeoParquet 1.1, GeoPackage or GeoJSON file; return how many.

    Rows are in the order of the index. GeoParquet has a column ``bbox``, the file's covering: readers that look
    for a window skip row groups outside it. ``<stem>.collection.json`` beside it is its STAC collection.

    Args:
        world: The world; its weights become column ``weight_fp``, when it has any.
        path: The file, ``.parquet``, ``.geoparquet``, ``.gpkg`` or ``.geojson``; replaced if there.
        kind: ``point`` for centres, ``box`` for the tiles' sides.
        countries: Alpha-2 codes; none for all.

    Raises:
        ConfigError: ``output-format``, ``country-without-tiles``.
        PublishError: ``output-not-writable``.
        IntegrityError: The files differ from their receipts.
    """
    require_suffix(path, TILE_SUFFIXES)
    refuse_folder(path)
    spans = world.spans_of(countries)
    weights = {} if world.weights is None else world.cumulative_weights()
    by_gdal = path.suffix.lower() in DRIVERS
    schema = _schema(kind, spans, weighed=bool(weights), has_covering=not by_gdal)
    batches = (
        _batch(iso, tiles, numbers, kind, schema)
        for iso, own in spans.items()
        for _, tiles, numbers in tile_batches(own, weights.get(iso))
    )
    with whole_file(path) as staged:
        if by_gdal:
            shape = _SHAPES[kind]
            write_by_gdal(batches, schema, staged, path, layer="tiles", shape=shape)
        else:
            _write_parquet(batches, schema, staged)
    write_export_collection(world, [path], path.with_suffix(".collection.json"))
    return sum(own.tile_count for own in spans.values())


def _sides(
    grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64], kind: Kind
) -> tuple[NDArray[np.float64], ...]:
    """Return west, south, east and north of tiles, degrees, float64 (n,) each; of points, twice the centre.

    Tiles whose centre is beyond +/-180 are moved by a turn.
    """
    if kind == "box":
        return box_sides(grid, rows, cols)
    center = grid.lon_center(cols)
    return (center + turn_of(center), grid.lat_center(rows)) * 2


def _schema(
    kind: Kind, spans: Mapping[str, RowSpans], *, weighed: bool, has_covering: bool
) -> pa.Schema:
    """Return the columns; with a covering, the metadata of GeoParquet with the bounds of all tiles."""
    numbers = ["tile_id", "weight_fp"] if weighed else ["tile_id"]
    types = {"country_iso": pa.string(), **dict.fromkeys(numbers, pa.int64())}
    types[GEOMETRY] = pa.binary()
    if has_covering:
        types[COVERING] = COVERING_TYPE
    schema = pa.schema([pa.field(name, of, nullable=False) for name, of in types.items()])
    if not has_covering:
        return schema
    # The outermost columns are at the ends of runs.
    ends = [
        _sides(own.grid, own.rows, cols, kind)
        for own in spans.values()
        for cols in (own.col_starts, own.col_stops - 1)
    ]
    west, south, east, north = (np.concatenate(side) for side in zip(*ends, strict=True))
    bounds = [float(side) for side in (west.min(), south.min(), east.max(), north.max())]
    return schema.with_metadata(geo_metadata(_SHAPES[kind], bounds, has_covering=True))


def _write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path) -> None:
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=["country_iso", *(f"{COVERING}.{side}" for side in SIDES)],
        column_encoding={"tile_id": "DELTA_BINARY_PACKED"},
        write_page_checksum=True,
    ) as writer:
        for batch in batches:
            writer.write_batch(batch, BATCH_TILES)


def _batch(
    iso: str, tiles: Tiles, weights: NDArray[np.uint64] | None, kind: Kind, schema: pa.Schema
) -> pa.RecordBatch:
    rows = np.repeat(tiles.rows, tiles.lengths)
    sides = _sides(tiles.grid, rows, tiles.counted(tiles.col_starts), kind)
    wkb = point_wkb(*sides[:2]) if kind == "point" else box_wkb(*sides)
    columns = [pa.array([iso]).take(pa.array(np.zeros(len(rows), np.int8)))]
    columns += [
        numbers.view(np.int64) for numbers in (tiles.tile_ids(), weights) if numbers is not None
    ]
    columns.append(wkb)
    if COVERING in schema.names:
        columns.append(covering(sides))
    return pa.RecordBatch.from_arrays([pa.array(one) for one in columns], schema=schema)
