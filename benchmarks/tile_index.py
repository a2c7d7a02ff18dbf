"""Speed, memory and size of S1 on the whole world at 30 arc-seconds, compared with GDAL and DuckDB.

Prints a Markdown table. Peers take turns in the same run on the same input; look at the ratios.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from measure import (
    Cost,
    Form,
    ask_script,
    largest_idle_share,
    median_cost,
    median_ratio,
    published,
    run_closedworld,
    run_process,
    script,
)
from table import against_peer, row, section

DATASETS = ("tile_index", "tile_bounds")

TEXT = """
"Spans" is the time to find the tiles of each country in one process, after an uncounted first call. GDAL
runs once with `out_shape`, as in its documentation, and once in its fastest form. "Index and bounds" is the
whole command, from start to published and synced, including spans, summaries and map; DuckDB only reads the two
finished datasets and writes them again.
"""


def main() -> None:
    """Measure and print."""
    form = Form.asked(__doc__)
    section("Tiles (S1)", TEXT)
    against_peer()
    subprocess.run(script("spans.py", *form.options()), check=True)
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        compare_world(Path(scratch), form)
        measure_bundled_world(Path(scratch), form.runs)


def compare_world(scratch: Path, form: Form) -> None:
    """Time S1 of the world with two workers and one, and DuckDB copying what it published."""
    raster = scratch / "grid.tif"
    ask_script("world.py", "empty", str(raster), *(["--quick"] if form.quick else []))
    costs: dict[str, list[Cost]] = {"two": [], "one": [], "copy": []}
    idle = []
    for _ in range(form.runs):
        for name, workers in (("one", "1"), ("two", "2")):
            world = scratch / name
            command = ("tiles", "--raster", str(raster), "--out", str(world), "--workers", workers)
            costs[name].append(run_closedworld(*command))
        folder, datasets = published(scratch / "two", "tiles")
        idle.append(largest_idle_share(scratch / "two"))
        copy = script("writers.py", "duckdb-copy", str(folder), str(scratch / "copy"), *DATASETS)
        costs["copy"].append(run_process(copy))
        for name in costs:
            shutil.rmtree(scratch / name)
    two, one, copied = (median_cost(kept) for kept in costs.values())
    tiles = datasets["tile_index"]["rows"]
    size = sum(datasets[name]["size_bytes"] for name in DATASETS)
    peer = "DuckDB, 2 threads, copying the two finished datasets"
    for name, cost, goal in (("two workers", two, "<= 0.33"), ("one worker", one, "")):
        ratio = median_ratio(costs[name.split()[0]], costs["copy"])
        what = f"index and bounds of {tiles:,} tiles, {name}"
        row(what, peer, f"{cost.wall:.1f} s", f"{copied.wall:.1f} s", f"{ratio:.2f}", goal)
        row("- processor time", "", f"{cost.cpu:.1f} s", f"{copied.cpu:.1f} s", "", "")
        peaks = (f"{cost.peak_mib:.0f} MiB", f"{copied.peak_mib:.0f} MiB")
        row("- peak memory", "", *peaks, f"{cost.peak_mib / copied.peak_mib:.2f}", "<= 640 MiB")
        row("- tiles per second", "", f"{tiles / cost.wall / 1e6:.1f} M", "", "", "")
    row("- bytes per tile, both datasets", "", f"{size / tiles:.2f}", "", "", "<= 2.0")
    faster = median_ratio(costs["one"], costs["two"])
    row("- two workers compared with one", "", f"{faster:.2f} x as fast", "", "", ">= 1.8 x")
    row("- largest idle share of a worker", "", f"{max(idle):.1%}", "", "", "")


def measure_bundled_world(scratch: Path, runs: int) -> None:
    """Time the bundled world, as `make world` runs it."""
    costs = [run_closedworld("run", "--out", str(scratch / f"bundled-{n}")) for n in range(runs)]
    row(
        "bundled world, `closedworld run`", "", f"{median_cost(costs).wall:.1f} s", "", "", "< 15 s"
    )


if __name__ == "__main__":
    main()
