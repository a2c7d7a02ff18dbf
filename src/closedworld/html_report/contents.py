"""What the template gets: the record of a run in the words and the order of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from closedworld._version import __version__
from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.execution.events import InputLoaded, RasterRead, Warned
from closedworld.html_report.country_rows import CountryRow, read_country_rows
from closedworld.html_report.figures import seconds, setting, share, size, thousands
from closedworld.html_report.finding import find_results
from closedworld.html_report.pictures import Pictures
from closedworld.inputs.reference.registry import BundledFile, bundled_files
from closedworld.kernels.weights import basis_in_words
from closedworld.published.lineage import COUNTRY, REGION
from closedworld.run.record.model import RunRecord
from closedworld.run.record.report import refuse_damage
from closedworld.sanitize import number_of
from closedworld.stages import STAGES

# Most important first; other warnings follow in the order given.
_FIRST = (
    "countries-without-tiles",
    "countries-off-grid",
    "towns-without-tiles",
    "tiles-shared",
    "countries-repaired",
    "weights-fallback",
)
_NOT_KNOWN = "Unknown to closedworld: this is your file. State its licence when you share results."


def contents_of(record: RunRecord, report: Path, pictures: Pictures) -> dict[str, Any]:
    """Return the variables of the template.

    Raises:
        IntegrityError: ``report-unreadable``.
    """
    with refuse_damage(report):
        results = find_results(record, report)
        index = results.get(TileParameters.stage)
        are_regions = index is not None and index.parameters(TileParameters).own_codes is not None
        nouns = REGION if are_regions else COUNTRY
        rows = read_country_rows(report, are_regions=are_regions)
        tiles, weights = record.parameters(TileParameters), record.parameters(WeightParameters)
        return {
            "record": record,
            "pictures": pictures,
            "title": _title(record, rows, nouns),
            "subtitle": _subtitle(record, tiles, weights),
            "figures": _figures(record, rows, nouns),
            "failed": [metric for metric in record.acceptance if metric.passed is False],
            "limited": [metric for metric in record.acceptance if metric.limit is not None],
            "unlimited": [metric for metric in record.acceptance if metric.limit is None],
            "warnings": sorted(record.warnings, key=_rank),
            "rule": "" if tiles is None else tiles.rule.value,
            "rows": rows,
            "phases": _phases(record.performance.phase_seconds),
            "inputs": [_with_licence(one) for one in record.inputs],
            "rasters": [_raster_text(one) for one in record.rasters_read],
            "options": [(name, setting(value)) for name, value in record.config.items()],
            "machine": [(name, setting(value)) for name, value in record.machine.items()],
            "version": __version__,
        }


def _title(record: RunRecord, rows: Sequence[CountryRow], nouns: tuple[str, str]) -> str:
    some = [row for row in rows if row.tiles]
    if some:
        tiles = number_of(sum(row.tiles for row in some), "tile", "tiles")
        return f"{tiles} of {number_of(len(some), *nouns)}"
    return ", ".join(f"{count:,} {name}" for name, count in _later_rows(record)) or "No tiles"


def _later_rows(record: RunRecord) -> list[tuple[str, int]]:
    """Return name and number of the rows of each stage that does not make tiles or weights."""
    named = {stage.number: stage.row_name for stage in STAGES}
    return [
        (named[stage.number], stage.datasets[named[stage.number]].rows)
        for stage in record.stages
        if named.get(stage.number) in stage.datasets
    ]


def _subtitle(
    record: RunRecord, tiles: TileParameters | None, weights: WeightParameters | None
) -> str:
    texts = [record.started_at.replace("T", " ").replace("+00:00", " UTC")]
    if tiles is not None:
        texts.append(f"{tiles.grid.n_rows:,} rows, {tiles.grid.n_cols:,} columns")
        texts.append(f"rule {tiles.rule.value}")
    if weights is not None:
        texts.append(f"weights by {basis_in_words(weights.basis)}, 10^{weights.dp} in each country")
    return " · ".join(texts)


def _figures(
    record: RunRecord, rows: Sequence[CountryRow], nouns: tuple[str, str]
) -> list[tuple[str, str]]:
    performance = record.performance
    some = [row for row in rows if row.tiles]
    zero = [row.zero_tiles for row in some if row.zero_tiles is not None]
    tiles = sum(row.tiles for row in some)
    written = sum(total.size_bytes for stage in record.stages for total in stage.datasets.values())
    found = [
        ("Tiles", thousands(tiles) if some else ""),
        (nouns[1].capitalize(), thousands(len(some)) if some else ""),
        ("Without weight", share(sum(zero) / tiles) if zero else ""),
        *((name.capitalize(), thousands(count)) for name, count in _later_rows(record)),
        ("Time", seconds(performance.wall_seconds)),
        ("Processor time", seconds(performance.cpu_seconds)),
        ("Peak memory", size(performance.peak_memory_bytes)),
        ("On disk", size(written) if written else ""),
    ]
    return [(name, value) for name, value in found if value]


def _phases(spent: Mapping[str, Mapping[str, float]]) -> list[tuple[str, float]]:
    """Return name and wall seconds of each phase, by stage, the longest of each first."""
    return [
        (f"{stage} {name}", wall)
        for stage, phases in sorted(spent.items())
        for name, wall in sorted(phases.items(), key=lambda one: -one[1])
    ]


def _rank(warning: Warned) -> int:
    return _FIRST.index(warning.code) if warning.code in _FIRST else len(_FIRST)


def _with_licence(file: InputLoaded) -> tuple[InputLoaded, str, BundledFile | None]:
    """Return an input, its licence (empty where there is no file), and the bundled file that it is, if it is one."""
    bundled = {entry.sha256: entry for entry in bundled_files()}
    known = next((bundled[digest] for digest in file.sha256.values() if digest in bundled), None)
    if known is None:
        return file, _NOT_KNOWN if file.sha256 else "", None
    licence = known.licence.removeprefix("LicenseRef-").replace("public-domain", "public domain")
    return file, licence, known


def _raster_text(read: RasterRead) -> str:
    of = "" if read.bytes_read is None else f"{size(read.bytes_read)} of "
    return (
        f"Values of {read.tiles:,} tiles were read from {of}{size(read.size_bytes)} of {read.path}: "
        f"{read.missing:,} tiles without a value and {read.negative:,} below zero, which count as 0."
    )
