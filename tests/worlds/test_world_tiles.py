"""``tiles`` is the join of the datasets, batch by batch; persons are those of the raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import geopandas as gpd
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import rasterio
import shapely
from built_worlds import write_people

from closedworld.errors import ConfigError
from closedworld.inputs.loading import load_population
from closedworld.kernels.grid import Grid
from closedworld.published import cumulative_weights
from closedworld.published.results import open_dataset
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.reading import open_part
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow.parquet as pq
    from built_worlds import Built

    from closedworld.store.protocol import Storage
    from closedworld.store.receipt import FileEntry

KEY = ["country_iso", "tile_id"]


@pytest.fixture(scope="module")
def covered(real: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with coverage, weighted by people and coverage, on a grid of 0..360."""
    root = tmp_path_factory.mktemp("covered")
    grid = Grid(0.0, 90.0, 1.5, 1.5, 240, 120)
    countries = real.countries.select(["DE", "FJ", "VA"])
    build_tile_index(countries, grid, root, rule="any_overlap", coverage=True)
    people = load_population(write_people(root / "people.tif", grid, 6))
    build_tile_weights(
        open_index(root), root, basis="population", population=people, weigh_by_coverage=True
    )
    return root


def roots(request: pytest.FixtureRequest) -> Path:
    found = request.getfixturevalue(request.param)
    return found if request.param == "covered" else found.root  # type: ignore[no-any-return]


root = pytest.fixture(roots, params=["real", "overlapping", "made_up", "covered"])


def joined(root: Path) -> pl.DataFrame:
    """Join the published files."""
    frames = [
        pl.DataFrame(open_dataset(root, name).to_table())
        for name in ("tile_index", "tile_bounds", "tile_weights")
    ]
    together = frames[0].join(frames[1], on=KEY, how="full", coalesce=True)
    return together.join(frames[2], on=KEY, how="full", coalesce=True).sort(KEY)


def test_rows_are_those_of_the_joined_datasets(root: Path) -> None:
    tiles = open_world(root).tiles()
    wanted = joined(root)
    made = pl.DataFrame(tiles)
    assert made.columns == tiles.schema.names
    names = [name for name in made.columns if name != "persons"]
    constants = {"inclusion_rule", "dp", "basis"}
    assert set(names) == set(wanted.columns) - constants
    assert made.select(names).equals(wanted.select(names).cast(made.select(names).schema))
    for name in constants:
        (value,) = wanted[name].unique().to_list()
        assert tiles.schema.metadata[name.encode()].decode() == str(value)
    assert len(tiles) == len(wanted)


def test_some_countries_are_that_part(real: Built) -> None:
    world = open_world(real.root)
    every, some = pl.DataFrame(world.tiles()), pl.DataFrame(world.tiles(["no", "DE"]))
    assert some.equals(every.filter(pl.col("country_iso").is_in(["DE", "NO"])))
    assert len(world.tiles("DE")) == len(some.filter(country_iso="DE"))
    with pytest.raises(ConfigError, match="country-without-tiles"):
        world.tiles("FR")


def test_nothing_is_read_before_it_is_asked_for(
    real: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then one file after another."""
    opened: list[str] = []

    def noted(folder: Storage, entry: FileEntry) -> pq.ParquetFile:
        opened.append(entry.path)
        return open_part(folder, entry)

    world = open_world(real.root)
    tiles = world.tiles()
    monkeypatch.setattr(cumulative_weights, "open_part", noted)
    reader = tiles.to_reader()
    assert opened == []
    reader.read_next_batch()
    assert [path.split("/")[-1] for path in opened] == ["DE-00000.parquet"]
    batches = list(tiles.batches())
    assert len(batches) > 20
    assert max(batch.num_rows for batch in batches) <= 1024


def test_the_world_itself_is_its_tiles(made_up: Built) -> None:
    world = open_world(made_up.root)
    assert pl.DataFrame(world).equals(pl.DataFrame(world.tiles()))
    relation = duckdb.from_arrow(world.tiles().to_reader())
    assert relation.aggregate("count(*)").fetchall() == [(len(world.tiles()),)]
    assert world.tiles().to_pandas().shape[0] == len(world.tiles())
    assert "tile_id" in world.tiles()._repr_html_()


def test_persons_of_a_tile_are_those_of_the_raster(real: Built) -> None:
    world = open_world(real.root)
    made = pl.DataFrame(world.tiles())
    with rasterio.open(real.root / "people.tif") as raster:
        pixels = raster.read(1)
    there = pixels[made["raster_row"].to_numpy(), made["raster_col"].to_numpy()].astype(float)
    total = made.with_columns(there=there).group_by("country_iso", maintain_order=True)
    sums = total.agg(pl.col("there", "persons").sum(), tiles=pl.len())
    # Half a micro-person, and a quantum of the country's people.
    off = np.abs(made["persons"].to_numpy() - there)
    most = made.join(sums, on="country_iso")["there"].to_numpy() * 1e-12
    assert (off <= most * 1.01 + 5.1e-7).all()
    people = pl.DataFrame(world.population())
    assert people["country_iso"].to_list() == sums["country_iso"].to_list()
    assert people["tiles"].to_list() == sums["tiles"].to_list()
    assert people["persons"].to_list() == pytest.approx(sums["there"].to_list(), abs=0.01)


def test_persons_by_coverage_are_shares_of_those_of_the_raster(covered: Path) -> None:
    made = pl.DataFrame(open_world(covered).tiles())
    with rasterio.open(covered / "people.tif") as raster:
        pixels = raster.read(1)
    there = pixels[made["raster_row"].to_numpy(), made["raster_col"].to_numpy()].astype(float)
    assert made["persons"].to_list() == pytest.approx(
        (there * made["coverage"].to_numpy()).tolist(), rel=1e-6, abs=1e-3
    )


def test_without_people_there_are_no_persons(real: Built, tmp_path: Path) -> None:
    grid = Grid.from_resolution("5deg")
    build_tile_index(real.countries.select(["DE", "NO"]), grid, tmp_path)
    assert "weight_fp" not in open_world(tmp_path).tiles().schema.names
    with pytest.raises(ConfigError, match="weights-missing"):
        open_world(tmp_path).population()
    build_tile_weights(open_index(tmp_path), tmp_path, basis="area_m2")
    world = open_world(tmp_path)
    assert "persons" not in world.tiles().schema.names
    with pytest.raises(ConfigError, match="population-missing"):
        world.population()
    assert pa.table(world.tiles().to_reader().read_all())["weight_fp"].null_count == 0


def test_mixtures_know_the_people_of_a_country_only(real: Built, tmp_path: Path) -> None:
    grid = Grid.from_resolution("5deg")
    build_tile_index(real.countries.select(["DE", "NO"]), grid, tmp_path)
    people = load_population(write_people(tmp_path / "people.tif", grid, 7))
    mixture = "population:0.9,area_m2:0.1"
    build_tile_weights(open_index(tmp_path), tmp_path, basis=mixture, population=people)
    world = open_world(tmp_path)
    assert "persons" not in world.tiles().schema.names
    assert world.population().num_rows == 2


def test_boxes_are_those_of_the_bounds(covered: Path) -> None:
    """On a grid of 0..360 the boxes lie in -180..180, west of east everywhere."""
    tiles = open_world(covered).tiles()
    frame: gpd.GeoDataFrame = tiles.to_geopandas()
    assert frame.crs.to_epsg() == 4326
    bounds = frame.geometry.bounds
    assert (bounds["minx"] < bounds["maxx"]).all()
    assert bounds["maxx"].max() <= 181.5
    west = frame["west_lon"].where(frame["centroid_lon"] <= 180, frame["west_lon"] - 360)
    assert np.array_equal(bounds["minx"], west)
    assert np.array_equal(bounds["maxy"], frame["north_lat"])
    assert shapely.area(frame.geometry.to_numpy()).tolist() == pytest.approx([2.25] * len(frame))
