"""``closedworld diff``: how two published worlds differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from closedworld.cli.options import PATH, QUIET_OPTION, WORKERS_OPTION, with_options
from closedworld.sanitize import number_of, printable

if TYPE_CHECKING:
    from closedworld.worlds.diff import WorldDifference

_NAMES = ("gained", "lost", "overlaps_gained", "overlaps_lost")


@click.command()
@click.argument("before", metavar="A", type=PATH)
@click.argument("after", metavar="B", type=PATH)
@click.option("--index-a", type=PATH, help="Tile index of A's weights, when not next to them.")
@click.option("--index-b", type=PATH, help="Tile index of B's weights, when not next to them.")
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Countries to show, the most changed first; --json has all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all differences as JSON.")
@click.option("--map", "picture", type=PATH, help="Draw the changed tiles: a PNG to write.")
@with_options(QUIET_OPTION, WORKERS_OPTION)
def diff(
    before: Path,
    after: Path,
    index_a: Path | None,
    index_b: Path | None,
    rows: int,
    picture: Path | None,
    workers: int | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare two worlds on one grid: tiles, overlaps, weights.

    A and B are output folders, or parameter_hash=... folders of weights, or of tiles to compare only
    these. As with diff(1), the exit status is 0 if they are the same and 1 if they differ.

    \b
    Examples:
      closedworld diff world-2024 world-2025
      closedworld diff world-2024 world-2025 --map changes.png --json
    """
    from closedworld.worlds import open_world  # noqa: PLC0415
    from closedworld.worlds.diff import compare_worlds, draw_changes  # noqa: PLC0415

    difference = compare_worlds(
        open_world(before, index=index_a), open_world(after, index=index_b), workers=workers
    )
    content = difference.to_dict()
    if picture is not None:
        draw_changes(difference, picture)
    if as_json:
        click.echo(json.dumps(content, indent=1))
    elif not quiet:
        _show(difference, content, rows)
    if not content["same"]:
        raise click.exceptions.Exit(1)


def _show(difference: WorldDifference, content: dict[str, Any], rows: int) -> None:
    from closedworld.kernels.weights import basis_in_words  # noqa: PLC0415

    for letter, name in (("A", "before"), ("B", "after")):
        world = content[name]
        basis = (
            f", weights by {basis_in_words(world['basis'])}" if world["weights"] else ", no weights"
        )
        click.echo(printable(f"{letter}  {world['weights'] or world['tiles']}"))
        click.echo(printable(f"   rule {world['rule']}{basis}"))
    click.echo()
    changed = sorted(content["differing"], key=_extent, reverse=True)
    if changed[:rows]:
        click.echo(
            f"{'':4}{'tiles in A':>14}{'gained':>12}{'lost':>12}{'overlaps':>20}{'weight moved':>16}"
        )
    for row in changed[:rows]:
        overlaps = f"+{row['overlaps_gained']:,} -{row['overlaps_lost']:,}"
        click.echo(
            f"{row['country_iso']:<4}{row['tiles_before']:>14,}{row['gained']:>12,}"
            f"{row['lost']:>12,}{overlaps:>20}{_percent(row['weight_moved']):>16}"
        )
    if len(changed) > rows:
        click.echo(f"... and {len(changed) - rows:,} more; --json has all")
    if changed[:rows]:
        click.echo()
    _show_verdict(difference, content)


def _show_verdict(difference: WorldDifference, content: dict[str, Any]) -> None:
    from closedworld.published.lineage import nouns_of  # noqa: PLC0415

    nouns = nouns_of(difference.after.index.published)
    countries = number_of(content["countries"], *nouns)
    if content["same"]:
        click.secho(f"{countries}: no difference", fg="green", nl=False)
    else:
        click.secho(
            f"{content['countries_differing']:,} of {countries} differ", fg="yellow", nl=False
        )
        click.echo(
            f": {content['gained']:,} tiles gained, {content['lost']:,} lost; tiles of several "
            f"{nouns[1]} +{content['overlaps_gained']:,} -{content['overlaps_lost']:,}",
            nl=False,
        )
    click.echo("" if difference.has_weights else "; weights were not compared")


def _extent(row: dict[str, Any]) -> tuple[int, float]:
    """Return the sort key of a country: tiles changed, then weight moved."""
    return sum(row[name] for name in _NAMES), row["weight_moved"] or 0.0


def _percent(share: float | None) -> str:
    """Return a share in percent; a small one is not rounded to zero."""
    if share is None:
        return "-"
    return "< 0.0001%" if 0 < share < 1e-6 else f"{share:.4%}"  # noqa: PLR2004 -- what rounds to 0
