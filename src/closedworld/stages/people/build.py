"""The people from Python: place the holders of cards in a published world and publish them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from closedworld.execution import DEFAULT_NAME, WorkerPool
from closedworld.execution.events import Observer
from closedworld.execution.observers import logged
from closedworld.execution.progress import Progress
from closedworld.inputs.cards import card_counts_of, read_cards
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.stages.alone import OpenedWorld, build_alone
from closedworld.stages.people.outcome import PublishedPeople
from closedworld.stages.people.plan import TASK_CARDS, plan_people
from closedworld.stages.placing_inputs import PlacingInputs


def build_people(
    world: OpenedWorld,
    out: Path | str | None = None,
    *,
    cards: int | Mapping[str, int] | Any = 10_000,
    seed: int = 0,
    skip_unplaceable: bool = False,
    countries: CountrySet | None = None,
    workers: int | None = None,
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    task_cards: int = TASK_CARDS,
    observer: Observer | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> PublishedPeople:
    """Place the homes and places of work of card holders in a world with sites, and publish ``cards``.

    Where a holder lives and works depends on seed, holder, country, the town that is asked for, and the world. The files
    do not depend on the executor or number of workers. A result that is already published under the same
    parameters is verified and reused.

    Args:
        world: The world, as ``open_world`` returns it.
        out: Output folder; None for that of the world.
        cards: A number of cards, shared by the people of each country; numbers by country; or a table with columns
            ``card_id`` and ``country_iso`` and, if known, ``person_id``, ``place`` and ``admin1``: a path of a CSV
            or Parquet file, or a table of pyarrow, pandas, Polars or DuckDB.
        seed: Any integer.
        skip_unplaceable: Leave out rows that cannot be placed instead of refusing the table.
        countries: The polygons that the tiles were built from; None for the bundled ones.
        workers: Number of concurrent tasks; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or your own executor.
        task_cards: Cards of a task and of a part file.
        observer: Receives events, in addition to the log.
        progress: Called with the progress of the work, such as ``print``.

    Raises:
        ConfigError: ``weights-missing``, ``sites-missing``, ``population-missing``, ``cards-number``,
            ``country-without-tiles``, ``polygons-differ``, ``workers``, ``executor-unknown``.
        InputError: ``cards-unplaceable`` with all rows that cannot be placed; ``table-...``; ``input-...``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The world, or the published result under the same hash, is damaged; or
            ``people-invalid``: the cards failed their own checks.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = logged(observer, progress)
    sites = world.result("sites")
    inputs = PlacingInputs.of_world(
        world, "homes", countries, seed=seed, skip_unplaceable=skip_unplaceable, observer=observer
    )
    own_codes = inputs.countries.own_codes
    request = card_counts_of(cards) or read_cards(cards, own_codes=own_codes)
    plan = plan_people(inputs, sites, request, task_cards)
    built_on = [*inputs.built_on, sites]
    return build_alone(plan, out or sites.output, executor, workers, observer, built_on)
