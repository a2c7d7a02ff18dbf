"""Countries are named in which many townspeople live in cells that are no tiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from closedworld.inputs.reference.places import TOWN_PERSONS, country_places
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import countries_from_features, read_countries
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.kernels.tiles import World, enumerate_tiles
from closedworld.stages.tiles.towns import (
    LEAST_SHARE,
    NEAR_KM,
    towns_without_tiles,
    warn_of_towns,
)

CODES = ["CH", "HK", "KI", "LU", "PT", "SG"]


@pytest.fixture(scope="module")
def countries() -> CountrySet:
    return read_countries(bundled("countries.parquet").path).select(CODES)


def world_of(countries: CountrySet, resolution: str, rule: Rule = Rule.CENTER) -> World:
    grid = Grid.from_resolution(resolution)
    return enumerate_tiles(countries, grid, rule, keep_small_countries=False, fill=None)


def test_towns_count_whose_cell_is_no_tile_though_they_lie_in_the_polygons(
    countries: CountrySet,
) -> None:
    """Cells of nine kilometres: the plain law, town by town."""
    world = world_of(countries, "5m")
    found = {towns.country_iso: towns for towns in towns_without_tiles(world, countries)}
    for iso in CODES:
        places, tiles = country_places(iso), world.spans[iso].tile_ids()
        rows = np.floor((90 - places.lats) * 12).astype(np.uint64)
        cols = np.floor((places.lons + 180) * 12).astype(np.uint64)
        town = places.persons >= TOWN_PERSONS
        there = town & np.isin(rows * np.uint64(4320) + cols, tiles)
        (feature,) = countries[iso].features
        lost = town & ~there & shapely.contains_xy(feature, places.lons, places.lats)
        missing, rest = places.persons[lost].sum(), places.persons[there].sum()
        share = missing / max(1, missing + rest)
        assert (iso in found) == (share >= LEAST_SHARE)
        if iso in found:
            assert found[iso].count == np.count_nonzero(lost)
            assert found[iso].persons == missing
            assert found[iso].share == pytest.approx(share)
    assert sorted(found) == ["HK", "KI", "LU", "PT", "SG"]
    assert found["PT"].largest == "Lisbon"
    assert found["SG"].largest == "Singapore"


def test_the_advice_helps(countries: CountrySet) -> None:
    warned = warn_of_towns(world_of(countries, "5m"), countries)
    assert warned is not None
    assert warned.code == "towns-without-tiles"
    assert warned.message.startswith(
        "In 5 countries, 5% or more of the townspeople live in cells that are no tiles under rule center, so they do "
        "not count and nothing is placed there: HK "
    )
    assert "% (Hong Kong and " in warned.message
    for world in (world_of(countries, "30s"), world_of(countries, "5m", Rule.ANY_OVERLAP)):
        assert warn_of_towns(world, countries) is None


def test_polygons_of_a_part_of_a_country_want_no_other_towns() -> None:
    """A box on land in Germany, with Munich."""
    pilot = countries_from_features([("DE", "Munich", shapely.box(11, 48, 12, 48.5))])
    assert list(towns_without_tiles(world_of(pilot, "5m"), pilot)) == []


def test_a_country_kept_as_one_tile_has_its_towns(countries: CountrySet) -> None:
    world = replace(world_of(countries, "5m"), kept_small=frozenset({"HK"}))
    found = [towns.country_iso for towns in towns_without_tiles(world, countries)]
    assert found == ["KI", "LU", "PT", "SG"]


def test_on_fine_grids_a_town_may_have_its_tile_in_the_neighbourhood(
    countries: CountrySet,
) -> None:
    """One tile off a town: near enough two kilometres away, not ten."""
    grid = Grid.from_resolution("30s")
    places = country_places("SG")
    row, col = int((90 - places.lats[0]) * 120), int((places.lons[0] + 180) * 120)
    for away, counts in ((2, True), (10, False)):
        assert (away * grid.cell_height * 111 <= NEAR_KM) == counts
        at = np.array([col + away])
        spans = {"SG": RowSpans.from_runs(grid, np.array([row]), at, at + 1)}
        areas = RowAreas.between(grid, row, row + 1)
        world = World(grid, Rule.CENTER, spans, frozenset(), frozenset(), areas)
        (towns,) = towns_without_tiles(world, countries)
        assert (towns.largest != places.names[0].as_py()) == counts


def test_towns_off_the_grid_do_not_count(countries: CountrySet) -> None:
    grid = Grid(5.0, 50.0, 1 / 12, 1 / 12, 24, 12)
    world = enumerate_tiles(countries, grid, Rule.CENTER, keep_small_countries=False, fill=None)
    assert [towns.country_iso for towns in towns_without_tiles(world, countries)] == ["LU"]
