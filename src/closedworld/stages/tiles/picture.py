"""The picture of S1: all tiles by country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from closedworld.kernels.spans import RowSpans, Rule
from closedworld.stages.task_runner import PhaseClock
from closedworld.stages.tasks import TaskResult


@dataclass(frozen=True, slots=True, eq=False)
class MapTask:
    """What the map is drawn from; can be sent to another process.

    Attributes:
        spans: Tiles by country code.
        rule: Inclusion rule.
        attribution: Credit of the polygons.
        path: The picture.
    """

    cost: ClassVar[int] = 0
    partition: ClassVar[None] = None

    spans: Mapping[str, RowSpans]
    rule: Rule
    attribution: str
    path: Path

    def __str__(self) -> str:
        return "the map"

    def draw(self) -> TaskResult:
        """Draw the map.

        Raises:
            PublishError: ``output-not-writable``.
        """
        from closedworld.maps.world_map import draw_tiles  # noqa: PLC0415 -- 0.1 s that stages after do not need

        result = TaskResult()
        clock = PhaseClock(result)
        draw_tiles(self.spans, self.rule, self.attribution, self.path)
        clock.ends("pictures")
        return result
