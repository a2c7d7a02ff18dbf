"""Tiles with geometry: one GeoParquet file of points or boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
SUFFIXES = (".parquet", ".geoparquet")


def export_tiles(
    world: PublishedWorld, path: Path, kind: Kind, countries: Sequence[str] = ()
) -> int:
    """Write tiles with their geometry as one GeoParquet 1.1 file; return how many.

    Rows are in the order of the index. The column ``bbox`` is the file's covering: readers that look
    for a window skip row groups outside it. ``<stem>.collection.json`` beside it is its STAC collection.

    Args:
        world: The world; its weights become column ``weight_fp``, when it has any.
        path: The file, ``.parquet`` or ``.geoparquet``; replaced if there.
        kind: ``point`` for centres, ``box`` for the tiles' sides.
        countries: Alpha-2 codes; none for all.

    Raises:
        ConfigError: ``output-format``, ``country-without-tiles``.
        PublishError: ``output-not-writable``.
        IntegrityError: The files differ from their receipts.
    """
    require_suffix(path, SUFFIXES)
    refuse_folder(path)
    spans = world.spans_of(countries)
    weights = {} if world.weights is None else world.cumulative_weights()
    rows = 0
    with whole_file(path) as staged, _opened(staged, kind, spans, weighed=bool(weights)) as writer:
        for iso, own in spans.items():
            for _, tiles, numbers in tile_batches(own, weights.get(iso)):
                batch = _batch(iso, tiles, numbers, kind, writer.schema)
                writer.write_batch(batch, BATCH_TILES)
                rows += tiles.tile_count
    write_export_collection(world, [path], path.with_suffix(".collection.json"))
    return rows


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


def _opened(
    path: Path, kind: Kind, spans: Mapping[str, RowSpans], *, weighed: bool
) -> pq.ParquetWriter:
    """Return a writer of the file, its metadata with the bounds of all tiles."""
    numbers = ["tile_id", "weight_fp"] if weighed else ["tile_id"]
    types = {"country_iso": pa.string(), **dict.fromkeys(numbers, pa.int64())}
    types |= {GEOMETRY: pa.binary(), COVERING: COVERING_TYPE}
    fields = [pa.field(name, of, nullable=False) for name, of in types.items()]
    # The outermost columns are at the ends of runs.
    ends = [
        _sides(own.grid, own.rows, cols, kind)
        for own in spans.values()
        for cols in (own.col_starts, own.col_stops - 1)
    ]
    west, south, east, north = (np.concatenate(side) for side in zip(*ends, strict=True))
    bounds = [float(side) for side in (west.min(), south.min(), east.max(), north.max())]
    shape: Literal["Point", "Polygon"] = "Point" if kind == "point" else "Polygon"
    return pq.ParquetWriter(
        path,
        pa.schema(fields, geo_metadata(shape, bounds, has_covering=True)),
        compression="zstd",
        use_dictionary=["country_iso", *(f"{COVERING}.{side}" for side in SIDES)],
        column_encoding={"tile_id": "DELTA_BINARY_PACKED"},
        write_page_checksum=True,
    )


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
    columns += [wkb, covering(sides)]
    return pa.RecordBatch.from_arrays([pa.array(one) for one in columns], schema=schema)
