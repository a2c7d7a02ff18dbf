"""A published world of real countries, cut into many small parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from site_worlds import SiteWorld

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.sizes import Sizes
from closedworld.published.tile_index import open_index
from closedworld.stages.people.build import build_people
from closedworld.stages.purchases.build import build_purchases
from closedworld.stages.sites.build import build_sites
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.worlds import PublishedWorld

if TYPE_CHECKING:
    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.store.reading import Published

COUNTRIES = ("DE", "FJ", "NA", "NO", "RU")
SMALL = Sizes(row_group_tiles=1024, part_tiles=4096)


@pytest.fixture(scope="session")
def real_index(tmp_path_factory: pytest.TempPathFactory) -> TileIndex:
    """Five countries at a quarter of a degree; Russia has many parts, parts have many row groups."""
    countries = read_countries(bundled("countries.parquet").path).select(COUNTRIES)
    grid = Grid.from_resolution("0.25deg")
    return build_tile_index(countries, grid, tmp_path_factory.mktemp("real"), sizes=SMALL)


@pytest.fixture(scope="session")
def real_results(
    real_index: TileIndex, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Published]:
    """The same countries' results by dataset: tiles, weights, sites, people, purchases, and tiles with coverage."""
    index = open_index(real_index.published.folder)
    weights = build_tile_weights(index, tmp_path_factory.mktemp("weights"), basis="area_m2")
    countries = read_countries(bundled("countries.parquet").path).select(COUNTRIES)
    covered = build_tile_index(
        countries,
        Grid.from_resolution("1deg"),
        tmp_path_factory.mktemp("covered"),
        rule="any_overlap",
        coverage=True,
    )
    sites = build_sites(
        SiteWorld(index, weights.published, countries),
        tmp_path_factory.mktemp("sites"),
        countries=countries,
        task_sites=800,
    )
    world = PublishedWorld(index, weights.published, {"sites": (sites.published,)})
    people = build_people(
        world,
        tmp_path_factory.mktemp("people"),
        cards=dict.fromkeys(COUNTRIES, 30),
        countries=countries,
        task_cards=20,
    )
    world = replace(world, later={**world.later, "people": (people.published,)})
    purchases = build_purchases(world, tmp_path_factory.mktemp("purchases"), days=2)
    return {
        name: result.published
        for result in (covered, real_index, weights, sites, people, purchases)
        for name in result.published.receipt.datasets()
    }
