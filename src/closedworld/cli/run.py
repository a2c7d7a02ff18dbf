"""``closedworld run``, ``closedworld tiles`` and ``closedworld weights``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from closedworld.cli.options import (
    EXECUTION_OPTIONS,
    LATER_STAGE_OPTIONS,
    LOG_OPTIONS,
    PATH,
    POLYGON_OPTIONS,
    TILE_OPTIONS,
    given_only,
    result_options,
    run_config,
    with_options,
    workers_options,
)
from closedworld.config.run import RunConfig
from closedworld.config.stage_options import DEMO
from closedworld.sanitize import mebibytes, megabytes, printable
from closedworld.stages import SITE_STAGE, STAGES, TILES, WEIGHTS, Stage

if TYPE_CHECKING:
    from closedworld.run.outcome import RunOutcome
    from closedworld.store.reading import Published


@click.command()
@with_options(
    *TILE_OPTIONS, *LATER_STAGE_OPTIONS, *EXECUTION_OPTIONS, *workers_options(*STAGES), *LOG_OPTIONS
)
def run(config_file: Path | None, log_format: str, *, quiet: bool, **given: Any) -> None:
    """Build a world: all stages, from inputs (S0) through tiles (S1) and weights (S2) to sites (S3 to S9).

    Without arguments it builds the bundled world: every country of Natural Earth on the bundled 5
    arc-minute grid, weighted by population, into the folder ./world. Sites are placed with --merchants.

    \b
    Examples:
      closedworld run
      closedworld run --merchants demo
      closedworld run --resolution 30s --out world-1km
      closedworld run --polygons mine.gpkg --raster worldpop.tif --countries DE,FR
    """
    build(run_config(config_file, given), None, log_format, quiet=quiet)


@click.command()
@with_options(*TILE_OPTIONS, *EXECUTION_OPTIONS, *workers_options(TILES), *LOG_OPTIONS)
def tiles(config_file: Path | None, log_format: str, *, quiet: bool, **given: Any) -> None:
    """Cut countries into tiles (S1 alone): tile_index, tile_bounds and tile_spans.

    The grid comes from a raster or a resolution; pixels of a raster are not read.

    \b
    Example:
      closedworld tiles --resolution 30s --countries NL --rule any_overlap --out netherlands
    """
    build(run_config(config_file, given), TILES, log_format, quiet=quiet)


@click.command()
@click.argument("result", metavar="PATH", type=PATH)
@with_options(*result_options(WEIGHTS, "raster"), *LOG_OPTIONS)
def weights(result: Path, log_format: str, *, quiet: bool, **given: Any) -> None:
    """Weight published tiles (S2 alone): tile_weights and span_weights.

    PATH is an output folder, or the tiles/parameter_hash=... folder in it. The weights of a country
    are integers that add up to exactly 10^dp.

    \b
    Examples:
      closedworld weights world --basis area_m2
      closedworld weights world-1km --raster worldpop.tif --basis population:0.95,populated:0.05
    """
    build(RunConfig(result=result, **given_only(given)), WEIGHTS, log_format, quiet=quiet)


@click.command()
@click.argument("result", metavar="[PATH]", type=PATH, default="world")
@with_options(*result_options(SITE_STAGE), *POLYGON_OPTIONS, *LOG_OPTIONS)
def sites(result: Path, log_format: str, *, quiet: bool, **given: Any) -> None:
    """Place the outlets of merchants (S3 to S9): sites and merchants.

    PATH is an output folder, or the weights/parameter_hash=... folder in it; by default ./world. Without
    --merchants it places the demonstration's. The polygons must be those that the tiles were built from.

    \b
    Examples:
      closedworld sites world
      closedworld sites world --merchants shops.csv --seed 7
    """
    given["merchants"] = given["merchants"] or Path(DEMO)
    build(RunConfig(result=result, **given_only(given)), SITE_STAGE, log_format, quiet=quiet)


def build(config: RunConfig, until: Stage | None, log_format: str, *, quiet: bool) -> None:
    """Run the stages up to one, all that are asked for without, and print what was built."""
    # Imported here because it takes longer than --help may take.
    from closedworld.cli.console import watching  # noqa: PLC0415
    from closedworld.run.pipeline import run_world  # noqa: PLC0415
    from closedworld.run.rates import keep_rates  # noqa: PLC0415

    with watching(log_format, quiet=quiet) as observers:
        outcome = run_world(config, observers, until=None if until is None else until.name)
        keep_rates(outcome.rates)
    if not quiet and log_format == "text":
        click.echo(_outcome_text(outcome))
        return
    # For scripts: one folder per line, unescaped.
    for _, result in outcome.by_stage():
        click.echo(str(result.published.folder))


def _outcome_text(outcome: RunOutcome) -> str:
    record = outcome.record
    wall = record.performance.wall_seconds
    peak_bytes = sum(
        one.value or 0 for one in record.acceptance if one.name.startswith("peak_memory ")
    )
    lines, folders = [], []
    for stage, result in outcome.by_stage():
        lines.append(f"{result.describe()} {_how(result.published, reused=result.reused)}")
        folders.append((stage.name, result.published.folder))
    newest = shlex.quote(str(folders[-1][1]))
    lines[-1] += f" in {wall:.1f} s (peak memory {mebibytes(peak_bytes)})"
    folders.append(("report", outcome.report_folder))
    folders += [
        ("map", outcome.report_folder / stage.picture_name)
        for stage, _ in outcome.by_stage()
        if stage.picture_name
    ]
    lines += ["", *(f"  {name:<8}{folder}" for name, folder in folders), ""]
    report = shlex.quote(str(outcome.report_folder))
    lines.append(f"Inspect it:     closedworld inspect {newest}")
    if SITE_STAGE.name not in outcome.results and WEIGHTS.name in outcome.results:
        lines.append(f"Place outlets:  closedworld sites {newest}")
    lines.append(f"HTML report:    closedworld report {report}")
    return "\n".join(printable(line) for line in lines)


def _how(published: Published, *, reused: bool) -> str:
    size = sum(entry.size_bytes for entry in published.receipt.files)
    return f"{'verified and reused' if reused else 'written'} ({megabytes(size)})"
