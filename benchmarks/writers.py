"""DuckDB and Polars writing the rows that closedworld published, each as a whole process."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 2


def duckdb_copy(source: Path, target: Path) -> None:
    """Copy a dataset in the form that suits DuckDB best: one file per thread, in any order."""
    _duckdb(source, target, "PER_THREAD_OUTPUT true")


def duckdb_partitions(source: Path, target: Path) -> None:
    """Write a dataset partitioned by country, the column kept in the files as closedworld does."""
    _duckdb(source, target, "PARTITION_BY (country_iso), WRITE_PARTITION_COLUMNS true")


def polars_partitions(source: Path, target: Path) -> None:
    """Stream a dataset into Polars' partitioned sink."""
    import polars as pl

    rows = pl.scan_parquet(f"{source}/*.parquet", hive_partitioning=False)
    to = pl.PartitionBy(target, key="country_iso", include_key=True)
    rows.sink_parquet(to, mkdir=True, maintain_order=False)


def _duckdb(source: Path, target: Path, layout: str) -> None:
    import duckdb

    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        db.execute(f"SET threads = {THREADS}; SET preserve_insertion_order = false")
        db.execute(
            f"COPY (FROM read_parquet('{source}/*.parquet', hive_partitioning = false)) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd, {layout})"
        )


def print_digest(folder: Path) -> None:
    """Print each country's number of tiles and a digest of their identifiers, in any order."""
    import duckdb

    with duckdb.connect() as db:
        rows = db.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=False)
        # A sum beside the exclusive or, which two equal rows would leave as it was.
        digest = "count(*), bit_xor(hash(tile_id)), sum(hash(tile_id))::VARCHAR"
        found = rows.aggregate(f"country_iso, {digest}", "country_iso").order("country_iso")
        lines = found.fetchall()
    print(json.dumps(lines))


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "duckdb-copy": duckdb_copy,
    "duckdb": duckdb_partitions,
    "polars": polars_partitions,
}


def main() -> None:
    """Write datasets anew, or print the digest of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=[*WAYS, "digest"])
    parser.add_argument("source", type=Path, help="folder of a published result, or of a dataset")
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("datasets", nargs="*")
    arguments = parser.parse_args()
    if arguments.way == "digest":
        print_digest(arguments.source)
    for name in arguments.datasets:
        WAYS[arguments.way](arguments.source / name, arguments.target / name)


if __name__ == "__main__":
    main()
