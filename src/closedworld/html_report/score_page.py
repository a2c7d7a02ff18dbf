"""The page of a score: a table of purchases, and another next to it if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from closedworld._version import __version__
from closedworld.html_report.writing import render
from closedworld.store.atomic import replace_file
from closedworld.store.durable import writing_to
from closedworld.worlds.scoring.figures import FEATURE_TITLES, FIGURES, GEOGRAPHIC, LEAK, Meaning
from closedworld.worlds.scoring.result import Score, auc_text, figure_text, why_no_auc

_HOURS = 24
_TICK_HOURS = range(0, _HOURS, 6)
_HALF = 0.5
_MOST_ZONES = 20


@dataclass(frozen=True, slots=True)
class AucRow:
    """The AUC of a feature.

    Attributes:
        title: The feature.
        cells: AUC by kind of fraud, as ``(text, is_leak)``.
        start: Where its bar for all frauds begins, percent; 50 is chance.
        width: Width of the bar, percent.
    """

    title: str
    cells: tuple[tuple[str, bool], ...]
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What the page shows of one table.

    Attributes:
        score: The score.
        kinds: Kinds of fraud, in the order of the cells of ``aucs``.
        aucs: A row for each feature.
        missing: Features of geography without an AUC for all frauds, as ``(title, why)``; one without title when
            there is no AUC at all.
        hours: Height of the bar of each hour, percent.
        zones: Largest time zones, as ``(name, purchases, share at night)``.
        counts: Counts as ``(name, count)``.
    """

    score: Score
    kinds: tuple[str, ...]
    aucs: tuple[AucRow, ...]
    missing: tuple[tuple[str, str], ...]
    hours: tuple[float, ...]
    zones: tuple[tuple[str, int, float], ...]
    counts: tuple[tuple[str, str], ...]


def write_score_page(score: Score, path: Path, beside: Score | None = None) -> None:
    """Write a score as one HTML file that makes no network requests.

    Raises:
        PublishError: ``output-not-writable``.
    """
    scores = [score] if beside is None else [score, beside]
    contents = {
        "title": "Score of purchases",
        "parts": [_part(one) for one in scores],
        "names": ["This table"] if beside is None else ["First", "Second"],
        "rows": [_figure_row(name, scores) for name in FIGURES],
        "ticks": [(100 * hour / _HOURS, f"{hour} h") for hour in _TICK_HOURS],
        "leak": LEAK,
        "version": __version__,
    }
    with writing_to(path):
        replace_file(path, render("score.html.j2", contents))


def _figure_row(name: str, scores: Sequence[Score]) -> tuple[Meaning, list[tuple[str, str]]]:
    """Return what a figure means, and its value in each table with why it is missing, as ``(value, why)``."""
    meaning = FIGURES[name]
    found = [one.figures[name] for one in scores]
    return meaning, [(figure_text(one, meaning.unit), one.why) for one in found]


def _part(score: Score) -> ScorePart:
    # A single kind says what all frauds say.
    kinds = ("all", *score.kinds) if len(score.kinds) > 1 else ("all",)
    most = max(score.hours, default=0) or 1
    geographic = [(FEATURE_TITLES[name], why_no_auc(score, name)) for name in GEOGRAPHIC]
    missing = [one for one in geographic if one[1]] if score.auc else [("", why_no_auc(score))]
    return ScorePart(
        score,
        kinds,
        tuple(_auc_row(score, name, kinds) for name in FEATURE_TITLES if name in score.auc),
        tuple(missing),
        tuple(100 * count / most for count in score.hours),
        tuple((name, *zone) for name, zone in list(score.zones.items())[:_MOST_ZONES]),
        tuple((name.replace("_", " "), f"{count:,}") for name, count in score.counts.items()),
    )


def _auc_row(score: Score, name: str, kinds: Sequence[str]) -> AucRow:
    values = score.auc[name]
    leaks = score.leaks.get(name, {})
    cells = tuple((auc_text(values.get(kind)), kind in leaks) for kind in kinds)
    overall = values.get("all")
    if overall is None:
        return AucRow(FEATURE_TITLES[name], cells, 0.0, 0.0)
    title = FEATURE_TITLES[name] + (" (geography)" if name in GEOGRAPHIC else "")
    return AucRow(title, cells, 100 * min(overall, _HALF), 100 * abs(overall - _HALF))
