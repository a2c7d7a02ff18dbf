"""Growth of time and memory with the number of tiles, from 5 arc-minutes to 3 arc-seconds."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import HERE, Cost, Form, median_cost, published, run_closedworld
from table import head, row, section

COUNTRY = "RU"

# Those of the maps.
PAPER, INK, FAINT, RULE, GRID = "#fcfbf7", "#1e2430", "#6b7280", "#9aa3ad", "#e4e6e4"
TEAL, RUST = "#3b9599", "#b85730"

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
    """Draw wall time and peak memory by number of tiles, all axes logarithmic, as the maps are drawn."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import font_manager
    from matplotlib import pyplot as plt
    from PIL import ImageFont

    panels = (
        ("Wall time, seconds", [step.cost.wall for step in steps], (0.1, 100.0), TEAL),
        ("Peak memory, MiB", [step.cost.peak_mib for step in steps], (10.0, 10_000.0), RUST),
    )
    style: Any = {
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "axes.edgecolor": RULE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "ytick.left": False,
        "text.color": INK,
        "font.size": 11.5,
    }
    with tempfile.NamedTemporaryFile(suffix=".ttf") as file, mpl.rc_context(style):
        # The font of the maps, which Pillow has in it.
        font = ImageFont.load_default(10)
        file.write(font.font_bytes)  # type: ignore[union-attr]  # a FreeType font, as a size was given
        file.flush()
        font_manager.fontManager.addfont(file.name)
        plt.rcParams["font.family"] = font.getname()[0]  # type: ignore[union-attr]
        figure, axes = plt.subplots(1, 2, figsize=(10.6, 4.9))
        for axis, panel in zip(axes, panels, strict=True):
            _draw_panel(axis, steps, *panel)
        figure.text(0.04, 0.93, "Time and memory by number of tiles", fontsize=17)
        subtitle = (
            f"closedworld tiles of {COUNTRY}, {steps[0].resolution} to {steps[-1].resolution}, two workers; "
            "dashed: in proportion to the tiles"
        )
        figure.text(0.04, 0.875, subtitle, fontsize=10.5, color=FAINT)
        figure.subplots_adjust(left=0.07, right=0.97, top=0.74, bottom=0.13, wspace=0.18)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150, metadata={"Software": None})


def _draw_panel(
    axis: Any,
    steps: list[Step],
    title: str,
    values: list[float],
    limits: tuple[float, float],
    colour: str,
) -> None:
    tiles = [step.tiles for step in steps]
    axis.set_title(title, loc="left", fontsize=11.5, pad=12)
    proportional = [values[-1] * count / tiles[-1] for count in tiles]
    axis.loglog(tiles, proportional, linestyle=(0, (4, 3)), color=RULE, linewidth=1.2)
    axis.loglog(
        tiles, values, marker="o", markersize=8, markeredgecolor=PAPER, color=colour, linewidth=2.4
    )
    for step, value in zip(steps, values, strict=True):
        # To the left, where the line never is.
        axis.annotate(
            step.resolution, (step.tiles, value), (-4, 9), textcoords="offset points", ha="right"
        )
    axis.set_ylim(*limits)
    axis.set_xlim(tiles[0] / 2, tiles[-1] * 2)
    axis.yaxis.set_major_formatter("{x:,g}")
    axis.xaxis.set_major_locator(_decades())
    axis.xaxis.set_major_formatter(lambda count, _: _count_text(count))
    axis.minorticks_off()
    axis.set_xlabel("tiles", color=FAINT)
    axis.grid(visible=True, axis="y", color=GRID, linewidth=1)
    axis.set_axisbelow(True)


def _decades() -> Any:
    from matplotlib.ticker import LogLocator

    return LogLocator(base=10, numticks=12)


def _count_text(count: float) -> str:
    """Return a power of ten in words."""
    for factor, word in ((1e9, "billion"), (1e6, "million")):
        if count >= factor:
            return f"{count / factor:g} {word}"
    return f"{count:,.0f}"


if __name__ == "__main__":
    main()
