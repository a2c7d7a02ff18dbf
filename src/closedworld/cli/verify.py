"""``closedworld verify``: checks published data."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from closedworld.cli.options import (
    INDEX_OPTION,
    PATH,
    POLYGON_OPTIONS,
    QUIET_OPTION,
    SELECTION_OPTIONS,
    countries_of,
    none_if_empty,
    with_options,
)
from closedworld.sanitize import number_of, printable

if TYPE_CHECKING:
    from closedworld.verification import Verification


def _countries_to_recompute(text: str) -> int | Literal["all"]:
    if text == "all":
        return "all"
    if text == "none":
        return 0
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a number, all or none.")
    return int(text)


@click.command()
@click.argument("path", type=PATH)
@with_options(INDEX_OPTION)
@click.option(
    "--raster",
    type=PATH,
    multiple=True,
    callback=none_if_empty,
    help="Population raster of the weights; repeated in their order for several as one. [default: the bundled one, when it is that]",
)
@with_options(*POLYGON_OPTIONS, *SELECTION_OPTIONS)
@click.option(
    "--recompute",
    type=_countries_to_recompute,
    metavar="N|all|none",
    default="10",
    show_default=True,
    help="Countries whose weights are recomputed; a number draws among those of at most "
    "200,000 tiles.",
)
@click.option(
    "--oracle-sample",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Tiles to check with GEOS: whether they lie in their country, and how much of them; needs the "
    "polygons.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Determines what is drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@with_options(QUIET_OPTION)
def verify(
    path: Path,
    index: Path | None,
    raster: tuple[Path, ...] | None,
    polygons: Path | None,
    recompute: int | Literal["all"],
    oracle_sample: int,
    seed: int,
    *,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Check published data independently: files, tiles, weights.

    PATH is an output folder, a stage folder or a parameter_hash=... folder. The exit status is 1 if
    anything is wrong.

    \b
    Examples:
      closedworld verify world
      closedworld verify world --oracle-sample 1000 --recompute all
    """
    from closedworld.verification import verify as verify_path  # noqa: PLC0415

    outcome = verify_path(
        path,
        index=index,
        raster=raster,
        polygons=countries_of(polygons, **options),
        recompute=recompute,
        oracle_sample=oracle_sample,
        seed=seed,
    )
    if as_json:
        click.echo(json.dumps({"ok": outcome.ok, **asdict(outcome)}, indent=1))
    elif not quiet:
        for folder in outcome.folders:
            _show_result(folder, outcome)
        _show_verdict(outcome)
    if not outcome.ok:
        raise click.exceptions.Exit(1)


def _show_result(folder: str, outcome: Verification) -> None:
    click.secho(printable(folder), bold=True)
    for check in outcome.checks:
        if check.folder == folder:
            single = check.unit.removesuffix("s") if check.unit != "countries" else "country"
            click.echo(f"  checked      {check.what}: {number_of(check.count, single, check.unit)}")
    for one in outcome.not_checked:
        if one.folder == folder:
            click.echo(printable(f"  not checked  {one}"))
    for note in outcome.notes:
        if note.folder == folder:
            click.secho(f"  note [{note.code}] ", fg="yellow", nl=False)
            subject = f"{note.country_iso}: " if note.country_iso else ""
            click.echo(printable(f"{subject}{note.message}"))
    for finding in outcome.findings:
        if finding.folder == folder:
            subject = " ".join(word for word in (finding.dataset, finding.country_iso) if word)
            click.secho(f"  [{finding.code}] ", fg="red", nl=False)
            click.echo(printable(f"{subject}: {finding.message}" if subject else finding.message))
            if finding.example:
                click.echo(printable(f"    {json.dumps(finding.example, default=str)}"))
    click.echo()


def _show_verdict(outcome: Verification) -> None:
    results = number_of(len(outcome.folders), "result", "results")
    if outcome.ok:
        click.secho(f"{results}: no problems found", fg="green", nl=False)
    else:
        found = number_of(len(outcome.findings), "finding", "findings")
        click.secho(f"{results}: {found}", fg="red", nl=False)
    left = number_of(len(outcome.not_checked), "check", "checks")
    click.echo(f"; {left} left out" if outcome.not_checked else "")
