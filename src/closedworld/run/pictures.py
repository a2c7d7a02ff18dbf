"""The pictures of a run."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedworld.execution import start_task
from closedworld.maps import draw_world_map
from closedworld.sanitize import number_of
from closedworld.stages.stage import TILES
from closedworld.stages.task_runner import PhaseClock, UnitResult, emit_unit
from closedworld.store.durable import not_writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from closedworld.execution import WorkerPool
    from closedworld.execution.events import Observer
    from closedworld.kernels.spans import RowSpans, Rule

WORLD_MAP_NAME = "world_map.png"

DRAWING = "drawing"
"""What the work is called that draws pictures."""

_ARCSEC_PER_DEGREE = 3600


@dataclass(frozen=True, slots=True, eq=False)
class PictureTask:
    """What a run's map is drawn from; can be sent to another process.

    Attributes:
        spans: Tiles by country code.
        rule: Inclusion rule.
        attribution: Credit of the polygons.
        path: The picture.
    """

    spans: Mapping[str, RowSpans]
    rule: Rule
    attribution: str
    path: Path

    @property
    def tile_count(self) -> int:
        """None that anyone waits for."""
        return 0

    @property
    def country_iso(self) -> str:
        """Nobody's: the map has all countries."""
        return ""

    def __str__(self) -> str:
        return "the map"


@contextmanager
def drawn_meanwhile(task: PictureTask, pool: WorkerPool, observer: Observer) -> Iterator[None]:
    """Draw the map of all tiles by country in a worker while the block runs, and wait for it.

    Raises:
        PublishError: ``output-not-writable``.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    drawing = start_task(pool.executor, _draw, task)
    with ExitStack() as on_failure:
        on_failure.callback(drawing.give_up)
        yield
        on_failure.pop_all()
    emit_unit(TILES, DRAWING, task, drawing.finish(), observer)


def _draw(task: PictureTask) -> UnitResult:
    """Draw the map."""
    result = UnitResult()
    clock = PhaseClock(result)
    draw_tiles(task.spans, task.rule, task.attribution, task.path)
    clock.ends("pictures")
    return result


def draw_tiles(spans: Mapping[str, RowSpans], rule: Rule, attribution: str, path: Path) -> None:
    """Draw the map of tiles by country.

    Raises:
        PublishError: ``output-not-writable``.
    """
    some = [own for own in spans.values() if own.n_runs]
    cell = f" of {cell_text(some[0].grid.cell_width)}" if some else ""
    countries = number_of(len(some), "country", "countries")
    try:
        draw_world_map(
            spans,
            path,
            title="Tiles by country",
            subtitle=(
                f"{sum(own.tile_count for own in some):,} tiles{cell} · {countries} · "
                f"rule {rule.value}"
            ),
            credit=attribution,
        )
    except OSError as error:
        raise not_writable(path, error) from error


def cell_text(degrees: float) -> str:
    """Return a cell size for people."""
    arcsec = degrees * _ARCSEC_PER_DEGREE
    if round(arcsec) % 60 == 0 and arcsec < _ARCSEC_PER_DEGREE:
        return f"{arcsec / 60:.4g} arc-minutes"
    return f"{arcsec:.4g} arc-seconds" if arcsec < _ARCSEC_PER_DEGREE else f"{degrees:.4g} degrees"
