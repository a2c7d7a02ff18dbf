"""SQL that opens a world in DuckDB: a view of each dataset, and macros that find the tile of a point."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from closedworld.datasets import DATASETS, TILE_SPANS
from closedworld.datasets.parameters import TileParameters
from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.published.results import choose_published, require_any
from closedworld.store.reading import Published


def world_sql(path: Path | str) -> str:
    """Return SQL for DuckDB 1.1 and newer: ``con.execute(world_sql("world"))``.

    It makes a view of each dataset and, where there are tiles, the macros ``tile_of(lon, lat)``,
    ``country_of(lon, lat)`` and ``countries_of(lon, lat)``. A tile contains its north and west side; a
    point beside the grid has none, which is NULL.

    Args:
        path: An output folder, for its latest world; a name, ``<out>/names/<name>``; or the
            ``parameter_hash=...`` folder of a result.

    Raises:
        ConfigError: ``path-missing``, ``published-several``, ``name-unknown``, ``name-stale``.
        IntegrityError: ``receipt-missing``, or a bad receipt.
    """
    found = require_any(choose_published(path), path)
    stages = [one.receipt.stage for one in found]
    if len(set(stages)) < len(stages):
        raise ConfigError(
            "published-several",
            f"{path} holds {len(found)} results, and none is the latest.",
            "Give the folder of one of them, or a name.",
        )
    return "\n".join([*_views(found), *_macros(found)]) + "\n"


def _views(found: Sequence[Published]) -> Iterator[str]:
    for one in found:
        yield f"-- {one.receipt.stage}: parameter_hash {one.receipt.parameter_hash}"
        for name in sorted(DATASETS.keys() & one.receipt.datasets()):
            pattern = _text(f"{glob.escape(str(one.folder_of(name).resolve()))}/*.parquet")
            # Otherwise the folder's name becomes a column.
            source = f"read_parquet({pattern}, hive_partitioning = false)"
            yield f"CREATE OR REPLACE VIEW {name} AS FROM {source};"


def _macros(found: Sequence[Published]) -> Iterator[str]:
    for one in found:
        if TILE_SPANS.name in one.receipt.datasets():
            yield "-- the tile of a point, and its country; of several the first by code"
            yield from _grid_macros(one.parameters(TileParameters).grid)
            inside = (
                "FROM tile_spans AS s WHERE s.raster_row = raster_row_of(lat) "
                "AND s.col_start <= raster_col_of(lon) AND s.col_stop > raster_col_of(lon)"
            )
            yield (
                "CREATE OR REPLACE MACRO country_of(lon, lat) AS "
                f"(SELECT min(s.country_iso) {inside});"
            )
            yield (
                "CREATE OR REPLACE MACRO countries_of(lon, lat) AS "
                f"(SELECT list(s.country_iso ORDER BY s.country_iso) {inside});"
            )


def _grid_macros(grid: Grid) -> Iterator[str]:
    """Yield macros from a point to its row, column and tile id.

    A quotient can be off by a rounding; the edges of the grid, ``west + col * cell_width``, decide.
    """
    west, width, east = map(_real, (grid.west, grid.cell_width, grid.east))
    north, height, south = map(_real, (grid.north, grid.cell_height, grid.south))
    yield (
        "CREATE OR REPLACE MACRO lon_on_grid(x) AS CASE "
        f"WHEN x < {west} THEN x + 360 WHEN x > {east} THEN x - 360 ELSE x END;"
    )
    for name, near, edge, inside, last in (
        (
            "col_on_grid",
            f"(x - {west}) / {width}",
            f"{west} + %s * {width} <= x",
            f"x >= {west} AND x <= {east}",
            grid.n_cols - 1,
        ),
        (
            "row_on_grid",
            f"({north} - x) / {height}",
            f"{north} - %s * {height} >= x",
            f"x <= {north} AND x >= {south}",
            grid.n_rows - 1,
        ),
    ):
        first = f"TRY_CAST(floor({near}) AS BIGINT)"
        after, before = edge % f"({first} + 1)", edge % first
        yield (
            f"CREATE OR REPLACE MACRO {name}(x) AS CASE WHEN {inside} THEN least({last}, {first} "
            f"+ CAST({after} AS INTEGER) - CAST(NOT ({before}) AS INTEGER)) END;"
        )
    yield (
        "CREATE OR REPLACE MACRO raster_col_of(lon) AS "
        "col_on_grid(lon_on_grid(CAST(lon AS DOUBLE)));"
    )
    yield ("CREATE OR REPLACE MACRO raster_row_of(lat) AS row_on_grid(CAST(lat AS DOUBLE));")
    yield (
        "CREATE OR REPLACE MACRO tile_of(lon, lat) AS "
        f"raster_row_of(lat) * {grid.n_cols} + raster_col_of(lon);"
    )


def _real(value: float) -> str:
    """Return a number as SQL writes a DOUBLE; without an exponent it would be a DECIMAL."""
    return f"CAST('{value!r}' AS DOUBLE)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
