"""The outcome of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from closedworld.run.rates import Rate
from closedworld.run.record.model import RunRecord
from closedworld.stages import STAGES, Stage
from closedworld.stages.protocol import StageOutcome
from closedworld.store.reading import Published

R = TypeVar("R", bound=StageOutcome)


@dataclass(slots=True, eq=False)
class RunOutcome:
    """The outcome of a run.

    Attributes:
        report_folder: Folder of the run's report.
        results: What each stage has published, by its name, in order.
        cell_width: Cell width of the grid, degrees; None until it is known.
        record: The content of ``run_report.json``; set when the run has ended.
        built_on: The published results that it started from, in the order of the stages.
        rates: Speeds of the stages that wrote enough to measure them, by ``kind_of`` of the rates.
    """

    report_folder: Path
    results: dict[str, StageOutcome] = field(default_factory=dict)
    cell_width: float | None = None
    record: RunRecord = field(init=False)
    built_on: tuple[Published, ...] = ()
    rates: dict[str, Rate] = field(default_factory=dict)

    def __repr__(self) -> str:
        stages = ", ".join(self.results) or "no stage"
        return f"<RunOutcome: {stages}; report in {self.report_folder}>"

    def result(self, kind: type[R]) -> R:
        """Return what a stage has published, by its type: ``TileIndex``, ``TileWeights``.

        Raises:
            KeyError: The run did not get that far, or did not have that stage.
        """
        for result in self.results.values():
            if isinstance(result, kind):
                return result
        raise KeyError(kind.__name__)

    def by_stage(self) -> list[tuple[Stage, StageOutcome]]:
        """Return the stages that produced a result, in order, with their results."""
        return [(stage, self.results[stage.name]) for stage in STAGES if stage.name in self.results]
