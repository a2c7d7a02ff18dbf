"""Every option that commands share, defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from closedworld.config import (
    ACCEPTANCE,
    DEFAULT_DP,
    DEFAULT_INPUT_SECONDS,
    DEFAULT_OUT,
    EXECUTORS,
    LOCK_NAME,
    RULES,
    RunConfig,
    parse_bytes,
    split_codes,
)
from closedworld.errors import ConfigError
from closedworld.kernels.limits import MAX_DP

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedworld.inputs.regions import CountrySet

F = TypeVar("F", bound="Callable[..., Any]")


class _PathType(click.Path):
    """A path that is not empty: an unset shell variable must not mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or end the command with a usage error."""
        if value == "":
            self.fail("the path is empty.", param, ctx)
        return super().convert(value, param, ctx)


class _Bytes(click.ParamType[int]):
    """A size such as 640MiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes, or end the command with a usage error."""
        try:
            return value if isinstance(value, int) else parse_bytes(value)
        except ConfigError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)


PATH = _PathType(path_type=Path)

# Values are None when an option is not given, so that the run file's value stands.
POLYGON_OPTIONS = (
    click.option(
        "--polygons",
        type=PATH,
        help="Country polygons: GeoParquet, GeoPackage, Shapefile, GeoJSON or FlatGeobuf in WGS 84. "
        "[default: bundled Natural Earth countries]",
    ),
    click.option("--layer", help="Layer of the polygon file, when it has several."),
    click.option(
        "--iso-column", help="Column with ISO 3166-1 codes. [default: found by its usual names]"
    ),
    click.option(
        "--name-column", help="Column with country names. [default: found by its usual names]"
    ),
    click.option(
        "--repair-geometry/--no-repair-geometry",
        default=None,
        help="Repair invalid polygons and report what changed, instead of refusing them.",
    ),
    click.option(
        "--skip-unknown-codes/--no-skip-unknown-codes",
        default=None,
        help="Leave out rows without an ISO code and report them, instead of refusing the file.",
    ),
    click.option(
        "--input-time-limit",
        metavar="SECONDS",
        type=click.IntRange(min=1),
        help="Seconds that reading and checking the polygon file may take; a file made to do harm may "
        f"never end. [default: {DEFAULT_INPUT_SECONDS}]",
    ),
)

INDEX_OPTION = click.option(
    "--index", type=PATH, help="Tile index of the weights, when it is not beside them."
)

RASTER_OPTION = click.option(
    "--raster",
    type=PATH,
    help="GeoTIFF whose grid is used, north-up in WGS 84; its values are the population of each "
    "cell. [default: bundled 5 arc-minute population]",
)

RASTER_VALUES_OPTION = click.option(
    "--raster",
    type=PATH,
    help="GeoTIFF with the population of each cell, on the grid of the tiles. "
    "[default: the bundled one, if the tiles are on its grid]",
)

LOCK_OPTION = click.option(
    "--lock",
    type=PATH,
    is_flag=False,
    flag_value=LOCK_NAME,
    metavar="[FILE]",
    help=f"Refuse inputs that are not in this lock, or have changed since `closedworld inputs --lock` "
    f"wrote it. [without FILE: {LOCK_NAME}]",
)

WEIGHTS_OUT_OPTION = click.option(
    "--out", type=PATH, help="Output folder. [default: the one that holds the tiles]"
)

WEIGHT_OPTIONS = (
    click.option(
        "--basis",
        metavar="BASIS",
        help="What weights are made from: uniform, area_m2, population, populated, or a mixture such as "
        "population:0.9,area_m2:0.1. [default: population with a raster, else area_m2]",
    ),
    click.option(
        "--dp",
        type=click.IntRange(0, MAX_DP),
        help=f"Decimal places: the weights of a country add up to 10^dp. [default: {DEFAULT_DP}]",
    ),
    click.option(
        "--weigh-by-coverage/--no-weigh-by-coverage",
        default=None,
        help="Multiply by the share of the tile that lies in its country, so that a tile on a border "
        "is split between countries; needs tiles built with --coverage.",
    ),
)

LOG_OPTIONS = (
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Log lines for people, or JSON lines; both on standard error. With json, standard output "
        "has nothing but the folders of the results.",
    ),
    click.option(
        "--quiet",
        "-q",
        is_flag=True,
        help="Log warnings and errors only, and print nothing but the folders of the results.",
    ),
)

TILE_OPTIONS = (
    click.option(
        "--config",
        "config_file",
        type=PATH,
        help="TOML file with any of the options below but --log-format and --quiet, written with "
        "underscores; its paths start from its own folder. Options given here win over it.",
    ),
    *POLYGON_OPTIONS,
    click.option(
        "--countries", metavar="DE,FR", help="Codes of the countries to build. [default: all]"
    ),
    RASTER_OPTION,
    click.option(
        "--resolution",
        metavar="30s|5m|0.25deg",
        help="Cell size of a grid of the whole globe, instead of a raster.",
    ),
    click.option(
        "--rule",
        type=click.Choice(RULES),
        help="A tile belongs to a country when its centre does, or when they share any area. "
        "[default: center]",
    ),
    click.option(
        "--keep-small-countries/--no-keep-small-countries",
        default=None,
        help="Give a country without tiles the one that holds its representative point.",
    ),
    click.option(
        "--coverage/--no-coverage",
        default=None,
        help="Add the share of each tile that lies in its country as column coverage; with rule "
        "any_overlap.",
    ),
    LOCK_OPTION,
    click.option("--out", type=PATH, help=f"Output folder. [default: {DEFAULT_OUT}]"),
)

_WORKERS = click.IntRange(min=1)

WORKERS_OPTION = click.option(
    "--workers", type=_WORKERS, help="How many work at once. [default: one per core]"
)
S1_WORKERS_OPTION = click.option(
    "--s1-workers", type=_WORKERS, help="Workers that write tiles. [default: --workers]"
)
S2_WORKERS_OPTION = click.option(
    "--s2-workers", type=_WORKERS, help="Workers that make weights. [default: --workers]"
)

EXECUTION_OPTIONS = (
    click.option(
        "--executor",
        type=click.Choice(EXECUTORS),
        help="Where the work is done: threads or processes of this machine, a Dask cluster, or serial, "
        f"one piece after another. The results are the same. [default: {EXECUTORS[0]}]",
    ),
    WORKERS_OPTION,
    click.option(
        "--dask-address",
        metavar="tcp://HOST:PORT",
        help="Scheduler of a running Dask cluster, with --executor dask; --out must lie on a file "
        "system that all its workers share. [default: a cluster of this machine's cores]",
    ),
    click.option(
        "--memory-limit",
        type=_Bytes(),
        metavar="640MiB|2GB",
        help="Most memory of all processes together; fewer workers are taken to keep it.",
    ),
    click.option(
        "--pat",
        type=click.Choice(ACCEPTANCE),
        help="Performance acceptance: report whether the run kept its limits, or fail when it did not. "
        f"[default: {ACCEPTANCE[0]}]",
    ),
)


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds options in the order given."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def countries_of(polygons: Path | None, **options: Any) -> CountrySet | None:
    """Return the countries of a file, read with the other polygon options; None without a file."""
    if polygons is None:
        return None
    from closedworld.inputs.isolated import read_in_subprocess  # noqa: PLC0415 -- takes longer than --help may

    given = {name: value for name, value in options.items() if value is not None}
    return read_in_subprocess(polygons, **given)


def run_config(config_file: Path | None, given: dict[str, Any]) -> RunConfig:
    """Return the run file's configuration with the given options over it."""
    base = RunConfig() if config_file is None else RunConfig.from_toml(config_file)
    if given.get("countries") is not None:
        given["countries"] = split_codes(given["countries"])
    if given.get("resolution") is not None or given.get("raster") is not None:
        # The grid of the command line takes the place of the run file's, whichever kind it is.
        base = base.without_grid()
    return base.with_options(**given)
