"""``closedworld path``: where the newest result is, or a named one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from closedworld.cli.options import PATH
from closedworld.sanitize import printable

if TYPE_CHECKING:
    from closedworld.store.reading import Published


@click.command()
@click.argument("path", type=PATH)
@click.argument("dataset", required=False)
@click.option("--name", help="Name of the result. [default: the latest]")
@click.option("--glob", "as_glob", is_flag=True, help="Print a pattern of the files instead.")
@click.option("--quiet", "-q", is_flag=True, help="Print no names of datasets before the paths.")
@click.option("--json", "as_json", is_flag=True, help="Print folders and patterns as JSON.")
def path(
    path: Path,
    dataset: str | None,
    name: str | None,
    *,
    as_glob: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Print the folder of a dataset, for other programs.

    PATH is an output folder. With several results in it, the folder is that of the latest, or of
    --name. Without DATASET, all datasets are listed.

    \b
    Examples:
      closedworld path world tile_index
      duckdb -c "SELECT count(*) FROM '$(closedworld path world tile_weights --glob)'"
    """
    from closedworld.published.results import (  # noqa: PLC0415
        choose_published,
        open_holding,
        require_any,
    )
    from closedworld.store.paths import NAMES_FOLDER  # noqa: PLC0415

    where = path if name is None else path / NAMES_FOLDER / name
    if dataset is not None:
        found = {dataset: open_holding(where, dataset)}
    else:
        results = require_any(choose_published(where), where)
        found = {held: one for one in results for held in one.receipt.datasets()}
    places = {held: _place_of(one, held) for held, one in found.items()}
    if as_json:
        click.echo(json.dumps(places, indent=1))
        return
    for held, place in places.items():
        # For scripts: one path, unescaped.
        text = place["glob" if as_glob else "folder"]
        click.echo(text if dataset or quiet else printable(f"{held:<14} {text}"))


def _place_of(published: Published, dataset: str) -> dict[str, str]:
    folder = published.folder_of(dataset)
    return {"folder": str(folder), "glob": str(folder / "*.parquet")}
