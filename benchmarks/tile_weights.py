"""Speed and memory of S2 on the whole world at 30 arc-seconds, compared with GDAL and DuckDB.

Prints a Markdown table. Peers take turns in the same run on the same input; look at the ratios.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import (
    Cost,
    Form,
    ask_script,
    largest_idle_share,
    median_cost,
    published,
    run_closedworld,
    run_process,
    script,
)
from table import against_peer, row, section

WORKERS = ("--workers", "2")
EMPTY = 0.7

GDAL_READ = """
import rasterio, sys
with rasterio.open(sys.argv[1], num_threads="all_cpus") as raster:
    raster.read(1)
"""

TEXT = """
The benchmark generates the raster: float32, deflate, 512 x 512 blocks, with the bundled population distributed
unevenly within each 5 arc-minute cell; once more with 70% of the cells empty. The peers do only part of the
work: GDAL reads the raster, DuckDB copies the finished weights.
"""


def main() -> None:
    """Measure and print."""
    form = Form.asked(__doc__)
    section("Weights (S2) and the whole run", TEXT)
    against_peer()
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        raster = Path(scratch) / "population.tif"
        quick = ["--quick"] if form.quick else []
        grid = ask_script("world.py", "population", str(raster), *quick)
        compare_weights(Path(scratch), raster, form.runs)
        measure_whole_run(Path(scratch), raster, grid, form.runs)
        ask_script("world.py", "population", str(raster), "--empty", str(EMPTY), *quick)
        measure_sparse_weights(Path(scratch), raster, form.runs)


def compare_weights(scratch: Path, raster: Path, runs: int) -> None:
    """Time S2 as a whole process, and GDAL reading the raster and DuckDB copying the weights."""
    built, copied = scratch / "world", scratch / "copy"
    run_closedworld("tiles", "--raster", str(raster), "--out", str(built), *WORKERS)
    costs: dict[str, list[Cost]] = {name: [] for name in ("area_m2", "population", "read", "copy")}
    size = tiles = 0
    for _ in range(runs):
        for basis in ("area_m2", "population"):
            options = ("--basis", basis, *WORKERS)
            costs[basis].append(
                run_closedworld("weights", str(built), "--raster", str(raster), *options)
            )
            folder, datasets = published(built, "weights")
            if basis == "population":
                size, tiles = (datasets["tile_weights"][key] for key in ("size_bytes", "rows"))
                copy = script("writers.py", "duckdb-copy", str(folder), str(copied), "tile_weights")
                costs["copy"].append(run_process(copy))
                shutil.rmtree(copied)
            shutil.rmtree(folder)
        costs["read"].append(run_process([sys.executable, "-c", GDAL_READ, str(raster)]))
    shutil.rmtree(built)
    print_weights(costs, size, tiles)


def measure_sparse_weights(scratch: Path, raster: Path, runs: int) -> None:
    """Time S2 by a raster that is mostly empty."""
    built = scratch / "sparse"
    run_closedworld("tiles", "--raster", str(raster), "--out", str(built), *WORKERS)
    costs = []
    size = tiles = 0
    for _ in range(runs):
        costs.append(run_closedworld("weights", str(built), "--raster", str(raster), *WORKERS))
        folder, datasets = published(built, "weights")
        size, tiles = (datasets["tile_weights"][key] for key in ("size_bytes", "rows"))
        shutil.rmtree(folder)
    shutil.rmtree(built)
    cost = median_cost(costs)
    what = f"weights by population, {EMPTY:.0%} of the cells empty, two workers"
    row(what, "", f"{cost.wall:.1f} s", "", "", "")
    row("- processor time", "", f"{cost.cpu:.1f} s", "", "", "")
    row("- bytes per tile", "", f"{size / tiles:.2f}", "", "", "")


def print_weights(costs: dict[str, list[Cost]], size: int, tiles: int) -> None:
    """Print the rows on weights."""
    area, mine, read, copy = (median_cost(kept) for kept in costs.values())
    ratio = statistics.median(
        own.wall / (one.wall + other.wall)
        for own, one, other in zip(costs["population"], costs["read"], costs["copy"], strict=True)
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
    row("- peak memory", "", f"{mine.peak_mib:.0f} MiB", peaks, "", "<= 640 MiB")
    row("- tiles per second", "", f"{tiles / mine.wall / 1e6:.1f} M", "", "", "")
    row("- bytes per tile", "", f"{size / tiles:.2f}", "", "", "")
    row("weights by area, two workers, published", "", f"{area.wall:.1f} s", "", "", "")
    row("- processor time", "", f"{area.cpu:.1f} s", "", "", "")
    row("- peak memory", "", f"{area.peak_mib:.0f} MiB", "", "", "<= 640 MiB")


def measure_whole_run(scratch: Path, raster: Path, grid: dict[str, Any], runs: int) -> None:
    """Time S1 and S2 together, from the raster to published weights, map and report."""
    built = scratch / "whole"
    for workers, counted in (("2", runs), ("4", 1)):
        costs, idle = [], []
        for _ in range(counted):
            command = ("run", "--raster", str(raster), "--out", str(built), "--workers", workers)
            costs.append(run_closedworld(*command))
            idle.append(largest_idle_share(built))
            shutil.rmtree(built)
        cost = median_cost(costs)
        row(
            f"`closedworld run`, {grid['n_rows']:,} x {grid['n_cols']:,} cells, {workers} workers",
            "",
            f"{cost.wall:.1f} s",
            "",
            "",
            "< 30 s" if workers == "2" else "",
        )
        row("- processor time", "", f"{cost.cpu:.1f} s", "", "", "")
        limit = "<= 640 MiB" if workers == "2" else ""
        row("- peak memory", "", f"{cost.peak_mib:.0f} MiB", "", "", limit)
        row("- largest idle share of a worker, S1 and S2", "", f"{max(idle):.1%}", "", "", "< 5%")


if __name__ == "__main__":
    main()
