"""A small published world of real countries."""

from __future__ import annotations

import pytest
from site_worlds import SiteWorld, small_world


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory) -> SiteWorld:
    return small_world(tmp_path_factory.mktemp("sites-world"), ("FJ", "LU", "MT", "NA"))


@pytest.fixture
def site_world(built_world: SiteWorld) -> SiteWorld:
    """The world, with no events yet."""
    return SiteWorld(built_world.index, built_world.weights, built_world.countries)
