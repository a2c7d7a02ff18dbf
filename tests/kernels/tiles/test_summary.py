"""Summaries of countries, by hand on small grids and as sums that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given, reject
from hypothesis import strategies as st

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.spans import Fill, RowSpans, Rule
from closedworld.kernels.tiles import CountrySummary, World, enumerate_tiles, summarize
from closedworld.kernels.tiles.world import areas_of
from closedworld.testing.strategies import grids, polygons

if TYPE_CHECKING:
    from closedworld.inputs.regions.country_set import CountrySet

TEN_BY_TEN = Grid(0.0, 10.0, 1.0, 1.0, 10, 10)
LAND = shapely.box(1, 1, 9, 9)
LAKE = shapely.box(3, 3, 7, 7)
ISLAND = shapely.box(4, 4, 6, 6)


def only(
    shape: shapely.Geometry,
    rule: Rule = Rule.CENTER,
    *,
    grid: Grid = TEN_BY_TEN,
    keep: bool = False,
) -> CountrySummary:
    """Return the summary of a world of one country."""
    countries = countries_from_features([("DE", "Here", shape)])
    world = enumerate_tiles(countries, grid, rule, keep_small_countries=keep)
    return summarize(world, countries)[1][0]


def cells(summary: CountrySummary) -> tuple[int, int, int, int]:
    return (
        summary.cells_visited,
        summary.cells_included,
        summary.cells_in_holes,
        summary.cells_outside,
    )


def world_of(
    countries: CountrySet, grid: Grid, rule: str = "center", *, keep: bool = False
) -> World:
    return enumerate_tiles(countries, grid, rule, keep_small_countries=keep)


@pytest.mark.parametrize(
    ("name", "shape", "parts", "expected"),
    [
        ("a box", LAND, 1, (64, 64, 0, 0)),
        ("a triangle", shapely.Polygon([(0, 0), (4, 0), (0, 4)]), 1, (16, 10, 0, 6)),
        ("a lake", LAND - LAKE, 1, (64, 48, 16, 0)),
        # The island's own window of 4 is visited again and counts as outside once more.
        ("an island in the lake", (LAND - LAKE) | ISLAND, 2, (68, 52, 12, 4)),
        ("two boxes", shapely.box(0, 0, 2, 2) | shapely.box(8, 8, 10, 10), 2, (8, 8, 0, 0)),
        ("a box half off the grid", shapely.box(8, 8, 12, 12), 1, (4, 4, 0, 0)),
        ("a box off the grid", shapely.box(20, 20, 22, 22), 1, (0, 0, 0, 0)),
        ("a box between centres", shapely.box(1.6, 1.6, 2.4, 2.4), 1, (0, 0, 0, 0)),
        ("a box between centres of columns", shapely.box(1.6, 1, 2.4, 9), 1, (0, 0, 0, 0)),
        ("a box between centres of rows", shapely.box(1, 1.6, 9, 2.4), 1, (0, 0, 0, 0)),
        ("a box through centres", shapely.box(1.5, 1.5, 3.5, 4.5), 1, (12, 12, 0, 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_cells_by_hand_under_center(
    name: str, shape: shapely.Geometry, parts: int, expected: tuple[int, int, int, int]
) -> None:
    summary = only(shape)
    assert (name, cells(summary)) == (name, expected)
    assert summary.parts == parts


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("a box on edges", LAND, (64, 64, 0, 0)),
        ("a box off edges", shapely.box(1.5, 1.5, 3.5, 3.5), (9, 9, 0, 0)),
        ("a triangle", shapely.Polygon([(0, 0), (4, 0), (0, 4)]), (16, 10, 0, 6)),
        ("a lake on edges", LAND - LAKE, (64, 48, 16, 0)),
        ("a lake off edges", LAND - shapely.box(3.5, 3.5, 6.5, 6.5), (64, 60, 4, 0)),
        ("a box within a cell", shapely.box(1.6, 1.6, 1.7, 1.7), (1, 1, 0, 0)),
        ("a box half off the grid", shapely.box(8.5, 8.5, 12, 12), (4, 4, 0, 0)),
        ("a box half off the other side", shapely.box(-2, -2, 1.5, 1.5), (4, 4, 0, 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_cells_by_hand_under_any_overlap(
    name: str, shape: shapely.Geometry, expected: tuple[int, int, int, int]
) -> None:
    assert (name, cells(only(shape, Rule.ANY_OVERLAP))) == (name, expected)


@pytest.mark.slow
@given(st.data())
def test_the_account_adds_up_on_any_grid(data: st.DataObject) -> None:
    """No figure is negative, and a cell is never both in a hole and outside."""
    grid = data.draw(grids())
    shape = data.draw(polygons(grid))
    try:
        countries = countries_from_features([("DE", "Here", shape)])
    except InputError:
        # Off the globe or too thin for a country: not what is tested here.
        reject()
    world = enumerate_tiles(countries, grid, data.draw(st.sampled_from(Rule)))
    shared, (summary,) = summarize(world, countries)
    visited, included, in_holes, outside = cells(summary)
    assert visited == included + in_holes + outside
    assert min(included, in_holes, outside) >= 0
    assert included == world.spans["DE"].tile_count
    assert shared == 0


def test_the_account_of_the_made_up_world_adds_up(tiny: CountrySet, half_degrees: Grid) -> None:
    for rule in Rule:
        world = world_of(tiny, half_degrees, rule)
        _, summaries = summarize(world, tiny)
        assert [s.country_iso for s in summaries] == list(tiny.isos)
        for summary in summaries:
            visited, included, in_holes, outside = cells(summary)
            assert visited == included + in_holes + outside
            assert min(included, in_holes, outside) >= 0


def test_first_and_last_tile_and_area_are_those_of_the_tiles() -> None:
    summary = only(shapely.box(2, 3, 5, 5))
    assert (summary.first_tile_id, summary.last_tile_id) == (52, 64)
    areas = tile_areas_cm2(TEN_BY_TEN)
    assert summary.area_km2 == float(3 * (areas[5] + areas[6])) / 1e10
    assert (summary.country_iso, summary.name) == ("DE", "Here")


def test_a_country_without_tiles_has_neither_first_nor_last_tile() -> None:
    summary = only(shapely.box(1.6, 1.6, 1.7, 1.7))
    assert (summary.first_tile_id, summary.last_tile_id, summary.area_km2) == (None, None, 0.0)
    assert not summary.kept_small


def test_area_of_a_country_round_the_globe_does_not_overflow() -> None:
    grid = Grid.from_resolution("1deg")
    summary = only(shapely.box(-180, -90, 180, 90), grid=grid)
    assert summary.cells_included == grid.n_tiles
    assert summary.area_km2 == pytest.approx(510_065_621.724, abs=0.01)


def test_tiles_that_several_own_are_counted_once_in_all_and_for_each_owner() -> None:
    countries = countries_from_features(
        [
            ("DE", "", shapely.box(0, 0, 4, 1)),
            ("FR", "", shapely.box(2, 0, 6, 1)),
            ("IT", "", shapely.box(3, 0, 4, 1)),
            ("PL", "", shapely.box(8, 8, 9, 9)),
        ]
    )
    shared, summaries = summarize(world_of(countries, TEN_BY_TEN), countries)
    assert shared == 2
    assert {s.country_iso: s.shared_tiles for s in summaries} == {
        "DE": 2,
        "FR": 2,
        "IT": 1,
        "PL": 0,
    }


def test_polygons_on_either_side_of_the_antimeridian_are_visited_on_any_grid() -> None:
    """A country over +/-180 has the same account as one box, on -180..180 and on 0..360."""
    over = shapely.box(178, 0, 182, 3)
    split = shapely.MultiPolygon([shapely.box(178, 0, 180, 3), shapely.box(-180, 0, -178, 3)])
    for west in (-180.0, 0.0):
        grid = Grid(west, 10.0, 1.0, 1.0, 360, 10)
        for shape in (over, split):
            assert cells(only(shape, grid=grid)) == (12, 12, 0, 0)


def test_small_countries_have_no_tile_unless_asked_for() -> None:
    speck = shapely.box(1.6, 1.6, 1.7, 1.7)
    countries = countries_from_features([("VA", "Speck", speck)])
    assert world_of(countries, TEN_BY_TEN).without_tiles == ("VA",)
    assert world_of(countries, TEN_BY_TEN).off_grid == frozenset()
    kept = world_of(countries, TEN_BY_TEN, keep=True)
    assert kept.without_tiles == ()
    assert kept.kept_small == {"VA"}
    assert kept.tile_counts == {"VA": 1}
    assert kept.spans["VA"].tile_ids().tolist() == [81]


@pytest.mark.parametrize("west", [-180.0, 0.0, -360.0, 100.0])
@pytest.mark.parametrize("lon", [180.2, -179.8, 179.6, -180.0, 0.2, -0.3, 99.6])
def test_the_tile_given_holds_the_representative_point_on_any_grid(west: float, lon: float) -> None:
    """Also where the polygon's longitude lies a turn away from the grid's."""
    grid = Grid(west, 10.0, 1.0, 1.0, 360, 20)
    speck = shapely.box(lon + 0.05, 3.05, lon + 0.15, 3.15)
    countries = countries_from_features([("VA", "Speck", speck)])
    (tile,) = world_of(countries, grid, keep=True).spans["VA"].tile_ids().tolist()
    row, col = divmod(tile, 360)
    assert row == 6
    middle = lon + 0.1
    assert (middle - grid.lon_edges()[col]) % 360 < 1


@pytest.mark.parametrize(
    ("west", "south", "tile"), [(0.1, 9.1, 0), (9.1, 9.1, 9), (0.1, 0.1, 90), (9.1, 0.1, 99)]
)
def test_the_tile_given_may_be_a_corner_of_the_grid(west: float, south: float, tile: int) -> None:
    speck = shapely.box(west, south, west + 0.1, south + 0.1)
    countries = countries_from_features([("VA", "Speck", speck)])
    assert world_of(countries, TEN_BY_TEN, keep=True).spans["VA"].tile_ids().tolist() == [tile]


def test_the_largest_feature_decides_where_a_small_country_is() -> None:
    small, large = shapely.box(8.6, 8.6, 8.7, 8.7), shapely.box(1.6, 1.6, 1.9, 1.9)
    countries = countries_from_features([("VA", "", small), ("VA", "", large)])
    assert world_of(countries, TEN_BY_TEN, keep=True).spans["VA"].tile_ids().tolist() == [81]


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(0.1, 20.1, 0.2, 20.2),
        shapely.box(50, 5, 51, 6),
        shapely.box(0.1, -2.2, 0.2, -2.1),
        shapely.box(-3, 5, -2, 6),
    ],
    ids=["north", "east", "south", "west"],
)
def test_a_country_off_the_grid_gets_no_tile_even_so(shape: shapely.Polygon) -> None:
    countries = countries_from_features([("AQ", "", shape), ("DE", "", LAND)])
    world = world_of(countries, TEN_BY_TEN, keep=True)
    assert world.without_tiles == ("AQ",)
    assert world.off_grid == {"AQ"}
    assert world.kept_small == frozenset()


def test_a_country_with_tiles_is_not_touched_by_keeping_small_ones(
    tiny: CountrySet, half_degrees: Grid
) -> None:
    plain, kept = (world_of(tiny, half_degrees, keep=keep) for keep in (False, True))
    assert kept.kept_small == {"VA"}
    assert kept.without_tiles == ("AQ",)
    for iso in tiny.isos:
        assert iso == "VA" or kept.spans[iso] == plain.spans[iso]


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("outside every window", shapely.box(1.6, 1.6, 1.7, 1.7), (1, 1, 0, 0)),
        # An L round the centre of its cell: the window holds that cell, the rule does not give it.
        (
            "in a window",
            shapely.box(1.2, 1.2, 1.8, 1.8) - shapely.box(1.3, 1.3, 1.9, 1.9),
            (1, 1, 0, 0),
        ),
        # A frame round the centre of its cell.
        (
            "in a hole",
            shapely.box(1.2, 1.2, 1.8, 1.8) - shapely.box(1.3, 1.3, 1.7, 1.7),
            (1, 1, 0, 0),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tile_that_was_given_is_visited_once(
    name: str, shape: shapely.Polygon, expected: tuple[int, int, int, int]
) -> None:
    summary = only(shape, keep=True)
    assert summary.kept_small
    assert (name, cells(summary)) == (name, expected)


def test_areas_are_those_of_the_rows_from_the_first_with_a_tile_to_the_last() -> None:
    """Whichever set they are in, and in whichever order the sets come."""
    sets = [
        RowSpans.from_runs(TEN_BY_TEN, *np.array([(4, 1, 2), (6, 0, 3)]).T),
        RowSpans.empty(TEN_BY_TEN),
        RowSpans.from_runs(TEN_BY_TEN, *np.array([(3, 5, 6), (5, 5, 6)]).T),
    ]
    every = tile_areas_cm2(TEN_BY_TEN)
    for some in (sets, sets[::-1]):
        areas = areas_of(some, TEN_BY_TEN)
        assert (areas.first_row, areas.cm2.tolist()) == (3, every[3:7].tolist())
    areas = areas_of([RowSpans.from_runs(TEN_BY_TEN, *np.array([[9, 0, 1]]).T)], TEN_BY_TEN)
    assert (areas.first_row, areas.cm2.tolist()) == (9, every[9:].tolist())


def test_a_tile_is_given_only_when_asked_for() -> None:
    speck = countries_from_features([("VA", "Speck", shapely.box(1.6, 1.6, 1.7, 1.7))])
    assert enumerate_tiles(speck, TEN_BY_TEN, "center").without_tiles == ("VA",)


@pytest.mark.parametrize("fill", Fill)
def test_a_small_country_of_crossing_rings_has_the_tile_that_they_enclose(fill: Fill) -> None:
    """A bow tie, one half of which is larger; a point between its outermost edges is in neither."""

    @dataclass
    class Region:
        iso: str
        name: str
        features: list[shapely.MultiPolygon]

    tie = shapely.Polygon([(1.6, 1.7), (8.4, 1.9), (8.4, 1.6), (1.6, 1.8)])
    region = Region("VA", "", [shapely.MultiPolygon([tie])])
    world = enumerate_tiles([region], TEN_BY_TEN, "center", keep_small_countries=True, fill=fill)
    point = shapely.point_on_surface(shapely.make_valid(tie))
    expected = (9 - int(point.y)) * 10 + int(point.x)
    assert world.spans["VA"].tile_ids().tolist() == [expected]
    assert world.kept_small == {"VA"}


def test_a_world_without_tiles_has_areas_of_no_rows() -> None:
    areas = areas_of([RowSpans.empty(TEN_BY_TEN)], TEN_BY_TEN)
    assert (areas.first_row, len(areas.cm2)) == (0, 0)


def test_an_unknown_rule_is_refused(tiny: CountrySet, half_degrees: Grid) -> None:
    with pytest.raises(ConfigError) as caught:
        enumerate_tiles(tiny, half_degrees, "nearest")
    assert caught.value.code == "rule-unknown"
