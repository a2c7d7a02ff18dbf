"""``closedworld export``: a world for tools that want geometry or rasters."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from closedworld.cli.options import (
    FILES_OPTIONS,
    INDEX_OPTION,
    PATH,
    STDOUT,
    file_for,
    show_files,
    with_options,
)
from closedworld.config.options import split_codes
from closedworld.sanitize import byte_size, number_of


@click.command()
@click.argument("path", type=PATH)
@click.option(
    "--geometry",
    type=click.Choice(["point", "box"]),
    help="Write one file of all tiles, as their centres or as boxes.",
)
@click.option(
    "--cog",
    is_flag=True,
    help="Write Cloud Optimized GeoTIFFs: the country and the weight of each cell.",
)
@click.option(
    "--countries", type=split_codes, metavar="DE,FR", help="Codes of the countries. [default: all]"
)
@click.option(
    "--out",
    type=PATH,
    required=True,
    help="With --geometry a file, .parquet, .geoparquet (1.1), .gpkg or .geojson, or - for GeoJSON on standard "
    "output; with --cog a folder.",
)
@with_options(INDEX_OPTION, *FILES_OPTIONS)
def export(
    path: Path,
    geometry: Literal["point", "box"] | None,
    countries: tuple[str, ...] | None,
    out: Path,
    index: Path | None,
    *,
    cog: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write a world for tools that want geometry or rasters.

    PATH is an output folder, or the weights/parameter_hash=... folder in it, or that of tiles to leave
    weights out.

    \b
    Examples:
      closedworld export world --geometry box --countries LU --out luxembourg.parquet
      closedworld export world --cog --out rasters
    """
    if (geometry is None) != cog:
        raise click.UsageError("Give either --geometry or --cog.")
    if cog and out == STDOUT:
        raise click.UsageError("--cog writes several files; name a folder.")
    from closedworld.worlds import open_world  # noqa: PLC0415

    world = open_world(path, index=index)
    if geometry is not None:
        from closedworld.worlds.tile_geometry import export_tiles  # noqa: PLC0415

        with file_for(out, ".geojson") as file:
            tiles = export_tiles(world, file, geometry, countries or ())
        if out == STDOUT:
            return
        kind = "points" if geometry == "point" else "boxes"
        size = byte_size(out.stat().st_size)
        text = f"{number_of(tiles, 'tile', 'tiles')} as {kind} written to {out} ({size})"
        show_files([out], text, {"tiles": tiles}, quiet=quiet, as_json=as_json)
        return
    from closedworld.worlds.tile_rasters import export_rasters  # noqa: PLC0415

    done = export_rasters(world, out, countries or ())
    lines = [f"{file} ({byte_size(file.stat().st_size)})" for file in done.paths]
    cells = number_of(done.tiles, "cell", "cells")
    cases = number_of(done.shared, "case", "cases")
    lines.append(f"{cells} of countries; in {cases} a cell belongs to a further country, left out")
    figures = {"cells": done.tiles, "shared": done.shared}
    show_files(done.paths, "\n".join(lines), figures, quiet=quiet, as_json=as_json)
