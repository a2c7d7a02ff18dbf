"""What the template is given: the account of a run, put in the words and the order of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedworld._version import __version__
from closedworld.html_report import charts
from closedworld.html_report.figures import seconds, setting, share, size, thousands
from closedworld.inputs.reference import bundled_files
from closedworld.sanitize import number_of, one_line
from closedworld.stages.stage import TILES, WEIGHTS

if TYPE_CHECKING:
    from closedworld.html_report.account import Account, Content, CountryAccount, InputFile, Remark
    from closedworld.html_report.pictures import Pictures

# What a reader must know first; other warnings follow in the order given.
_FIRST = (
    "countries-without-tiles",
    "countries-off-grid",
    "tiles-shared",
    "countries-repaired",
    "weights-fallback",
)
_NOT_STATED = (
    "Not known to closedworld: the file is yours. Say it yourself when you pass results on."
)


@dataclass(frozen=True, slots=True)
class InputCard:
    """An input with its licence.

    Attributes:
        file: The input.
        licence: Its licence; empty where there is no file.
        attribution: Credit to show.
        source: Where it comes from.
        source_url: Address of the source.
        version: Version of the source.
    """

    file: InputFile
    licence: str = ""
    attribution: str = ""
    source: str = ""
    source_url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class CountryRow:
    """A line of the table of countries.

    Attributes:
        account: The country.
        zero_share: Share of its tiles without weight, 0..1; None when it was not weighed.
        remarks: What is special about it, in a few words each.
    """

    account: CountryAccount
    zero_share: float | None
    remarks: tuple[str, ...]


def contents_of(account: Account, pictures: Pictures) -> dict[str, Any]:
    """Return the variables of the template."""
    dots, dot_ticks = charts.dots_of(account.countries)
    by_tiles = sorted(account.countries, key=lambda one: (-one.tiles, one.iso))
    return {
        "account": account,
        "pictures": pictures,
        "title": _title(account),
        "subtitle": _subtitle(account),
        "figures": _figures(account),
        "failed": [line for line in account.acceptance if line.passed is False],
        "limited": [line for line in account.acceptance if line.limit is not None],
        "told": [line for line in account.acceptance if line.limit is None],
        "warnings": sorted(account.warnings, key=_rank),
        "rule": setting(_parameter(account, TILES.name, "rule") or ""),
        "weighed": any(one.zero_tiles is not None for one in account.countries),
        "bars": charts.bars_of(account.countries),
        "dots": dots,
        "dot_ticks": dot_ticks,
        "rows": [_row(one) for one in by_tiles],
        "timeline": charts.timeline_of(account.units),
        "phases": charts.phases_of(account),
        "inputs": [_card(one) for one in account.inputs],
        "rasters": [_raster(one) for one in account.rasters],
        "options": [(one_line(name), setting(value)) for name, value in account.config.items()],
        "machine": [(one_line(name), setting(value)) for name, value in account.machine.items()],
        "version": __version__,
    }


def _parameter(account: Account, stage: str, name: str) -> Any:
    """Return a parameter of a stage, or None when the run did not get through it."""
    made = account.stage(stage)
    return None if made is None else made.parameters.get(name)


def _title(account: Account) -> str:
    """Return the heading: what the run made."""
    some = [one for one in account.countries if one.tiles]
    if not some:
        return "No tiles"
    tiles = number_of(sum(one.tiles for one in some), "tile", "tiles")
    return f"{tiles} of {number_of(len(some), 'country', 'countries')}"


def _subtitle(account: Account) -> str:
    """Return when the run was and what decided its result."""
    parts = [account.started_at.replace("T", " ").replace("+00:00", " UTC")]
    grid = _parameter(account, TILES.name, "grid")
    if isinstance(grid, dict):
        parts.append(f"{int(grid['n_rows']):,} rows, {int(grid['n_cols']):,} columns")
    rule = _parameter(account, TILES.name, "rule")
    if rule:
        parts.append(f"rule {one_line(str(rule))}")
    basis = _parameter(account, WEIGHTS.name, "basis")
    if basis:
        dp = int(_parameter(account, WEIGHTS.name, "dp"))
        parts.append(f"weights by {one_line(str(basis))}, 10^{dp} in each country")
    return " · ".join(parts)


def _figures(account: Account) -> list[tuple[str, str]]:
    """Return the figures that stand at the top."""
    performance = account.performance
    some = [one for one in account.countries if one.tiles]
    zero = [one.zero_tiles for one in some if one.zero_tiles is not None]
    tiles = sum(one.tiles for one in some)
    written = sum(
        total["size_bytes"] for stage in account.stages for total in stage.datasets.values()
    )
    found = [
        ("Tiles", thousands(tiles)),
        ("Countries", thousands(len(some))),
        ("Without weight", share(sum(zero) / tiles) if zero else ""),
        ("Time", seconds(_float(performance, "wall_seconds"))),
        ("Processor time", seconds(_float(performance, "cpu_seconds"))),
        ("Peak memory", size(_float(performance, "peak_memory_bytes"))),
        ("On disk", size(written) if written else ""),
    ]
    return [(name, value) for name, value in found if value]


def _float(content: Content, name: str) -> float | None:
    """Return a figure of the report, or None where there is none."""
    value = content.get(name)
    return None if value is None else float(value)


def _rank(warning: Remark) -> int:
    """Return how far down a warning stands."""
    return _FIRST.index(warning.code) if warning.code in _FIRST else len(_FIRST)


def _row(country: CountryAccount) -> CountryRow:
    """Return a country's line of the table."""
    tiles, zero = country.tiles, country.zero_tiles
    remarks = [
        text
        for text, holds in (
            ("no tiles", not tiles),
            ("given one tile", country.kept_small),
            ("shares tiles", bool(country.shared_tiles)),
            ("no mass: uniform", country.fallback),
        )
        if holds
    ]
    return CountryRow(country, zero / tiles if tiles and zero is not None else None, tuple(remarks))


def _card(file: InputFile) -> InputCard:
    """Return an input with the licence that goes with its digest."""
    known = {entry.sha256: entry for entry in bundled_files()}
    entry = next((known[digest] for _, digest in file.sha256 if digest in known), None)
    if entry is None:
        return InputCard(file, licence=_NOT_STATED if file.sha256 else "")
    return InputCard(
        file,
        licence=entry.licence.removeprefix("LicenseRef-").replace("public-domain", "public domain"),
        attribution=entry.attribution,
        source=entry.source,
        source_url=entry.source_url,
        version=entry.version,
    )


def _raster(read: Content) -> str:
    """Return what was read of a raster, in a sentence."""
    asked = read.get("bytes_read")
    of = "" if asked is None else f"{size(float(asked))} of "
    return (
        f"Values of {int(read['tiles']):,} tiles were read from {of}"
        f"{size(float(read['size_bytes']))} of {one_line(str(read['path']), 400)}: "
        f"{int(read['missing']):,} tiles without a value and {int(read['negative']):,} below zero, "
        "which count as 0."
    )
