"""``closedworld inputs``: lists bundled data, and checks and locks files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from closedworld.cli.options import (
    CARDS_OPTION,
    MERCHANTS_OPTION,
    PATH,
    POLYGON_OPTIONS,
    QUIET_OPTION,
    RASTER_OPTION,
    SELECTION_OPTIONS,
    given_only,
    with_options,
)
from closedworld.config.run import RunConfig
from closedworld.config.table import LOCK_NAME
from closedworld.sanitize import byte_size, number_of, one_line, printable
from closedworld.stages import STAGES

if TYPE_CHECKING:
    from closedworld.inputs.cards import CardRequest
    from closedworld.inputs.merchants.table import MerchantTable
    from closedworld.inputs.raster.info import RasterInfo

T = TypeVar("T")
P = TypeVar("P", Path, tuple[Path, ...])


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is to say of a file: as JSON holds it, and as lines for people."""

    content: Any
    lines: list[str]
    usable: bool = True


@click.command()
@with_options(*POLYGON_OPTIONS, *SELECTION_OPTIONS, RASTER_OPTION, MERCHANTS_OPTION, CARDS_OPTION)
@click.option(
    "--lock",
    type=PATH,
    is_flag=False,
    flag_value=LOCK_NAME,
    metavar="[FILE]",
    help="Write the digests of these inputs to a file, for `closedworld run --lock`; bundled data "
    f"is used for what is not named. [without FILE: {LOCK_NAME}]",
)
@with_options(QUIET_OPTION)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inputs(
    polygons: Path | None,
    raster: tuple[Path, ...] | None,
    merchants: Path | None,
    cards: Path | None,
    lock: Path | None,
    *,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """List the bundled data, check your own files, or lock either (S0).

    With --polygons, --raster, --merchants or --cards it shows what is in the file and lists all problems. If the
    file cannot be used, the exit status is 3 and no lock is written.

    \b
    Examples:
      closedworld inputs
      closedworld inputs --polygons mine.shp --raster worldpop.tif
      closedworld inputs --polygons mine.shp --raster worldpop.tif --lock
    """
    config = RunConfig(polygons=polygons, raster=raster, merchants=merchants, cards=cards)
    found = _check_files(config, given_only(options))
    usable = all(one.usable for one in found.values())
    if lock is not None and usable:
        found["lock"] = _write_lock(lock, config)
    elif not found:
        found["bundled"] = _list_bundled()
    if as_json:
        content = {name: one.content for name, one in found.items()}
        click.echo(json.dumps({"usable": usable, **content}, indent=1))
    elif not quiet:
        for one in found.values():
            click.echo("\n".join(one.lines))
    if not usable:
        raise click.exceptions.Exit(3)


def _check_files(config: RunConfig, options: dict[str, Any]) -> dict[str, _Found]:
    """Return what there is to say of the files that are named; options are those of the polygons."""
    found: dict[str, _Found] = {}
    if config.polygons is not None:
        found["polygons"] = _check_polygons(config.polygons, options)
    if config.raster:
        from closedworld.inputs.raster.info import read_raster_info  # noqa: PLC0415

        found["raster"] = _check(config.raster, read_raster_info, _describe_raster)
    if config.merchants is not None:
        from closedworld.inputs.merchants.table import read_merchants  # noqa: PLC0415

        found["merchants"] = _check(
            config.merchants,
            lambda path: read_merchants(path).settled(skip_unplaceable=False),
            _describe_merchants,
        )
    if config.cards is not None:
        from closedworld.inputs.asked_tables import cards_at  # noqa: PLC0415

        found["cards"] = _check(config.cards, cards_at, _describe_cards)
    return found


def _write_lock(path: Path, config: RunConfig) -> _Found:
    from closedworld.inputs.loading import files_of  # noqa: PLC0415
    from closedworld.inputs.lock import InputLock  # noqa: PLC0415

    files = files_of(config, ("countries", "grid"))
    own = [file for stage in STAGES for file in stage.own_files(config)]
    lock = InputLock.of(path, [*files, *own])
    lock.write()
    lines = [printable(f"  {one.sha256}  {one.path}") for one in lock.inputs]
    lines.append(printable(f"{path} pins {number_of(len(lock.inputs), 'file', 'files')}"))
    return _Found({"path": str(path), "files": [asdict(one) for one in lock.inputs]}, lines)


def _list_bundled() -> _Found:
    from closedworld.inputs.reference.registry import bundled_files, verify_bundled  # noqa: PLC0415

    files = bundled_files()
    content, lines = [], []
    for entry in files:
        verify_bundled(entry.name)
        content.append({**asdict(entry), "path": str(entry.path)})
        lines += [
            click.style(entry.name, bold=True),
            f"  {entry.title}",
            f"  source   {entry.source}, version {entry.version}",
            f"  licence  {entry.licence}; {entry.attribution}",
            f"  sha256   {entry.sha256} (verified)",
            printable(f"  path     {entry.path}"),
            "",
        ]
    total = byte_size(sum(entry.size_bytes for entry in files))
    return _Found(content, [*lines, f"{len(files)} files, {total} in total"])


def _check_polygons(path: Path, options: dict[str, Any]) -> _Found:
    from closedworld.inputs.isolated import check_in_subprocess  # noqa: PLC0415

    check = check_in_subprocess(path, **options).check
    columns = {"codes": check.code_column, "names": check.name_column}
    lines = [f"  rows       {check.n_rows:,}"] if check.n_rows else []
    lines += [printable(f"  {name}      column {one}") for name, one in columns.items() if one]
    if len(check.countries):
        isos = check.countries.isos
        lines.append(f"  countries  {len(isos)}: {', '.join(isos)}")
        lines += [printable(f"  {note.kind:<9}  {note.message}") for note in check.countries.notes]
    content = {
        "rows": check.n_rows,
        "code_column": check.code_column,
        "name_column": check.name_column,
        "countries": list(check.countries.isos),
        "notes": [note.to_dict() for note in check.countries.notes],
    }
    problems = [
        {
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
            "row": problem.row,
            "country_iso": problem.iso,
        }
        for problem in check.problems
    ]
    return _verdict(path, problems, _Found(content, lines))


def _describe_raster(info: RasterInfo) -> _Found:
    is_number = info.nodata is not None and math.isfinite(info.nodata)
    content = {
        "grid": info.grid.to_dict(),
        "files": [str(file) for file in info.files],
        "bands": info.bands,
        "band": info.band,
        "dtype": info.dtype,
        "nodata": info.nodata if info.nodata is None or is_number else str(info.nodata),
        "notes": [{"code": note.code, "message": note.message} for note in info.notes],
    }
    lines = [
        *(printable(f"  file    {file}") for file in info.files if info.members),
        f"  grid    {info.grid}",
        f"  bands   {info.bands} of {info.dtype}, NODATA {info.nodata}",
        *(_coded(note.code, note.message, "yellow") for note in info.notes),
    ]
    return _Found(content, lines)


def _describe_merchants(table: MerchantTable) -> _Found:
    content = {
        "rows": len(table.numbers),
        "outlets": table.site_count,
        "countries": list(table.countries),
        "unused_columns": list(table.own_columns),
    }
    lines = [
        f"  merchants  {number_of(len(table.numbers), 'row', 'rows')}, {number_of(table.site_count, 'outlet', 'outlets')}",
        f"  countries  {len(table.countries)}: {', '.join(table.countries)}",
        *_unused(table.own_columns, "kept in dataset merchants"),
    ]
    return _Found(content, lines)


def _describe_cards(cards: CardRequest) -> _Found:
    from closedworld.inputs.cards import CardCounts  # noqa: PLC0415

    countries = cards.countries
    where = f"{len(countries)}: {', '.join(countries)}" if countries else "all"
    unused = () if isinstance(cards, CardCounts) else cards.own_columns
    lines = [
        f"  cards      {cards.count:,}",
        printable(f"  countries  {where}"),
        *_unused(unused, "left out"),
    ]
    content = {"cards": cards.count, "countries": list(countries), "unused_columns": list(unused)}
    return _Found(content, lines)


def _unused(columns: Sequence[str], what: str) -> list[str]:
    """Return the line that names columns without a meaning; none if there are none."""
    names = ", ".join(one_line(name, 40) for name in columns)
    return [printable(f"  unused     columns {names}; {what}")] if columns else []


def _check(path: P, reader: Callable[[P], T], describe: Callable[[T], _Found]) -> _Found:
    """Return what a reader makes of a file, or why it cannot be used."""
    from closedworld.errors import InputError  # noqa: PLC0415

    try:
        found = describe(reader(path))
    except InputError as error:
        problem = {"code": error.code, "message": error.message, "hint": error.hint}
        return _verdict(path, [problem], _Found({}, []))
    return _verdict(path, [], found)


def _verdict(
    path: Path | tuple[Path, ...], problems: list[dict[str, Any]], found: _Found
) -> _Found:
    """Return what was found with the verdict before it and the problems after it."""
    verdict = ("cannot be used", "red") if problems else ("can be used", "green")
    name = ", ".join(map(str, path)) if isinstance(path, tuple) else str(path)
    heading = click.style(printable(name), bold=True)
    hints = dict.fromkeys(problem["hint"] for problem in problems if problem["hint"])
    return _Found(
        {"path": name, "usable": not problems, **found.content, "problems": problems},
        [
            f"{heading}  {click.style(verdict[0], fg=verdict[1])}",
            *found.lines,
            *(_coded(problem["code"], problem["message"], "red") for problem in problems),
            *(printable(f"  What to do: {hint}") for hint in hints),
        ],
        usable=not problems,
    )


def _coded(code: str, message: str, colour: str) -> str:
    return click.style(f"  [{code}] ", fg=colour) + printable(message)
