"""``closedworld inputs``: lists bundled data, and checks and locks files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from closedworld.cli.options import (
    MERCHANTS_OPTION,
    PATH,
    POLYGON_OPTIONS,
    RASTER_OPTION,
    SELECTION_OPTIONS,
    given_only,
    with_options,
)
from closedworld.config.table import LOCK_NAME
from closedworld.sanitize import byte_size, number_of, printable
from closedworld.stages import STAGES

if TYPE_CHECKING:
    from closedworld.inputs.regions.problems import CountryCheck

T = TypeVar("T")


@click.command()
@with_options(*POLYGON_OPTIONS, *SELECTION_OPTIONS, RASTER_OPTION, MERCHANTS_OPTION)
@click.option(
    "--lock",
    type=PATH,
    is_flag=False,
    flag_value=LOCK_NAME,
    metavar="[FILE]",
    help="Write the digests of these inputs to a file, for `closedworld run --lock`; bundled data "
    f"is used for what is not named. [without FILE: {LOCK_NAME}]",
)
def inputs(
    polygons: Path | None,
    raster: Path | None,
    merchants: Path | None,
    lock: Path | None,
    **options: Any,
) -> None:
    """List the bundled data, check your own files, or lock either (S0).

    With --polygons, --raster or --merchants it shows what is in the file and lists all problems. If the file cannot
    be used, the exit status is 3 and no lock is written.

    \b
    Examples:
      closedworld inputs
      closedworld inputs --polygons mine.shp --raster worldpop.tif
      closedworld inputs --polygons mine.shp --raster worldpop.tif --lock
    """
    if polygons is None and raster is None and merchants is None and lock is None:
        _list_bundled()
        return
    usable = True
    if polygons is not None:
        usable &= _check_polygons(polygons, given_only(options))
    if raster is not None:
        usable &= _check_raster(raster)
    if merchants is not None:
        usable &= _check_merchants(merchants)
    if not usable:
        raise click.exceptions.Exit(3)
    if lock is not None:
        _write_lock(lock, polygons, raster, merchants)


def _write_lock(
    path: Path, polygons: Path | None, raster: Path | None, merchants: Path | None
) -> None:
    from closedworld.config.run import RunConfig  # noqa: PLC0415
    from closedworld.inputs.loading import files_of  # noqa: PLC0415
    from closedworld.inputs.lock import InputLock  # noqa: PLC0415

    config = RunConfig(polygons=polygons, raster=raster, merchants=merchants)
    files = files_of(config, ("countries", "grid"))
    own = [file for stage in STAGES for file in stage.own_files(config)]
    lock = InputLock.of(path, [*files, *own])
    lock.write()
    for one in lock.inputs:
        click.echo(printable(f"  {one.sha256}  {one.path}"))
    click.echo(printable(f"{path} pins {number_of(len(lock.inputs), 'file', 'files')}"))


def _list_bundled() -> None:
    from closedworld.inputs.reference.registry import bundled_files, verify_bundled  # noqa: PLC0415

    total = 0
    for entry in bundled_files():
        verify_bundled(entry.name)
        total += entry.size_bytes
        click.secho(entry.name, bold=True)
        click.echo(f"  {entry.title}")
        click.echo(f"  source   {entry.source}, version {entry.version}")
        click.echo(f"  licence  {entry.licence}; {entry.attribution}")
        click.echo(f"  sha256   {entry.sha256} (verified)")
        click.echo(f"  path     {entry.path}")
        click.echo()
    click.echo(f"{len(bundled_files())} files, {byte_size(total)} in total")


def _check_polygons(path: Path, options: dict[str, Any]) -> bool:
    """Print the content and the problems of a polygon file; return whether it can be used."""
    from closedworld.inputs.isolated import check_in_subprocess  # noqa: PLC0415

    check = check_in_subprocess(path, **options).check
    _heading(path, usable=check.ok)
    if check.n_rows:
        click.echo(f"  rows       {check.n_rows:,}")
    if check.code_column:
        click.echo(printable(f"  codes      column {check.code_column}"))
    if check.name_column:
        click.echo(printable(f"  names      column {check.name_column}"))
    _show_countries(check)
    for problem in check.problems:
        click.secho(f"  [{problem.code}] ", fg="red", nl=False)
        click.echo(printable(problem.message))
    for hint in dict.fromkeys(problem.hint for problem in check.problems if problem.hint):
        click.echo(printable(f"  What to do: {hint}"))
    return check.ok


def _show_countries(check: CountryCheck) -> None:
    countries = check.countries
    if countries is None or not len(countries):
        return
    click.echo(f"  countries  {len(countries)}: {', '.join(countries.isos)}")
    for note in countries.notes:
        click.echo(printable(f"  {note.kind:<9}  {note.message}"))


def _check_raster(path: Path) -> bool:
    """Print the header of a raster; return whether its grid can be used."""
    from closedworld.inputs.raster.info import read_raster_info  # noqa: PLC0415

    info = _read(path, read_raster_info)
    if info is None:
        return False
    click.echo(f"  grid    {info.grid}")
    click.echo(f"  bands   {info.bands} of {info.dtype}, NODATA {info.nodata}")
    for note in info.notes:
        click.secho(f"  [{note.code}] ", fg="yellow", nl=False)
        click.echo(printable(note.message))
    return True


def _check_merchants(path: Path) -> bool:
    """Print what is in a table of merchants; return whether it can be used."""
    from closedworld.inputs.merchants.reading import read_merchants  # noqa: PLC0415

    table = _read(path, read_merchants)
    if table is None:
        return False
    click.echo(f"  merchants  {len(table.numbers):,} rows, {table.site_count:,} outlets")
    click.echo(f"  countries  {len(table.countries)}: {', '.join(table.countries)}")
    return True


def _read(path: Path, reader: Callable[[Path], T]) -> T | None:
    """Return what a reader makes of a file, its verdict printed; None when it cannot be used."""
    from closedworld.errors import InputError  # noqa: PLC0415

    try:
        found = reader(path)
    except InputError as error:
        _heading(path, usable=False)
        click.secho(f"  [{error.code}] ", fg="red", nl=False)
        click.echo(printable(error.message))
        click.echo(printable(f"  What to do: {error.hint}"))
        return None
    _heading(path, usable=True)
    return found


def _heading(path: Path, *, usable: bool) -> None:
    click.secho(printable(str(path)), bold=True, nl=False)
    verdict = ("can be used", "green") if usable else ("cannot be used", "red")
    click.secho(f"  {verdict[0]}", fg=verdict[1])
