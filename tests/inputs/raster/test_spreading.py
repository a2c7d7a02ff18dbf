"""People of a global raster on another global grid: against fractions, and through weights and ``verify``."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from affine import Affine

from closedworld.inputs.loading import load_population
from closedworld.inputs.raster.pixels import PixelReader, read_pixel_layout
from closedworld.inputs.raster.spreading import Spreading
from closedworld.kernels.grid import Grid
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.verification import verify

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.inputs.regions.country_set import CountrySet

pytestmark = pytest.mark.slow

ROWS = 36


def globe(rows: int) -> Grid:
    return Grid(-180.0, 90.0, 180 / rows, 180 / rows, 2 * rows, rows)


def write(path: Path, persons: NDArray[np.int32]) -> Path:
    rows, cols = persons.shape
    profile = {"driver": "GTiff", "count": 1, "dtype": "int32", "crs": "EPSG:4326", "nodata": -1}
    shape = {"height": rows, "width": cols, "blockxsize": 16, "blockysize": 16, "tiled": True}
    transform = Affine(360 / cols, 0, -180, 0, -180 / rows, 90)
    with rasterio.open(path, "w", transform=transform, **profile, **shape) as file:
        file.write(persons, 1)
    return path


def some_persons(seed: int = 1) -> NDArray[np.int32]:
    draw = np.random.default_rng(seed)
    persons = draw.integers(0, 3_000_000, (ROWS, 2 * ROWS), np.int32)
    persons[draw.random(persons.shape) < 0.3] = -1
    return persons


def exactly(persons: NDArray[np.int32], rows: int, row: int, col: int) -> Fraction:
    """Return the people of a cell: those of each pixel times the share of it that the cell has."""
    size = Fraction(ROWS, rows)
    total = Fraction(0)
    for r in range(ROWS):
        down = min(Fraction(r + 1), (row + 1) * size) - max(Fraction(r), row * size)
        for c in range(2 * ROWS) if down > 0 else ():
            across = min(Fraction(c + 1), (col + 1) * size) - max(Fraction(c), col * size)
            if across > 0:
                total += max(int(persons[r, c]), 0) * down * across
    return total


@pytest.mark.parametrize("rows", [36, 72, 108, 18, 12, 45, 24, 50, 63])
@pytest.mark.parametrize("window", [(0, 0, 7, 9), (5, 11, 6, 1)])
def test_each_cell_has_its_share_of_each_pixel(
    tmp_path: Path, rows: int, window: tuple[int, int, int, int]
) -> None:
    persons = some_persons()
    layout = read_pixel_layout(write(tmp_path / "a.tif", persons)).spread_over(globe(rows))
    assert layout is not None
    assert layout.info.grid == globe(rows)
    with PixelReader(layout) as reader:
        found, mask = reader.read(*window)
    assert mask is None
    assert (found.shape, found.dtype) == (window[2:], layout.value_dtype)
    row, col, _, _ = window
    for r, c in np.ndindex(found.shape):
        expected = float(exactly(persons, rows, row + r, col + c))
        assert found[r, c] == pytest.approx(expected, rel=1e-7, abs=1e-6)


@pytest.mark.parametrize("block", [(16, 16), (1, 2 * ROWS)])
@pytest.mark.parametrize("rows", [72, 45, 360, 36_000])
def test_windows_keep_to_their_limit_whatever_the_blocks_of_the_file(
    tmp_path: Path, rows: int, block: tuple[int, int]
) -> None:
    """A block of 16 x 16 pixels has 256 million cells of the finest grid."""
    stored = read_pixel_layout(write(tmp_path / "a.tif", some_persons()))
    stored = replace(stored, block_rows=block[0], block_cols=block[1], window_cells=600)
    layout = stored.spread_over(globe(rows))
    assert layout is not None
    height, width = layout.window_shape
    assert height * width <= 600
    assert height % layout.block_rows == width % layout.block_cols == 0


@pytest.mark.parametrize(
    "grid",
    [
        Grid(-180.0, 89.0, 1.0, 1.0, 360, 178),
        Grid(0.0, 90.0, 1.0, 1.0, 360, 180),
        Grid(-180.0, 90.0, 1.0, 0.5, 360, 360),
        Grid(5.0, 50.0, 0.1, 0.1, 10, 10),
    ],
)
def test_only_globes_of_square_cells_take_part(grid: Grid) -> None:
    assert Spreading.between(globe(ROWS), grid) is None
    assert Spreading.between(grid, globe(ROWS)) is None


def test_the_ratio_is_in_lowest_terms() -> None:
    five_minutes = Grid.from_resolution("5m")
    for resolution, pixels, parts in (("30s", 1, 10), ("10m", 2, 1), ("4m", 4, 5), ("1deg", 12, 1)):
        spreading = Spreading.between(five_minutes, Grid.from_resolution(resolution))
        assert spreading == Spreading(pixels, parts)


@pytest.mark.parametrize("rows", [360, 720, 300])
def test_weights_of_spread_people_are_those_that_verify_works_out(
    tmp_path: Path, tiny: CountrySet, rows: int
) -> None:
    """For finer cells, coarser ones and odd ones, windows cut through pixels."""
    draw = np.random.default_rng(3)
    persons = draw.integers(0, 50_000, (240, 480), np.int32)
    raster = write(tmp_path / "a.tif", persons)
    population = load_population(raster)
    layout = population.layout.spread_over(globe(rows))
    assert layout is not None
    population = replace(population, layout=replace(layout, window_cells=500))
    out = tmp_path / "out"
    build_tile_index(tiny, globe(rows), out)
    build_tile_weights(open_index(out), out, basis="population", population=population)
    found = verify(out, raster=raster, recompute="all")
    assert [finding.code for finding in found.findings] == []
    assert any("weights by the law" in check.what for check in found.checks)
