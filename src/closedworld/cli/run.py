"""``closedworld run``, ``closedworld tiles`` and ``closedworld weights``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from closedworld.cli.options import (
    EXECUTION_OPTIONS,
    LATER_STAGE_OPTIONS,
    LOG_OPTIONS,
    PATH,
    PEOPLE_OPTIONS,
    POLYGON_OPTIONS,
    TILE_OPTIONS,
    Output,
    given_only,
    result_options,
    run_config,
    with_options,
    workers_options,
)
from closedworld.config.run import RunConfig
from closedworld.config.stage_options import DEFAULT_DAYS, DEMO, DEMO_TOWNS
from closedworld.stages import PEOPLE, PURCHASE_STAGE, SITE_STAGE, STAGES, TILES, WEIGHTS, Stage


@click.command()
@with_options(
    *TILE_OPTIONS, *LATER_STAGE_OPTIONS, *EXECUTION_OPTIONS, *workers_options(*STAGES), *LOG_OPTIONS
)
def run(config_file: Path | None, **given: Any) -> None:
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
    output = Output.taken_from(given)
    build(run_config(config_file, given), None, output)


@click.command()
@with_options(*TILE_OPTIONS, *EXECUTION_OPTIONS, *workers_options(TILES), *LOG_OPTIONS)
def tiles(config_file: Path | None, **given: Any) -> None:
    """Cut countries into tiles (S1 alone): tile_index, tile_bounds and tile_spans.

    The grid comes from a raster or a resolution; pixels of a raster are not read.

    \b
    Example:
      closedworld tiles --resolution 30s --countries NL --rule any_overlap --out netherlands
    """
    output = Output.taken_from(given)
    build(run_config(config_file, given), TILES, output)


@click.command()
@click.argument("result", metavar="PATH", type=PATH)
@with_options(*result_options(WEIGHTS, "raster", "band"), *LOG_OPTIONS)
def weights(result: Path, **given: Any) -> None:
    """Weight published tiles (S2 alone): tile_weights and span_weights.

    PATH is an output folder, or the tiles/parameter_hash=... folder in it. The weights of a country
    are integers that add up to exactly 10^dp.

    \b
    Examples:
      closedworld weights world --basis area_m2
      closedworld weights world-1km --raster worldpop.tif --basis population:0.95,populated:0.05
    """
    output = Output.taken_from(given)
    build(RunConfig(result=result, **given_only(given)), WEIGHTS, output)


@click.command()
@click.argument("result", metavar="[PATH]", type=PATH, default="world")
@with_options(*result_options(SITE_STAGE), *POLYGON_OPTIONS, *LOG_OPTIONS)
def sites(result: Path, **given: Any) -> None:
    """Place the outlets of merchants (S3 to S9): sites and merchants.

    PATH is an output folder, or the weights/parameter_hash=... folder in it; by default ./world. Without
    --merchants it places the demonstration's. The polygons must be those that the tiles were built from.

    \b
    Examples:
      closedworld sites world
      closedworld sites world --merchants shops.csv --seed 7
    """
    output = Output.taken_from(given)
    given["merchants"] = given["merchants"] or Path(DEMO)
    build(RunConfig(result=result, **given_only(given)), SITE_STAGE, output)


@click.command()
@click.argument("result", metavar="[PATH]", type=PATH, required=False)
@with_options(*result_options(PEOPLE), *POLYGON_OPTIONS, *LOG_OPTIONS)
def people(result: Path | None, **given: Any) -> None:
    """Place the homes of card holders and their places of work (S10): cards.

    PATH is an output folder with sites, or the sites/parameter_hash=... folder in it; sites that it lacks are
    made first. Without PATH it builds all that is needed, from bundled data: by default 10,000 cards in 12 towns.

    \b
    Examples:
      closedworld people --out towns
      closedworld people world --cards 50000
      closedworld people world --cards cards.csv --seed 7
    """
    output = Output.taken_from(given)
    build(payment_config(result, given), PEOPLE, output)


@click.command()
@click.argument("result", metavar="[PATH]", type=PATH, required=False)
@with_options(*PEOPLE_OPTIONS, *result_options(PURCHASE_STAGE), *POLYGON_OPTIONS, *LOG_OPTIONS)
def purchases(result: Path | None, **given: Any) -> None:
    """Let card holders live and buy (S11): purchases, stays and truth.

    PATH is an output folder with people, or the people/parameter_hash=... folder in it; people and sites that it
    lacks are made first. Without PATH it builds all that is needed, from bundled data: a world of 12 towns, 10,000
    cards and 60 days, with 0.2% fraud.

    \b
    Examples:
      closedworld purchases --out towns
      closedworld purchases world --from 2026-03-01 --days 31
      closedworld purchases world --fraud fraud.toml --noise 3 --seed 7
    """
    output = Output.taken_from(given)
    config = payment_config(result, given)
    build(
        replace(config, days=DEFAULT_DAYS if config.days is None else config.days),
        PURCHASE_STAGE,
        output,
    )


def payment_config(result: Path | None, given: dict[str, Any]) -> RunConfig:
    """Return the configuration of a stage of a payment world; the demonstration's towns where nothing is given."""
    given = given_only(given)
    if result is None and "cards" not in given:
        given |= {"cards": Path(DEMO_TOWNS), "merchants": Path(DEMO_TOWNS)}
    return RunConfig(result=result, **given)


def build(config: RunConfig, until: Stage | None, output: Output) -> None:
    """Run the stages up to one, all that are asked for without, and print what was built."""
    # Imported here because it takes longer than --help may take.
    from closedworld.cli.console import watching  # noqa: PLC0415
    from closedworld.cli.outcome_text import outcome_text  # noqa: PLC0415
    from closedworld.execution.allocation import keep_memory  # noqa: PLC0415
    from closedworld.run.pipeline import run_world  # noqa: PLC0415
    from closedworld.run.rates import keep_rates  # noqa: PLC0415

    keep_memory()
    with watching(output) as observers:
        stage = None if until is None else until.name
        outcome = run_world(config, observers, until=stage, may_start_processes=True)
        keep_rates(outcome.rates)
    if output.as_json:
        click.echo(json.dumps(outcome.record.to_dict(), indent=1))
    elif output.quiet or output.log_format == "json":
        # For scripts: one folder per line, unescaped.
        for _, result in outcome.by_stage():
            click.echo(str(result.published.folder))
    else:
        click.echo(outcome_text(outcome))
