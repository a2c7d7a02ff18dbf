"""Speed and memory of S2 on the whole world at 30 arc-seconds, beside GDAL and DuckDB.

Prints a Markdown table. Peers take turns in the same run on the same input; look at the ratios.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import world
from measure import Cost, head, median_cost, row, run_closedworld, run_process

from closedworld import open_published

WORKERS = "2"

GDAL_READ = """
import rasterio, sys
with rasterio.open(sys.argv[1], num_threads="all_cpus") as raster:
    raster.read(1)
"""

DUCKDB_COPY = """
import duckdb, sys
db = duckdb.connect()
db.execute("SET threads = 2; SET preserve_insertion_order = false")
db.execute(
    f"COPY (FROM read_parquet('{sys.argv[1]}/tile_weights/*/*.parquet', hive_partitioning = false)) "
    f"TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, PER_THREAD_OUTPUT true)"
)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each (default 3)")
    runs = parser.parse_args().runs
    head(runs)
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        raster = Path(scratch) / "population.tif"
        # On its own: a process inherits the peak memory of the one that starts it.
        subprocess.run([sys.executable, world.__file__, str(raster)], check=True)
        compare_weights(Path(scratch), raster, runs)
        measure_whole_run(Path(scratch), raster, runs)


def compare_weights(scratch: Path, raster: Path, runs: int) -> None:
    """Time S2 as a whole process, beside GDAL reading the raster and DuckDB copying the weights."""
    built = scratch / "world"
    run_closedworld("tiles", "--raster", str(raster), "--out", str(built), "--s1-workers", WORKERS)
    costs: dict[str, list[Cost]] = {name: [] for name in ("area_m2", "population", "read", "copy")}
    size = tiles = 0
    for _ in range(runs + 1):
        for basis in ("area_m2", "population"):
            options = ("--basis", basis, "--s2-workers", WORKERS)
            costs[basis].append(
                run_closedworld("weights", str(built), "--raster", str(raster), *options)
            )
            published = open_published(built, "weights")
            total = published.receipt.datasets()["tile_weights"]
            size, tiles = total["size_bytes"], total["rows"]
            if basis == "population":
                copied = scratch / "copy"
                command = [sys.executable, "-c", DUCKDB_COPY, str(published.folder), str(copied)]
                costs["copy"].append(run_process(command))
                shutil.rmtree(copied)
            shutil.rmtree(published.folder)
        costs["read"].append(run_process([sys.executable, "-c", GDAL_READ, str(raster)]))
    # The first round warms the page cache and is not counted.
    counted = {name: kept[1:] for name, kept in costs.items()}
    area, mine, read, copy = (median_cost(counted[name]) for name in costs)
    ratio = statistics.median(
        own.wall / (one.wall + other.wall)
        for own, one, other in zip(
            counted["population"], counted["read"], counted["copy"], strict=True
        )
    )
    row(
        f"weights by population of {tiles:,} tiles, two workers, published",
        "GDAL, all threads, reading the raster + DuckDB, 2 threads, copying `tile_weights`",
        f"{mine.wall:.1f} s",
        f"{read.wall:.1f} + {copy.wall:.1f} s",
        f"{ratio:.2f}",
        "< 1.0",
    )
    cpu = f"{read.cpu:.1f} + {copy.cpu:.1f} s"
    row("- processor time", "", f"{mine.cpu:.1f} s", cpu, "", "")
    peaks = f"{read.peak_mib:.0f}, {copy.peak_mib:.0f} MiB"
    row("- peak memory", "", f"{mine.peak_mib:.0f} MiB", peaks, "", "< 1024 MiB")
    row("- bytes per tile", "", f"{size / tiles:.2f}", "", "", "")
    row(
        "weights by area, two workers, published",
        "",
        f"{area.wall:.1f} s, {area.peak_mib:.0f} MiB",
        "",
        "",
        "",
    )


def measure_whole_run(scratch: Path, raster: Path, runs: int) -> None:
    """Time S1 and S2 together, from the raster to published weights, map and report."""
    costs = []
    for _ in range(runs):
        built = scratch / "whole"
        workers = ("--s1-workers", WORKERS, "--s2-workers", WORKERS)
        costs.append(run_closedworld("run", "--raster", str(raster), "--out", str(built), *workers))
        shutil.rmtree(built)
    cost = median_cost(costs)
    row(
        f"`closedworld run`, grid of {world.GRID.n_rows:,} x {world.GRID.n_cols:,}, two workers",
        "",
        f"{cost.wall:.1f} s, {cost.peak_mib:.0f} MiB",
        "",
        "",
        "< 30 s",
    )


if __name__ == "__main__":
    main()
