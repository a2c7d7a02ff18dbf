"""The purchases from Python: let the people of a published world live, and publish what they buy."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from closedworld.config.stage_options import DEFAULT_DAYS
from closedworld.datasets.parameters import TileParameters
from closedworld.execution import DEFAULT_NAME, WorkerPool
from closedworld.execution.events import Observer
from closedworld.execution.observers import logged
from closedworld.execution.progress import Progress
from closedworld.stages.alone import OpenedWorld, build_alone
from closedworld.stages.purchases.outcome import PublishedPurchases
from closedworld.stages.purchases.plan import (
    BLOCK_PURCHASES,
    asked_of,
    cards_of,
    plan_purchases,
)


def build_purchases(
    world: OpenedWorld,
    out: Path | str | None = None,
    *,
    first_day: str = "2026-01-01",
    days: int = DEFAULT_DAYS,
    rates: Path | str | None = None,
    fraud: Path | str | None = None,
    noise: float = 1.0,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | WorkerPool | str = DEFAULT_NAME,
    block_purchases: int = BLOCK_PURCHASES,
    observer: Observer | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> PublishedPurchases:
    """Let card holders live and buy, and thieves use their cards; publish ``purchases``, ``stays`` and ``truth``.

    What a holder does depends on seed, card, home, work and the world alone, not on other cards or on how long the run
    is; only fraud, a share of all purchases, is planned for all cards together. The files do not depend on the
    executor or number of workers. A result that is already published under the same parameters is verified and
    reused.

    Args:
        world: A world with people, as ``open_world`` returns it.
        out: Output folder; None for that of the people.
        first_day: First day in UTC.
        days: How many, 1 to 3,660.
        rates: TOML file of what people buy: ``per_week`` and ``median`` (euros) by category; None for the bundled
            rates.
        fraud: TOML file of fraud: ``share`` of the purchases, and weights of ``clone``, ``skim``, ``lost`` and
            ``testing``; None for 0.2%.
        noise: How often honest purchases look impossible, 0 to 100: 0 never, 1 is usual, 10 often.
        seed: Any integer.
        workers: Number of concurrent tasks; None for one per core.
        executor: ``serial``, ``threads``, ``processes``, ``dask``, or your own executor.
        block_purchases: Purchases of a block of cards that live together, about.
        observer: Receives events, in addition to the log.
        progress: Called with the progress of the work, such as ``print``.

    Raises:
        ConfigError: ``people-missing``, ``date-unclear``, ``days-range``, ``noise-range``, ``rates-unclear``,
            ``fraud-unclear``, ``config-missing``, ``config-syntax``, ``workers``, ``executor-unknown``.
        InputError: ``purchases-without-sites``.
        PublishError: ``output-not-writable``, ``published-differs``.
        IntegrityError: The world, or the published result under the same hash, is damaged; or
            ``purchases-invalid``: the purchases failed their own checks.
        UnitError: ``unit-failed``, ``worker-died``.
    """
    observer = logged(observer, progress)
    people, sites = world.result("people"), world.result("sites")
    own_rates = None if rates is None else Path(rates)
    own_fraud = None if fraud is None else Path(fraud)
    own_codes = world.index.published.parameters(TileParameters).own_codes
    plan = plan_purchases(
        sites,
        people,
        asked_of(first_day, days, own_rates, own_fraud, noise, seed),
        cards=cards_of(people),
        is_regions=own_codes is not None,
        observer=observer,
        block_purchases=block_purchases,
    )
    weights = [] if world.weights is None else [world.weights]
    built_on = [world.index.published, *weights, sites, people]
    return build_alone(plan, out or people.output, executor, workers, observer, built_on)
