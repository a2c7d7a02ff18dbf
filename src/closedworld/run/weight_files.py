"""Units of S2: counting the remainders of a range of a country's tiles, and writing its part files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from closedworld.datasets import stage_file
from closedworld.datasets.parts import PartEncoder
from closedworld.datasets.paths import part_path
from closedworld.datasets.schemas import TILE_WEIGHTS
from closedworld.run.tile_files import BATCH_TILES
from closedworld.run.work import PhaseClock, UnitResult
from closedworld.tiles import ROW_GROUP_TILES, Tiles, Unit
from closedworld.weights import (
    Basis,
    Cut,
    MassSource,
    Probe,
    Tally,
    award,
    full_shares,
    tally,
    weights_batch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.run.bands import TileValues
    from closedworld.spans import RowSpans
    from closedworld.weights import Mixture


@dataclass(frozen=True, slots=True)
class Handout:
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
class CountryMasses:
    """What the masses of a country's tiles come from, and what they share.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        areas_cm2: Area of a tile of each raster row, int64 (n_rows,).
        values: Where the population is; None when no basis needs it.
        border: Ranks of the tiles that are not all inside and their coverage in units of 2^-30, both
            int64 (n,); None to leave coverage out.
        handouts: One for each basis.
    """

    country_iso: str
    spans: RowSpans
    areas_cm2: NDArray[np.int64]
    values: TileValues | None
    border: tuple[NDArray[np.int64], NDArray[np.int64]] | None
    handouts: tuple[Handout, ...]

    @property
    def is_by_run(self) -> bool:
        """Whether all tiles of a run have the same mass, so that none need be looked at alone."""
        return self.border is None and not any(
            handout.counts_as.needs_population for handout in self.handouts
        )

    def source(self, first_rank: int, stop_rank: int) -> MassSource:
        """Return what the masses of a range of tiles are made from."""
        values = shares = None
        if self.values is not None:
            values = self.values.read(self.country_iso, first_rank, stop_rank)
        if self.border is not None:
            ranks, border_shares = self.border
            first, stop = np.searchsorted(ranks, (first_rank, stop_rank))
            tiles = stop_rank - first_rank
            shares = full_shares(tiles, ranks[first:stop] - first_rank, border_shares[first:stop])
        tiles_here = Tiles.ranked(self.spans, first_rank, stop_rank)
        return MassSource(tiles_here, self.areas_cm2, values, shares)

    def sources(
        self, first_rank: int, stop_rank: int, batch_tiles: int
    ) -> Iterator[tuple[int, MassSource]]:
        """Yield ``(rank, source)`` for a range of tiles in batches, the rank that of their first."""
        for first in range(first_rank, stop_rank, batch_tiles):
            yield first, self.source(first, min(first + batch_tiles, stop_rank))


@dataclass(frozen=True, slots=True, eq=False)
class WeightTask:
    """What all units of S2 know: whose tiles, and which.

    Attributes:
        unit: Which parts.
        country: Their country.
    """

    unit: Unit
    country: CountryMasses

    @property
    def tiles(self) -> int:
        """Tiles of the unit."""
        return self.unit.tile_count

    @property
    def country_iso(self) -> str:
        """Country of the unit."""
        return self.unit.country_iso

    def __str__(self) -> str:
        return str(self.unit)


@dataclass(frozen=True, slots=True, eq=False)
class TallyTask(WeightTask):
    """Counts remainders.

    Attributes:
        probes: The question for each handout; None when its cut is known.
    """

    probes: tuple[Probe | None, ...]


@dataclass(slots=True)
class TallyResult(UnitResult):
    """What was counted.

    Attributes:
        tallies: The answer for each handout that was asked for, by its number.
    """

    tallies: dict[int, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class WriteTask(WeightTask):
    """Writes weights.

    Attributes:
        mixture: What the weights are made from.
        dp: Decimal places.
        cuts: For each handout, its cut and the tiles at the cut's remainder before this unit.
        folder: Staging folder.
    """

    mixture: Mixture
    dp: int
    cuts: tuple[tuple[Cut, int], ...]
    folder: Path


@dataclass(slots=True)
class WriteResult(UnitResult):
    """What was written.

    Attributes:
        first_run: First of the country's runs that has a tile in the unit.
        run_weights: Sum of the weights of the unit's tiles in each run from there on, uint64 (runs,).
        zero_tiles: Tiles of weight 0.
        zero_tiles_with_mass: Those of them with a mass above 0.
        blocks: Digest of each block of weights, by its number in the country.
    """

    first_run: int = 0
    run_weights: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    zero_tiles: int = 0
    zero_tiles_with_mass: int = 0
    blocks: dict[int, bytes] = field(default_factory=dict)


def tally_unit(task: TallyTask) -> TallyResult:
    """Count the remainders of a unit's tiles."""
    result = TallyResult()
    clock = PhaseClock(result)
    country, parts = task.country, task.unit.parts
    batch = task.tiles if country.is_by_run else BATCH_TILES
    asked = {number: probe for number, probe in enumerate(task.probes) if probe is not None}
    found: dict[int, list[Tally]] = {number: [] for number in asked}
    for _, source in country.sources(parts[0].first_rank, parts[-1].stop_rank, batch):
        for number, probe in asked.items():
            handout = country.handouts[number]
            masses = source.of(handout.counts_as)
            found[number].append(tally(masses, handout.units, handout.total, probe))
    result.tallies = {number: Tally.merged(tallies) for number, tallies in found.items()}
    clock.ends("weigh")
    return result


def write_weights(task: WriteTask) -> WriteResult:
    """Write the part files of a unit.

    Raises:
        PublishError: ``output-not-writable``.
    """
    result = WriteResult()
    clock = PhaseClock(result)
    first_ranks = task.country.spans.first_ranks
    first_rank, stop_rank = task.unit.parts[0].first_rank, task.unit.parts[-1].stop_rank
    result.first_run = int(np.searchsorted(first_ranks, first_rank, side="right")) - 1
    n_runs = int(np.searchsorted(first_ranks, stop_rank)) - result.first_run
    result.run_weights = np.zeros(n_runs, np.uint64)
    ties = [before for _, before in task.cuts]
    iso = task.country_iso
    for part in task.unit.parts:
        encoder, values = PartEncoder(TILE_WEIGHTS), hashlib.sha256()
        for first in range(part.first_rank, part.stop_rank, ROW_GROUP_TILES):
            stop = min(first + ROW_GROUP_TILES, part.stop_rank)
            batches = []
            for rank, source in task.country.sources(first, stop, BATCH_TILES):
                weights = _weigh(task, source, ties, result)
                run = int(np.searchsorted(first_ranks, rank, side="right")) - 1 - result.first_run
                lengths = source.tiles.lengths
                sums = np.add.reduceat(weights, np.cumsum(lengths) - lengths)
                result.run_weights[run : run + len(sums)] += sums
                values.update(weights.astype("<u8", copy=False).data)
                clock.ends("weigh")
                batches.append(weights_batch(iso, source.tiles, weights, task.dp, task.mixture))
                clock.ends("expand")
            encoder.write(batches)
            clock.ends("encode")
        path = part_path(TILE_WEIGHTS.name, part.country_iso, part.number)
        result.files.append(stage_file(task.folder, path, encoder.finish(), encoder.rows))
        # A part is a block (weights.BLOCK_TILES) as long as files are no larger or smaller.
        result.blocks[part.number] = values.digest()
        clock.ends("write")
    return result


def _weigh(
    task: WriteTask, source: MassSource, ties: list[int], result: WriteResult
) -> NDArray[np.uint64]:
    """Return the weights of some tiles and take note of them; ``ties`` goes on to the next."""
    weights = np.zeros(source.tiles.tile_count, np.uint64)
    taken = []
    for number, (handout, (cut, _)) in enumerate(
        zip(task.country.handouts, task.cuts, strict=True)
    ):
        masses = source.of(handout.counts_as)
        share, at_cut = award(masses, handout.units, handout.total, cut, ties[number])
        ties[number] += at_cut
        weights += share
        taken.append(masses)
    is_zero = weights == 0
    zero_tiles = int(np.count_nonzero(is_zero))
    if zero_tiles:
        has_mass = np.logical_or.reduce([masses.is_positive() for masses in taken])
        result.zero_tiles += zero_tiles
        result.zero_tiles_with_mass += int(np.count_nonzero(is_zero & has_mass))
    return weights
