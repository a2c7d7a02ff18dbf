"""What a run leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedworld.run.record.report import SUMMARIES_NAME, WEIGHT_SUMMARIES_NAME, StageResult
from closedworld.stages.stage import TILES, WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.kernels.tiles import CountrySummary
    from closedworld.run.rates import Rate
    from closedworld.run.record.model import RunRecord
    from closedworld.run.record.recorder import Recorder
    from closedworld.stages.tiles.build import TileIndex
    from closedworld.stages.weights.build import TileWeights
    from closedworld.store.reading import Published


@dataclass(slots=True, eq=False)
class RunOutcome:
    """What a run leaves.

    Attributes:
        report_folder: Folder of the run's report.
        index: The published tile index; None when the run did not build one.
        weights: The published tile weights; None when the run did not make them.
        cell_width: Of the grid, degrees; None before that is known.
        record: All that ``run_report.json`` says; set when the run has ended.
        rates: How fast the stages were that wrote enough to tell, by ``kind_of`` of the rates.
    """

    report_folder: Path
    index: TileIndex | None = None
    weights: TileWeights | None = None
    cell_width: float | None = None
    record: RunRecord = field(init=False)
    rates: dict[str, Rate] = field(default_factory=dict)

    def written(self) -> dict[str, Published]:
        """Return what the run itself has published, by stage number."""
        results = {TILES.number: self.index, WEIGHTS.number: self.weights}
        return {
            stage: result.published
            for stage, result in results.items()
            if result is not None and not result.reused
        }

    def stages(self, recorder: Recorder) -> list[StageResult]:
        """Return the results of the stages for the report."""
        found = []
        if self.index is not None:
            seconds = recorder.seconds_by_country(TILES.number)
            lines = [_tile_line(one, seconds[one.country_iso]) for one in self.index.summaries]
            found.append(
                StageResult(
                    TILES.number, self.index.published, self.index.reused, SUMMARIES_NAME, lines
                )
            )
        if self.weights is not None:
            lines = [
                {**one.to_dict(), "zero_share": one.zero_share} for one in self.weights.summaries
            ]
            found.append(
                StageResult(
                    WEIGHTS.number,
                    self.weights.published,
                    self.weights.reused,
                    WEIGHT_SUMMARIES_NAME,
                    lines,
                )
            )
        return found


def _tile_line(summary: CountrySummary, seconds: float) -> dict[str, Any]:
    rate = summary.cells_included / seconds if seconds else None
    return {**summary.to_dict(), "seconds": seconds, "rows_per_second": rate}
