"""Tasks of the sites: placing a range of a country's outlets, describing and checking them, and writing them."""

from __future__ import annotations

import numpy as np

from closedworld.datasets import SITES
from closedworld.kernels.counting import counted
from closedworld.stages.checked_results import CheckedResult
from closedworld.stages.sites.checks import CHECKED_COLUMNS, check_sites
from closedworld.stages.sites.placed import PlacedSites, SiteTask
from closedworld.stages.sites.site_rows import rows_of
from closedworld.stages.task_runner import PhaseClock
from closedworld.store.reading import open_part


def write_sites(task: SiteTask) -> CheckedResult:
    """Place the outlets of a task and write them.

    Raises:
        PublishError: ``output-not-writable``.
        IntegrityError: Weights are damaged.
    """
    result = CheckedResult()
    clock = PhaseClock(result)
    places = task.source.places()
    domain = task.source.domain(places, task.seed)
    clock.ends("domain")
    merchants = task.merchants
    rows = np.repeat(np.arange(merchants.rows.num_rows), merchants.counts)
    orders = counted(0, merchants.counts)
    rows, orders = (one[task.before : task.before + task.cost] for one in (rows, orders))
    orders = orders + merchants.numbers("site_order")[rows]
    placed = PlacedSites.of(merchants, rows, orders, domain, task.seed)
    clock.ends("place")
    table = rows_of(merchants, placed, places)
    clock.ends("describe")
    entry = result.write(task.folder, SITES, task.partition, task.rows.number, table)
    clock.ends("encode")
    written = open_part(task.folder, entry).read(list(CHECKED_COLUMNS), use_threads=False)
    result.checks = check_sites(task, domain, placed, places, written)
    clock.ends("check")
    if task.written_merchants is not None:
        own = task.written_merchants.rows
        result.write(task.folder, task.merchants_dataset, task.partition, 0, own)
        clock.ends("encode")
    return result
