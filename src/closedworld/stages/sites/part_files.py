"""Tasks of the sites: placing a range of a country's outlets, describing and checking them, and writing them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from closedworld.datasets import SITES, Dataset, Partition
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.kernels.counting import counted
from closedworld.stages.sites.checks import CheckCounts, check_sites
from closedworld.stages.sites.country_source import CountrySource
from closedworld.stages.sites.placed import PlacedSites
from closedworld.stages.sites.requirements import CountryMerchants
from closedworld.stages.sites.site_rows import rows_of
from closedworld.stages.task_runner import PhaseClock, stage_part, staged_part
from closedworld.stages.tasks import TaskResult
from closedworld.store.journal import FinishedTask
from closedworld.store.protocol import Storage


@dataclass(frozen=True, slots=True, eq=False)
class SiteTask:
    """Places and writes outlets of a country: one part file of ``sites``, and of ``merchants`` the first time.

    Attributes:
        source: The country.
        merchants: Whose outlets they are.
        before: Outlets of the first row that belong to the task before.
        cost: How many outlets.
        number: Which of the country's tasks, from 0.
        written_merchants: All merchants of the country, in its first task; None in others.
        merchants_dataset: The dataset ``merchants``.
        seed: Determines where outlets lie.
        folder: Staging folder.
    """

    source: CountrySource
    merchants: CountryMerchants
    before: int
    cost: int
    number: int
    written_merchants: CountryMerchants | None
    merchants_dataset: Dataset
    seed: int
    folder: Storage

    @property
    def partition(self) -> Partition:
        """Country of the task."""
        return Partition.of_country(self.merchants.country_iso)

    def __str__(self) -> str:
        return f"{self.merchants.country_iso} {self.number}"


@dataclass(slots=True)
class SiteResult(TaskResult):
    """What was written.

    Attributes:
        digests: Digest of the rows of each dataset, lower-case hex; of ``sites`` only those of the task.
        checks: What was counted.
    """

    digests: dict[str, str] = field(default_factory=dict)
    checks: CheckCounts = field(default_factory=CheckCounts)

    def metadata(self) -> dict[str, Any]:
        """Return what another run has to know besides the files, as JSON holds it."""
        return {"digests": self.digests, "checks": self.checks.to_dict()}

    @classmethod
    def resumed(cls, finished: FinishedTask) -> Self:
        """Return the result of a task that a run before this one has finished."""
        metadata = finished.metadata
        return cls(
            files=list(finished.files),
            digests=metadata["digests"],
            checks=CheckCounts.from_dict(metadata["checks"]),
        )


def write_sites(task: SiteTask) -> SiteResult:
    """Place the outlets of a task and write them.

    Raises:
        PublishError: ``output-not-writable``.
        IntegrityError: Weights are damaged.
    """
    result = SiteResult()
    clock = PhaseClock(result)
    domain = task.source.domain(task.seed)
    clock.ends("domain")
    merchants = task.merchants
    rows = np.repeat(np.arange(merchants.rows.num_rows), merchants.counts)
    orders = counted(0, merchants.counts)
    rows, orders = (one[task.before : task.before + task.cost] for one in (rows, orders))
    orders = orders + merchants.numbers("site_order")[rows]
    placed = PlacedSites.of(merchants, rows, orders, domain, task.seed)
    clock.ends("place")
    table = rows_of(merchants, placed)
    clock.ends("describe")
    encoder = PartEncoder(SITES)
    encoder.write(table.to_batches())
    result.digests[SITES.name] = SITES.digest_of(table.to_batches()).hex()
    entry = stage_part(task.folder, SITES, task.partition, task.number, encoder)
    result.files.append(entry)
    clock.ends("encode")
    result.checks = check_sites(
        task, domain, placed, staged_part(task.folder, entry).read(use_threads=False)
    )
    clock.ends("check")
    if task.written_merchants is not None:
        own = task.written_merchants.rows.to_batches()
        encoder = PartEncoder(task.merchants_dataset)
        encoder.write(own)
        result.digests[task.merchants_dataset.name] = task.merchants_dataset.digest_of(own).hex()
        result.files.append(
            stage_part(task.folder, task.merchants_dataset, task.partition, 0, encoder)
        )
        clock.ends("encode")
    return result
