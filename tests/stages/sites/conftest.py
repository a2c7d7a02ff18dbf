"""A small published world of real countries."""

from __future__ import annotations

import pytest
from site_worlds import SiteWorld

from closedworld.inputs.loading import load_population
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory) -> SiteWorld:
    out = tmp_path_factory.mktemp("sites-world")
    countries = read_countries(bundled("countries.parquet").path).select(("FJ", "LU", "MT", "NA"))
    population = load_population()
    index = build_tile_index(countries, population.layout.info.grid, out, executor="serial")
    weights = build_tile_weights(
        index, out, basis="population", population=population, executor="serial"
    )
    return SiteWorld(index.opened(), weights.published, countries)


@pytest.fixture
def site_world(built_world: SiteWorld) -> SiteWorld:
    """The world, with no events yet."""
    return SiteWorld(built_world.index, built_world.weights, built_world.countries)
