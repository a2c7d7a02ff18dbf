"""DuckDB: the macros of a world, on points."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

sql, points = map(Path, sys.argv[1:])
connection = duckdb.connect()
connection.execute(sql.read_text())
connection.execute(f"CREATE TABLE points AS FROM read_csv('{points}')")
found = connection.execute(
    "SELECT tile_of(lon, lat), country_of(lon, lat), countries_of(lon, lat) FROM points ORDER BY n"
)
sys.stdout.write(json.dumps(found.fetchall()))
