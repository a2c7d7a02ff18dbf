"""``closedworld score``: what a table of purchases says about geography, clocks and fraud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import click

from closedworld.cli.options import PATH, with_options
from closedworld.inputs.purchases.formats import ROLES
from closedworld.sanitize import printable

COLUMN_OPTIONS = tuple(
    click.option(f"--{role.replace('_', '-')}", role, metavar="COLUMN", help=f"Column: {what}.")
    for role, what in ROLES.items()
)


@click.command()
@click.argument("file", type=PATH)
@click.option("--beside", type=PATH, help="Another file or result, scored next to it.")
@click.option(
    "--out",
    type=PATH,
    help="HTML page to write, with all figures, hours, and AUC by kind of fraud.",
)
@click.option(
    "--clock",
    type=click.Choice(["utc", "file"]),
    help="utc: times are UTC, and hours are local to each place; file: all times are from one clock. "
    "[default: utc for closedworld's purchases, file for others]",
)
@click.option(
    "--homes", type=PATH, help="Table of cards with their homes, where purchases have none."
)
@click.option(
    "--sites", type=PATH, help="Table of merchants with their places, where purchases have none."
)
@click.option("--truth", type=PATH, help="Table of labels by purchase, where purchases have none.")
@with_options(*COLUMN_OPTIONS)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON instead.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the name of the page.")
def score(
    file: Path,
    beside: Path | None,
    out: Path | None,
    clock: Literal["utc", "file"] | None,
    homes: Path | None,
    sites: Path | None,
    truth: Path | None,
    *,
    as_json: bool,
    quiet: bool,
    **columns: Any,
) -> None:
    """Score a table of purchases: places, speeds, distances from home, clocks, and what gives fraud away.

    FILE is CSV, Parquet or Arrow, or a folder of such files, in the layout of Sparkov (Kaggle's fraudTrain.csv),
    TabFormer, SynCCFD or the Fraud Detection Handbook, which are recognised; or any other, whose columns you name. It
    may also be a result with purchases.

    \b
    Examples:
      closedworld score fraudTrain.csv --out score.html
      closedworld score paid.parquet --card customer --time paid_at --lon x --lat y --label fraud
      closedworld score fraudTrain.csv --beside world --json
    """
    from closedworld.cli.console import EchoedWarnings  # noqa: PLC0415
    from closedworld.worlds.scoring.score import score as score_table  # noqa: PLC0415

    named = {role: name for role, name in columns.items() if name is not None}
    scored = score_table(file, named, clock=clock, homes=homes, sites=sites, truth=truth)
    other = None if beside is None else score_table(beside)
    for one in (scored, *([] if other is None else [other])):
        for warning in one.warnings:
            EchoedWarnings().on_event(warning)
    if out is not None:
        from closedworld.html_report.score_page import write_score_page  # noqa: PLC0415

        write_score_page(scored, out, other)
    if as_json:
        found: dict[str, Any] = {"score": scored.to_dict()}
        if other is not None:
            found["beside"] = other.to_dict()
        if out is not None:
            found["page"] = str(out)
        click.echo(json.dumps(found, indent=1))
    elif quiet:
        if out is not None:
            click.echo(str(out))
    else:
        lines = scored.text(other).splitlines()
        if out is not None:
            lines.append(f"page: {out}")
        click.echo("\n".join(map(printable, lines)))
