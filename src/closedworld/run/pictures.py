"""The pictures of a run."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedworld.execution import start_task
from closedworld.maps.captions import draw_tiles
from closedworld.stages.stage import TILES
from closedworld.stages.task_runner import PhaseClock, UnitResult, emit_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from closedworld.execution import WorkerPool
    from closedworld.execution.events import Observer
    from closedworld.kernels.spans import RowSpans, Rule


DRAWING = "drawing"
"""What the work is called that draws pictures."""


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
