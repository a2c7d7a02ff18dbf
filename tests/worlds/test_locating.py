"""Points are located, counted and moved to the nearest tile as a look at every single tile would do it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import shapely

from closedworld.errors import ConfigError, GeometryError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, TileOwners, cells_of, nearest_cells
from closedworld.kernels.sphere import EARTH_RADIUS_KM
from closedworld.worlds import PublishedWorld, open_world
from closedworld.worlds.locating import TileLocator

if TYPE_CHECKING:
    from built_worlds import Built
    from numpy.typing import NDArray

GRIDS = {
    "globe": Grid.from_resolution("5deg"),
    "0..360": Grid(0.0, 60.0, 7.5, 5.0, 48, 20),
    "region": Grid(-20.25, 50.5, 0.75, 0.5, 40, 30),
}


def scattered(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    draw = np.random.default_rng(seed)
    lons, lats = draw.uniform(-190, 370, n), draw.uniform(-90, 90, n)
    # A third of them on whole and half degrees, so on the sides and corners of tiles.
    on = draw.integers(0, 3, n) == 0
    lons[on], lats[on] = np.rint(lons[on] * 2) / 2, np.rint(lats[on] * 2) / 2
    return lons, lats


def random_sets(grid: Grid, n: int, seed: int) -> list[RowSpans]:
    """Return sets of tiles that overlap each other."""
    draw = np.random.default_rng(seed)
    sets = []
    for _ in range(n):
        rows = draw.integers(0, grid.n_rows, 25)
        starts = draw.integers(0, grid.n_cols, 25)
        stops = np.minimum(starts + draw.integers(0, 9, 25), grid.n_cols)
        sets.append(RowSpans.from_runs(grid, rows, starts, stops))
    return sets


def cell_by_hand(grid: Grid, lon: float, lat: float) -> tuple[int, int]:
    """Look at the sides of every row and column."""
    for turn in (0.0, 360.0, -360.0, 720.0):
        x = lon + turn
        if not grid.west <= x < grid.west + 360:
            continue
        edges = grid.lon_edges()
        cols = [c for c in range(grid.n_cols) if edges[c] <= x < edges[c + 1]]
        tops = grid.lat_edges()
        last = grid.n_rows - 1
        rows = [
            r
            for r in range(grid.n_rows)
            if tops[r + 1] < lat <= tops[r] or (r == last and lat == tops[-1])
        ]
        if cols and rows:
            return rows[0], cols[0]
    return -1, -1


@pytest.mark.parametrize("name", GRIDS)
def test_cells_are_those_between_whose_sides_a_point_lies(name: str) -> None:
    grid = GRIDS[name]
    lons, lats = scattered(300, 1)
    lats[:3], lons[3:5] = (90.0, -90.0, grid.south), (180.0, grid.east)
    rows, cols = cells_of(grid, lons, lats)
    wanted = [
        cell_by_hand(grid, *point) for point in zip(lons.tolist(), lats.tolist(), strict=True)
    ]
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == wanted


@pytest.mark.parametrize("name", GRIDS)
def test_owners_are_those_of_a_list_of_all_tiles(name: str) -> None:
    grid = GRIDS[name]
    sets = random_sets(grid, 6, 2)
    rows, cols = (side.ravel() for side in np.indices((grid.n_rows, grid.n_cols)))
    first, counts = TileOwners.of(sets, grid).at(rows, cols)
    owns = np.array([own.contains(grid.tile_id(rows, cols)) for own in sets])
    assert np.array_equal(counts, owns.sum(axis=0))
    assert counts.max() > 1
    assert np.array_equal(first, np.where(owns.any(axis=0), owns.argmax(axis=0), -1))


def test_no_sets_own_nothing() -> None:
    first, counts = TileOwners.of([], GRIDS["globe"]).at(np.array([0, -1]), np.array([3, -1]))
    assert (first.tolist(), counts.tolist()) == ([-1, -1], [0, 0])


def distances_to_all(grid: Grid, tiles: RowSpans, lon: float, lat: float) -> NDArray[np.float64]:
    """Return the distance of a point to every tile, one by one."""
    rows, cols = (side.astype(np.int64) for side in grid.row_col(tiles.tile_ids()))
    x, y = np.radians(lon), np.radians(lat)
    best = np.full(len(rows), np.inf)
    for turn in (-720, -360, 0, 360, 720):
        near_x = np.radians(np.clip(lon + turn, grid.lon_edge(cols), grid.lon_edge(cols + 1)))
        near_y = np.radians(np.clip(lat, grid.lat_edge(rows + 1), grid.lat_edge(rows)))
        chord = np.sqrt(
            (np.cos(y) * np.cos(x) - np.cos(near_y) * np.cos(near_x)) ** 2
            + (np.cos(y) * np.sin(x) - np.cos(near_y) * np.sin(near_x)) ** 2
            + (np.sin(y) - np.sin(near_y)) ** 2
        )
        best = np.minimum(best, 2000 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1)))
    return best


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("within_km", [0.0, 300.0, 30_000.0])
def test_the_nearest_tile_is_that_of_a_look_at_all(name: str, within_km: float) -> None:
    grid = GRIDS[name]
    sets = random_sets(grid, 2, 3)
    owners = TileOwners.of(sets, grid)
    every = sets[0] | sets[1]
    lons, lats = scattered(150, 4)
    lons[0] = np.nan
    rows, cols, metres = nearest_cells(owners, lons, lats, within_km * 1000)
    own = cells_of(grid, lons, lats)
    assert rows[0] == -1
    found = 0
    for number in range(1, len(lons)):
        wanted = distances_to_all(grid, every, lons[number], lats[number]).min()
        if rows[number] < 0:
            assert np.isnan(metres[number])
            assert wanted > within_km * 1000 - 1e-3
            continue
        found += 1
        tile = RowSpans.from_runs(
            grid, *np.array([[rows[number]], [cols[number]], [cols[number] + 1]])
        )
        assert (tile - every).n_runs == 0
        assert metres[number] == pytest.approx(wanted, abs=1e-3)
        assert distances_to_all(grid, tile, lons[number], lats[number]).min() == pytest.approx(
            wanted, abs=1e-3
        )
        here = np.array([own[0][number]]), np.array([own[1][number]])
        if owners.at(*here)[1][0]:
            assert (rows[number], cols[number], metres[number]) == (*np.ravel(here), 0.0)
    assert found or within_km == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["real", "overlapping"])
def test_sampled_points_are_located_on_their_tiles(
    name: str, request: pytest.FixtureRequest
) -> None:
    built: Built = request.getfixturevalue(name)
    world = open_world(built.root)
    isos = list(world.index.spans)
    points = world.sample(country=isos, n=200, seed=5, countries=built.countries).table
    lons, lats = points["lon"].to_numpy(), points["lat"].to_numpy()
    located = world.locate(lons, lats)
    assert located["tile_id"].to_pylist() == points["tile_id"].to_pylist()
    same = np.array(located["country_iso"].to_pylist()) == points["country_iso"].to_numpy()
    several = located["countries_on_tile"].to_numpy() > 1
    assert (same | several).all()
    for iso in isos:
        own = points.filter(pa.compute.equal(points["country_iso"], iso))
        mine = world.locate(own["lon"], own["lat"], country=iso)
        assert set(mine["country_iso"].to_pylist()) == {iso}
        assert set(mine["countries_on_tile"].to_pylist()) == {1}


def test_countries_are_those_of_shapely_at_the_centres(real: Built) -> None:
    """Under ``center``, the country of a tile is the one in whose polygon its centre lies."""
    world = open_world(real.root)
    draw = np.random.default_rng(6)
    rows = draw.integers(60, 300, 1500)
    cols = draw.integers(700, 1440, 1500)
    grid = world.index.grid
    lons, lats = grid.lon_center(cols), grid.lat_center(rows)
    located = world.locate(lons, lats)["country_iso"].to_pylist()
    inside = {
        country.iso: np.any([shapely.contains_xy(f, lons, lats) for f in country.features], axis=0)
        for country in real.countries
        if country.iso != "VA"
    }
    wanted = [next((iso for iso in inside if inside[iso][k]), None) for k in range(len(lons))]
    assert located == wanted
    assert {"RU", None} <= set(located)


def test_what_lies_nowhere_has_nulls(made_up: Built) -> None:
    world = open_world(made_up.root)
    grid = world.index.grid
    off = grid.south - 0.5 if grid.south > -89 else -90.0
    located = world.locate([np.nan, grid.west + 0.1], [0.0, off])
    assert located["tile_id"].to_pylist()[0] is None
    assert located["country_iso"].to_pylist() == [None, None]
    assert located["countries_on_tile"].to_pylist() == [0, 0]


def test_impossible_points_are_refused(real: Built) -> None:
    world = open_world(real.root)
    with pytest.raises(GeometryError, match="coordinates-out-of-range") as caught:
        world.locate([1.0, 500000.0], [2.0, 91.0])
    assert "point 2" in caught.value.message
    with pytest.raises(ConfigError, match="points-lengths"):
        world.locate([1.0, 2.0], [3.0])
    with pytest.raises(ConfigError, match="country-without-tiles"):
        world.locate(1.0, 2.0, country="FR")


def test_counts_add_up_to_the_points(real: Built) -> None:
    world = open_world(real.root)
    lons, lats = scattered(4000, 7)
    lons[:2] = np.nan
    counted = world.count(pl.DataFrame({"lon": lons, "lat": lats}))
    located = world.locate(lons, lats)
    pairs = list(
        zip(located["country_iso"].to_pylist(), located["tile_id"].to_pylist(), strict=True)
    )
    wanted = Counter(pairs)
    rows = counted.to_pylist()
    assert {(row["country_iso"], row["tile_id"]): row["points"] for row in rows} == wanted
    assert sum(counted["points"].to_pylist()) == 4000
    assert rows[-1] == {"country_iso": None, "tile_id": None, "points": 2}
    ids = counted["tile_id"].to_pylist()[:-1]
    assert ids == sorted(ids)
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lons[2:], lats[2:]), crs="EPSG:4326")
    assert world.count(frame).equals(counted.slice(0, len(rows) - 1))


def test_a_point_at_sea_goes_to_the_nearest_coast(real: Built) -> None:
    """Off Heligoland, the Skagerrak, and the Atlantic far from all of these countries."""
    world = open_world(real.root)
    found = world.nearest([7.9, 8.5, -30.0, 10.0], [54.2, 58.0, 30.0, 51.0])
    assert found["country_iso"].to_pylist() == ["DE", "NO", None, "DE"]
    metres = found["distance_m"].to_pylist()
    assert 20_000 < metres[0] < 90_000
    assert metres[2] is None
    assert metres[3] == 0.0
    assert world.nearest(8.5, 58.0, country="DE", within_km=500)["country_iso"].to_pylist() == [
        "DE"
    ]


def test_the_locator_of_countries_is_made_once(real: Built) -> None:
    world: PublishedWorld = open_world(real.root)
    world.locate(1.0, 1.0)
    (locator,) = world._locators.values()
    world.locate(2.0, 2.0)
    assert isinstance(locator, TileLocator)
    assert list(world._locators.values()) == [locator]
