"""The SQL of a world opens it in DuckDB, and finds the tile of every point."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import pytest
from located import locate, points_of, write_points

from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.testing import tiny_grid
from closedworld.worlds import open_world
from closedworld.worlds.duckdb_views import world_sql

if TYPE_CHECKING:
    from pathlib import Path

    from built_worlds import Built

    from closedworld.inputs.regions.country_set import CountrySet


def test_every_dataset_is_a_view_with_its_own_columns_alone(made_up: Built) -> None:
    connection = duckdb.connect()
    connection.execute(world_sql(made_up.root))
    world = open_world(made_up.root)
    assert world.weights is not None
    for published in (world.index.published, world.weights):
        for name, totals in published.receipt.datasets().items():
            view = connection.table(name)
            assert view.columns == published.dataset(name).schema.names
            assert len(view) == totals["rows"]
    joined = connection.sql("FROM tile_index NATURAL JOIN tile_weights")
    assert len(joined) == len(connection.table("tile_weights")) > 0


@pytest.mark.parametrize("which", ["made_up", "real"])
def test_points_lie_in_the_tiles_and_countries_that_edges_say(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root = request.getfixturevalue(which).root
    world = open_world(root)
    points = points_of(world.index.grid, 300)
    connection = duckdb.connect()
    connection.execute(world_sql(root))
    file = write_points(points, tmp_path / "points.csv")
    connection.from_csv_auto(str(file)).create("points")
    found = connection.sql(
        "SELECT tile_of(lon, lat), country_of(lon, lat), countries_of(lon, lat) FROM points ORDER BY n"
    ).fetchall()
    assert found == locate(world, points)
    assert any(own[1] for own in found)


def test_what_is_no_point_has_no_tile(made_up: Built) -> None:
    connection = duckdb.connect()
    connection.execute(world_sql(made_up.root))
    for lon, lat in (("NULL", "1"), ("1", "NULL"), ("'nan'::DOUBLE", "1"), ("'inf'::DOUBLE", "0")):
        found = connection.sql(f"SELECT tile_of({lon}, {lat}), country_of({lon}, {lat})")
        assert found.fetchall() == [(None, None)]


def test_a_folder_whose_name_means_something_to_sql(made_up: Built, tmp_path: Path) -> None:
    root = shutil.copytree(made_up.root, tmp_path / "it's [odd] *?")
    connection = duckdb.connect()
    connection.execute(world_sql(root))
    assert (
        len(connection.table("tile_index"))
        == open_world(root).index.published.receipt.totals["tiles"]
    )


def test_of_several_results_it_is_the_latest_or_the_named(
    made_up: Built, tmp_path: Path, tiny: CountrySet
) -> None:
    root = shutil.copytree(made_up.root, tmp_path / "world")
    (root / "names" / "latest").rename(root / "names" / "first")
    build_tile_weights(open_index(root), root, basis="uniform")
    coarse = build_tile_index(tiny, tiny_grid(1.0), root).published
    assert coarse.receipt.parameter_hash in world_sql(root)
    assert "tile_weights" not in world_sql(root)
    assert world_sql(root / "names" / "first").count("CREATE OR REPLACE VIEW") == 5
    (root / "names" / "latest").unlink()
    with pytest.raises(ConfigError, match="published-several"):
        world_sql(root)
    with pytest.raises(IntegrityError, match="receipt-missing"):
        world_sql(tmp_path)
