"""The options that commands share, made from the table of the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from closedworld.config.options import Kind, Option, parse_bytes, refuse_address, split_codes
from closedworld.config.run import RunConfig
from closedworld.config.table import OPTIONS, RESULT_OPTIONS, SECTIONS
from closedworld.sanitize import printable
from closedworld.stages import STAGES, Stage

if TYPE_CHECKING:
    from closedworld.inputs.regions.country_set import CountrySet

F = TypeVar("F", bound="Callable[..., Any]")


class _PathType(click.Path):
    """A path that is not empty: an unset shell variable must not mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or end the command with a usage error."""
        if value == "":
            self.fail("the path is empty.", param, ctx)
        if isinstance(value, str):
            refuse_address("a path", value)
        return super().convert(value, param, ctx)


PATH = _PathType(path_type=Path)


def _type_of(option: Option) -> click.ParamType[Any] | Callable[[str], Any]:
    match option.kind:
        case Kind.PATH | Kind.PATHS | Kind.NUMBER_OR_PATH:
            return PATH
        case Kind.NUMBER:
            return click.INT if option.least is None else click.IntRange(option.least, option.most)
        case Kind.REAL:
            return click.FLOAT
        case Kind.SIZE:
            return parse_bytes
        case Kind.CODES:
            return split_codes
        case _:
            return click.Choice(option.choices) if option.choices else click.STRING


def _click_option(name: str, option: Option, default: object = None) -> Callable[[F], F]:
    """Return what adds an option to a command; its value is None when it is not given.

    A default that is a text, a number or a path is only named in the help.
    """
    flag, text = f"--{option.flag or name.replace('_', '-')}", option.help
    if isinstance(default, str | int | Path) and not isinstance(default, bool):
        text += f" [default: {default}]"
    if option.kind is Kind.FLAG:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=text)
    bare: dict[str, Any] = {}
    if option.kind is Kind.PATHS:
        bare = {"multiple": True, "callback": none_if_empty}
    if option.bare_value:
        bare = {"is_flag": False, "flag_value": option.bare_value}
        text += f" [without {option.metavar.strip('[]')}: {option.bare_value}]"
    return click.option(
        flag, name, type=_type_of(option), metavar=option.metavar or None, help=text, **bare
    )


def none_if_empty(_: click.Context, __: click.Parameter, given: tuple[Path, ...]) -> Any:
    """Return the values of an option that may be repeated; None when it is not given, as for others."""
    return given or None


_RUN_OPTIONS = {
    one.name: _click_option(one.name, OPTIONS[one.name], one.default)
    for one in fields(RunConfig)
    if one.name in OPTIONS
}


def run_options(*sections: str) -> tuple[Callable[[F], F], ...]:
    """Return the options of some sections of the table, in its order."""
    return tuple(_RUN_OPTIONS[name] for section in sections for name in SECTIONS[section])


POLYGON_OPTIONS = run_options("polygons")
SELECTION_OPTIONS = tuple(_RUN_OPTIONS[name] for name in ("countries", "except_countries"))
RASTER_OPTION = _RUN_OPTIONS["raster"]
MERCHANTS_OPTION = _RUN_OPTIONS["merchants"]
CARDS_OPTION = _RUN_OPTIONS["cards"]
WORKERS_OPTION = _RUN_OPTIONS["workers"]
TILE_OPTIONS = (
    click.option(
        "--config",
        "config_file",
        type=PATH,
        help="TOML file with any of the options below except --log-format and --quiet, written with "
        "underscores; its paths start from its own folder. Options given here win over it.",
    ),
    *run_options("polygons", "tiles", "files"),
)
LATER_STAGE_OPTIONS = run_options(
    *(stage.name for stage in STAGES if stage.needs), "tables", "random"
)
PEOPLE_OPTIONS = run_options("people")
EXECUTION_OPTIONS = run_options("execution")

INDEX_OPTION = click.option(
    "--index", type=PATH, help="Tile index of the weights, when it is not next to them."
)

_CHUNK_BYTES = 1 << 20

STDOUT = Path("-")
"""What stands for standard output in place of a file."""

LOG_OPTIONS = (
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="What comes on standard error: lines for people, or JSON lines of every step. With json, "
        "standard output has nothing but the folders of the results.",
    ),
    click.option(
        "--verbose",
        "-v",
        is_flag=True,
        help="Show every step on standard error, not warnings alone; run.log has all in any case.",
    ),
    click.option(
        "--quiet",
        "-q",
        is_flag=True,
        help="Show no progress, and print nothing but the folders of the results.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the report of the run, run_report.json."
    ),
)


FILES_OPTIONS = (
    click.option(
        "--quiet", "-q", is_flag=True, help="Print nothing but the names of the written files."
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print names, sizes and figures as JSON instead."
    ),
)
"""What a command prints of the files that it wrote; ``show_files`` does it."""

QUIET_OPTION = click.option(
    "--quiet", "-q", is_flag=True, help="Print nothing; the exit status says it."
)


@contextmanager
def file_for(out: Path, suffix: str) -> Iterator[Path]:
    """Yield the file to write for ``--out``; for ``-``, one that goes to standard output when it is whole.

    Args:
        out: What was given.
        suffix: Format on standard output, such as ``.csv``.
    """
    if out != STDOUT:
        yield out
        return
    from closedworld.store.durable import temporary_folder  # noqa: PLC0415

    with temporary_folder() as folder:
        path = folder / f"output{suffix}"
        yield path
        with path.open("rb") as file:
            for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""):
                click.echo(chunk, nl=False)


def show_files(
    files: Sequence[Path], text: str, figures: Mapping[str, Any], *, quiet: bool, as_json: bool
) -> None:
    """Print what was written: in words, as names alone, or as JSON."""
    if as_json:
        listed = [{"path": str(file), "size_bytes": file.stat().st_size} for file in files]
        click.echo(json.dumps({"files": listed, **figures}, indent=1))
    elif quiet:
        # For scripts: one name per line, unescaped.
        for file in files:
            click.echo(str(file))
    else:
        click.echo("\n".join(map(printable, text.splitlines())))


@dataclass(frozen=True, slots=True)
class Output:
    """What a run shows.

    Attributes:
        log_format: ``text`` or ``json``.
        verbose: Whether every step is shown in text, too.
        quiet: Whether nothing is printed but warnings and the folders of the results.
        as_json: Whether the report of the run is printed.
    """

    log_format: str
    verbose: bool
    quiet: bool
    as_json: bool

    @classmethod
    def taken_from(cls, given: dict[str, Any]) -> Output:
        """Return what the options say, and take them out of those of the command."""
        return cls(**{one.name: given.pop(one.name) for one in fields(cls)})

    @property
    def shows_steps(self) -> bool:
        """Whether every step is shown; programs that read JSON get all of them."""
        return (self.verbose or self.log_format == "json") and not self.quiet


def result_options(stage: Stage, *names: str) -> tuple[Callable[[F], F], ...]:
    """Return the options of a stage that builds on a published result.

    Args:
        stage: The stage; its section of the table has its name.
        names: Options that it has besides those of any result, such as ``raster``.
    """
    return (
        *(_click_option(name, RESULT_OPTIONS[name]) for name in (*names, "lock", "out", "name")),
        *run_options(stage.name),
        *(run_options("tables", "random") if stage.asked_by else ()),
        *run_options("execution"),
        *workers_options(stage),
    )


def workers_options(*stages: Stage) -> tuple[Callable[[F], F], ...]:
    """Return an option for the workers of each stage, such as ``--s1-workers``."""
    return tuple(
        click.option(
            f"--{stage.number.lower()}-workers",
            type=click.IntRange(min=1),
            help=f"Workers of {stage.number} ({stage.name}). [default: --workers]",
        )
        for stage in stages
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

    return read_in_subprocess(polygons, **given_only(options))


def given_only(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, workers of stages together as ``stage_workers``."""
    given = {name: value for name, value in options.items() if value is not None}
    workers = {
        name.removesuffix("_workers"): given.pop(name)
        for name in list(given)
        if name.endswith("_workers")
    }
    return {**given, "stage_workers": workers} if workers else given


def run_config(config_file: Path | None, options: dict[str, Any]) -> RunConfig:
    """Return the run file's configuration with the given options over it."""
    base = RunConfig() if config_file is None else RunConfig.from_toml(config_file)
    given = given_only(options)
    if "resolution" in given or "raster" in given:
        # The grid of the command line takes the place of the run file's, whichever kind it is.
        base = replace(base, raster=(), resolution=None)
    if "stage_workers" in given:
        given["stage_workers"] = {**base.stage_workers, **given["stage_workers"]}
    return replace(base, **given)
