"""Countries are named that have no tile where many of their townspeople live."""

from __future__ import annotations

import numpy as np
import pytest

from closedworld.inputs.reference.places import TOWN_PERSONS, country_places
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.kernels.tiles import World, enumerate_tiles
from closedworld.stages.tiles.towns import NEAR_KM, towns_without_tiles, warn_of_towns

CODES = ["CH", "HK", "KI", "PT", "SG"]


@pytest.fixture(scope="module")
def countries() -> CountrySet:
    return read_countries(bundled("countries.parquet").path).select(CODES)


def world_of(countries: CountrySet, resolution: str, rule: Rule = Rule.CENTER) -> World:
    grid = Grid.from_resolution(resolution)
    return enumerate_tiles(countries, grid, rule, keep_small_countries=False, fill=None)


def test_the_towns_without_a_tile_are_those_whose_cell_is_none(countries: CountrySet) -> None:
    """Cells of nine kilometres: the plain law, town by town."""
    world = world_of(countries, "5m")
    found = {towns.country_iso: towns for towns in towns_without_tiles(world)}
    for iso in CODES:
        places, tiles = country_places(iso), world.spans[iso].tile_ids()
        rows = np.floor((90 - places.lats) * 12).astype(np.uint64)
        cols = np.floor((places.lons + 180) * 12).astype(np.uint64)
        town = places.persons >= TOWN_PERSONS
        lost = town & ~np.isin(rows * np.uint64(4320) + cols, tiles)
        assert (iso in found) == lost.any()
        if iso in found:
            assert found[iso].count == np.count_nonzero(lost)
            assert found[iso].persons == places.persons[lost].sum()
            assert found[iso].share == pytest.approx(
                places.persons[lost].sum() / places.persons[town].sum()
            )
    assert found["PT"].largest == "Lisbon"
    assert found["SG"].largest == "Singapore"


def test_the_advice_helps(countries: CountrySet) -> None:
    """Most people first; Kiribati's islands are missing in the polygons."""
    warned = warn_of_towns(world_of(countries, "5m"))
    assert warned is not None
    assert warned.code == "towns-without-tiles"
    assert warned.message.startswith(
        "4 countries have no tile under rule center where 5% or more of the people in their towns live, so nobody "
        "lives or shops there: HK 59% (Hong Kong and "
    )
    assert "PT 9% (Lisbon and " in warned.message
    assert warned.message.endswith(
        "Take rule any_overlap, which keeps each tile with some land, or a finer grid."
    )
    for world in (world_of(countries, "30s"), world_of(countries, "5m", Rule.ANY_OVERLAP)):
        warned = warn_of_towns(world)
        assert warned is not None
        assert warned.message.startswith("1 country has no tile under rule ")
        assert ": KI 89% (Tarawa" in warned.message
    assert warned.message.endswith("Take polygons with more detail.")
    assert warn_of_towns(world_of(countries.select(["CH"]), "5m")) is None


def test_on_fine_grids_a_town_may_have_its_tile_in_the_neighbourhood() -> None:
    """One tile in the sea off a town: near enough two kilometres away, not ten."""
    grid = Grid.from_resolution("30s")
    places = country_places("SG")
    row, col = int((90 - places.lats[0]) * 120), int((places.lons[0] + 180) * 120)
    for away, counts in ((2, True), (10, False)):
        assert (away * grid.cell_height * 111 <= NEAR_KM) == counts
        at = np.array([col + away])
        spans = {"SG": RowSpans.from_runs(grid, np.array([row]), at, at + 1)}
        areas = RowAreas.between(grid, row, row + 1)
        world = World(grid, Rule.CENTER, spans, frozenset(), frozenset(), areas)
        (towns,) = towns_without_tiles(world)
        assert (towns.largest != places.names[0].as_py()) == counts


def test_towns_off_the_grid_do_not_count(countries: CountrySet) -> None:
    grid = Grid(5.0, 48.0, 1 / 12, 1 / 12, 72, 36)
    world = enumerate_tiles(countries, grid, Rule.CENTER, keep_small_countries=False, fill=None)
    assert [towns.country_iso for towns in towns_without_tiles(world)] == ["CH"]
