"""``closedworld plan``: what a run would do, without doing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from closedworld.cli.options import (
    EXECUTION_OPTIONS,
    LATER_STAGE_OPTIONS,
    QUIET_OPTION,
    TILE_OPTIONS,
    run_config,
    with_options,
    workers_options,
)
from closedworld.sanitize import byte_size, number_of, printable
from closedworld.stages import STAGES, TILES

if TYPE_CHECKING:
    from closedworld.run.forecast import Forecast, StageForecast

_COUNTRIES_SHOWN = 8


@click.command()
@with_options(*TILE_OPTIONS, *LATER_STAGE_OPTIONS, *EXECUTION_OPTIONS, *workers_options(*STAGES))
@click.option(
    "--no-weights", "weigh", flag_value=False, default=True, help="Plan the tiles (S1) alone."
)
@with_options(QUIET_OPTION)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(
    config_file: Path | None, *, weigh: bool, quiet: bool, as_json: bool, **given: Any
) -> None:
    """Show what `closedworld run` would do with the same options; nothing is written.

    Tiles and tasks are counted exactly. Bytes and minutes are those of the last runs on
    this machine or, without any, of a sample.

    \b
    Examples:
      closedworld plan --resolution 30s --basis area_m2
      closedworld plan --resolution 3s --no-weights --countries DE
      closedworld plan --raster worldpop.tif --workers 8 --memory-limit 2GB
    """
    from closedworld.cli.console import EchoedWarnings  # noqa: PLC0415
    from closedworld.run.forecast import forecast  # noqa: PLC0415

    config = run_config(config_file, given)
    found = forecast(config, EchoedWarnings(), until=None if weigh else TILES.name)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    elif not quiet:
        click.echo("\n".join(map(printable, _lines(found))))


def _lines(found: Forecast) -> list[str]:
    counts = {iso: count for iso, count in found.plan.world.tile_counts.items() if count}
    largest = sorted(counts, key=lambda iso: (-counts[iso], iso))[:_COUNTRIES_SHOWN]
    more = len(counts) - len(largest)
    countries = number_of(len(counts), *found.plan.nouns)
    return [
        (
            f"{found.plan.row_count:,} tiles of {countries} in {found.plan.run_count:,} runs, "
            f"rule {found.plan.world.rule.value}"
        ),
        f"grid of {found.plan.world.grid}",
        ", ".join(f"{iso} {counts[iso]:,}" for iso in largest) + (f", {more} more" if more else ""),
        "",
        (
            f"{'stage':<6}{'units':>8}{'workers':>9}{'peak':>11}{'temporary':>12}"
            f"{'written':>12}  rate from"
        ),
        *(_stage_line(stage) for stage in found.stages),
        "",
        _time_line(found),
        f"planned in {found.seconds:.1f} s; executor {found.executor}",
    ]


def _stage_line(stage: StageForecast) -> str:
    source = {None: "no run measured yet", "sample": "a sample, just now"}
    return (
        f"{stage.stage:<6}{stage.units:>8,}{stage.workers:>9,}"
        f"{byte_size(stage.peak_memory_bytes):>11}{_size(stage.temporary_bytes):>12}"
        f"{_size(stage.bytes_out):>12}  {source.get(stage.measured_in, f'run {stage.measured_in}')}"
    )


def _time_line(found: Forecast) -> str:
    """Return the times for numbers of workers as fast as those of this machine."""
    times = [(n, found.minutes(n)) for n in (1, 2, 4, 8, 16, 32, 64)]
    known = [f"{n}: {_duration(minutes)}" for n, minutes in times if minutes is not None]
    if not known:
        return "time: unknown until a run of a million such tiles was measured on this machine"
    return f"work by number of workers, each as fast as here: {', '.join(known)}"


def _duration(minutes: float) -> str:
    return f"{minutes:,.1f} min" if minutes >= 1 else f"{minutes * 60:,.1f} s"


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "?"
    return byte_size(size_bytes) if size_bytes else "none"
