"""How much faster two workers are than one, compared with what the machine itself allows."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path

from measure import (
    Form,
    closedworld,
    largest_idle_share,
    published,
    run_closedworld,
    run_side_by_side,
)
from table import head, row, section

COUNTRIES = "BR,CA,RU,US"

CONFIGURATIONS = (
    ("one worker", "threads", 1, ""),
    ("two threads", "threads", 2, ">= 1.8, < 5%"),
    ("four threads", "threads", 4, "< 5%"),
    ("two processes", "processes", 2, ">= 1.8, < 5%"),
    ("four processes", "processes", 4, "< 5%"),
)

TEXT = """
Tiles of four large countries on a grid so fine that startup time hardly matters. Threads wait for the
interpreter lock between NumPy calls; processes do not, but cost half a second and 170 MiB each.
Two cores share caches and memory bandwidth, so even two independent programs do not do twice the work of one. The
last row shows this limit of the machine: two independent one-worker runs at the same time, compared with one alone.
"""


def main() -> None:
    """Measure and print."""
    form = Form.asked(__doc__)
    section("Workers", TEXT)
    resolution = "20s" if form.quick else "6s"
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        measure(Path(scratch), resolution, form.runs)


def measure(scratch: Path, resolution: str, runs: int) -> None:
    """Alternate runs of every configuration and of two one-worker runs at once."""
    grid = ("--resolution", resolution, "--countries", COUNTRIES)
    walls: dict[str, list[float]] = {name: [] for name, *_ in CONFIGURATIONS}
    idle = dict.fromkeys(walls, 0.0)
    beside = []
    for _ in range(runs):
        for name, executor, workers, _ in CONFIGURATIONS:
            world = scratch / "world"
            runner = ("--executor", executor, "--workers", str(workers))
            walls[name].append(run_closedworld("tiles", *grid, "--out", str(world), *runner).wall)
            idle[name] = max(idle[name], largest_idle_share(world))
            tiles = published(world, "tiles")[1]["tile_index"]["rows"]
            shutil.rmtree(world)
        worlds = [scratch / name for name in ("left", "right")]
        beside.append(
            run_side_by_side(
                [closedworld("tiles", *grid, "--out", str(w), "--workers", "1") for w in worlds]
            )
        )
        for world in worlds:
            shutil.rmtree(world)
    what = f"{tiles:,} tiles of {COUNTRIES} at {resolution}"
    head(what, "wall", "speed-up", "tiles/s", "largest idle share", "goal")
    alone = walls["one worker"]
    for name, _, _, goal in CONFIGURATIONS:
        wall = statistics.median(walls[name])
        faster = statistics.median(one / own for one, own in zip(alone, walls[name], strict=True))
        rate = f"{tiles / wall / 1e6:.0f} M"
        row(name, f"{wall:.1f} s", f"{faster:.2f}", rate, f"{idle[name]:.1%}", goal)
    both = statistics.median(beside)
    limit = statistics.median(2 * one / two for one, two in zip(alone, beside, strict=True))
    rate = f"{2 * tiles / both / 1e6:.0f} M"
    row("two one-worker runs at once", f"{both:.1f} s", f"{limit:.2f}", rate, "", "")


if __name__ == "__main__":
    main()
