"""A score: the figures of a table, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from closedworld.execution.events import Warned
from closedworld.sanitize import number_of, one_line
from closedworld.worlds.scoring.figures import (
    DEVIATIONS,
    FEATURE_TITLES,
    FIGURES,
    GEOGRAPHIC,
    LEAK,
    NO_FRAUD,
    Figure,
)

_NONE = "-"
_TITLE_WIDTH, _CELL_WIDTH = 38, 14
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What a table of purchases says about geography, clocks and fraud.

    Attributes:
        source: Where the table is from.
        form: Its layout, such as ``sparkov``.
        title: The layout's name for people.
        clock: ``utc`` when times are UTC, ``file`` when the file has one clock for all.
        counts: Purchases, cards, merchants, frauds and what was left out.
        kinds: Purchases of each kind of fraud.
        figures: Figures by name, in the order of their table.
        auc: AUC of each feature by kind of fraud, and of all frauds as ``all``; None where it is not available.
        hours: Legitimate purchases in person by hour of the day, 24.
        zones: Legitimate purchases in person of each time zone, and their share at night.
        warnings: What makes figures doubtful.
    """

    source: str
    form: str
    title: str
    clock: str
    counts: Mapping[str, int]
    kinds: Mapping[str, int]
    figures: Mapping[str, Figure]
    auc: Mapping[str, Mapping[str, float | None]]
    hours: Sequence[int]
    zones: Mapping[str, tuple[int, float]]
    warnings: Sequence[Warned]

    def __repr__(self) -> str:
        purchases = number_of(self.counts["purchases"], "purchase", "purchases")
        return f"<Score of {one_line(self.source, _NAME_LENGTH)}: {self.title}, {purchases}>"

    @property
    def leaks(self) -> dict[str, dict[str, float]]:
        """Features that are none of geography and tell fraud of a kind apart, not by chance, with their AUC by kind."""
        found = {}
        for name in self.auc:
            far = {
                kind: value
                for kind, value in self.auc[name].items()
                if value is not None and abs(value - 0.5) > max(LEAK, self._chance(kind))
            }
            if far and name not in GEOGRAPHIC:
                found[name] = far
        return found

    def _chance(self, kind: str) -> float:
        """Return how far from 0.5 the AUC of so few frauds of a kind may be by chance."""
        frauds = self.kinds.get(kind, self.counts["frauds"])
        others = self.counts["purchases"] - self.counts["frauds"] - self.counts["unlabelled"]
        return DEVIATIONS * math.sqrt((1 / max(frauds, 1) + 1 / max(others, 1)) / 12)

    def to_dict(self) -> dict[str, Any]:
        """Return the score as JSON holds it."""
        return {
            "source": self.source,
            "format": self.form,
            "clock": self.clock,
            "counts": dict(self.counts),
            "kinds": dict(self.kinds),
            "figures": {name: one.to_dict() for name, one in self.figures.items()},
            "auc": {name: dict(of_kinds) for name, of_kinds in self.auc.items()},
            "leaks": self.leaks,
            "hours": list(self.hours),
            "zones": {
                name: {"purchases": count, "night_share": share}
                for name, (count, share) in self.zones.items()
            },
            "warnings": [{"code": one.code, "message": one.message} for one in self.warnings],
        }

    def text(self, beside: Score | None = None) -> str:
        """Return the score in lines for people, next to another one if there is one."""
        scores = [self] if beside is None else [self, beside]
        lines = [one.headline() for one in scores]
        if beside is not None:
            heads = "".join(f"{head:>{_CELL_WIDTH}}" for head in ("first", "second"))
            lines.append(f"{'':<{_TITLE_WIDTH}}{heads}")
        for name, meaning in FIGURES.items():
            if name != "fraud" and any(one.figures[name].value is not None for one in scores):
                cells = [figure_text(one.figures[name], meaning.unit) for one in scores]
                lines.append(_line(meaning.title, cells))
        for name in GEOGRAPHIC:
            values = [one.auc.get(name, {}).get("all") for one in scores]
            if any(value is not None for value in values):
                lines.append(_line(f"AUC of {FEATURE_TITLES[name]}", [auc_text(v) for v in values]))
        for number, one in enumerate(scores):
            which = "" if beside is None else (" of the first", " of the second")[number]
            lines.extend(one.remarks(which))
        return "\n".join(lines)

    def headline(self) -> str:
        """Return what the table is, in a line."""
        counts = self.counts
        parts = [
            number_of(counts["purchases"], "purchase", "purchases"),
            number_of(counts["cards"], "card", "cards"),
        ]
        if counts["merchants"]:
            parts.append(number_of(counts["merchants"], "merchant", "merchants"))
        if self.kinds:
            share = figure_text(self.figures["fraud"], "share")
            parts.append(f"{counts['frauds']:,} fraud ({share})")
        return f"{one_line(self.source, _NAME_LENGTH)}: {self.title}, {', '.join(parts)}"

    def remarks(self, which: str = "") -> list[str]:
        """Return leaks and unavailable figures, each in a line."""
        lines = []
        if self.auc:
            leaks = [
                f"{name.replace('_', ' ')} {auc_text(worst)} ({kind})"
                for name, kinds in self.leaks.items()
                for kind, worst in [max(kinds.items(), key=lambda one: abs(one[1] - 0.5))]
            ]
            lines.append(f"leaks{which}: {', '.join(leaks) or 'none'}")
        reasons = [
            *((FIGURES[name].title, one.why) for name, one in self.figures.items()),
            *((f"AUC of {FEATURE_TITLES[name]}", why_no_auc(self, name)) for name in GEOGRAPHIC),
            ("leaks", "" if self.auc else why_no_auc(self)),
        ]
        missing = [f"{title} ({why})" for title, why in reasons if why]
        if missing:
            lines.append(f"not available{which}: {'; '.join(missing)}")
        return lines


def why_no_auc(score: Score, name: str | None = None) -> str:
    """Return why the AUC of a feature of geography, or that of any feature, is not available; empty where it is."""
    if name is not None and score.auc.get(name, {}).get("all") is not None:
        return ""
    without_fraud = score.figures["fraud"].why or ("" if score.counts["frauds"] else NO_FRAUD)
    if name is None:
        return without_fraud
    figure, value = {"speed": ("fast", "a speed"), "distance_from_home": ("home_km", "a place")}[
        name
    ]
    return score.figures[figure].why or without_fraud or f"no fraud has {value}"


def figure_text(figure: Figure, unit: str) -> str:
    """Return a figure as people read it."""
    if figure.value is None:
        return _NONE
    if unit == "share":
        percent = 100 * figure.value
        if 0 < percent < 0.01:  # noqa: PLR2004 -- what would read 0.00%
            return "< 0.01%"
        if 99.99 < percent < 100:  # noqa: PLR2004 -- what would read 100.00%
            return "> 99.99%"
        return f"{percent:.0f}%" if percent in {0, 100} else f"{percent:.2f}%"
    text = f"{figure.value:,.0f}" if figure.value == int(figure.value) else f"{figure.value:,.1f}"
    return f"{text} {unit}".rstrip()


def auc_text(value: float | None) -> str:
    """Return an AUC with three digits."""
    return _NONE if value is None else f"{value:.3f}"


def _line(title: str, cells: Sequence[str]) -> str:
    return f"{title:<{_TITLE_WIDTH}}" + "".join(f"{cell:>{_CELL_WIDTH}}" for cell in cells)
