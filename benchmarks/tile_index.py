"""Speed, memory and size of S1 on the whole world at 30 arc-seconds, beside GDAL and DuckDB.

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

import numpy as np
from measure import (
    Cost,
    head,
    median_cost,
    median_seconds,
    row,
    run_closedworld,
    run_process,
)
from rasterio.features import rasterize
from rasterio.transform import from_origin
from world import GRID, write_empty_raster

from closedworld import (
    Rule,
    bundled,
    open_published,
    read_countries,
    region_spans,
)

DUCKDB_COPY = """
import duckdb, sys
db = duckdb.connect()
db.execute("SET threads = 2; SET preserve_insertion_order = false")
for name in ("tile_index", "tile_bounds"):
    db.execute(
        f"COPY (FROM read_parquet('{sys.argv[1]}/{name}/*/*.parquet', hive_partitioning = false)) "
        f"TO '{sys.argv[2]}/{name}' (FORMAT parquet, COMPRESSION zstd, PER_THREAD_OUTPUT true)"
    )
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each (default 3)")
    parser.add_argument("--only-spans", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    runs = arguments.runs
    if arguments.only_spans:
        compare_spans(runs)
        return
    head(runs)
    # On its own: a process inherits the peak memory of the one that starts it, and GDAL's is large.
    subprocess.run([sys.executable, __file__, "--only-spans", "--runs", str(runs)], check=True)
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        compare_world(Path(scratch), runs)
        measure_bundled_world(Path(scratch), runs)


def compare_spans(runs: int) -> None:
    """Time the spans of the world beside GDAL's rasterisation, and compare the tiles."""
    countries = read_countries(bundled("countries.parquet").path)
    regions = [country.features for country in countries]
    spans = region_spans(regions, GRID, Rule.CENTER)
    tiles = sum(own.tile_count for own in spans)
    ours = median_seconds(lambda: region_spans(regions, GRID, Rule.CENTER), 3 * runs)
    shapes = [(f, code) for code, polygons in enumerate(regions, 1) for f in polygons]
    transform = from_origin(GRID.west, GRID.north, GRID.cell_width, GRID.cell_height)
    size = (GRID.n_rows, GRID.n_cols)
    reused = np.zeros(size, np.uint8 if len(regions) < 256 else np.uint16)
    ways = {
        "as documented": lambda: rasterize(shapes, out_shape=size, transform=transform),
        "best form, into a reused uint8 array": lambda: rasterize(
            shapes, out=reused, transform=transform
        ),
    }
    for name, way in ways.items():
        theirs = median_seconds(way, runs)
        row(
            f"spans of the world, {tiles:,} tiles",
            f"`rasterio.features.rasterize`, {name}",
            f"{ours * 1e3:.0f} ms",
            f"{theirs:.2f} s",
            f"{theirs / ours:.0f} x as fast",
            ">= 50 x" if name == "as documented" else "",
        )
    counts = np.bincount(reused.ravel(), minlength=len(regions) + 1)[1:]
    differing = sum(a != own.tile_count for a, own in zip(counts.tolist(), spans, strict=True))
    row("- countries whose number of tiles differs from GDAL's", "", str(differing), "", "", "0")


def compare_world(scratch: Path, runs: int) -> None:
    """Time S1 of the world as a whole process, beside DuckDB copying what it published."""
    raster = scratch / "grid.tif"
    write_empty_raster(raster)
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for _ in range(runs + 1):
        world, copy = scratch / "world", scratch / "copy"
        ours.append(run_closedworld("tiles", "--raster", str(raster), "--out", str(world)))
        published = open_published(world)
        copy.mkdir()
        theirs.append(
            run_process([sys.executable, "-c", DUCKDB_COPY, str(published.folder), str(copy)])
        )
        datasets = published.receipt.datasets()
        shutil.rmtree(world)
        shutil.rmtree(copy)
    # The first pair warms the page cache and is not counted.
    mine, other = median_cost(ours[1:]), median_cost(theirs[1:])
    ratio = statistics.median(a.wall / b.wall for a, b in zip(ours[1:], theirs[1:], strict=True))
    tiles = datasets["tile_index"]["rows"]
    size = sum(datasets[name]["size_bytes"] for name in ("tile_index", "tile_bounds"))
    row(
        "index and bounds of the world, one worker, published",
        "DuckDB, 2 threads, copying the two finished datasets",
        f"{mine.wall:.1f} s",
        f"{other.wall:.1f} s",
        f"{ratio:.2f}",
        "< 1.0",
    )
    row("- processor time", "", f"{mine.cpu:.1f} s", f"{other.cpu:.1f} s", "", "")
    peaks = (f"{mine.peak_mib:.0f} MiB", f"{other.peak_mib:.0f} MiB")
    row("- peak memory", "", *peaks, f"{mine.peak_mib / other.peak_mib:.2f}", "< 512 MiB")
    row("- bytes per tile, both datasets", "", f"{size / tiles:.2f}", "", "", "< 3.5")
    row("- tiles per second", "", f"{tiles / mine.wall / 1e6:.1f} M", "", "", "")


def measure_bundled_world(scratch: Path, runs: int) -> None:
    """Time the bundled world, as `make world` runs it."""
    costs = [run_closedworld("run", "--out", str(scratch / f"bundled-{n}")) for n in range(runs)]
    row(
        "bundled world, `closedworld run`", "", f"{median_cost(costs).wall:.1f} s", "", "", "< 15 s"
    )


if __name__ == "__main__":
    main()
