"""Countries are named in which many townspeople live in cells that are no tiles."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
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
    TownsWithoutTiles,
    _have_tiles,
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


def single(grid: Grid, row: int, col: int) -> RowSpans:
    """Return a country of one tile."""
    at = np.array([col])
    return RowSpans.from_runs(grid, np.array([row]), at, at + 1)


SMALL = Grid(10.0, 50.0, 1 / 120, 1 / 120, 9, 8)


@pytest.mark.parametrize(
    ("row", "col"), [(0, 0), (0, 8), (7, 0), (7, 8), (3, 4), (0, 4), (7, 4), (3, 0), (3, 8)]
)
def test_a_cell_has_a_tile_up_to_three_cells_away_and_not_round_the_edge_of_the_grid(
    row: int, col: int
) -> None:
    rows, cols = np.divmod(np.arange(72), 9)
    found = _have_tiles(single(SMALL, row, col), SMALL, rows, cols)
    assert found.tolist() == (np.maximum(abs(rows - row), abs(cols - col)) <= 3).tolist()


def test_on_very_fine_grids_seven_places_each_way_are_looked_at() -> None:
    grid = Grid(10.0, 50.0, 1 / 1200, 1 / 1200, 100, 100)
    steps = np.arange(-40, 41)
    found = _have_tiles(single(grid, 50, 50), grid, np.full(81, 50), 50 + steps)
    assert steps[found].tolist() == [-32, -21, -10, 0, 10, 21, 32]
    found = _have_tiles(single(grid, 50, 50), grid, 50 + steps, np.full(81, 50))
    assert steps[found].tolist() == [-32, -21, -10, 0, 10, 21, 32]


def made_up(monkeypatch: pytest.MonkeyPatch, *rows: tuple[str, float, int, str]) -> None:
    """Let there be these towns at 0.5 degrees north: country, longitude, persons and name."""
    isos, lons, persons, names = zip(*rows, strict=True)
    table = pa.table(
        {
            "country_iso": pa.array(isos),
            "lon_e5": pa.array([round(lon * 1e5) for lon in lons], pa.int32()),
            "lat_e5": pa.array([50_000] * len(rows), pa.int32()),
            "persons": pa.array(persons, pa.int32()),
            "name": pa.array(names),
        }
    )
    monkeypatch.setattr("closedworld.stages.tiles.towns.towns", lambda: table)


@pytest.mark.parametrize(
    ("persons", "found"),
    [
        ((95, 5, 0), [("b", 1, 5, 0.05)]),
        ((96, 4, 0), []),
        ((96, 3, 1), []),
        ((95, 4, 1), [("b", 2, 5, 0.05)]),
        ((95, 1, 4), [("c", 2, 5, 0.05)]),
        ((0, 5, 5), [("b", 2, 10, 1.0)]),
        ((7, 0, 0), []),
    ],
)
def test_countries_are_named_from_a_twentieth_of_their_townspeople_on(
    monkeypatch: pytest.MonkeyPatch,
    persons: tuple[int, int, int],
    found: list[tuple[str, int, int, float]],
) -> None:
    """Cells of a degree; the first town has a tile, the others do not, and one more lies in no polygon."""
    rows = [("DE", 20.5 + at, count, "abc"[at]) for at, count in enumerate(persons) if count]
    made_up(monkeypatch, ("DE", 50.5, 900, "far"), *rows, ("ZZ", 20.5, 900, "abroad"))
    land = countries_from_features([("DE", "A", shapely.box(20, 0, 23, 1))])
    grid = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)
    areas = RowAreas.between(grid, 89, 90)
    world = World(grid, Rule.CENTER, {"DE": single(grid, 89, 200)}, frozenset(), frozenset(), areas)
    towns = list(towns_without_tiles(world, land))
    assert [(one.largest, one.count, one.persons, one.share) for one in towns] == found


@pytest.mark.parametrize(
    ("count", "ends"),
    [(1, "J 5% (J). "), (10, "J 5% (J). "), (11, "J 5% (J) and 1 more countries. ")],
)
def test_of_many_countries_ten_are_named_those_of_most_people_first(
    monkeypatch: pytest.MonkeyPatch, count: int, ends: str
) -> None:
    names = "KJIHGFEDCBA"[-count:] if count > 1 else "J"
    towns = [
        TownsWithoutTiles(name, 1 if name != "A" else 3, name, 1000 - ord(name), 0.05)
        for name in names
    ]
    monkeypatch.setattr("closedworld.stages.tiles.towns.towns_without_tiles", lambda *_: towns)
    world = SimpleNamespace(rule=Rule.CENTER)
    warned = warn_of_towns(world, None)  # type: ignore[arg-type]
    assert warned is not None
    assert ends in warned.message
    if count > 1:
        assert f"In {count} countries, " in warned.message
        assert ": A 5% (A and 2 more), B 5% (B), C " in warned.message
    monkeypatch.setattr("closedworld.stages.tiles.towns.towns_without_tiles", lambda *_: [])
    assert warn_of_towns(world, None) is None  # type: ignore[arg-type]
