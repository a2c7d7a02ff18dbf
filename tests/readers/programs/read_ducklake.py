"""DuckLake: ``ducklake_add_data_files``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_ducklake
from summing import main


def columns_of(path: Path) -> dict[str, list[Any]]:
    files = f"{path}/*.parquet" if path.is_dir() else str(path)
    (extension,) = Path(duckdb_extension_ducklake.__file__).parent.rglob("*.duckdb_extension")
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"allow_unsigned_extensions": True}) as connection,
    ):
        connection.execute(f"LOAD '{extension}'")
        connection.execute(f"ATTACH 'ducklake:{folder}/lake.db' AS lake (DATA_PATH '{folder}')")
        source = f"read_parquet('{files}', hive_partitioning = false)"
        connection.execute(f"CREATE TABLE lake.t AS FROM {source} LIMIT 0")
        connection.execute(f"CALL ducklake_add_data_files('lake', 't', '{files}')")
        relation = connection.sql("FROM lake.t")
        rows = relation.fetchall()
        return {name: [row[at] for row in rows] for at, name in enumerate(relation.columns)}


main(f"DuckDB {duckdb.__version__}", columns_of)
