"""Every dataset: its columns as a reader sees them, and how each is encoded in Parquet.

Encodings were chosen by measuring writing speed and size (docs/decisions/0005-parquet-layout.md).
No field is nullable.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """A dataset's name, columns and encodings.

    Attributes:
        name: Folder name.
        schema: Columns as read back.
        order: Columns that rows are sorted by, and unique on.
        encodings: Parquet encoding by column, where pyarrow writes them; a column without one is
            dictionary-encoded. Datasets with a row per tile are encoded from runs (``closedworld.kernels.parquet``).
    """

    name: str
    schema: pa.Schema
    order: tuple[str, ...]
    encodings: dict[str, str] = field(default_factory=dict)

    def with_column(self, name: str, kind: pa.DataType) -> DatasetSpec:
        """Return the dataset with one more column at the end."""
        return replace(self, schema=self.schema.append(pa.field(name, kind, nullable=False)))


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
)

TILE_INDEX_WITH_COVERAGE = TILE_INDEX.with_column("coverage", pa.float64())

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

TILE_COVERAGE = DatasetSpec(
    "tile_coverage",
    _required(country_iso=pa.string(), tile_id=pa.uint64(), coverage=pa.float64()),
    ("country_iso", "tile_id"),
    {"tile_id": "DELTA_BINARY_PACKED", "coverage": "BYTE_STREAM_SPLIT"},
)

TILE_WEIGHTS = DatasetSpec(
    "tile_weights",
    _required(
        country_iso=pa.string(),
        tile_id=pa.uint64(),
        weight_fp=pa.uint64(),
        dp=pa.uint8(),
        basis=pa.string(),
    ),
    ("country_iso", "tile_id"),
)

SPAN_WEIGHTS = DatasetSpec(
    "span_weights",
    _required(
        country_iso=pa.string(),
        raster_row=pa.uint32(),
        col_start=pa.uint32(),
        tiles=pa.uint32(),
        weight_before=pa.uint64(),
    ),
    ("country_iso", "raster_row", "col_start"),
    {
        "raster_row": "DELTA_BINARY_PACKED",
        "col_start": "DELTA_BINARY_PACKED",
        "tiles": "DELTA_BINARY_PACKED",
        "weight_before": "DELTA_BINARY_PACKED",
    },
)

DATASETS = {
    spec.name: spec
    for spec in (
        TILE_INDEX,
        TILE_BOUNDS,
        TILE_SPANS,
        TILE_COVERAGE,
        TILE_WEIGHTS,
        SPAN_WEIGHTS,
    )
}


def spec_of(name: str, *, coverage: bool) -> DatasetSpec:
    """Return a dataset by name, in the form that a stage with or without coverage publishes.

    Raises:
        KeyError: There is none of that name.
    """
    if coverage and name == TILE_INDEX.name:
        return TILE_INDEX_WITH_COVERAGE
    return DATASETS[name]
