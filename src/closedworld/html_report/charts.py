"""Charts as positions and widths, which the template turns into SVG.

Widths are in percent, so a chart fills a phone and a wide screen alike while its type keeps its size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from closedworld.html_report.country_rows import CountryRow
from closedworld.run.record.model import Performance, TaskRecord

_BARS = 20
_TIMELINE_STEPS = 700
_TICKS = 6
_NAMED_DOTS = 8
_COLOURS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis.

    Attributes:
        at: Position, percent of the width.
        text: Its label.
    """

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A country's tiles.

    Attributes:
        label: Country.
        tiles: Its tiles.
        weighted: Width of those with weight, percent.
        zero: Width of those without, percent.
        zero_share: Share without weight, 0..1; None when the run made no weights.
    """

    label: str
    tiles: int
    weighted: float
    zero: float
    zero_share: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A country in the chart of tiles and shares.

    Attributes:
        x: Percent of the width, by the logarithm of its tiles.
        y: Percent of the height from the top, by the share of its tiles without weight.
        title: Its tooltip.
        label: Its code, if it is labelled; else empty.
    """

    x: float
    y: float
    title: str
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """Units of one kind that a worker did in a row.

    Attributes:
        x: Start, percent of the width.
        width: Percent of the width.
        colour: Number of its colour in the style sheet.
        title: Its tooltip.
    """

    x: float
    width: float
    colour: int
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A worker's row of the timeline.

    Attributes:
        worker: Its name.
        blocks: In order of time.
    """

    worker: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the workers did over time.

    Attributes:
        lanes: One for each worker.
        ticks: Seconds since the run began.
        kinds: ``(colour, text)`` of each kind of work.
    """

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    kinds: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """Time spent in a phase.

    Attributes:
        stage: Stage number.
        name: Its name.
        seconds: Wall time, all workers added up.
        width: Percent of the longest.
    """

    stage: str
    name: str
    seconds: float
    width: float


def bars_of(countries: Sequence[CountryRow]) -> list[Bar]:
    """Return the first countries, and all others as one.

    Args:
        countries: In the order of the table.
    """
    some = [one for one in countries if one.tiles]
    rows, rest = some[:_BARS], some[_BARS:]
    if rest:
        zero = [one.zero_tiles for one in rest if one.zero_tiles is not None]
        others = CountryRow(
            iso="",
            name=f"{len(rest)} others",
            tiles=sum(one.tiles for one in rest),
            zero_tiles=sum(zero) if zero else None,
        )
        rows.append(others)
    most = max((row.tiles for row in rows), default=1)
    return [
        Bar(
            label=row.name,
            tiles=row.tiles,
            weighted=100 * (row.tiles - (row.zero_tiles or 0)) / most,
            zero=100 * (row.zero_tiles or 0) / most,
            zero_share=row.zero_share,
        )
        for row in rows
    ]


def dots_of(countries: Sequence[CountryRow]) -> tuple[list[Dot], list[Tick]]:
    """Return every country with weights by its tiles and the share of them without weight, and the ticks.

    A few with a large share and many tiles are labelled.
    """
    some = [(one, one.zero_share) for one in countries if one.zero_share is not None]
    decades = max(1, math.ceil(math.log10(max((one.tiles for one, _ in some), default=10))))
    by_weight = sorted(
        some, key=lambda pair: (-pair[1] * math.log10(1 + pair[0].tiles), pair[0].iso)
    )
    named = {one.iso for one, share in by_weight[:_NAMED_DOTS] if share}
    dots = [
        Dot(
            x=100 * math.log10(one.tiles) / decades,
            y=100 * (1 - share),
            title=f"{one.name}: {one.tiles:,} tiles, {share:.1%} without weight",
            label=one.iso if one.iso in named else "",
        )
        for one, share in some
    ]
    ticks = [Tick(100 * power / decades, _short(10**power)) for power in range(decades + 1)]
    return dots, ticks


def timeline_of(units: Sequence[TaskRecord]) -> Timeline | None:
    """Return what the workers did over time, or None without units.

    Units of one kind with gaps too small to see become one block, so the size of the chart does not
    depend on their number.
    """
    end = max((unit.ended_seconds for unit in units), default=0.0)
    if end <= 0:
        return None
    ordered = sorted(units, key=lambda unit: (unit.began_seconds, unit.unit))
    kinds = dict.fromkeys((unit.stage, unit.work) for unit in ordered)
    colour_of = {kind: number % _COLOURS + 1 for number, kind in enumerate(kinds)}
    lanes = [
        Lane(worker, tuple(_blocks([u for u in ordered if u.worker == worker], end, colour_of)))
        for worker in sorted({unit.worker for unit in units})
    ]
    return Timeline(
        lanes=tuple(lanes),
        ticks=tuple(_seconds_ticks(end)),
        kinds=tuple((colour_of[kind], " ".join(kind)) for kind in kinds),
    )


def _blocks(
    units: Sequence[TaskRecord], end: float, colour_of: dict[tuple[str, str], int]
) -> list[Block]:
    near = end / _TIMELINE_STEPS
    groups: list[list[TaskRecord]] = []
    for unit in units:
        last = groups[-1][-1] if groups else None
        same = last is not None and (last.stage, last.work) == (unit.stage, unit.work)
        if last is not None and same and unit.began_seconds - last.ended_seconds < near:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    blocks = []
    for group in groups:
        first = group[0]
        stop = max(unit.ended_seconds for unit in group)
        names = first.unit if len(group) == 1 else f"{len(group)} units, {first.unit} first"
        rows = sum(unit.rows for unit in group)
        blocks.append(
            Block(
                x=100 * first.began_seconds / end,
                width=max(100 * (stop - first.began_seconds) / end, 0.08),
                colour=colour_of[first.stage, first.work],
                title=f"{first.stage} {first.work}: {names}; {rows:,} rows, "
                f"{first.began_seconds:.2f} to {stop:.2f} s",
            )
        )
    return blocks


def _seconds_ticks(end: float) -> list[Tick]:
    rough = end / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    count = math.floor(end / step)
    return [Tick(100 * i * step / end, f"{i * step:.{digits}f} s") for i in range(count + 1)]


def phases_of(performance: Performance) -> list[Phase]:
    """Return the phases of a run by stage, the longest of each stage first."""
    spent = [
        (stage, name, seconds)
        for stage, phases in performance.phase_seconds.items()
        for name, seconds in phases.items()
    ]
    spent.sort(key=lambda one: (one[0], -one[2]))
    longest = max((seconds for _, _, seconds in spent), default=0.0) or 1.0
    return [Phase(stage, name, seconds, 100 * seconds / longest) for stage, name, seconds in spent]


def _short(number: int) -> str:
    for size, letter in ((10**9, " G"), (10**6, " M"), (1000, " k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)
