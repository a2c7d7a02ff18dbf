"""Growth of time and memory with the number of tiles, from 5 arc-minutes to 3 arc-seconds."""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import HERE, Cost, Form, median_cost, published, run_closedworld
from table import head, row, section

COUNTRY = "RU"

PLOT = HERE.parent / "docs" / "images" / "growth.png"


@dataclass(frozen=True, slots=True)
class Step:
    """What a resolution cost.

    Attributes:
        resolution: Cell size, as the command takes it.
        tiles: Number of tiles.
        cost: Median cost.
    """

    resolution: str
    tiles: int
    cost: Cost


def main() -> None:
    """Measure, print, and in the full form draw the plot."""
    form = Form.asked(__doc__)
    section(
        "Growth",
        f"Tiles of one country, {COUNTRY}, as a whole process with two workers. Up to some tens of millions of "
        "tiles, startup dominates; beyond, time grows linearly with the tiles. Memory does not grow.",
    )
    head("resolution", "tiles", "wall", "CPU", "peak memory", "tiles/s")
    steps = [
        measure(resolution, form.runs)
        for resolution in ("5m", "1m", "30s", "10s", *([] if form.quick else ["3s"]))
    ]
    if not form.quick:
        draw(steps, PLOT)
        print("\n![Time and memory by number of tiles](images/growth.png)", flush=True)


def measure(resolution: str, runs: int) -> Step:
    """Measure one resolution and print its row."""
    costs = []
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        world = Path(scratch) / "world"
        for _ in range(runs):
            options = ("--resolution", resolution, "--countries", COUNTRY, "--workers", "2")
            costs.append(run_closedworld("tiles", *options, "--out", str(world)))
            tiles = published(world, "tiles")[1]["tile_index"]["rows"]
            shutil.rmtree(world)
    step = Step(resolution, tiles, median_cost(costs))
    row(
        resolution,
        f"{tiles:,}",
        f"{step.cost.wall:.2f} s",
        f"{step.cost.cpu:.2f} s",
        f"{step.cost.peak_mib:.0f} MiB",
        f"{tiles / step.cost.wall:,.0f}",
    )
    return step


def draw(steps: list[Step], path: Path) -> None:
    """Draw wall time and peak memory by number of tiles, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    tiles = [step.tiles for step in steps]
    panels = (
        ("wall time, seconds", [step.cost.wall for step in steps], "#2a6f97"),
        ("peak memory, MiB", [step.cost.peak_mib for step in steps], "#b5651d"),
    )
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained")
    for axis, (label, values, colour) in zip(axes, panels, strict=True):
        axis.loglog(tiles, values, marker="o", color=colour, linewidth=2)
        linear = [values[-1] * count / tiles[-1] for count in tiles]
        axis.loglog(tiles, linear, "--", color="0.65", linewidth=1, label="linear")
        for step, value in zip(steps, values, strict=True):
            axis.annotate(
                step.resolution,
                (step.tiles, value),
                (0, 9),
                textcoords="offset points",
                ha="center",
            )
        # Whole decades around the values, and no ticks between them, so that a flat line looks flat.
        low, high = math.log10(min(values)), math.log10(max(values))
        axis.set_ylim(10 ** math.floor(low - 0.5), 10 ** math.ceil(high + 0.5))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("")
        axis.set_xlabel(f"tiles of {COUNTRY}")
        axis.set_ylabel(label)
        axis.grid(visible=True, which="major", color="0.9")
        axis.legend(frameon=False, loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()
