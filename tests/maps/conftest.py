"""Worlds of a few rectangular countries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule

BoxMaker = Callable[..., RowSpans]


@pytest.fixture(scope="session")
def degree_grid() -> Grid:
    """The globe in tiles of one degree."""
    return Grid.from_resolution("1deg")


@pytest.fixture(scope="session")
def box_tiles(degree_grid: Grid) -> BoxMaker:
    """Return a function: the tiles of a box (west, south, east, north) on a grid."""

    def make(
        west: float, south: float, east: float, north: float, grid: Grid = degree_grid
    ) -> RowSpans:
        return RowSpans.from_polygon(shapely.box(west, south, east, north), grid, Rule.CENTER)

    return make
