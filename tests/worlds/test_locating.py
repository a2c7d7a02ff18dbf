"""Points are located, counted and moved to the nearest tile of a world."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import shapely
from located import scattered

from closedworld.errors import ConfigError, GeometryError
from closedworld.worlds import PublishedWorld, open_world
from closedworld.worlds.locating import TileLocator

if TYPE_CHECKING:
    from built_worlds import Built


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
