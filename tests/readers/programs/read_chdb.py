"""chDB: ``file('folder/*.parquet')``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import chdb
from summing import main

if TYPE_CHECKING:
    from pathlib import Path


def columns_of(path: Path) -> dict[str, list[Any]]:
    files = path / "*.parquet" if path.is_dir() else path
    settings = "output_format_json_quote_64bit_integers = 0"
    query = f"SELECT * FROM file('{files}') SETTINGS {settings}"  # noqa: S608 -- our own path
    found = json.loads(str(chdb.query(query, "JSONCompact")))
    rows = found["data"]
    return {one["name"]: [row[at] for row in rows] for at, one in enumerate(found["meta"])}


main(chdb.__version__, columns_of)
