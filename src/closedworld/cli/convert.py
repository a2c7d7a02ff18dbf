"""``closedworld convert``: purchases in other generators' files, and other purchases at places of a world."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from closedworld.cli.options import FILES_OPTIONS, PATH, WORKERS_OPTION, show_files, with_options
from closedworld.cli.score import COLUMN_OPTIONS
from closedworld.sanitize import byte_size, number_of


@click.command()
@click.argument("path", type=PATH)
@click.option(
    "--to",
    "layout",
    type=click.Choice(["sparkov", "handbook", "tabformer", "synccfd"]),
    help="Write the purchases of PATH in this layout.",
)
@click.option(
    "--relocate",
    type=PATH,
    metavar="FILE",
    help="Copy this CSV or Parquet file of purchases, with places in the world PATH.",
)
@click.option(
    "--out",
    type=PATH,
    required=True,
    help="File to write: .csv, with synccfd and --relocate also .parquet; with handbook, which needs pandas, a new folder for one pickle per day.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="With --relocate: determines the places."
)
@click.option(
    "--outlets-per-million",
    type=float,
    default=10.0,
    show_default=True,
    help="With --relocate: outlets per million people of a merchant with average purchases, above 0.",
)
@click.option(
    "--thief",
    type=click.Choice(["near", "far"]),
    default="far",
    show_default=True,
    help="With --relocate: whether fraud is around the card's home or elsewhere in its country.",
)
@with_options(*COLUMN_OPTIONS, WORKERS_OPTION, *FILES_OPTIONS)
def convert(
    path: Path,
    layout: str | None,
    relocate: Path | None,
    out: Path,
    seed: int,
    outlets_per_million: float,
    thief: Literal["near", "far"],
    workers: int | None,
    *,
    quiet: bool,
    as_json: bool,
    **columns: Any,
) -> None:
    """Write purchases in the files of other generators, or move other purchases to places in a world.

    With --to, PATH is a result with purchases, or a folder with copies of its datasets purchases, truth, cards and
    sites. Names, addresses and jobs are not invented: all rows have the same value; card numbers fail the Luhn check.

    With --relocate, PATH is a world with the countries where the cards live. Amounts, times and labels stay; merchants
    get fixed outlets, and each purchase is moved to one that its card can reach. Columns are named as for `score`.

    \b
    Examples:
      closedworld convert world --to sparkov --out fraudTrain.csv
      closedworld convert us --relocate fraudTrain.csv --out relocated.csv
    """
    if (layout is None) == (relocate is None):
        raise click.UsageError("Give either --to or --relocate.")
    if relocate is not None:
        from closedworld.worlds import open_world  # noqa: PLC0415
        from closedworld.worlds.converting.relocate import relocate as relocate_table  # noqa: PLC0415

        named = {role: name for role, name in columns.items() if name is not None}
        moved = relocate_table(
            open_world(path),
            relocate,
            out,
            named,
            seed=seed,
            outlets_per_million=outlets_per_million,
            thief=thief,
            workers=workers,
        )
        show_files([out], moved.describe(), moved.figures(), quiet=quiet, as_json=as_json)
        return
    from closedworld.worlds.converting.convert import convert as convert_purchases  # noqa: PLC0415

    done = convert_purchases(path, str(layout), out)
    size = byte_size(sum(file.stat().st_size for file in done.files))
    text = (
        f"{number_of(done.purchases, 'purchase', 'purchases')}, {done.frauds:,} of them fraud, written to {out} "
        f"({number_of(len(done.files), 'file', 'files')}, {size})"
    )
    figures = {"purchases": done.purchases, "frauds": done.frauds}
    show_files(done.files, text, figures, quiet=quiet, as_json=as_json)
