"""A unit of S1: the part files of a range of a country's tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from closedworld.datasets import stage_file
from closedworld.datasets.parts import PartEncoder
from closedworld.datasets.paths import part_path
from closedworld.datasets.schemas import (
    TILE_BOUNDS,
    TILE_COVERAGE,
    TILE_INDEX,
    TILE_SPANS,
    spec_of,
)
from closedworld.run.work import PhaseClock, UnitResult
from closedworld.tiles import (
    ROW_GROUP_TILES,
    Part,
    Tiles,
    Unit,
    coverage_batch,
    ranked_batches,
    spans_batch,
    tile_batches,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

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
        border: Ranks of the tiles that are not wholly in the country, int64 (n,), and their coverage,
            float64 (n,); None to leave coverage out.
        folder: Staging folder.
    """

    unit: Unit
    spans: RowSpans
    rule: Rule
    border: tuple[NDArray[np.int64], NDArray[np.float64]] | None
    folder: Path

    @property
    def tiles(self) -> int:
        """Tiles of the unit."""
        return self.unit.tile_count

    @property
    def country_iso(self) -> str:
        """Country of the unit."""
        return self.unit.country_iso

    def coverage(self, first_rank: int, stop_rank: int) -> NDArray[np.float64] | None:
        """Return the coverage of a range of tiles, float64 (tiles,); None when it is left out."""
        if self.border is None:
            return None
        ranks, shares = self.border
        first, stop = np.searchsorted(ranks, (first_rank, stop_rank))
        every = np.ones(stop_rank - first_rank)
        every[ranks[first:stop] - first_rank] = shares[first:stop]
        return every

    def __str__(self) -> str:
        return str(self.unit)


def write_tiles(task: TileTask) -> UnitResult:
    """Write the part files of a unit, and with the first part what there is once for a country.

    Raises:
        PublishError: ``output-not-writable``.
    """
    result = UnitResult()
    clock = PhaseClock(result)
    if task.unit.parts[0].number == 0:
        _write_runs(task, result, clock)
    index_spec = spec_of(TILE_INDEX.name, coverage=task.border is not None)
    for part in task.unit.parts:
        index, bounds = PartEncoder(index_spec), PartEncoder(TILE_BOUNDS)
        for first in range(part.first_rank, part.stop_rank, ROW_GROUP_TILES):
            stop = min(first + ROW_GROUP_TILES, part.stop_rank)
            batches = [
                tile_batches(task.country_iso, tiles, task.rule, task.coverage(rank, rank + count))
                for rank, count, tiles in _batches(task.spans, first, stop)
            ]
            clock.ends("expand")
            index.write([of_index for of_index, _ in batches])
            bounds.write([of_bounds for _, of_bounds in batches])
            clock.ends("encode")
        _stage(task, index, TILE_INDEX.name, part, result)
        _stage(task, bounds, TILE_BOUNDS.name, part, result)
        clock.ends("write")
    return result


def _batches(spans: RowSpans, first_rank: int, stop_rank: int) -> Iterator[tuple[int, int, Tiles]]:
    """Yield ``(rank, count, tiles)`` of a range of tiles, a batch at a time."""
    rank = first_rank
    for tiles in ranked_batches(spans, first_rank, stop_rank, BATCH_TILES):
        yield rank, tiles.tile_count, tiles
        rank += tiles.tile_count


def _write_runs(task: TileTask, result: UnitResult, clock: PhaseClock) -> None:
    """Write the country's spans and, when it is asked for, the coverage of its border tiles."""
    batches = [(TILE_SPANS, spans_batch(task.country_iso, task.spans))]
    if task.border is not None and len(task.border[0]):
        border = coverage_batch(task.country_iso, task.spans, *task.border)
        batches.append((TILE_COVERAGE, border))
    for spec, batch in batches:
        encoder = PartEncoder(spec)
        encoder.write([batch])
        clock.ends("encode")
        _stage(task, encoder, spec.name, task.unit.parts[0], result)
        clock.ends("write")


def _stage(
    task: TileTask, encoder: PartEncoder, dataset: str, part: Part, result: UnitResult
) -> None:
    """Write a finished part file and note it."""
    path = part_path(dataset, part.country_iso, part.number)
    result.files.append(stage_file(task.folder, path, encoder.finish(), encoder.rows))
