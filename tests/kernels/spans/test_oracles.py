"""The oracles themselves, by hand, and the tiny world."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
import shapely

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.testing import (
    HalfCells,
    is_exactly_turned,
    picture_of,
    shared_areas,
    tiles_by_coverage,
    tiles_by_geos,
    tiles_exactly,
    tiny_countries,
    tiny_grid,
    turned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GRID = Grid(0.0, 4.0, 1.0, 1.0, 4, 4)

Oracle: TypeAlias = "Callable[[shapely.Polygon, Grid, str], NDArray[np.bool_]]"


@pytest.mark.parametrize("oracle", [tiles_exactly, tiles_by_geos])
def test_ties_of_the_centre_rule_by_hand(oracle: Oracle) -> None:
    half = HalfCells(GRID)
    land = half.polygon(half.corners(1, 1, 7, 7), half.corners(3, 3, 5, 5))
    assert picture_of(oracle(land, GRID, "center")) == "#### #..# #..# ####"
    diamond = half.polygon([(3, 1), (5, 3), (3, 5), (1, 3)])
    assert picture_of(oracle(diamond, GRID, "center")) == ".#.. ###. .#.. ...."


@pytest.mark.parametrize("oracle", [tiles_exactly, tiles_by_geos])
def test_contacts_of_the_overlap_rule_by_hand(oracle: Oracle) -> None:
    half = HalfCells(GRID)
    land = half.polygon(half.corners(0, 0, 6, 6), half.corners(2, 2, 4, 4))
    assert picture_of(oracle(land, GRID, "any_overlap")) == "###. #.#. ###. ...."
    sliver = shapely.box(2.0, 0.0, np.nextafter(2.0, 3.0), 2.5)
    assert picture_of(oracle(sliver, GRID, "any_overlap")) == ".... ..#. ..#. ..#."


def test_areas_by_hand() -> None:
    land = shapely.Polygon([(0.5, 4.0), (0.5, 3.0), (2.0, 3.0), (2.0, 4.0)])
    assert shared_areas(land, GRID)[0].tolist() == [0.5, 1.0, 0.0, 0.0]
    assert shared_areas(land, GRID)[1:].sum() == 0


def test_coverage_by_hand_also_across_the_antimeridian() -> None:
    grid = Grid(-180.0, 2.0, 1.0, 1.0, 360, 2)
    found = tiles_by_coverage(shapely.box(178.5, 0.25, 181.0, 0.75), grid)
    assert np.argwhere(found).tolist() == [[1, 0], [1, 358], [1, 359]]


def test_turns_are_those_that_meet_the_grid() -> None:
    grid = Grid(0.0, 1.0, 1.0, 1.0, 360, 1)
    assert [place.bounds[0] for place in turned(shapely.box(-10, 0, 10, 1), grid)] == [-10, 350]
    assert [place.bounds[0] for place in turned(shapely.box(-10, 0, -5, 1), grid)] == [350]
    assert turned(shapely.box(-10, 2, 10, 3), grid) == []
    assert turned(shapely.Polygon(), grid) == []


def test_a_turn_that_rounds_is_told() -> None:
    grid = Grid(0.0, 1.0, 1.0, 1.0, 360, 1)
    assert is_exactly_turned(shapely.box(-0.5, 0, 0.25, 1), grid)
    assert not is_exactly_turned(shapely.box(-0.1, 0, 0.3, 1), grid)


def test_the_tiny_world_is_valid_and_as_its_names_say() -> None:
    countries = {country.iso: country.geometry for country in tiny_countries()}
    grid = tiny_grid()
    tiles = {iso: RowSpans.from_polygon(shape, grid) for iso, shape in countries.items()}
    assert list(countries) == sorted(countries)
    assert tiles["AQ"].tile_count == tiles["VA"].tile_count == 0
    assert RowSpans.from_polygon(countries["VA"], grid, "any_overlap").tile_count == 1
    assert (tiles["IN"] & tiles["PK"]).tile_count == 4 * 12
    assert (tiles["LS"] & tiles["ZA"]).tile_count == 0
    assert tiles["FJ"].tile_count == tiles["RU"].tile_count == 40 * 10
    assert len(shapely.get_parts(countries["MV"])) == 54


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("cell", [0.5, 1.0])
def test_the_tiny_world_has_the_tiles_that_geos_finds(cell: float, rule: Rule) -> None:
    grid = tiny_grid(cell)
    for country in tiny_countries():
        fast = picture_of(RowSpans.from_polygon(country.geometry, grid, rule))
        assert fast == picture_of(tiles_by_geos(country.geometry, grid, rule)), country.name


def test_importing_the_package_needs_no_extra() -> None:
    script = (
        "import sys; sys.modules['hypothesis'] = sys.modules['exactextract'] = None; "
        "import closedworld.testing"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
