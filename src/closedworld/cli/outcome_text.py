"""What a run prints at its end: what was built, from what, where it is, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from closedworld.config.run import RunConfig
from closedworld.config.table import REGIONS, SECTIONS
from closedworld.execution.events import InputLoaded
from closedworld.published.lineage import nouns_of
from closedworld.run.outcome import RunOutcome
from closedworld.run.record.report import LOG_NAME
from closedworld.sanitize import byte_size, number_of, printable
from closedworld.stages import PURCHASE_STAGE, SITE_STAGE, STAGES, TILES, WEIGHTS
from closedworld.stages.weights.outcome import TileWeights

_PACKAGE = Path(__file__).parents[1]


def outcome_text(outcome: RunOutcome) -> str:
    """Return a dozen lines, which a newcomer reads in ten seconds; the rest is in the log."""
    rows = [f"  {name:<10}{text}".rstrip() for name, text in _rows(outcome)]
    lines = [*_built(outcome), "", *rows, "", *_next(outcome)]
    return "\n".join(printable(line) for line in lines)


def _built(outcome: RunOutcome) -> Iterator[str]:
    record = outcome.record
    peak_bytes = sum(
        one.value or 0 for one in record.acceptance if one.name.startswith("peak_memory ")
    )
    for _, result in outcome.by_stage():
        verb = "Verified and reused" if result.reused else "Built"
        yield f"{verb} {result.describe()}"
    seconds = record.performance.wall_seconds
    yield f"in {seconds:.1f} s, with {byte_size(peak_bytes)} of memory at most."


def _rows(outcome: RunOutcome) -> Iterator[tuple[str, str]]:
    record = outcome.record
    totals = [total for stage in record.stages for total in stage.datasets.values()]
    datasets = number_of(len(totals), "dataset", "datasets")
    nouns = nouns_of(outcome.by_stage()[-1][1].published)
    for one in record.inputs:
        yield "from" if one is record.inputs[0] else "", _input(one, nouns)
    size = byte_size(sum(total.size_bytes for total in totals))
    yield "folder", f"{_output(outcome)} ({datasets}, {size})"
    for stage, _ in outcome.by_stage():
        if stage.picture_name:
            yield "map", str(outcome.report_folder / stage.picture_name)
    yield "log", str(outcome.report_folder / LOG_NAME)
    if record.warnings:
        yield "warnings", f"{len(record.warnings)}, see above; the report has them, too"


def _input(one: InputLoaded, nouns: tuple[str, str]) -> str:
    """Return an input in a few words; the log has its grid."""
    path = Path(one.path)
    is_bundled = path.is_relative_to(_PACKAGE)
    if is_bundled and one.role in {"merchants", "cards"}:
        return f"{one.role} of the demonstration"
    name = f"{path.name} (bundled)" if is_bundled else one.path
    if one.role == "countries":
        return f"{number_of(one.rows, *nouns)} of {name}"
    return f"{one.role} {name}"


def _next(outcome: RunOutcome) -> Iterator[str]:
    out, polygons = shlex.quote(str(_output(outcome))), _polygon_words(outcome)
    yield "Next:"
    if apart := _apart(outcome):
        yield f"  cp -r {' '.join(map(shlex.quote, apart))} {out}  (what it was made from belongs next to it)"
    yield f"  closedworld report {out}"
    results = dict(outcome.by_stage())
    if PURCHASE_STAGE in results:
        yield f"  closedworld score {out}"
    if SITE_STAGE in results:
        yield f"  closedworld explore {out} --out world.html"
    if WEIGHTS in results:
        country, selected = _example(outcome), _selection_words(outcome)
        yield f"  closedworld sample {out} --country {country} --n 5{polygons}{selected} --out points.csv"
    last = max(map(STAGES.index, results))
    if last == STAGES.index(TILES):
        yield f"  closedworld weights {out}"
    elif last + 1 < len(STAGES) and outcome.record.config.get("regions") != REGIONS[1]:
        # The demonstrations know countries alone.
        yield f"  closedworld {STAGES[last + 1].name} {out}{polygons}"
    yield f"  closedworld inspect {out}"


def _apart(outcome: RunOutcome) -> list[str]:
    """Return the folders of stages in another output folder that the results were made from."""
    here = _output(outcome).resolve()
    return [
        str(one.output / one.receipt.stage)
        for one in outcome.built_on
        if one.output.resolve() != here
    ]


def _polygon_words(outcome: RunOutcome) -> str:
    """Return the options by which the run's polygons are read again, after a blank; empty for the bundled ones."""
    config = outcome.record.config
    if config.get("polygons") is None:
        return ""
    defaults, words = RunConfig().to_dict(), []
    for name, option in SECTIONS["polygons"].items():
        value = config.get(name)
        if value not in (None, defaults[name]):
            words.append(f"--{option.flag or name.replace('_', '-')}")
            words += [] if value is True else [shlex.quote(str(value))]
    return " " + " ".join(words)


def _selection_words(outcome: RunOutcome) -> str:
    """Return the options that select the countries of a file, each after a blank."""
    config = outcome.record.config
    codes = {"--countries": config.get("countries"), "--except": config.get("except_countries")}
    if config.get("polygons") is None:
        return ""
    return "".join(f" {flag} {','.join(given)}" for flag, given in codes.items() if given)


def _example(outcome: RunOutcome) -> str:
    """Return the country with the most people, or without these the most tiles."""
    most = max(outcome.result(TileWeights).summaries, key=lambda one: (one.persons or 0, one.tiles))
    return most.country_iso


def _output(outcome: RunOutcome) -> Path:
    return outcome.by_stage()[-1][1].published.output
