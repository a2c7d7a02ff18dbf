"""Tables of any library go in, and everything that is a table comes out as one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
import shapely

from closedworld.config.run import RunConfig
from closedworld.errors import ConfigError, InputError
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.inputs.tables.geometry import points_of
from closedworld.inputs.tables.reading import table_of
from closedworld.kernels.grid import Grid
from closedworld.kernels.tiles import enumerate_tiles
from closedworld.maps import draw_world_map
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.worlds import open_world
from closedworld.worlds.diff import compare_worlds
from closedworld.worlds.sample_request import SampleRequest
from closedworld.worlds.tile_geometry import export_tiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from built_worlds import Built

REQUEST: dict[str, Any] = {"id": ["b", "a", "c"], "country": ["NO", "DE", "NO"], "n": [2, 1, 3]}


def tables(columns: dict[str, Any]) -> dict[str, Any]:
    """Return one table as several libraries have it."""
    arrow = pa.table(columns)
    return {
        "pandas": pd.DataFrame(columns),
        "pandas, another index": pd.DataFrame(columns, index=[7, 8, 9][: len(arrow)]),
        "polars": pl.DataFrame(columns),
        "pyarrow": arrow,
        "reader": arrow.to_reader(),
        "duckdb": duckdb.from_arrow(arrow),
    }


LIBRARIES = sorted(tables(REQUEST))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_table_of_any_library_asks_for_the_same_points(real: Built, library: str) -> None:
    world = open_world(real.root)
    drawn = world.sample(tables(REQUEST)[library], countries=real.countries)
    wanted = world.sample(pa.table(REQUEST), countries=real.countries)
    assert drawn.table.equals(wanted.table)
    assert len(drawn) == 6


def test_what_is_no_table_is_refused() -> None:
    for given in (7, [1, 2], {"lon": [1.0]}):
        with pytest.raises(InputError, match="table-kind"):
            table_of(given)
    with pytest.raises(InputError, match="table-column"):
        points_of(pa.table({"x": [1.0]}))
    with pytest.raises(InputError, match="lat of the table"):
        points_of(pa.table({"lon": [1.0], "lat": ["north"]}))


def test_points_come_by_columns_or_geometry() -> None:
    lons, lats = np.array([1.5, -3.25]), np.array([48.0, 60.5])
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lons, lats), crs="EPSG:4326")
    for given in (pl.DataFrame({"lat": lats, "lon": lons}), frame.to_arrow(), frame):
        found = points_of(given)
        assert np.array_equal(found.lons, lons)
        assert np.array_equal(found.lats, lats)


@pytest.mark.parametrize(
    "text", ["id,country\n007,DE\n10,DE\n-08,NO\n", "id,country\n7,DE\n10,DE\n-8,NO\n"]
)
def test_command_and_python_give_the_same_points_for_the_same_file(
    real: Built, tmp_path: Path, text: str
) -> None:
    """Leading zeros are lost where a library reads ids as numbers; they must not decide on points."""
    path = tmp_path / "merchants.csv"
    path.write_text(text, encoding="utf-8")
    world = open_world(real.root)

    def drawn(request: Any) -> pa.Table:
        points = world.sample(request, countries=real.countries)
        return points.table.select(["lon", "lat", "tile_id"])

    wanted = drawn(pa.table({"id": [7, 10, -8], "country": ["DE", "DE", "NO"]}))
    for request in (path, str(path), pacsv.read_csv(path), pd.read_csv(path), pl.read_csv(path)):
        assert drawn(request).equals(wanted)


def test_ids_that_are_one_number_are_one_id() -> None:
    with pytest.raises(InputError, match="table-id-twice"):
        SampleRequest.of(pa.table({"id": ["007", "7"], "country": ["DE", "DE"]}))
    keys = SampleRequest.of(
        pa.table({"id": ["000", "0x07", "07a", "-01", "00.5"], "country": ["DE"] * 5})
    ).keys
    assert keys.to_pylist() == ["0", "0x07", "07a", "-1", "00.5"]


def test_countries_come_as_text_or_list(real: Built) -> None:
    world = open_world(real.root)
    drawn = [
        world.sample(country=country, n=2, countries=real.countries).table
        for country in ("DE,NO", ["de", "NO"], ("DE", "NO", "DE"))
    ]
    assert drawn[0].equals(drawn[1])
    assert drawn[0].equals(drawn[2])
    assert list(world.spans_of("DE")) == ["DE"]
    assert real.countries.select("DE").isos == real.countries.select(["DE"]).isos == ("DE",)
    with pytest.raises(ConfigError, match="countries-none-selected"):
        world.sample(country=[])


def test_configurations_take_texts_and_lists() -> None:
    given = RunConfig(out="w1", countries="LU", raster="r.tif")
    wanted = RunConfig(out=Path("w1"), countries=("LU",), raster=Path("r.tif"))
    assert given == wanted
    assert RunConfig(countries=["LU", "BE"]).countries == ("LU", "BE")
    weights = RunConfig(result="w1", out="w2")
    assert (weights.result, weights.out) == (Path("w1"), Path("w2"))
    with pytest.raises(ConfigError, match="path-empty"):
        RunConfig(out="")
    with pytest.raises(ConfigError, match="countries-none-selected"):
        RunConfig(countries=" ")
    with pytest.raises(ConfigError, match="countries-none-selected"):
        RunConfig(countries=[])


def test_files_are_named_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The polygons of a sample, the run file, pictures."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="config-missing"):
        RunConfig.from_toml("none.toml")
    file = bundled("countries.parquet").path
    countries = read_countries(str(file))
    grid = Grid.from_resolution("5deg")
    build_tile_weights(build_tile_index(countries.select("NO"), grid, "w"), "w")
    drawn = [
        open_world("w").sample(country="NO", n=2, countries=one).table
        for one in (None, str(file), file, countries)
    ]
    assert all(one.equals(drawn[0]) for one in drawn)
    draw_world_map(open_world("w").index.spans, "map.png", title="NO", width=300)
    assert Path("map.png").exists()


@pytest.fixture(scope="module")
def makers(
    made_up: Built, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Callable[[], Any]]:
    """What comes out as a table, by name."""
    out, world = tmp_path_factory.mktemp("tables"), open_world(made_up.root)
    index = build_tile_index(made_up.countries, world.index.grid, out, keep_small_countries=True)
    weights = build_tile_weights(open_index(out), out)
    return {
        "countries": lambda: made_up.countries,
        "country summaries": lambda: index.summaries,
        "weight summaries": lambda: weights.summaries,
        "spans": lambda: next(iter(world.index.spans.values())),
        "enumerated": lambda: enumerate_tiles(made_up.countries, world.index.grid, "center"),
        "difference": lambda: compare_worlds(world, open_world(out)),
        "sample": lambda: world.sample(
            country=next(iter(world.index.spans)), n=4, countries=made_up.countries
        ),
    }


NAMES = (
    "countries",
    "country summaries",
    "weight summaries",
    "spans",
    "enumerated",
    "difference",
    "sample",
)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_a_table_is_one_in_every_library(
    makers: dict[str, Callable[[], Any]], name: str
) -> None:
    made = makers[name]()
    arrow = pa.table(made)
    assert arrow.num_rows > 0
    assert arrow.num_columns > 2
    assert pd.DataFrame.from_arrow(made).shape == arrow.shape
    assert pl.DataFrame(made).shape == arrow.shape
    assert duckdb.from_arrow(arrow).shape == arrow.shape


def test_rows_are_those_of_the_records(makers: dict[str, Callable[[], Any]]) -> None:
    summaries = makers["country summaries"]()
    assert pa.table(summaries).to_pylist() == [one.to_dict() for one in summaries]
    difference = makers["difference"]()
    assert pa.table(difference).to_pylist() == [one.to_dict() for one in difference.countries]
    spans = makers["spans"]()
    assert pa.table(spans)["first_rank"].to_pylist() == spans.first_ranks.tolist()
    weighed = pa.table(makers["weight summaries"]()).to_pylist()
    for one, row in zip(makers["weight summaries"](), weighed, strict=True):
        assert (row["tiles"], row["zero_share"]) == (one.tiles, one.zero_share)
        assert int(row["bases"][0]["mass_sum"]) == one.bases[0].mass_sum


@pytest.mark.parametrize("name", NAMES)
def test_what_python_shows_is_short(makers: dict[str, Callable[[], Any]], name: str) -> None:
    made = makers[name]()
    assert len(repr(made)) < (1500 if name.endswith("summaries") else 250)


def test_worlds_and_results_show_shortly(real: Built) -> None:
    world = open_world(real.root)
    for shown in (world, world.index, world.weights, real.countries, real.countries["DE"]):
        assert len(repr(shown)) < 400
        assert "\n" not in repr(shown)


def test_html_shows_names_and_escapes_them(real: Built) -> None:
    shown = real.countries._repr_html_()
    assert "<td>Germany</td>" in shown
    drawn = open_world(real.root).sample(
        pa.table({"id": ["<b>"] * 1, "country": ["DE"], "n": [30]}), countries=real.countries
    )
    html = drawn._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "20 more" in html


def test_geometry_becomes_geopandas_and_meets_others_without_a_warning(
    real: Built, tmp_path: Path
) -> None:
    """EPSG:4326, as most data have it: points of the user's own, of a sample and of an export."""
    world = open_world(real.root)
    sample = world.sample(country="NO", n=30, seed=1, countries=real.countries)
    points, countries = sample.to_geopandas(), real.countries.to_geopandas()
    own = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(sample.table["lon"], sample.table["lat"]), crs="EPSG:4326"
    )
    export_tiles(world, tmp_path / "boxes.parquet", "box", ["NO"])
    sample.write(tmp_path / "points.geoparquet")
    boxes = gpd.read_parquet(tmp_path / "boxes.parquet")
    read = gpd.read_parquet(tmp_path / "points.geoparquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in (points, own, read):
            assert set(
                one.sjoin(countries, predicate="within")[
                    "country_iso_right" if "country_iso" in one else "country_iso"
                ]
            ) == {"NO"}
            assert len(one.sjoin(boxes)) >= 30
    assert points.geometry.geom_equals(own.geometry).all()
    assert {*countries.columns} == {"country_iso", "name", "geometry"}
    for iso, shape in zip(countries["country_iso"], countries.geometry, strict=True):
        own_shape = shapely.union_all(real.countries[iso].features)
        assert shape.area == pytest.approx(own_shape.area)


def test_without_geopandas_the_error_says_what_to_install(
    real: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "geopandas", None)
    with pytest.raises(ConfigError, match="geopandas-missing") as caught:
        real.countries.to_geopandas()
    assert caught.value.hint.endswith("-m pip install geopandas")
