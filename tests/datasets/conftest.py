"""A published world of real countries, cut into many small parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from closedworld.countries import read_countries
from closedworld.grid import Grid
from closedworld.reference import bundled
from closedworld.run.tile_index import build_tile_index

if TYPE_CHECKING:
    from closedworld.run.tile_index import TileIndex

COUNTRIES = ("DE", "FJ", "NA", "NO", "RU")
PART_TILES, ROW_GROUP_TILES = 4096, 1024


@pytest.fixture(scope="session")
def real_index(tmp_path_factory: pytest.TempPathFactory) -> TileIndex:
    """Five countries at a quarter of a degree; Russia has many parts, parts have many row groups."""
    countries = read_countries(bundled("countries.parquet").path).select(COUNTRIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("closedworld.tiles.plan.PART_TILES", PART_TILES)
        patch.setattr("closedworld.run.tile_files.ROW_GROUP_TILES", ROW_GROUP_TILES)
        out = tmp_path_factory.mktemp("real")
        return build_tile_index(countries, Grid.from_resolution("0.25deg"), out)
