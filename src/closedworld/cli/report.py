"""``closedworld report``: a run as an HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from closedworld.cli.options import FILES_OPTIONS, PATH, show_files, with_options
from closedworld.sanitize import byte_size


@click.command()
@click.argument("run", type=PATH)
@click.option(
    "--out", type=PATH, help="File to write. [default: report.html in the report folder of the run]"
)
@with_options(*FILES_OPTIONS)
def report(run: Path, out: Path | None, *, quiet: bool, as_json: bool) -> None:
    """Write the report of a run as a single HTML page.

    RUN is an output folder, for its newest run, or the folder of one run in its reports/. The page
    shows warnings, a map of all that the run made, a table of countries, times, inputs with their
    licences, and results. It makes no network requests.

    \b
    Examples:
      closedworld report world
      closedworld report world --out world.html
    """
    from closedworld.html_report import write_page  # noqa: PLC0415

    path = write_page(run, out)
    text = f"{path} ({byte_size(path.stat().st_size)})"
    show_files([path], text, {}, quiet=quiet, as_json=as_json)
