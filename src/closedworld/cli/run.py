"""``closedworld run`` and ``closedworld tiles``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from closedworld.cli.options import RUN_OPTIONS, run_config, with_options
from closedworld.text import number_of, printable

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.run.pipeline import RunOutcome


@click.command()
@with_options(*RUN_OPTIONS)
def run(config_file: Path | None, log_format: str, *, quiet: bool, **given: Any) -> None:
    """Build a world: all stages, from inputs (S0) to tiles (S1).

    Without arguments it builds the bundled world: every country of Natural Earth on the bundled 5
    arc-minute grid, into the folder ./world.

    \b
    Examples:
      closedworld run
      closedworld run --resolution 30s --out world-1km
      closedworld run --polygons mine.gpkg --raster worldpop.tif --countries DE,FR
    """
    _build(config_file, log_format, given, quiet=quiet)


@click.command()
@with_options(*RUN_OPTIONS)
def tiles(config_file: Path | None, log_format: str, *, quiet: bool, **given: Any) -> None:
    """Cut countries into tiles (S1 alone): tile_index, tile_bounds and tile_spans.

    The grid comes from a raster or a resolution; a raster's pixels are not read.

    \b
    Example:
      closedworld tiles --resolution 30s --countries NL --rule any_overlap --out netherlands
    """
    _build(config_file, log_format, given, quiet=quiet)


def _build(
    config_file: Path | None, log_format: str, given: dict[str, Any], *, quiet: bool
) -> None:
    """Run the stages and say what came out."""
    config = run_config(config_file, given)
    # Here and not above: the libraries below take longer to import than --help may take.
    from closedworld.cli.console import watching  # noqa: PLC0415
    from closedworld.run.pipeline import run_world  # noqa: PLC0415

    with watching(log_format, quiet=quiet) as observers:
        outcome = run_world(config, observers)
    if not quiet and log_format == "text":
        click.echo(_outcome_text(outcome))


def _outcome_text(outcome: RunOutcome) -> str:
    """Return what a user wants to know at the end."""
    from closedworld.run.pictures import WORLD_MAP_NAME  # noqa: PLC0415

    receipt = outcome.index.published.receipt
    performance = outcome.report["performance"]
    counts = [count for count in outcome.index.world.tile_counts.values() if count]
    size = sum(entry.size_bytes for entry in receipt.files)
    wall, peak = performance["wall_seconds"], performance["peak_memory_bytes"] / 2**20
    cost = f"{wall:.1f} s ({size / 1e6:,.1f} MB, peak memory {peak:,.0f} MiB)"
    how = "verified and reused" if outcome.index.reused else "written"
    lines = [
        f"{sum(counts):,} tiles of {number_of(len(counts), 'country', 'countries')} {how} in {cost}",
        "",
        f"  data    {outcome.index.published.folder}",
        f"  report  {outcome.report_folder}",
        f"  map     {outcome.report_folder / WORLD_MAP_NAME}",
        "",
        f"Look into it with: closedworld inspect {shlex.quote(str(outcome.index.published.folder))}",
    ]
    return "\n".join(printable(line) for line in lines)
