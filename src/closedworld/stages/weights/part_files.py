"""Units of S2: counting the remainders of a range of a country's tiles, and writing its part files."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from closedworld.datasets import TILE_WEIGHTS
from closedworld.datasets.part_encoder import part_writer
from closedworld.datasets.partition import Partition
from closedworld.kernels.grid import RowAreas
from closedworld.kernels.spans import Border
from closedworld.kernels.tiles import PartRange, Tiles
from closedworld.kernels.weights import (
    Basis,
    BasisSummary,
    HistogramQuery,
    Masses,
    MassSource,
    Mixture,
    RemainderCutoff,
    RemainderHistogram,
    allocate,
    coverage_shares,
    remainder_histogram,
    weight_chunks,
)
from closedworld.stages.task_runner import PhaseClock, stage_part
from closedworld.stages.tasks import TaskResult
from closedworld.stages.weights.bands import ScratchValues
from closedworld.store.journal import FinishedTask
from closedworld.store.protocol import Storage


@dataclass(frozen=True, slots=True)
class Allocation:
    """The units that one basis hands out in a country.

    Attributes:
        basis: The basis.
        units: How many.
        mass_sum: Sum of its masses.
        counts_as: The basis whose masses are taken: ``uniform`` where its own are all 0.
        total: Sum of the masses that are taken, > 0.
    """

    basis: Basis
    units: int
    mass_sum: int
    counts_as: Basis
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class RangeMasses:
    """What the masses of a task's tiles come from, and what they share; can be sent to another process.

    Attributes:
        part_range: Which parts of which country.
        tiles: Their tiles.
        areas: Area of a tile of each of their rows.
        scratch: Where the population is; None when no basis needs it.
        border: Which of the task's tiles are not all inside; None to leave coverage out.
        allocations: One for each basis.
    """

    part_range: PartRange
    tiles: Tiles
    areas: RowAreas
    scratch: ScratchValues | None
    border: Border | None
    allocations: tuple[Allocation, ...]

    @property
    def is_by_run(self) -> bool:
        """Whether all tiles of a run have the same mass, so that none need be looked at alone."""
        return self.border is None and not any(
            allocation.counts_as.needs_population for allocation in self.allocations
        )

    def sources(self, first: int, stop: int, batch_tiles: int) -> Iterator[tuple[int, MassSource]]:
        """Yield ``(offset, source)`` for a range of the task's tiles in batches.

        Offsets count the tiles of the task; that of a source is the offset of its first tile.
        """
        before = self.part_range.first_rank
        for offset, tiles in self.tiles.between(first, stop).batches(batch_tiles):
            begin = first + offset
            end = begin + tiles.tile_count
            values = shares = None
            if self.scratch is not None:
                values = self.scratch.read(
                    self.part_range.country_iso, before + begin, before + end
                )
            if self.border is not None:
                shares = coverage_shares(self.border.between(begin, end).to_dense(end - begin))
            yield begin, MassSource(tiles, self.areas, values, shares)


@dataclass(frozen=True, slots=True, eq=False)
class WeightTask:
    """What all units of S2 know.

    Attributes:
        masses: Whose tiles, which, and their masses.
    """

    masses: RangeMasses

    @property
    def cost(self) -> int:
        """Tiles of the task."""
        return self.masses.part_range.tile_count

    @property
    def partition(self) -> Partition:
        """Country of the task."""
        return Partition.of_country(self.masses.part_range.country_iso)

    def __str__(self) -> str:
        return str(self.masses.part_range)


@dataclass(frozen=True, slots=True, eq=False)
class HistogramTask(WeightTask):
    """Counts remainders.

    Attributes:
        queries: The question for each allocation; None when its cut-off is known.
    """

    queries: tuple[HistogramQuery | None, ...]


@dataclass(slots=True)
class HistogramResult(TaskResult):
    """What was counted.

    Attributes:
        histograms: The answer for each allocation that was asked for, by its number.
    """

    histograms: dict[int, RemainderHistogram] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class WriteTask(WeightTask):
    """Writes weights.

    Attributes:
        mixture: What the weights are made from.
        dp: Decimal places.
        cutoffs: For each allocation, its cut-off and the tiles at its remainder before this task.
        bases: How each basis allocated its units in the country.
        folder: Staging folder.
    """

    mixture: Mixture
    dp: int
    cutoffs: tuple[tuple[RemainderCutoff, int], ...]
    bases: tuple[BasisSummary, ...]
    folder: Storage


@dataclass(slots=True)
class WriteResult(TaskResult):
    """What was written.

    Attributes:
        run_weights: Sum of the weights of the tiles written in each of their runs, uint64 (runs,).
        zero_tiles: Tiles of weight 0.
        zero_tiles_with_mass: Those of them with a mass above 0.
        blocks: Digest of each block of weights, by its number in the country.
    """

    run_weights: NDArray[np.uint64] = field(kw_only=True)
    zero_tiles: int = 0
    zero_tiles_with_mass: int = 0
    blocks: dict[int, bytes] = field(default_factory=dict)

    def add(self, first_run: int, own: WriteResult) -> None:
        """Add what a task has written whose tiles begin in a run."""
        self.run_weights[first_run : first_run + len(own.run_weights)] += own.run_weights
        self.zero_tiles += own.zero_tiles
        self.zero_tiles_with_mass += own.zero_tiles_with_mass
        self.blocks |= own.blocks

    def metadata(self) -> dict[str, Any]:
        """Return what another run has to know besides the files, as JSON holds it."""
        return {
            "run_weights": base64.b64encode(self.run_weights.astype("<u8").tobytes()).decode(),
            "zero_tiles": self.zero_tiles,
            "zero_tiles_with_mass": self.zero_tiles_with_mass,
            "blocks": {str(number): digest.hex() for number, digest in self.blocks.items()},
        }

    @classmethod
    def resumed(cls, finished: FinishedTask) -> Self:
        """Return the result of a task that a run before this one has finished."""
        metadata = finished.metadata
        return cls(
            files=list(finished.files),
            run_weights=np.frombuffer(base64.b64decode(metadata["run_weights"]), "<u8"),
            zero_tiles=metadata["zero_tiles"],
            zero_tiles_with_mass=metadata["zero_tiles_with_mass"],
            blocks={
                int(number): bytes.fromhex(hex_) for number, hex_ in metadata["blocks"].items()
            },
        )


def count_remainders(task: HistogramTask) -> HistogramResult:
    """Count the remainders of a task's tiles."""
    result = HistogramResult()
    clock = PhaseClock(result)
    masses, tiles = task.masses, task.cost
    batch = tiles if masses.is_by_run else masses.part_range.sizes.batch_tiles
    asked = {number: query for number, query in enumerate(task.queries) if query is not None}
    found: dict[int, list[RemainderHistogram]] = {number: [] for number in asked}
    for _, source in masses.sources(0, tiles, batch):
        for number, query in asked.items():
            allocation = masses.allocations[number]
            own = source.of(allocation.counts_as)
            found[number].append(
                remainder_histogram(own, allocation.units, allocation.total, query)
            )
    result.histograms = {
        number: RemainderHistogram.merged(histograms) for number, histograms in found.items()
    }
    clock.ends("weigh")
    return result


def write_weights(task: WriteTask) -> WriteResult:
    """Write the part files of a task.

    Raises:
        PublishError: ``output-not-writable``.
    """
    masses, part_range = task.masses, task.masses.part_range
    result = WriteResult(run_weights=np.zeros(len(masses.tiles.rows), np.uint64))
    clock = PhaseClock(result)
    run_ends = np.cumsum(masses.tiles.lengths)
    ties = [before for _, before in task.cutoffs]
    room = part_range.largest_row_group
    # Filled again for every row group: fresh memory costs more than the arithmetic.
    weights = np.empty(room, np.uint64)
    for part in part_range.parts:
        writer, values = part_writer(TILE_WEIGHTS), hashlib.sha256()
        for first_rank, stop_rank in part.row_groups():
            first, stop = first_rank - part_range.first_rank, stop_rank - part_range.first_rank
            for offset, source in masses.sources(first, stop, part_range.sizes.batch_tiles):
                here = slice(offset - first, offset - first + source.tiles.tile_count)
                weights[here] = _weigh(task, source, ties, result)
                lengths = source.tiles.lengths
                sums = np.add.reduceat(weights[here], np.cumsum(lengths) - lengths)
                run = int(np.searchsorted(run_ends, offset, side="right"))
                result.run_weights[run : run + len(sums)] += sums
                values.update(weights[here].astype("<u8", copy=False).data)
                clock.ends("weigh")
            tiles = masses.tiles.between(first, stop)
            own = weights[: stop - first]
            writer.write(weight_chunks(part_range.country_iso, tiles, own, task.dp, task.mixture))
            clock.ends("encode")
        entry = stage_part(task.folder, TILE_WEIGHTS, task.partition, part.number, writer)
        result.files.append(entry)
        # A part is a block (weights.BLOCK_TILES) as long as files are no larger or smaller.
        result.blocks[part.number] = values.digest()
        clock.ends("write")
    return result


def _weigh(
    task: WriteTask, source: MassSource, ties: list[int], result: WriteResult
) -> NDArray[np.uint64]:
    """Return the weights of some tiles and take note of them; ``ties`` goes on to the next."""
    shares: list[NDArray[np.uint64]] = []
    taken: list[Masses] = []
    for number, (allocation, (cut, _)) in enumerate(
        zip(task.masses.allocations, task.cutoffs, strict=True)
    ):
        masses = source.of(allocation.counts_as)
        share, at_cut = allocate(masses, allocation.units, allocation.total, cut, ties[number])
        ties[number] += at_cut
        shares.append(share)
        taken.append(masses)
    weights: NDArray[np.uint64] = functools.reduce(np.add, shares)
    zero_tiles = len(weights) - int(np.count_nonzero(weights))
    if zero_tiles:
        is_zero = weights == 0
        has_mass = np.logical_or.reduce([masses.is_positive() for masses in taken])
        result.zero_tiles += zero_tiles
        result.zero_tiles_with_mass += int(np.count_nonzero(is_zero & has_mass))
    return weights
