"""Grids so fine that a tile id passes 2^32, and 2^53, where float64 stops telling integers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
import pytest
import shapely

from closedworld.execution.meters import peak_memory_bytes
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.kernels.grid import Grid
from closedworld.published.results import open_dataset
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing.worlds import TinyCountry
from closedworld.verification import verify

if TYPE_CHECKING:
    from pathlib import Path

ONE_ARC_SECOND = Grid.from_resolution("1s")
"""1,296,000 x 648,000 cells: ids to 8.4e11."""

ONE_MILLIMETRE = Grid(10.0, 50.0, 1e-8, 1e-8, 95_000_000, 95_000_000)
"""A degree of Bavaria in cells of a millimetre: ids to 9.025e15, beyond 2^53."""


def field_at(grid: Grid, row: int, col: int, rows: int, cols: int) -> TinyCountry:
    """Return a country that owns exactly these cells: its sides run through the cells around."""
    west, north = (
        grid.west + (col - 0.25) * grid.cell_width,
        grid.north - (row - 0.25) * grid.cell_height,
    )
    east, south = west + (cols - 0.5) * grid.cell_width, north - (rows - 0.5) * grid.cell_height
    # Centres stand at halves: the quarter on each side keeps those of the outer cells inside.
    box = shapely.box(
        west + 0.5 * grid.cell_width,
        south - 0.5 * grid.cell_height,
        east + 0.5 * grid.cell_width,
        north - 0.5 * grid.cell_height,
    )
    return TinyCountry("DE", "Field", shapely.MultiPolygon([box]))


CASES = {
    "2^32": (ONE_ARC_SECOND, 150_000, 700_000, 40, 60),
    "2^53": (ONE_MILLIMETRE, 94_900_000, 94_000_000, 40, 60),
}


@pytest.mark.parametrize("name", CASES)
def test_ids_are_right_in_parquet_and_in_every_reader(tmp_path: Path, name: str) -> None:
    grid, row, col, rows, cols = CASES[name]
    bound = 2 ** int(name.removeprefix("2^"))
    before = peak_memory_bytes()
    countries = countries_from_features([field_at(grid, row, col, rows, cols)])
    index = build_tile_index(countries, grid, tmp_path)
    # No array over the grid's rows or columns, of which there are up to 95 million.
    assert peak_memory_bytes() - before < 64 << 20
    wanted = [r * grid.n_cols + c for r in range(row, row + rows) for c in range(col, col + cols)]
    assert min(wanted) > bound
    folder = index.published.folder / "tile_index"
    table = open_dataset(tmp_path).to_table()
    assert table["tile_id"].to_pylist() == wanted
    assert table["raster_row"].to_pylist() == [one // grid.n_cols for one in wanted]
    assert table["raster_col"].to_pylist() == [one % grid.n_cols for one in wanted]
    files = f"{folder}/*.parquet"
    query = f"SELECT tile_id FROM read_parquet('{files}', hive_partitioning = false) ORDER BY 1"  # noqa: S608
    assert [one for (one,) in duckdb.connect().execute(query).fetchall()] == wanted
    assert pl.read_parquet(files)["tile_id"].to_list() == wanted
    assert pd.read_parquet(folder)["tile_id"].tolist() == wanted


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_weights_of_a_fine_grid_verify(tmp_path: Path, name: str) -> None:
    grid, row, col, rows, cols = CASES[name]
    countries = countries_from_features([field_at(grid, row, col, rows, cols)])
    index = build_tile_index(countries, grid, tmp_path)
    build_tile_weights(index, tmp_path, basis="uniform", dp=6)
    table = open_dataset(tmp_path, "tile_weights").to_table()
    assert sum(table["weight_fp"].to_pylist()) == 10**6
    assert table["tile_id"].to_pylist() == index.world.spans["DE"].tile_ids().tolist()
    span_weights = open_dataset(tmp_path, "span_weights").to_table()
    assert span_weights["raster_row"].to_pylist() == list(range(row, row + rows))
    if grid is ONE_ARC_SECOND:
        # The checker tabulates the grid's rows and columns, which suits grids that have rasters.
        assert not verify(tmp_path).findings
