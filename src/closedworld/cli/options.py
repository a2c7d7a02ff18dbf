"""Every option that commands share, defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from closedworld.config import DEFAULT_OUT, RULES, RunConfig, split_codes

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


class _PathType(click.Path):
    """A path that is not empty: an unset shell variable must not mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or end the command with a usage error."""
        if value == "":
            self.fail("the path is empty.", param, ctx)
        return super().convert(value, param, ctx)


_FILE = _PathType(path_type=Path)

# Values are None when an option is not given, so that the run file's value stands.
POLYGON_OPTIONS = (
    click.option(
        "--polygons",
        type=_FILE,
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
)

RASTER_OPTION = click.option(
    "--raster",
    type=_FILE,
    help="GeoTIFF whose grid is used, north-up in WGS 84. [default: bundled 5 arc-minute grid]",
)

RUN_OPTIONS = (
    click.option(
        "--config",
        "config_file",
        type=_FILE,
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
    click.option("--out", type=_FILE, help=f"Output folder. [default: {DEFAULT_OUT}]"),
    click.option(
        "--s1-workers", type=click.IntRange(min=1), help="Threads that write tiles. [default: 1]"
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Log lines for people, or JSON lines; both on standard error.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Log warnings and errors only."),
)


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds options in the order given."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def run_config(config_file: Path | None, given: dict[str, Any]) -> RunConfig:
    """Return the run file's configuration with the given options over it."""
    base = RunConfig() if config_file is None else RunConfig.from_toml(config_file)
    if given.get("countries") is not None:
        given["countries"] = split_codes(given["countries"])
    if given.get("resolution") is not None or given.get("raster") is not None:
        # The grid of the command line takes the place of the run file's, whichever kind it is.
        base = base.without_grid()
    return base.with_options(**given)
