"""The made-up world, published under both rules, and a raster of its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from weights_law import persons, write_raster

from closedworld.published.tile_index import PublishedIndex, open_index
from closedworld.stages.tiles.build import build_tile_index

if TYPE_CHECKING:
    from closedworld.inputs.loading import PopulationRaster
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.grid import Grid
    from closedworld.stages.tiles.outcome import TileIndex


@pytest.fixture(autouse=True)
def no_waiting_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is most of the time, and changes no byte."""
    monkeypatch.setattr("closedworld.store.durable.os.fsync", lambda _: None)


@pytest.fixture(scope="session")
def raster(half_degrees: Grid, tmp_path_factory: pytest.TempPathFactory) -> PopulationRaster:
    path = tmp_path_factory.mktemp("raster") / "people.tif"
    return write_raster(path, persons(half_degrees), half_degrees, nodata=-99999)


@pytest.fixture(scope="session")
def index(tiny_index: TileIndex) -> PublishedIndex:
    return open_index(tiny_index.published.folder)


@pytest.fixture(scope="session")
def covered(
    tiny: CountrySet, half_degrees: Grid, tmp_path_factory: pytest.TempPathFactory
) -> PublishedIndex:
    """The made-up world with every tile that a country touches, and how much of it that is."""
    out = tmp_path_factory.mktemp("covered")
    build_tile_index(tiny, half_degrees, out, rule="any_overlap", coverage=True)
    return open_index(out)
