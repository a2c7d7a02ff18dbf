"""DuckDB: ``FROM 'folder/**/*.parquet'``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


def columns_of(path: Path) -> dict[str, list[Any]]:
    relation = duckdb.sql(f"FROM '{path / '**' / '*.parquet' if path.is_dir() else path}'")
    rows = relation.fetchall()
    return {name: [row[at] for row in rows] for at, name in enumerate(relation.columns)}


main(duckdb.__version__, columns_of)
