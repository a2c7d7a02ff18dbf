"""Every dataset: its columns as a reader sees them, and how each is encoded in Parquet.

Encodings were chosen by measuring writing speed and size (docs/decisions/0005-parquet-layout.md).
No field is nullable.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """A dataset's name, columns and encodings.

    Attributes:
        name: Folder name.
        schema: Columns as read back.
        order: Columns that rows are sorted by, and unique on.
        encodings: Parquet encoding by column; a column without one is dictionary-encoded.
    """

    name: str
    schema: pa.Schema
    order: tuple[str, ...]
    encodings: dict[str, str]


def _required(**columns: pa.DataType) -> pa.Schema:
    """Return a schema of columns that hold no nulls."""
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


TILE_INDEX = DatasetSpec(
    "tile_index",
    _required(
        country_iso=pa.string(),
        tile_id=pa.uint64(),
        inclusion_rule=pa.string(),
        raster_row=pa.uint32(),
        raster_col=pa.uint32(),
        centroid_lon=pa.float64(),
        centroid_lat=pa.float64(),
        pixel_area_m2=pa.float64(),
    ),
    ("country_iso", "tile_id"),
    {
        "tile_id": "BYTE_STREAM_SPLIT",
        "raster_row": "PLAIN",
        "raster_col": "BYTE_STREAM_SPLIT",
        "centroid_lon": "BYTE_STREAM_SPLIT",
        "centroid_lat": "PLAIN",
        "pixel_area_m2": "PLAIN",
    },
)

TILE_BOUNDS = DatasetSpec(
    "tile_bounds",
    _required(
        country_iso=pa.string(),
        tile_id=pa.uint64(),
        west_lon=pa.float64(),
        east_lon=pa.float64(),
        south_lat=pa.float64(),
        north_lat=pa.float64(),
    ),
    ("country_iso", "tile_id"),
    {
        "tile_id": "BYTE_STREAM_SPLIT",
        "west_lon": "BYTE_STREAM_SPLIT",
        "east_lon": "BYTE_STREAM_SPLIT",
        "south_lat": "PLAIN",
        "north_lat": "PLAIN",
    },
)

TILE_SPANS = DatasetSpec(
    "tile_spans",
    _required(
        country_iso=pa.string(),
        raster_row=pa.uint32(),
        col_start=pa.uint32(),
        col_stop=pa.uint32(),
        first_rank=pa.uint64(),
    ),
    ("country_iso", "raster_row", "col_start"),
    {
        "raster_row": "DELTA_BINARY_PACKED",
        "col_start": "DELTA_BINARY_PACKED",
        "col_stop": "DELTA_BINARY_PACKED",
        "first_rank": "DELTA_BINARY_PACKED",
    },
)

DATASETS = {spec.name: spec for spec in (TILE_INDEX, TILE_BOUNDS, TILE_SPANS)}
