"""Published worlds of real and of made-up countries, weighed by a raster; only to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from affine import Affine

from closedworld.inputs.loading import load_population
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet

REAL = ("DE", "FJ", "KI", "MV", "NA", "NO", "RU", "VA")
SMALL = Sizes(row_group_tiles=1024, part_tiles=4096)


@dataclass(frozen=True)
class Built:
    """A published world and what it was built from."""

    root: Path
    countries: CountrySet


def write_people(path: Path, grid: Grid, seed: int) -> Path:
    """Write a raster in which some cells have many people, some few, and every fourth none."""
    draw = np.random.default_rng(seed)
    values = draw.lognormal(3, 2, (grid.n_rows, grid.n_cols)).astype(np.float32)
    values[draw.integers(0, 4, values.shape) == 0] = 0
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=grid.n_cols,
        height=grid.n_rows,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=Affine(grid.cell_width, 0, grid.west, 0, -grid.cell_height, grid.north),
    ) as file:
        file.write(values, 1)
    return path


def build(
    root: Path, countries: CountrySet, grid: Grid, rule: str, sizes: Sizes = DEFAULT_SIZES
) -> Built:
    """Publish tiles and weights."""
    build_tile_index(countries, grid, root, rule=rule, keep_small_countries=True, sizes=sizes)
    people = load_population(write_people(root / "people.tif", grid, 5))
    build_tile_weights(open_index(root), root, basis="population", population=people, sizes=sizes)
    return Built(root, countries)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Eight countries at a quarter of a degree under ``center``, cut into many parts and row groups."""
    countries = read_countries(bundled("countries.parquet").path).select(REAL)
    root = tmp_path_factory.mktemp("real")
    return build(root, countries, Grid.from_resolution("0.25deg"), "center", SMALL)


@pytest.fixture(scope="session")
def overlapping(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The same countries at one degree under ``any_overlap``: most tiles lie on a border."""
    countries = read_countries(bundled("countries.parquet").path).select(REAL)
    root = tmp_path_factory.mktemp("overlapping")
    return build(root, countries, Grid.from_resolution("1deg"), "any_overlap")


@pytest.fixture(scope="session")
def made_up(tiny: CountrySet, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The countries of ``closedworld.testing``."""
    return build(tmp_path_factory.mktemp("made-up"), tiny, tiny_grid(), "center")
