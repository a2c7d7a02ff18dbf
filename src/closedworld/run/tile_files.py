"""A unit of S1: the part files of a range of a country's tiles."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedworld.datasets import FileEntry, stage_file
from closedworld.datasets.parts import PartEncoder
from closedworld.datasets.paths import part_path
from closedworld.datasets.schemas import TILE_BOUNDS, TILE_INDEX, TILE_SPANS
from closedworld.tiles import (
    ROW_GROUP_TILES,
    Part,
    Unit,
    ranked_batches,
    spans_batch,
    tile_batches,
)

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.spans import RowSpans, Rule


BATCH_TILES = 1 << 18
"""Tiles expanded at once. Arrays of 2 MiB come from memory that was used before, where those of whole
row groups would need fresh pages: a tenth of the run."""


@dataclass(frozen=True, slots=True, eq=False)
class TileTask:
    """Plain inputs of a unit of work; can be sent to another process.

    Attributes:
        unit: Which parts to write.
        spans: All tiles of the country.
        rule: Inclusion rule, a column of the index.
        folder: Staging folder.
    """

    unit: Unit
    spans: RowSpans
    rule: Rule
    folder: Path

    def __str__(self) -> str:
        return str(self.unit)


@dataclass(slots=True)
class TileResult:
    """What became of a unit.

    Attributes:
        worker: Who did it.
        files: Entries of the files written.
        phases: Wall seconds by phase: ``expand``, ``encode`` and ``write``.
    """

    worker: str
    files: list[FileEntry] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall time of the unit."""
        return sum(self.phases.values())


def write_tiles(task: TileTask) -> TileResult:
    """Write the part files of a unit, and with the first part the country's spans.

    Raises:
        PublishError: ``output-not-writable``.
    """
    result = TileResult(threading.current_thread().name)
    iso = task.unit.country_iso
    clock = _Clock(result)
    if task.unit.parts[0].number == 0:
        encoder = PartEncoder(TILE_SPANS)
        encoder.write([spans_batch(iso, task.spans)])
        clock.ends("encode")
        _stage(task, encoder, TILE_SPANS.name, task.unit.parts[0], result)
        clock.ends("write")
    for part in task.unit.parts:
        index, bounds = PartEncoder(TILE_INDEX), PartEncoder(TILE_BOUNDS)
        for first in range(part.first_rank, part.stop_rank, ROW_GROUP_TILES):
            stop = min(first + ROW_GROUP_TILES, part.stop_rank)
            batches = [
                tile_batches(iso, tiles, task.rule)
                for tiles in ranked_batches(task.spans, first, stop, BATCH_TILES)
            ]
            clock.ends("expand")
            index.write([of_index for of_index, _ in batches])
            bounds.write([of_bounds for _, of_bounds in batches])
            clock.ends("encode")
        _stage(task, index, TILE_INDEX.name, part, result)
        _stage(task, bounds, TILE_BOUNDS.name, part, result)
        clock.ends("write")
    return result


def _stage(
    task: TileTask, encoder: PartEncoder, dataset: str, part: Part, result: TileResult
) -> None:
    """Write a finished part file and note it."""
    path = part_path(dataset, part.country_iso, part.number)
    result.files.append(stage_file(task.folder, path, encoder.finish(), encoder.rows))


class _Clock:
    """Adds the time since the last call to a phase of a result."""

    def __init__(self, result: TileResult) -> None:
        self._phases = result.phases
        self._last = time.perf_counter()

    def ends(self, phase: str) -> None:
        """Count the time since the last call as this phase."""
        now = time.perf_counter()
        self._phases[phase] = self._phases.get(phase, 0.0) + now - self._last
        self._last = now
