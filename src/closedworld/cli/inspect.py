"""``closedworld inspect``: what is in a published result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from closedworld.cli.options import PATH
from closedworld.sanitize import byte_size, printable

if TYPE_CHECKING:
    from closedworld.store.reading import Published


_WIDTH = 100
_FEW = 3


@click.command()
@click.pass_context
@click.argument("path", type=PATH)
@click.option("--dataset", help="Show the columns and first rows of this dataset.")
@click.option(
    "--rows",
    type=click.IntRange(0, 1000),
    default=5,
    show_default=True,
    help="Rows shown, with --dataset.",
)
@click.option("--country", metavar="DE", help="Show rows of this country, with --dataset.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the folders of the results.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
def inspect(
    ctx: click.Context,
    path: Path,
    dataset: str | None,
    rows: int,
    country: str | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Show what is in a published result, from its receipt.

    PATH is an output folder, a parameter_hash=... folder, one of its datasets, or a receipt.

    \b
    Examples:
      closedworld inspect world
      closedworld inspect world --dataset tile_index --country MT
    """
    from closedworld.published.results import find_holding  # noqa: PLC0415

    folder, named = _result_folder(path)
    wanted = dataset or named
    if not wanted:
        _refuse_options_of_rows(ctx)
    for published in find_holding(folder, wanted):
        if as_json:
            click.echo(published.receipt.to_bytes().decode(), nl=False)
        elif quiet:
            # For scripts: one folder per line, unescaped.
            click.echo(str(published.folder))
        else:
            _show_receipt(published)
            if wanted:
                _show_rows(published, wanted, rows, country)


def _refuse_options_of_rows(ctx: click.Context) -> None:
    """End the command with a usage error if rows are asked for, which only a dataset has."""
    for name in ("country", "rows"):
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            message = f"--{name} needs --dataset: rows of which dataset are to be shown?"
            raise click.UsageError(message)


def _result_folder(path: Path) -> tuple[Path, str]:
    """Return the folder to look for results in, and the dataset that the path names, if any."""
    from closedworld.store.paths import RECEIPT_NAME, hash_of_folder  # noqa: PLC0415

    if path.name == RECEIPT_NAME:
        return path.parent, ""
    if hash_of_folder(path.parent) is not None:
        return path.parent, path.name
    return path, ""


def _show_receipt(published: Published) -> None:
    from closedworld.kernels.weights import basis_in_words  # noqa: PLC0415
    from closedworld.published.lineage import nouns_of  # noqa: PLC0415
    from closedworld.published.names import names_of  # noqa: PLC0415

    receipt = published.receipt
    click.secho(printable(str(published.folder)), bold=True)
    # Summaries of countries are for programs: --json has them.
    totals = {name: total for name, total in receipt.totals.items() if name != "summaries"}
    metadata = {"names": names_of(published), **_flat(totals), **_flat(receipt.parameters)}
    metadata["parameter_hash"] = receipt.parameter_hash
    metadata["written by"] = ", ".join(f"{name} {v}" for name, v in receipt.versions.items())
    if "basis" in metadata:
        metadata["basis"] = basis_in_words(str(metadata["basis"]))
    labels = {
        "countries": nouns_of(published)[1],
        "countries_fallback": f"{nouns_of(published)[1]} fallback",
    }
    for name, value in metadata.items():
        click.echo(printable(f"  {labels.get(name, name).replace('_', ' '):<24} {_short(value)}"))
    click.echo()
    click.echo(f"  {'dataset':<14}{'rows':>14}{'files':>8}{'size':>12}")
    for name, total in receipt.datasets().items():
        size = byte_size(total["size_bytes"])
        click.echo(f"  {name:<14}{total['rows']:>14,}{total['files']:>8,}{size:>12}")
    click.echo()


def _show_rows(published: Published, name: str, rows: int, country: str | None) -> None:
    import pyarrow.compute as pc  # noqa: PLC0415

    dataset = published.dataset(name)
    click.secho(name, bold=True)
    for column in dataset.schema:
        click.echo(f"  {column.name:<16} {column.type}")
    wanted = None if country is None else pc.field("country_iso").isin([country, country.upper()])
    if wanted is not None and "country_iso" not in dataset.schema.names:
        message = f"{name} has no column country_iso; leave --country out."
        raise click.UsageError(message)
    shown = dataset.head(rows, filter=wanted).to_pylist()
    for row in shown:
        # Times are no values of JSON; letters stay readable.
        click.echo(printable("  " + json.dumps(row, default=str, ensure_ascii=False)))
    if country is not None and rows and not shown:
        click.echo(printable(f"  no rows of {country}"))


def _flat(content: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in content.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return flat


def _short(value: object) -> str:
    """Return a value on one line that fits a screen."""
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    if isinstance(value, list):
        count = f"{len(value)}: " if len(value) > _FEW else ""
        text = f"{count}{', '.join(map(str, value))}" if value else "none"
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
