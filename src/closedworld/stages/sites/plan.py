"""The plan of the sites: whose outlets go where, and the tasks that place and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from closedworld.config.run import RunConfig
from closedworld.datasets import SITES
from closedworld.datasets.parameters import SiteParameters, SiteTotals
from closedworld.datasets.sites import SiteSummary
from closedworld.execution.events import Observer
from closedworld.inputs.asked_tables import load_merchants, merchant_file
from closedworld.inputs.loading import Inputs
from closedworld.inputs.merchants.table import MerchantTable
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.time_zones import time_zone_versions
from closedworld.kernels.records import Records
from closedworld.stages import SITE_STAGE, Stage
from closedworld.stages.asked_areas import digest_of_rows, settled_without_tiles
from closedworld.stages.checked_results import CheckedResult, staged_parts
from closedworld.stages.checking import CheckCounts
from closedworld.stages.country_source import CountrySource, RowRange
from closedworld.stages.placing_inputs import PlacingInputs
from closedworld.stages.placing_plan import PlacingPlan
from closedworld.stages.protocol import Folded, RunContext, hash_of
from closedworld.stages.sites.checks import CLAIMS
from closedworld.stages.sites.outcome import PublishedSites
from closedworld.stages.sites.part_files import write_sites
from closedworld.stages.sites.placed import SiteTask
from closedworld.stages.sites.requirements import Requirements, require_sites
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry

FORMAT = 8
"""Raised when the same parameters would give other content or other files."""

TASK_SITES = 1 << 17
"""Outlets of a task, and so of a part file."""


@dataclass(frozen=True, slots=True, eq=False)
class SitePlan(PlacingPlan[SiteTask, PublishedSites]):
    """What there is to place, and by what.

    Attributes:
        requirements: Whose outlets, how many and where.
        parameters: Everything that decides the content.
    """

    stage: ClassVar[Stage] = SITE_STAGE
    row_bytes: ClassVar[int] = 900
    claims: ClassVar[Mapping[str, str]] = CLAIMS
    invalid_code: ClassVar[str] = "sites-invalid"

    requirements: Requirements
    parameters: SiteParameters

    @property
    def rows_by_country(self) -> Mapping[str, int]:
        """Outlets of each country."""
        return {iso: own.site_count for iso, own in self.requirements.by_country.items()}

    @property
    def write(self) -> Callable[[SiteTask], CheckedResult]:
        """The function that does a task."""
        return write_sites

    def task(self, rows: RowRange, source: CountrySource, folder: Storage) -> SiteTask:
        """Return the task that places some outlets of a country."""
        own = self.requirements.by_country[rows.country_iso]
        part, before = own.slice(rows.first, rows.stop)
        return SiteTask(
            rows, source, self.parameters.seed, folder, part, before,
            None if rows.number else own, self.requirements.dataset,
        )  # fmt: skip

    def check_written(
        self, folder: Storage, files: Sequence[FileEntry], counts: CheckCounts
    ) -> None:
        """Count ids that several sites have, as they were written."""
        ids = np.empty(sum(one.rows for one in files if one.dataset == SITES.name), np.int64)
        done = 0
        for file in staged_parts(folder, files, SITES):
            column = file.read(["site_id"], use_threads=False)["site_id"]
            ids[done : done + len(column)] = column.to_numpy()
            done += len(column)
        ids.sort()
        counts.add("site_ids", len(ids), np.count_nonzero(ids[1:] == ids[:-1]))

    def summaries(self) -> Iterable[SiteSummary]:
        """Return what is reported of each country."""
        for iso, own in self.requirements.by_country.items():
            on_map = int(own.counts[own.on_map].sum())
            yield SiteSummary(iso, own.rows.num_rows, own.site_count, on_map)

    def totals(self, summaries: Sequence[SiteSummary]) -> SiteTotals:
        """Return the totals of the receipt."""
        return SiteTotals(
            countries=len(summaries),
            merchants=pc.count_distinct(self.requirements.table.rows["merchant_id"]).as_py(),
            sites=self.row_count,
            sites_on_map=sum(one.sites_on_map for one in summaries),
            summaries=tuple(summaries),
        )

    def outcome(self, published: Published, folded: Folded | None) -> PublishedSites:
        """Return the published sites."""
        return PublishedSites(
            published,
            reused=folded is None,
            summaries=Records(published.totals(SiteTotals).summaries),
            skipped=self.requirements.table.skipped,
        )


def plan_run(context: RunContext) -> SitePlan:
    """Return the plan of a run's sites.

    Raises:
        ConfigError, InputError, IntegrityError: As ``plan_sites``.
    """
    return plan_sites(PlacingInputs.of_run(context), context.inputs.own[SITE_STAGE.name])


def plan_sites(
    inputs: PlacingInputs, merchants: MerchantTable, task_sites: int = TASK_SITES
) -> SitePlan:
    """Return the plan of the sites of some merchants; see ``build_sites``.

    Raises:
        InputError: ``merchants-unplaceable``.
        IntegrityError: The published files are damaged.
    """
    requirements = require_sites(merchants, inputs)
    weights = inputs.cumulative_weights("outlets")
    rows = {iso: own.rows for iso, own in requirements.by_country.items()}
    parameters = SiteParameters(
        format=FORMAT,
        weights_parameter_hash=hash_of(inputs.weights),
        seed=inputs.seed,
        countries=tuple(rows),
        merchants_sha256=digest_of_rows(requirements.dataset, rows),
        own_columns=requirements.own_columns,
        places_sha256=bundled("places.parquet").sha256,
        time_zones=time_zone_versions(),
    )
    return SitePlan(inputs.countries, weights, task_sites, requirements, parameters)


def wanted_inputs(config: RunConfig, *, has_raster: bool) -> frozenset[str]:
    """Return ``countries``: sites lie in their polygons."""
    del config, has_raster
    return frozenset({"countries"})


def own_files(config: RunConfig) -> tuple[Path, ...]:
    """Return the file of the merchants; none for the demonstration's."""
    path = merchant_file(config)
    return () if path is None else (path,)


def load_own(config: RunConfig, inputs: Inputs, observer: Observer) -> MerchantTable:
    """Return the table of merchants; what needs no tiles is settled before a run builds them.

    Raises:
        ConfigError: ``demo-regions``.
        InputError: As ``load_merchants``, and ``merchants-unplaceable``.
        IntegrityError: As ``load_merchants``.
    """
    merchants = load_merchants(config, observer, inputs.own_codes)
    return (
        merchants if merchants.for_any_world else settled_without_tiles(merchants, config, inputs)
    )
