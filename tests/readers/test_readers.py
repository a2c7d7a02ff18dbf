"""The oldest supported version of each engine reads every file; ``make readers`` tries many more."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from files import COUNTRIES, WITHOUT_COUNTRY, Table, write_files
from located import locate, points_of, write_points
from matrix import PROGRAMS, READERS, CannotMakeError, Reader, differences

from closedworld.datasets import DATASETS
from closedworld.worlds import open_world
from closedworld.worlds.duckdb_views import world_sql

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    return write_files(tmp_path_factory.mktemp("readers"))


@pytest.mark.parametrize("reader", [one for one in READERS if one.is_oldest], ids=str)
def test_the_oldest_supported_version_reads_every_file(
    tables: dict[str, Table], reader: Reader
) -> None:
    try:
        found = reader.read(tables)
    except CannotMakeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    assert differences(tables, found["tables"]) == {}


def test_the_oldest_duckdb_finds_the_tiles_of_points(
    tables: dict[str, Table], tmp_path: Path
) -> None:
    reader = next(one for one in READERS if one.name == "DuckDB" and one.is_oldest)
    world = tables["tile_weights"].path.parents[2]
    points = points_of(open_world(world).index.grid, 300)
    (tmp_path / "world.sql").write_text(world_sql(world))
    write_points(points, tmp_path / "points.csv")
    try:
        python, *_ = reader.command(tmp_path)
    except CannotMakeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    command: list[str | Path] = [
        python,
        PROGRAMS / "locate_duckdb.py",
        tmp_path / "world.sql",
        tmp_path / "points.csv",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert [tuple(row) for row in json.loads(done.stdout)] == locate(open_world(world), points)


def test_the_truth_is_what_is_known(tables: dict[str, Table]) -> None:
    weights = tables["tile_weights"]
    assert weights.truth["integers"]["weight_fp"] == str(10**12 * (len(COUNTRIES) - 1))
    assert weights.truth["countries"].keys() == {*COUNTRIES} - {"VA"}
    assert tables["tile_weights without rows"].truth["countries"] == {}
    sites = tables["sites"].truth
    assert sites["countries"] == {"FJ": 30, "LU": 3, "MT": 2, "NA": 400}
    assert (sites["missing"]["lon"], sites["missing"]["category"]) == (2, 3)
    assert tables["merchants"].truth["missing"]["owner"] == 2


def test_every_dataset_is_among_the_files(tables: dict[str, Table]) -> None:
    assert {*DATASETS} <= tables.keys() | {"tile_coverage"} | WITHOUT_COUNTRY


def test_times_are_in_no_encoding_that_loses_them() -> None:
    """DuckDB-WASM 1.20 reads no row, and says nothing, where times are DELTA_BINARY_PACKED."""
    for dataset in DATASETS.values():
        for column in dataset.columns:
            if pa.types.is_timestamp(column.type):
                assert dataset.encodings.get(column.name, "PLAIN") == "PLAIN"


def test_a_misread_value_is_seen(tables: dict[str, Table]) -> None:
    names = ("tile_index", "sample")
    found = {name: dict(tables[name].truth) for name in names}
    asked = {name: tables[name] for name in names}
    assert differences(asked, found) == {}
    found["sample"]["integers"] = {"tile_id": "1"}
    found["tile_index"] = {"error": "no"}
    assert differences(asked, found).keys() == {*names}
