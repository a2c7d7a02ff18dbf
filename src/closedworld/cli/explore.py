"""``closedworld explore``: a world as an interactive map, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from closedworld.cli.options import (
    FILES_OPTIONS,
    INDEX_OPTION,
    PATH,
    POLYGON_OPTIONS,
    countries_of,
    show_files,
    with_options,
)
from closedworld.config.options import split_codes
from closedworld.sanitize import byte_size


@click.command()
@click.argument("path", metavar="RESULT", type=PATH)
@click.option("--out", type=PATH, required=True, help="HTML file to write.")
@click.option("--beside", type=PATH, help="Another result on the same grid, to compare with.")
@click.option(
    "--countries",
    type=split_codes,
    metavar="DE,FR",
    help="Countries whose tiles keep their own weights. [default: as many as fit, the smallest first]",
)
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    default=3_000_000,
    show_default=True,
    metavar="BYTES",
    help="Size of the page without points; tiles, borders and the overview of weights are always included.",
)
@with_options(INDEX_OPTION, *POLYGON_OPTIONS, *FILES_OPTIONS)
def explore(
    path: Path,
    out: Path,
    beside: Path | None,
    countries: tuple[str, ...] | None,
    budget: int,
    index: Path | None,
    *,
    quiet: bool,
    as_json: bool,
    **polygons: Any,
) -> None:
    """Write an interactive map of a world, from the globe to single tiles, in one HTML file.

    RESULT is an output folder, or a parameter_hash=... folder in it. The page has every tile, the
    borders, weights and sites; it makes no network requests and opens without a server. The polygons must be those that
    the tiles were built from.

    \b
    Examples:
      closedworld explore world --out world.html
      closedworld explore world-2025 --beside world-2024 --out changes.html
      closedworld explore world --countries DE,FR --budget 20000000 --out world.html
    """
    from closedworld.worlds import open_world  # noqa: PLC0415

    page = open_world(path, index=index).explore(
        country=countries or (),
        beside=None if beside is None else open_world(beside),
        countries=countries_of(**polygons),
        budget=budget,
    )
    page.save(out)
    text = "\n".join([f"{out} ({byte_size(out.stat().st_size)})", *page.notes])
    show_files([out], text, {"notes": list(page.notes)}, quiet=quiet, as_json=as_json)
