"""``closedworld fetch``: public reference data, downloaded and checked."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from closedworld.cli.options import PATH
from closedworld.sanitize import byte_size, printable

if TYPE_CHECKING:
    from closedworld.inputs.reference.fetching.fetch import Fetched
    from closedworld.inputs.reference.registry import RemoteFile


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "is_list", is_flag=True, help="List the files, as without a name.")
@click.option(
    "--to", "folder", type=PATH, help="Folder to keep the files in. [default: the user's cache]"
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the list, or the fetched files, as JSON."
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the paths of fetched files.")
def fetch(
    names: tuple[str, ...], folder: Path | None, *, is_list: bool, as_json: bool, quiet: bool
) -> None:
    """Download public reference data: country polygons, population rasters.

    Without a name it lists the files with sizes, licences and digests, and contacts no server. An
    interrupted download is resumed; a file that is there is checked, not downloaded again.

    \b
    Examples:
      closedworld fetch
      closedworld fetch natural-earth-10m worldpop-1km-2020
      closedworld fetch ghs-pop-30s-2020 --to data
    """
    from closedworld.inputs.reference.registry import remote_file, remote_files  # noqa: PLC0415

    if is_list or not names:
        chosen = [remote_file(name) for name in names] or list(remote_files())
        _list(chosen, folder, as_json=as_json)
        return
    files = [remote_file(name) for name in dict.fromkeys(names)]
    fetched = [_fetch(file, folder) for file in files]
    if as_json:
        click.echo(json.dumps([_fetched_dict(one) for one in fetched], indent=1))
        return
    if quiet:
        for one in fetched:
            click.echo(str(one.path))
        return
    for one in fetched:
        _show(one)
    _show_use(fetched)


def _fetch(file: RemoteFile, folder: Path | None) -> Fetched:
    from closedworld.cli.console import downloading  # noqa: PLC0415
    from closedworld.inputs.reference.fetching.fetch import fetch as fetch_file  # noqa: PLC0415
    from closedworld.inputs.reference.fetching.fetch import state_of  # noqa: PLC0415

    if state_of(file, folder) != "here":
        click.echo(f"downloading {file.url}, size {_size(file.size_bytes)}", err=True)
    with downloading(file.name) as progress:
        return fetch_file(file, folder=folder, progress=progress)


def _list(files: Sequence[RemoteFile], folder: Path | None, *, as_json: bool) -> None:
    from closedworld.inputs.reference.fetching.fetch import default_folder, state_of  # noqa: PLC0415

    target = folder or default_folder()
    if as_json:
        content = [{**asdict(file), "state": state_of(file, target)} for file in files]
        click.echo(json.dumps({"folder": str(target), "files": content}, indent=1))
        return
    for file in files:
        state = state_of(file, target)
        click.secho(file.name, bold=True, nl=False)
        click.secho("" if state == "absent" else f"  {state}", fg="green")
        digest = f"{file.sha256} ({file.digest_source})" if file.sha256 else "not known"
        click.echo(f"  {file.title}")
        click.echo(f"  version  {file.version}")
        click.echo(f"  size     {_size(file.size_bytes)}")
        click.echo(f"  licence  {file.licence}; {file.attribution}")
        click.echo(f"  sha256   {digest}")
        click.echo(f"  address  {file.url}")
        click.echo()
    click.echo(printable(f"closedworld fetch NAME downloads to {target}"))


def _size(size_bytes: int | None) -> str:
    return "not known" if size_bytes is None else f"{byte_size(size_bytes)} ({size_bytes:,} bytes)"


def _fetched_dict(one: Fetched) -> dict[str, Any]:
    return {
        "name": one.file.name,
        "path": str(one.path),
        "download": str(one.download),
        "sha256": one.sha256,
        "trust": one.trust,
        "is_new": one.is_new,
        "licence": one.file.licence,
        "attribution": one.file.attribution,
        "options": [f"--{one.file.role}", str(one.path), *one.file.options],
    }


def _show(one: Fetched) -> None:
    trust = {
        "registry": "as in the registry",
        "recorded": "as on first use",
        "first use": f"not known before: recorded in {one.download.name}.sha256, compared from now on",
    }
    click.secho(one.file.name, bold=True, nl=False)
    click.secho("  downloaded" if one.is_new else "  already there", fg="green")
    click.echo(printable(f"  path     {one.path}"))
    click.echo(f"  licence  {one.file.licence}; {one.file.attribution}")
    click.echo(printable(f"  sha256   {one.sha256} ({trust[one.trust]})"))
    click.echo()


def _show_use(fetched: Sequence[Fetched]) -> None:
    first = {one.file.role: one for one in reversed(fetched)}
    chosen = [first[role] for role in ("polygons", "raster") if role in first]
    paths = [word for one in chosen for word in (f"--{one.file.role}", str(one.path))]
    options = [option for one in chosen for option in one.file.options]
    click.echo("Build a world from it, and pin its inputs:")
    click.echo(printable(f"  closedworld run {shlex.join([*paths, *options])}"))
    click.echo(printable(f"  closedworld inputs {shlex.join([*paths, *options])} --lock"))
