"""How much faster two workers are than one, beside what the machine itself allows."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path

from measure import (
    Form,
    closedworld,
    largest_idle_share,
    run_closedworld,
    run_side_by_side,
)
from table import head, row, section

COUNTRIES = "BR,CA,IN"
"""Large enough that starting up counts for little."""

TEXT = """
Two cores share caches and memory bandwidth, so not even two programs that know nothing of each other run at
twice the speed of one. The machine's own limit is the work of two one-worker runs side by side over the time
of one alone; the speed-up of two workers is that of one run of the same countries.
"""


def main() -> None:
    """Measure and print."""
    form = Form.asked(__doc__)
    section("Workers", TEXT)
    resolution = "90s" if form.quick else "30s"
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        measure(Path(scratch), resolution, form.runs)


def measure(scratch: Path, resolution: str, runs: int) -> None:
    """Take turns of one worker, two workers, four, and two runs of one worker at once."""
    grid = ("--resolution", resolution, "--countries", COUNTRIES)
    walls: dict[str, list[float]] = {"1": [], "2": [], "4": []}
    idle: dict[str, float] = dict.fromkeys(walls, 0.0)
    beside = []
    for _ in range(runs):
        for workers, kept in walls.items():
            world = scratch / workers
            command = ("tiles", *grid, "--out", str(world), "--workers", workers)
            kept.append(run_closedworld(*command).wall)
            idle[workers] = max(idle[workers], largest_idle_share(world))
            shutil.rmtree(world)
        worlds = [scratch / name for name in ("left", "right")]
        beside.append(
            run_side_by_side(
                [closedworld("tiles", *grid, "--out", str(w), "--workers", "1") for w in worlds]
            )
        )
        for world in worlds:
            shutil.rmtree(world)
    alone = statistics.median(walls["1"])
    head(f"tiles of {COUNTRIES} at {resolution}", "wall", "speed-up", "largest idle share", "goal")
    row("one worker", f"{alone:.1f} s", "1", f"{idle['1']:.1%}", "")
    for workers, name, goal in (("2", "two", ">= 1.8, < 5%"), ("4", "four", "< 5%")):
        pairs = zip(walls["1"], walls[workers], strict=True)
        faster = statistics.median(one / many for one, many in pairs)
        wall = statistics.median(walls[workers])
        row(f"{name} workers", f"{wall:.1f} s", f"{faster:.2f}", f"{idle[workers]:.1%}", goal)
    limit = statistics.median(2 * one / both for one, both in zip(walls["1"], beside, strict=True))
    row(
        "two runs of one worker at once",
        f"{statistics.median(beside):.1f} s",
        f"{limit:.2f}",
        "",
        "",
    )


if __name__ == "__main__":
    main()
