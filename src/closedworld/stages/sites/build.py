"""The sites from Python: place the outlets of merchants in a published world and publish them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from closedworld.execution import DEFAULT_NAME, WorkerPool
from closedworld.execution.events import Observer
from closedworld.execution.observers import logged
from closedworld.execution.progress import Progress
from closedworld.inputs.merchants.demo import demo_merchants
from closedworld.inputs.merchants.table import read_merchants
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.stages.alone import WeightedWorld, build_alone
from closedworld.stages.placing_inputs import PlacingInputs
from closedworld.stages.sites.outcome import PublishedSites
from closedworld.stages.sites.plan import TASK_SITES, plan_sites


def build_sites(
    world: WeightedWorld,
    out: Path | str | None = None,
    *,
    merchants: Any = None,
    seed: int = 0,
    skip_unplaceable: bool = False,
    countries: CountrySet | None = None,
    workers: int | None = None,
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    task_sites: int = TASK_SITES,
    observer: Observer | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> PublishedSites:
    """Place the outlets of merchants in a world and publish ``sites`` and ``merchants``.

    The k-th outlet of a merchant in a country depends on seed, merchant, country, k, the merchant's own row and the
    world alone. The files do not depend on the executor or number of workers. A result that is already
    published under the same parameters is verified and reused.

    Args:
        world: The world, as ``open_world`` returns it.
        out: Output folder; None for that of the world.
        merchants: The table of merchants: a path of a CSV or Parquet file, or a table of pyarrow, pandas, Polars
            or DuckDB; None for the demonstration's.
        seed: Any integer.
        skip_unplaceable: Leave out rows that cannot be placed instead of refusing the table.
        countries: The polygons that the tiles were built from; None for the bundled ones.
        workers: Number of concurrent tasks; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or your own executor.
        task_sites: Outlets of a task and of a part file.
        observer: Receives events, in addition to the log.
        progress: Called with the progress of the work, such as ``print``.

    Raises:
        ConfigError: ``demo-regions``, ``weights-missing``, ``polygons-differ``, ``workers``, ``executor-unknown``.
        InputError: ``merchants-unplaceable`` with all rows that cannot be placed; ``table-...``; ``input-...``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The world, or the published result under the same hash, is damaged; or
            ``sites-invalid``: the sites failed their own checks.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = logged(observer, progress)
    inputs = PlacingInputs.of_world(
        world, "sites", countries, seed=seed, skip_unplaceable=skip_unplaceable, observer=observer
    )
    own_codes = inputs.countries.own_codes
    table = (
        demo_merchants(own_codes)
        if merchants is None
        else read_merchants(merchants, own_codes=own_codes)
    )
    plan = plan_sites(inputs, table, task_sites)
    _, weights = inputs.built_on
    return build_alone(plan, out or weights.output, executor, workers, observer, inputs.built_on)
