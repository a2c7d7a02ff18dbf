"""The plan of S2: what the weights are made from, and the tasks that write them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from closedworld.config.run import RunConfig
from closedworld.datasets import SPAN_WEIGHTS, TILE_WEIGHTS, Partition
from closedworld.datasets.parameters import WeightParameters, WeightTotals
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.errors import ConfigError
from closedworld.execution.events import Observer
from closedworld.inputs.loading import PopulationRaster
from closedworld.inputs.raster.pixels import PixelLayout
from closedworld.kernels.records import Records
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes
from closedworld.kernels.tiles import PartRange, plan_part_ranges
from closedworld.kernels.weights import (
    Basis,
    Mixture,
    RasterFindings,
    WeightSummary,
    span_weights_batch,
    weight_digest,
)
from closedworld.published.lineage import nouns_of
from closedworld.stages import WEIGHTS, Stage
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.protocol import Folded, RunContext, StagePlan
from closedworld.stages.task_runner import TaskRunner, stage_part
from closedworld.stages.weights.cutoffs import basis_summaries, emit_weighed, find_cutoffs
from closedworld.stages.weights.masses import TileSource, country_masses
from closedworld.stages.weights.outcome import (
    TileWeights,
    totals_of,
    weight_warnings,
)
from closedworld.stages.weights.part_files import (
    WriteResult,
    WriteTask,
    write_weights,
)
from closedworld.stages.weights.population import require_same_grid
from closedworld.stages.weights.raster_warnings import raster_warnings
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published

FORMAT = 6
"""Raised when the same parameters would give other content or other files."""

WEIGHT_BYTES = 24
"""Of a tile while its weight is written: the weight 8, compressed at most 8, behind its page's header 8 again."""

BATCH_BYTES = 96
"""Of a tile that is weighed: a dozen arrays of 8 bytes on the way from its mass to its weight."""

RASTER_CACHE_BYTES = 64 * MEBIBYTE
"""GDAL's block cache, once for all threads of a process."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightPlan(StagePlan[WriteTask, WriteResult, TileWeights]):
    """What there is to weigh, and how.

    Attributes:
        tiles: The tiles.
        mixture: What the weights are made from.
        parameters: Everything that decides the content.
        layout: The population raster; None when no basis needs it.
        part_ranges: What each task writes, heaviest first.
        sizes: Where files and row groups end, and how many tiles are weighted at once.
        observer: Told what the masses are, and of what makes weights doubtful.
        found: What the raster holds, once it was read.
    """

    stage: ClassVar[Stage] = WEIGHTS
    task_result: ClassVar[type[WriteResult]] = WriteResult

    tiles: TileSource
    mixture: Mixture
    parameters: WeightParameters
    layout: PixelLayout | None
    part_ranges: tuple[PartRange, ...]
    sizes: Sizes
    observer: Observer
    found: list[RasterFindings] = field(default_factory=list)

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """All countries of the tiles, also those without any."""
        return tuple(map(Partition.of_country, self.tiles.country_codes))

    @property
    def row_count(self) -> int:
        """Tiles of all countries."""
        return sum(own.tile_count for own in self.tiles.spans.values())

    @property
    def task_count(self) -> int:
        """Tasks that write."""
        return len(self.part_ranges)

    @property
    def scratch_bytes(self) -> int:
        """Values of the raster for every tile, at most."""
        return 0 if self.layout is None else self.row_count * self.layout.value_dtype.itemsize

    @property
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""
        counts = [own.tile_count for own in self.tiles.spans.values()]
        largest = min(self.sizes.row_group_tiles, max(counts, default=0))
        batch = min(self.sizes.batch_tiles, largest) * BATCH_BYTES
        writing = largest * WEIGHT_BYTES + batch
        if self.layout is None:
            return StageMemory(0, writing)
        rows, cols = self.layout.window_shape
        pixel_bytes = np.dtype(self.layout.info.dtype).itemsize + self.layout.has_mask
        return StageMemory(RASTER_CACHE_BYTES, max(writing, rows * cols * pixel_bytes + batch))

    @property
    def write(self) -> Callable[[WriteTask], WriteResult]:
        """The function that does a task."""
        return write_weights

    def tasks(self, runner: TaskRunner) -> Sequence[WriteTask]:
        """Read the population, find the cut-offs of each country, and return the tasks that write."""
        borders = self.tiles.coverage() if self.parameters.weigh_by_coverage else None
        quotas = self.mixture.units(self.parameters.dp)
        countries, found = country_masses(
            runner, self.tiles, quotas, self.layout, borders, self.sizes.batch_tiles
        )
        if found is not None:
            self.found.append(found)
        masses = {
            part_range: countries[part_range.country_iso].of_range(part_range)
            for part_range in self.part_ranges
        }
        searches = find_cutoffs(runner, countries, masses, self.sizes)
        bases = {iso: basis_summaries(own, searches[iso]) for iso, own in countries.items()}
        emit_weighed(countries, bases, self.observer)
        return [
            WriteTask(
                own,
                self.mixture,
                self.parameters.dp,
                tuple(
                    (one.cutoff, one.ties_before(part_range.first_rank))
                    for one in searches[part_range.country_iso]
                ),
                bases[part_range.country_iso],
                runner.staging.folder,
            )
            for part_range, own in masses.items()
        ]

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[WriteTask, WriteResult, bool]]
    ) -> Folded:
        """Return what all results come to; writes the weights of a country's runs when it is done."""
        folded, summaries = Folded(), {}
        countries: dict[str, WriteResult] = {}
        for task, result, is_last in written:
            iso = task.partition.value
            spans = self.tiles.spans[iso]
            folded.files += result.files
            if iso not in countries:
                countries[iso] = WriteResult(run_weights=np.zeros(spans.n_runs, np.uint64))
            first_rank = task.masses.part_range.first_rank
            first_run = int(np.searchsorted(spans.first_ranks, first_rank, side="right")) - 1
            countries[iso].add(first_run, result)
            if is_last:
                own = countries.pop(iso)
                summaries[iso] = self._finished(task, own, folded, runner.staging.folder)
        folded.summaries = Records.of(summaries[iso] for iso in sorted(summaries))
        folded.totals = totals_of(folded.summaries, *self.found)
        return folded

    def _finished(
        self, task: WriteTask, own: WriteResult, folded: Folded, folder: Storage
    ) -> WeightSummary:
        """Write the weights of a country's runs, state its files and digests, and return its summary."""
        iso = task.partition.value
        spans = self.tiles.spans[iso]
        batch = span_weights_batch(iso, spans, own.run_weights)
        encoder = PartEncoder(SPAN_WEIGHTS)
        encoder.write([batch])
        folded.files.append(stage_part(folder, SPAN_WEIGHTS, task.partition, 0, encoder))
        blocks = [digest for _, digest in sorted(own.blocks.items())]
        folded.digests[iso] = {
            TILE_WEIGHTS.name: weight_digest(spans, self.mixture, self.parameters.dp, blocks),
            SPAN_WEIGHTS.name: SPAN_WEIGHTS.digest_of([batch]),
        }
        return WeightSummary(
            iso, spans.tile_count, own.zero_tiles, own.zero_tiles_with_mass, task.bases
        )

    def outcome(self, published: Published, folded: Folded | None) -> TileWeights:
        """Return the published weights."""
        totals = published.totals(WeightTotals)
        summaries = Records(totals.summaries)
        nouns = nouns_of(published)
        warnings = [*weight_warnings(summaries, nouns)]
        if totals.raster is not None and self.layout is not None:
            warnings += raster_warnings(totals.raster, self.layout, nouns)
        for warning in warnings:
            self.observer.on_event(warning)
        return TileWeights(published, folded is None, summaries)


def plan_run(context: RunContext) -> WeightPlan:
    """Return the plan of a run's weights.

    Raises:
        ConfigError, GridError: As ``plan_weights``.
    """
    config = context.config
    return plan_weights(
        context.upstream["tiles"].source,
        basis=mixture_of(config.basis, config.dp, has_raster=context.inputs.has_raster),
        dp=config.dp,
        population=context.inputs.population,
        weigh_by_coverage=config.weigh_by_coverage,
        observer=context.observer,
    )


def plan_weights(
    tiles: TileSource,
    *,
    basis: Mixture,
    dp: int,
    population: PopulationRaster | None,
    weigh_by_coverage: bool,
    observer: Observer,
    task_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
) -> WeightPlan:
    """Return the plan of the weights of some tiles; see ``build_tile_weights``.

    Raises:
        ConfigError: ``basis-needs-raster``, ``dp-range``, ``coverage-missing``, ``unit-size``.
        GridError: ``grids-differ``.
    """
    dp = operator.index(dp)
    basis.units(dp)
    raster = None
    if basis.needs_population:
        if population is None:
            raise ConfigError(
                "basis-needs-raster",
                f"basis {basis} needs a population raster.",
                "Give one with --raster, or take --basis area_m2 or uniform.",
            )
        require_same_grid(population.layout, tiles.grid)
        raster = population
    if weigh_by_coverage and not tiles.has_coverage:
        raise ConfigError(
            "coverage-missing",
            "weights are to count coverage, and the tiles were built without it.",
            "Build the tiles with --rule any_overlap --coverage.",
        )
    parameters = WeightParameters(
        format=FORMAT,
        tiles_parameter_hash=tiles.parameter_hash,
        basis=str(basis),
        dp=dp,
        weigh_by_coverage=weigh_by_coverage,
        raster_sha256=None if raster is None else raster.sha256,
        raster_band=1 if raster is None else raster.layout.info.band,
    )
    layout = None if raster is None else raster.layout
    counts = {iso: own.tile_count for iso, own in tiles.spans.items()}
    part_ranges = plan_part_ranges(counts, task_tiles, sizes)
    return WeightPlan(tiles, basis, parameters, layout, part_ranges, sizes, observer)


def mixture_of(basis: str | None, dp: int, *, has_raster: bool) -> Mixture:
    """Return what weights are made from; population by default where there is a raster.

    Raises:
        ConfigError: ``basis-...``, ``dp-range``.
    """
    default = Basis.POPULATION if has_raster else Basis.AREA_M2
    mixture = Mixture.parse(default.value if basis is None else basis)
    mixture.units(dp)
    return mixture


def wanted_inputs(config: RunConfig, *, has_raster: bool) -> frozenset[str]:
    """Return ``population`` when the values of a population raster are wanted.

    Raises:
        ConfigError: As ``mixture_of``.
    """
    mixture = mixture_of(config.basis, config.dp, has_raster=has_raster)
    return frozenset({"population"} if mixture.needs_population and has_raster else ())
