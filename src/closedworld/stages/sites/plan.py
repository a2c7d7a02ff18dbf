"""The plan of the sites: whose outlets go where, and the tasks that place and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from closedworld.config.run import RunConfig
from closedworld.datasets import SITES, Partition
from closedworld.datasets.parameters import (
    SiteParameters,
    SiteTotals,
    TileParameters,
    WeightParameters,
)
from closedworld.datasets.sites import SiteSummary
from closedworld.execution.events import Observer, Warned
from closedworld.inputs.loading import Inputs
from closedworld.inputs.merchants.loading import load_merchants, merchant_file
from closedworld.inputs.merchants.table import MerchantTable
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import time_zone_versions
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.digests import digest_of_dataset
from closedworld.kernels.records import Records
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.weights import Mixture
from closedworld.published.cumulative_weights import CumulativeWeights, read_cumulative_weights
from closedworld.published.tile_index import PublishedIndex
from closedworld.stages import SITE_STAGE, Stage
from closedworld.stages.checked_results import CheckedResult, partition_digests, staged_parts
from closedworld.stages.checking import CheckCounts, stage_validation
from closedworld.stages.country_source import TILES_IN_MEMORY, CountrySource
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.protocol import Folded, RunContext, StagePlan
from closedworld.stages.runner import timed
from closedworld.stages.sites.checks import CLAIMS
from closedworld.stages.sites.outcome import PublishedSites
from closedworld.stages.sites.part_files import write_sites
from closedworld.stages.sites.requirements import CountryMerchants, Requirements, require_sites
from closedworld.stages.sites.task import SiteTask
from closedworld.stages.task_runner import TaskRunner
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry

FORMAT = 5
"""Raised when the same parameters would give other content or other files."""

TASK_SITES = 1 << 17
"""Outlets of a task, and so of a part file."""

SEED_TASKS = 16
"""The heaviest tasks, which place some outlets with another seed: for small ones it would take as long as placing."""

SITE_BYTES = 900
"""Of an outlet that is placed, described, encoded and checked, measured."""

DOMAIN_BYTES = 96 * MEBIBYTE
"""Polygons, blocks, towns and a row group of weights of the largest country, measured."""

HELD_BYTES_PER_TILE = 4


@dataclass(frozen=True, slots=True, eq=False)
class SitePlan(StagePlan[SiteTask, CheckedResult, PublishedSites]):
    """What there is to place, and by what.

    Attributes:
        requirements: Whose outlets, how many and where.
        countries: Polygons of the world.
        weights: Tiles and weights of each country; empty in a forecast.
        parameters: Everything that decides the content.
        observer: Told of what takes time.
        task_sites: Outlets of a task.
    """

    stage: ClassVar[Stage] = SITE_STAGE
    task_result: ClassVar[type[CheckedResult]] = CheckedResult

    requirements: Requirements
    countries: CountrySet
    weights: Mapping[str, CumulativeWeights]
    parameters: SiteParameters
    observer: Observer
    task_sites: int

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The countries of the merchants."""
        return tuple(map(Partition.of_country, self.requirements.by_country))

    @property
    def row_count(self) -> int:
        """Outlets of all countries."""
        return sum(own.site_count for own in self.requirements.by_country.values())

    @property
    def task_count(self) -> int:
        """Tasks that write."""
        return sum(
            len(self._ranges(own.site_count)) for own in self.requirements.by_country.values()
        )

    @property
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""
        counts = [own.site_count for own in self.requirements.by_country.values()]
        largest = min(self.task_sites, max(counts, default=0))
        tiles = [
            len(own.spans)
            for iso, own in self.weights.items()
            if iso in self.requirements.by_country
        ]
        held = min(max(tiles, default=TILES_IN_MEMORY), TILES_IN_MEMORY) * HELD_BYTES_PER_TILE
        return StageMemory(0, DOMAIN_BYTES + held + largest * SITE_BYTES)

    @property
    def write(self) -> Callable[[SiteTask], CheckedResult]:
        """The function that does a task."""
        return write_sites

    def tasks(self, runner: TaskRunner) -> Sequence[SiteTask]:
        """Return the tasks that write, heaviest first."""
        ranges = [
            (first - stop, iso, number, first, stop)
            for iso, own in self.requirements.by_country.items()
            for number, (first, stop) in enumerate(self._ranges(own.site_count))
        ]
        tasks = []
        for position, (_, iso, number, first, stop) in enumerate(sorted(ranges)):
            own = self.requirements.by_country[iso]
            part, before = own.slice(first, stop)
            tasks.append(
                SiteTask(
                    CountrySource(
                        self.countries[iso],
                        self.weights[iso],
                        self.countries.own_codes is not None,
                    ),
                    part,
                    before,
                    stop - first,
                    number,
                    None if number else own,
                    self.requirements.dataset,
                    self.parameters.seed,
                    position < SEED_TASKS,
                    runner.staging.folder,
                )
            )
        return tasks

    def _ranges(self, sites: int) -> list[tuple[int, int]]:
        """Return the outlets of each task of a country: first, and after the last."""
        firsts = range(0, max(sites, 1), self.task_sites)
        return [(first, min(first + self.task_sites, sites)) for first in firsts]

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[SiteTask, CheckedResult, bool]]
    ) -> Folded:
        """Return what all results come to, once every check has passed.

        Raises:
            IntegrityError: ``sites-invalid``: a check has failed.
        """
        folded = Folded()
        results: dict[tuple[str, int], CheckedResult] = {}
        for task, result, _ in written:
            results[task.partition.value, task.number] = result
            folded.files += result.files
        folder = runner.staging.folder
        with timed(self.stage, "checks", self.observer):
            counts = CheckCounts()
            for _, result in sorted(results.items()):
                counts.merge(result.checks)
            _check_ids(folder, folded.files, counts)
        for iso in self.requirements.by_country:
            own = [result for (code, _), result in sorted(results.items()) if code == iso]
            folded.digests[iso] = partition_digests(folder, self.parameters.datasets, own)
        folded.files.append(
            stage_validation(folder, self.stage.name, counts, CLAIMS, "sites-invalid")
        )
        folded.summaries = Records.of(map(_summary, self.requirements.by_country.values()))
        folded.totals = SiteTotals(
            countries=len(folded.summaries),
            merchants=len(set(self.requirements.table.rows["merchant_id"].to_pylist())),
            sites=self.row_count,
            sites_on_map=sum(one.sites_on_map for one in folded.summaries),
            summaries=tuple(folded.summaries),
        )
        return folded

    def outcome(self, published: Published, folded: Folded | None) -> PublishedSites:
        """Return the published sites."""
        return PublishedSites(
            published,
            reused=folded is None,
            summaries=Records(published.totals(SiteTotals).summaries),
            skipped=self.requirements.table.skipped,
        )


def _summary(own: CountryMerchants) -> SiteSummary:
    on_map = int(own.counts[own.on_map].sum())
    return SiteSummary(own.country_iso, own.rows.num_rows, own.site_count, on_map)


def _check_ids(folder: Storage, files: Sequence[FileEntry], counts: CheckCounts) -> None:
    """Count ids that several sites have, as they were written."""
    ids = [
        file.read(["site_id"], use_threads=False)["site_id"].to_numpy()
        for file in staged_parts(folder, files, SITES)
    ]
    every = np.concatenate([np.empty(0, np.int64), *ids])
    counts.add("site_ids", len(every), len(every) - len(np.unique(every)))


def plan_run(context: RunContext) -> SitePlan:
    """Return the plan of a run's sites.

    Raises:
        ConfigError, InputError, IntegrityError: As ``plan_sites``.
    """
    config, inputs = context.config, context.inputs
    if inputs.countries is None:
        raise TypeError("sites are planned from countries")
    tiles, weights = context.upstream["tiles"], context.upstream["weights"]
    index = None
    if tiles.published is not None:
        parameters = tiles.published.parameters(TileParameters)
        spans = tiles.source.spans
        index = PublishedIndex(tiles.published, parameters.grid, parameters.rule, spans)
    return plan_sites(
        tiles.source.spans,
        index,
        weights.published,
        inputs.countries.made_valid(),
        inputs.own[SITE_STAGE.name],
        seed=config.seed,
        skip_unplaceable=config.skip_unplaceable,
        observer=context.observer,
    )


def plan_sites(
    spans: Mapping[str, RowSpans],
    index: PublishedIndex | None,
    weights: Published | None,
    countries: CountrySet,
    merchants: MerchantTable,
    *,
    seed: int,
    skip_unplaceable: bool,
    observer: Observer,
    task_sites: int = TASK_SITES,
) -> SitePlan:
    """Return the plan of the sites of some merchants; see ``build_sites``.

    Args:
        spans: Tiles of each country that has any.
        index: The published tiles; None in a forecast.
        weights: The published weights; None in a forecast.
        countries: The polygons that the tiles were built from.
        merchants: Whose outlets.
        seed: Determines where they lie.
        skip_unplaceable: Leave out rows that cannot be placed instead of refusing the table.
        observer: Told of what planning finds.
        task_sites: Outlets of a task.

    Raises:
        InputError: ``merchants-unplaceable``.
        IntegrityError: The published files are damaged.
    """
    requirements = require_sites(
        merchants, spans, countries, observer, skip_unplaceable=skip_unplaceable
    )
    own_weights: Mapping[str, CumulativeWeights] = {}
    if index is not None and weights is not None:
        own_weights = read_cumulative_weights(weights, index)
    _warn_of_area(weights, observer)
    dataset = requirements.dataset
    digests = {
        iso: dataset.digest_of(own.rows.to_batches())
        for iso, own in requirements.by_country.items()
    }
    parameters = SiteParameters(
        format=FORMAT,
        weights_parameter_hash="" if weights is None else weights.receipt.parameter_hash,
        seed=seed,
        countries=tuple(requirements.by_country),
        merchants_sha256=digest_of_dataset(dataset.name, digests),
        own_columns=requirements.own_columns,
        places_sha256=bundled("places.parquet").sha256,
        time_zones=time_zone_versions(),
    )
    return SitePlan(requirements, countries, own_weights, parameters, observer, task_sites)


def _warn_of_area(weights: Published | None, observer: Observer) -> None:
    """Warn of weights that do not follow people: 17% of a country's sites may lie where nobody lives."""
    if weights is None:
        return
    basis = weights.parameters(WeightParameters).basis
    if not Mixture.parse(basis).needs_population:
        observer.on_event(
            Warned(
                "sites-without-people",
                f"the weights are by {basis}, so outlets lie where land is and not where people are. "
                "Build weights with --basis population.",
            )
        )


def wanted_inputs(config: RunConfig, *, has_raster: bool) -> frozenset[str]:
    """Return ``countries``: sites lie in their polygons."""
    del config, has_raster
    return frozenset({"countries"})


def own_files(config: RunConfig) -> tuple[Path, ...]:
    """Return the file of the merchants; none for the demonstration's."""
    path = merchant_file(config)
    return () if path is None else (path,)


def load_own(config: RunConfig, inputs: Inputs, observer: Observer) -> MerchantTable:
    """Return the table of merchants.

    Raises:
        ConfigError: ``demo-regions``.
        InputError, IntegrityError: As ``load_merchants``.
    """
    countries = inputs.countries
    return load_merchants(config, observer, None if countries is None else countries.own_codes)
