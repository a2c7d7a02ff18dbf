"""Every engine reads a dataset's folder as one table, with the types of the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from closedworld.datasets import DATASETS
from closedworld.published.results import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.store.reading import Published

pytestmark = pytest.mark.slow

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "double": "DOUBLE",
}
ORDER = {
    "tile_index": "tile_id",
    "tile_bounds": "tile_id",
    "tile_spans": "first_rank",
    "tile_coverage": "tile_id",
    "tile_weights": "tile_id",
    "span_weights": "weight_before",
    "sites": "site_id",
    "merchants": "n",
    "cards": "tile_id",
}


@pytest.fixture(params=sorted(ORDER))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def published(real_results: dict[str, Published], name: str) -> Published:
    return real_results[name]


@pytest.fixture
def folder(published: Published, name: str) -> Path:
    return published.folder / name


@pytest.fixture
def wanted(published: Published, name: str) -> pa.Table:
    """The rows file by file, each read alone."""
    entries = [entry for entry in published.receipt.files if entry.dataset == name]
    tables = [pq.ParquetFile(published.folder / entry.path).read() for entry in entries]
    return pa.concat_tables(tables).cast(DATASETS[name].schema)


def query(text: str) -> duckdb.DuckDBPyRelation:
    relation = duckdb.sql(text)
    assert relation is not None
    return relation


def frame_of(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def same(got: pa.Table, wanted: pa.Table) -> bool:
    """Return whether two tables hold the same rows in whatever order, in the same types."""
    columns = wanted.schema.names
    order = [(column, "ascending") for column in columns[:3]]
    optional = pa.schema([field.with_nullable(nullable=True) for field in wanted.schema])
    tables = [
        t.select(columns).cast(optional).sort_by(order).combine_chunks() for t in (got, wanted)
    ]
    assert [str(t) for t in got.select(columns).schema.types] == [
        str(t) for t in wanted.schema.types
    ]
    return bool(tables[0].equals(tables[1]))


def test_the_world_has_namibia_norway_and_several_parts(real_index: TileIndex) -> None:
    counts = real_index.world.tile_counts
    assert set(counts) == {"DE", "FJ", "NA", "NO", "RU"}
    assert min(counts.values()) > 0
    parts = [e.path for e in real_index.published.receipt.files if "tile_index/RU-" in e.path]
    assert len(parts) > 3


def test_open_dataset_gives_the_schema_and_all_rows(
    published: Published, name: str, wanted: pa.Table
) -> None:
    root = published.folder.parent.parent
    dataset = open_dataset(root, name)
    assert dataset.schema == DATASETS[name].schema
    table = dataset.to_table()
    assert table.schema == DATASETS[name].schema
    assert table.equals(wanted)


@pytest.mark.parametrize("partitioning", ["hive", None])
def test_pyarrow_reads_the_folder(folder: Path, wanted: pa.Table, partitioning: str | None) -> None:
    assert same(pads.dataset(folder, partitioning=partitioning).to_table(), wanted)


@pytest.mark.parametrize("hive", [True, False])
def test_duckdb_reads_the_folder(folder: Path, wanted: pa.Table, *, hive: bool) -> None:
    relation = query(
        f"select * from read_parquet('{folder}/**/*.parquet', hive_partitioning = {hive})"  # noqa: S608
    )
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    assert types.pop("parameter_hash", "VARCHAR") == "VARCHAR"
    assert types == {field.name: DUCKDB_TYPES[str(field.type)] for field in wanted.schema}
    assert same(relation.to_arrow_table(), wanted)


def test_duckdb_tells_namibia_from_nothing(folder: Path, real_index: TileIndex) -> None:
    text = f"select country_iso, count(*) from read_parquet('{folder}/**/*.parquet') group by all"  # noqa: S608
    counts = dict(query(text).fetchall())
    assert set(counts) == set(real_index.world.tile_counts)
    assert counts["NA"] > 0


@pytest.mark.parametrize("glob", ["", "/**/*.parquet"])
@pytest.mark.parametrize("hive", [None, True, False])
def test_polars_reads_the_folder(
    folder: Path, wanted: pa.Table, glob: str, *, hive: bool | None
) -> None:
    frame = pl.scan_parquet(f"{folder}{glob}", hive_partitioning=hive).collect()
    types = dict(frame.schema)
    types.pop("parameter_hash", None)
    assert types == dict(frame_of(wanted).schema)
    columns = wanted.schema.names
    ordered = frame.select(columns).sort(columns[:3])
    assert ordered.equals(frame_of(wanted).sort(columns[:3]))


def test_pandas_reads_the_folder(folder: Path, wanted: pa.Table) -> None:
    frame = pd.read_parquet(folder)
    assert [str(kind).replace("float64", "double") for kind in frame.dtypes] == [
        str(kind).replace("string", "str") for kind in wanted.schema.types
    ]
    columns = wanted.schema.names
    expected = wanted.to_pandas().sort_values(columns[:3], ignore_index=True)
    pd.testing.assert_frame_equal(frame.sort_values(columns[:3], ignore_index=True), expected)
    assert "NA" in set(frame["country_iso"])


def test_pandas_reads_one_country(folder: Path, name: str) -> None:
    frame = pd.read_parquet(folder / "NA-00000.parquet")
    assert set(frame["country_iso"]) == {"NA"}
    assert frame[ORDER[name]].dtype == ("int32" if name == "merchants" else "int64")


def test_a_filter_on_country_and_id_finds_the_rows(
    folder: Path, name: str, wanted: pa.Table
) -> None:
    """Statistics that were wrong would lose rows here."""
    values = sorted(wanted.filter(pads.field("country_iso") == "RU")[ORDER[name]].to_pylist())
    low, high = values[len(values) // 3], values[len(values) // 2]
    column = ORDER[name]
    here = (
        (pads.field("country_iso") == "RU")
        & (pads.field(column) >= low)
        & (pads.field(column) < high)
    )
    expected = sum(low <= value < high for value in values)
    assert pads.dataset(folder, partitioning="hive").count_rows(filter=here) == expected
    scan = pl.scan_parquet(folder).filter(
        (pl.col("country_iso") == "RU") & (pl.col(column) >= low) & (pl.col(column) < high)
    )
    assert scan.collect().height == expected
    text = (
        f"select count(*) from read_parquet('{folder}/**/*.parquet') "  # noqa: S608
        f"where country_iso = 'RU' and {column} >= {low} and {column} < {high}"
    )
    assert query(text).fetchall() == [(expected,)]


@pytest.mark.parametrize("dated", sorted(DATASETS.keys() - ORDER.keys()))
def test_datasets_by_day_are_read_with_their_times(
    real_results: dict[str, Published], dated: str
) -> None:
    """Those that are not by country: pandas, Polars and DuckDB see times in UTC, local times and truth values."""
    assert DATASETS[dated].partition == "date"
    published = real_results[dated]
    wanted, folder = published.dataset(dated).to_table(), published.folder / dated
    key = list(DATASETS[dated].key)
    order = [(name, "ascending") for name in key]
    expected = wanted.sort_by(order)
    found = pl.read_parquet(folder).sort(key).to_arrow()
    assert found.select(wanted.column_names).cast(wanted.schema).equals(expected)
    frame = pd.read_parquet(folder).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(frame, expected.to_pandas())
    relation = query(f"select * from '{folder}/*.parquet' order by {', '.join(key)}")  # noqa: S608
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    for field in wanted.schema:
        if pa.types.is_timestamp(field.type):
            zone = "TIMESTAMP WITH TIME ZONE" if field.type.tz else "TIMESTAMP"
            assert kinds[field.name] == zone
    seen = relation.to_arrow_table().select(wanted.column_names)
    assert seen.cast(wanted.schema).equals(expected)
