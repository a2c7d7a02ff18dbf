"""Placing the outlets of merchants in all countries, compared with two common ways to make points."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from measure import (
    Cost,
    Form,
    ask_script,
    median_cost,
    median_ratio,
    published,
    run_closedworld,
    run_process,
    script,
)
from table import head, row, section

MERCHANTS = 100_000

PEERS = {
    "geopandas": f"GeoPandas {version('geopandas')}, `sample_points` in each country's polygons",
    "numpy": f"NumPy {version('numpy')}, `choice` of tiles by weight and jitter; shapely {version('shapely')}, rejection",
}

TEXT = """
Merchants of ten outlets each, in countries by their people, on the world of the benchmark with weights by population.
`closedworld sites` writes ids, tiles, time zones, towns and surroundings as well, checks every site, seals and syncs; its
sites keep their places when the table grows or the world changes. The peers write merchant, country, longitude and
latitude, and the next table gives other points. Even points in polygons are where land is, not where people are.
"""


def main() -> None:
    """Measure and print."""
    form = Form.asked(__doc__)
    section("Sites (S3 to S9)", TEXT)
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as folder:
        scratch = Path(folder)
        world, raster = scratch / "world", scratch / "population.tif"
        ask_script("world.py", "population", str(raster), *(["--quick"] if form.quick else []))
        run_closedworld("run", "--raster", str(raster), "--out", str(world), "--workers", "2")
        compare(world, scratch, MERCHANTS // 10 if form.quick else MERCHANTS, form.runs)


def compare(world: Path, scratch: Path, merchants: int, runs: int) -> None:
    """Time all ways in turn and print a table."""
    table = scratch / "merchants.parquet"
    ask_script("placers.py", "merchants", str(world), str(table), "--n", str(merchants))
    costs: dict[str, list[Cost]] = {name: [] for name in ("closedworld", *PEERS)}
    counts = {}
    for _ in range(runs):
        costs["closedworld"].append(
            run_closedworld("sites", str(world), "--merchants", str(table), "--workers", "2")
        )
        placed, _ = published(world, "sites")
        counts["closedworld"] = ask_script("placers.py", "count", str(placed / "sites"))
        shutil.rmtree(placed)
        for name in PEERS:
            points = scratch / f"{name}.parquet"
            command = script("placers.py", name, str(world), str(points), "--merchants", str(table))
            costs[name].append(run_process(command))
            counts[name] = ask_script("placers.py", "count", str(points))
    sites = counts["closedworld"]["points"]
    columns = ("wall", "CPU", "peak memory", "sites/s", "wall / closedworld", "different points")
    head(f"{sites:,} sites of {merchants:,} merchants", *columns)
    for name, kept in costs.items():
        cost = median_cost(kept)
        row(
            PEERS.get(name, "`closedworld sites`, 2 workers"),
            f"{cost.wall:.1f} s",
            f"{cost.cpu:.1f} s",
            f"{cost.peak_mib:.0f} MiB",
            f"{counts[name]['points'] / cost.wall:,.0f}",
            f"{median_ratio(kept, costs['closedworld']):.2f} x",
            f"{counts[name]['different']:,}",
        )


if __name__ == "__main__":
    main()
