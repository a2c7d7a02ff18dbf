"""``closedworld sql``: a world as views and macros of DuckDB."""

from __future__ import annotations

from pathlib import Path

import click

from closedworld.cli.options import PATH


@click.command()
@click.argument("path", type=PATH)
def sql(path: Path) -> None:
    """Print SQL that opens a world in DuckDB.

    PATH is an output folder, for its latest world, OUT/names/NAME, or a parameter_hash=... folder. The
    SQL makes a view of each dataset, and the macros tile_of(lon, lat), country_of(lon, lat) and
    countries_of(lon, lat). Paths in it are absolute.

    \b
    Examples:
      closedworld sql world > world.sql
      duckdb -init world.sql
    """
    from closedworld.worlds.duckdb_views import world_sql  # noqa: PLC0415

    # For a program: not a character is changed.
    click.echo(world_sql(path), nl=False)
