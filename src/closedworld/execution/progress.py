"""How far a run is, for a callback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from closedworld.execution import events
from closedworld.execution.events import Event


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one kind of work of a stage is.

    Attributes:
        stage: Stage number, such as ``S1``.
        work: What is done, in a word: ``reading``, ``weighing`` or ``writing``.
        rows: Rows done so far.
        total_rows: Rows in all.
        row_name: What a row is, in the plural, such as ``tiles``.
    """

    stage: str
    work: str
    rows: int
    total_rows: int
    row_name: str

    @property
    def share(self) -> float:
        """Share that is done, 0..1."""
        return self.rows / self.total_rows if self.total_rows else 1.0

    def __str__(self) -> str:
        return (
            f"{self.stage} {self.work}: {self.rows:,} of {self.total_rows:,} {self.row_name} "
            f"({self.share:.0%})"
        )


@dataclass(slots=True)
class ProgressObserver:
    """Calls back when work begins and when a task of it is done, in the run's own thread.

    Attributes:
        callback: Called with the progress.
    """

    callback: Callable[[Progress], object]
    _done: Counter[tuple[str, str]] = field(default_factory=Counter, init=False)
    _totals: dict[tuple[str, str], int] = field(default_factory=dict, init=False)

    def on_event(self, event: Event) -> None:
        """Call back if the event is progress."""
        match event:
            case events.WorkStarted(stage=stage, work=work, rows=rows):
                self._totals[stage, work] = rows
            case events.TaskFinished(stage=stage, work=work, rows=rows):
                self._done[stage, work] += rows
            case _:
                return
        key = stage, work
        if key in self._totals:
            done, total = self._done[key], self._totals[key]
            self.callback(Progress(stage, work, done, total, event.row_name))
