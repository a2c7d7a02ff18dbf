"""``closedworld sample``: points drawn by weight, each on its tile and in its country."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from closedworld.cli.options import (
    FILES_OPTIONS,
    INDEX_OPTION,
    PATH,
    POLYGON_OPTIONS,
    SELECTION_OPTIONS,
    STDOUT,
    WORKERS_OPTION,
    countries_of,
    file_for,
    show_files,
    with_options,
)
from closedworld.kernels.limits import MAX_POINTS
from closedworld.sanitize import byte_size, number_of

if TYPE_CHECKING:
    import pyarrow as pa


@click.command()
@click.argument("path", type=PATH)
@click.option("--country", metavar="DE,FR", help="Codes of the countries to draw points in.")
@click.option(
    "--n", type=click.IntRange(0, MAX_POINTS), help="Points in each, with --country.  [default: 1]"
)
@click.option(
    "--table",
    type=PATH,
    help="CSV or Parquet file with a row for each (id, country, n), instead of --country; without "
    "column n, one point for each row.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Determines which points are drawn."
)
@click.option(
    "--without-replacement",
    is_flag=True,
    help="No two points of an id (or, without ids, of a country) on one tile.",
)
@click.option(
    "--out",
    type=PATH,
    required=True,
    help="File to write, in the format of its suffix: .parquet, .geoparquet, .csv, .geojson or .gpkg; "
    "- for CSV on standard output.",
)
@click.option(
    "--escape-csv",
    is_flag=True,
    help="In CSV, put ' before ids that a spreadsheet would run as a formula, and write control characters "
    "as \\x1b.",
)
@with_options(INDEX_OPTION, *POLYGON_OPTIONS, *SELECTION_OPTIONS, WORKERS_OPTION, *FILES_OPTIONS)
def sample(
    path: Path,
    country: str | None,
    n: int | None,
    table: Path | None,
    seed: int,
    out: Path,
    index: Path | None,
    workers: int | None,
    *,
    without_replacement: bool,
    escape_csv: bool,
    quiet: bool,
    as_json: bool,
    **polygons: Any,
) -> None:
    """Draw points by weight, each on its tile and inside its country.

    PATH is an output folder, or the weights/parameter_hash=... folder in it. The polygons must be those
    that the tiles were built from. The k-th point of an id depends only on seed, id, country and k.

    \b
    Examples:
      closedworld sample world --country DE --n 100000 --seed 7 --out points.parquet
      closedworld sample world --table merchants.csv --out merchants.geoparquet
    """
    from closedworld.cli.console import EchoedWarnings  # noqa: PLC0415
    from closedworld.datasets.parameters import TileParameters  # noqa: PLC0415
    from closedworld.published.lineage import nouns_of  # noqa: PLC0415
    from closedworld.worlds import open_world  # noqa: PLC0415
    from closedworld.worlds.points import sample_points  # noqa: PLC0415
    from closedworld.worlds.sample_request import SampleRequest  # noqa: PLC0415
    from closedworld.worlds.sampled_points import require_point_suffix, write_points  # noqa: PLC0415

    began = time.perf_counter()
    if (table is None) == (country is None):
        raise click.UsageError("Give either --country or --table.")
    if table is not None and n is not None:
        raise click.UsageError("--n goes with --country; with --table, use column n.")
    if out != STDOUT:
        require_point_suffix(out)
    world = open_world(path, index=index)
    parameters = world.index.published.parameters(TileParameters)
    weights = world.cumulative_weights()
    request = SampleRequest.of(
        table,
        country,
        1 if n is None else n,
        parameters.own_codes,
        weights,
        skip_bad_rows=polygons["skip_bad_rows"],
    )
    points = sample_points(
        world.index,
        weights,
        request,
        seed=seed,
        with_replacement=not without_replacement,
        countries=countries_of(**polygons),
        workers=workers,
        observer=EchoedWarnings(),
    )
    with file_for(out, ".csv") as file:
        write_points(points, file, escape_csv=escape_csv)
    if out != STDOUT:
        nouns = nouns_of(world.index.published)
        _show(points, out, nouns, time.perf_counter() - began, quiet=quiet, as_json=as_json)


def _show(
    points: pa.Table,
    out: Path,
    nouns: tuple[str, str],
    seconds: float,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    import pyarrow.compute as pc  # noqa: PLC0415

    tiles = pc.count_distinct(points["tile_id"]).as_py()
    countries = pc.count_distinct(points["country_iso"]).as_py()
    text = (
        f"{number_of(points.num_rows, 'point', 'points')} on {number_of(tiles, 'tile', 'tiles')} of "
        f"{number_of(countries, *nouns)} written to {out} "
        f"({byte_size(out.stat().st_size)}) in {seconds:.1f} s"
    )
    figures = {
        "points": points.num_rows,
        "tiles": tiles,
        "countries": countries,
        "seconds": seconds,
    }
    show_files([out], text, figures, quiet=quiet, as_json=as_json)
