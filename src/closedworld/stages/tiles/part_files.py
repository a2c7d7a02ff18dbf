"""Tasks of S1: the part files of a range of a country's tiles, and the picture of all tiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from closedworld.datasets import (
    TILE_BOUNDS,
    TILE_COVERAGE,
    TILE_INDEX,
    TILE_INDEX_WITH_COVERAGE,
    TILE_SPANS,
)
from closedworld.datasets.part_encoder import PartEncoder, part_writer
from closedworld.datasets.partition import Partition
from closedworld.kernels.grid import RowAreas
from closedworld.kernels.spans import Border, RowSpans, Rule
from closedworld.kernels.tiles import (
    PartRange,
    RowGroup,
    Tiles,
    World,
    coverage_batch,
    spans_batch,
    tile_digests,
)
from closedworld.stages.task_runner import PhaseClock, stage_part
from closedworld.stages.tasks import DigestedResult, TaskResult
from closedworld.store.protocol import Storage


@dataclass(frozen=True, slots=True, eq=False)
class TileTask:
    """Plain inputs of a task; can be sent to another process.

    Attributes:
        part_range: Which parts to write.
        tiles: Its tiles.
        rule: Inclusion rule, a column of the index.
        areas: Area of a tile of each of their rows.
        border: Which of the task's tiles are not wholly in the country; None to leave coverage out.
        whole: All tiles of the country, its whole border and the areas of its rows, with its first task;
            None with the others.
        folder: The staging folder.
    """

    part_range: PartRange
    tiles: Tiles
    areas: RowAreas
    rule: Rule
    border: Border | None
    whole: tuple[RowSpans, Border | None, RowAreas] | None
    folder: Storage

    @property
    def cost(self) -> int:
        """Tiles of the task."""
        return self.part_range.tile_count

    @property
    def partition(self) -> Partition:
        """Country of the task."""
        return Partition.of_country(self.part_range.country_iso)

    def __str__(self) -> str:
        return str(self.part_range)


def plan_tile_tasks(
    part_ranges: Iterable[PartRange],
    world: World,
    borders: Mapping[str, Border] | None,
    folder: Storage,
) -> list[TileTask]:
    """Return the tasks that write part ranges, in their order.

    Args:
        part_ranges: Tasks.
        world: The tiles of all countries.
        borders: Border tiles by country code; None to leave coverage out.
        folder: The staging folder.
    """
    tasks = []
    for part_range in part_ranges:
        own = world.spans[part_range.country_iso]
        border = None if borders is None else borders[part_range.country_iso]
        first, stop = part_range.first_rank, part_range.stop_rank
        tiles = Tiles.ranked(own, first, stop)
        tasks.append(
            TileTask(
                part_range,
                tiles,
                world.areas.around(tiles.rows),
                world.rule,
                None if border is None else border.between(first, stop),
                (own, border, world.areas.around(own.rows))
                if part_range.parts[0].number == 0
                else None,
                folder,
            )
        )
    return tasks


def write_tiles(task: TileTask) -> DigestedResult:
    """Write the part files of a task, and with the first part what there is once for a country.

    Raises:
        PublishError: ``output-not-writable``.
    """
    result = DigestedResult()
    clock = PhaseClock(result)
    if task.whole is not None:
        spans, border, areas = task.whole
        digests = tile_digests(spans, task.rule, border, areas)
        result.digests |= {name: digest.hex() for name, digest in digests.items()}
        clock.ends("digest")
        _write_whole(task, spans, border, result, clock)
    index_dataset = TILE_INDEX if task.border is None else TILE_INDEX_WITH_COVERAGE
    before = task.part_range.first_rank
    for part in task.part_range.parts:
        index, bounds = part_writer(index_dataset), part_writer(TILE_BOUNDS)
        for first, stop in part.row_groups():
            here = task.tiles.between(first - before, stop - before)
            coverage = None
            if task.border is not None:
                border = task.border.between(first - before, stop - before)
                coverage = border.to_dense(stop - first)
            group = RowGroup(part.country_iso, here, task.areas)
            index.write(group.index(task.rule, coverage))
            bounds.write(group.bounds())
        clock.ends("encode")
        for dataset, writer in ((index_dataset, index), (TILE_BOUNDS, bounds)):
            entry = stage_part(task.folder, dataset, task.partition, part.number, writer)
            result.files.append(entry)
        clock.ends("write")
    return result


def _write_whole(
    task: TileTask,
    spans: RowSpans,
    border: Border | None,
    result: DigestedResult,
    clock: PhaseClock,
) -> None:
    """Write the country's spans and the coverage of its border tiles, if there are any."""
    batches = [(TILE_SPANS, spans_batch(task.part_range.country_iso, spans))]
    if border is not None and len(border.ranks):
        batches.append((TILE_COVERAGE, coverage_batch(task.part_range.country_iso, spans, border)))
    for dataset, batch in batches:
        encoder = PartEncoder(dataset)
        encoder.write([batch])
        clock.ends("encode")
        result.digests[dataset.name] = dataset.digest_of([batch]).hex()
        clock.ends("digest")
        result.files.append(stage_part(task.folder, dataset, task.partition, 0, encoder))
        clock.ends("write")


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
