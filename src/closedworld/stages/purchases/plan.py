"""The plan of the purchases: whose, when and how; blocks of cards first, then a task for each day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np

from closedworld.config.run import RunConfig
from closedworld.config.stage_options import DEFAULT_DAYS
from closedworld.config.table import OPTIONS
from closedworld.datasets import PURCHASES, Partition
from closedworld.datasets.parameters import (
    PeopleTotals,
    PurchaseParameters,
    PurchaseTotals,
    TileParameters,
)
from closedworld.datasets.purchases import DaySummary
from closedworld.execution.events import Observer, ScratchUsed, Warned
from closedworld.inputs.loading import Inputs
from closedworld.inputs.payment_settings import (
    habits_of,
    period_of,
    read_fraud,
    read_rates,
)
from closedworld.inputs.reference.currencies import CURRENCIES
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.reference.zone_clocks import clock_versions
from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import FraudPlan, LifeOptions, Period, plan_fraud
from closedworld.kernels.records import Records
from closedworld.sanitize import number_of
from closedworld.stages import PURCHASE_STAGE, Stage
from closedworld.stages.checked_results import CheckedPlan, CheckedResult
from closedworld.stages.checking import CheckCounts
from closedworld.stages.memory import MEBIBYTE, StageMemory
from closedworld.stages.protocol import Folded, RunContext, hash_of
from closedworld.stages.purchases.blocks import (
    EXPECTING,
    LIVING,
    BlockTask,
    count_visits,
    live_block,
)
from closedworld.stages.purchases.checks import CLAIMS, check_ids
from closedworld.stages.purchases.day_files import GROUP_ROWS, DayTask, write_day
from closedworld.stages.purchases.market import MarketSource, PaymentMarket, market_of
from closedworld.stages.purchases.outcome import PublishedPurchases
from closedworld.stages.purchases.shortfall import (
    expected_purchases,
    fraud_shortfall,
    is_short,
    is_short_of_fraud,
    shortfall,
)
from closedworld.stages.task_runner import TaskRunner
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published
from closedworld.store.receipt import FileEntry

FORMAT = 7
"""Raised when the same parameters would give other content or other files."""

BLOCK_PURCHASES = 1 << 17
"""Purchases of a block of cards, about; blocks do not depend on workers."""

PURCHASE_BYTES = 1200
"""Of a purchase while lives are made, as the kernel states it, and some."""

DAY_BYTES = 150
"""Of a purchase while its day is merged, sorted and written: rows, their order, and the encoded file."""

GROUP_BYTES = 400
"""Of a purchase whose row group is decoded and encoded, an estimate."""

MARKET_BYTES = 64 * MEBIBYTE
SITE_BYTES, CARD_BYTES = 400, 160

SCRATCH_BYTES = 20
"""Of a purchase and its stays in scratch files: 18 were measured in 30 and 100 million, with few outlets."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked for of purchases.

    Attributes:
        period: Which days.
        rates: Rates by category, ``<category>.per_week`` and ``<category>.median``.
        fraud: How much fraud of which kind.
        noise: How often honest purchases look impossible.
        seed: Determines everything that is random.
    """

    period: Period
    rates: dict[str, float]
    fraud: FraudMix
    noise: float
    seed: int

    @property
    def dates(self) -> tuple[str, ...]:
        """The days, such as ``2026-01-01``."""
        first = date(1970, 1, 1) + timedelta(days=self.period.first_day)
        return tuple(str(first + timedelta(days=day)) for day in range(self.period.days))


def asked_of(
    first_day: str, days: int, rates: Path | None, fraud: Path | None, noise: float, seed: int
) -> Asked:
    """Return what is asked for, read and checked; see ``build_purchases``.

    Raises:
        ConfigError: ``date-unclear``, ``days-range``, ``noise-range``, ``rates-unclear``, ``fraud-unclear``,
            ``config-missing``, ``config-syntax``.
    """
    noise = OPTIONS["noise"].number("noise", noise)
    own_rates = read_rates(rates)
    habits_of(own_rates)
    return Asked(period_of(first_day, days), own_rates, read_fraud(fraud), noise, seed)


@dataclass(frozen=True, slots=True, eq=False)
class PurchasePlan(CheckedPlan[DayTask, PublishedPurchases]):
    """Whose purchases, when and how.

    Attributes:
        asked: What is asked for.
        source: Sites and cards; None in a forecast.
        cards: How many cards there are.
        parameters: Everything that decides the content.
        observer: Told of what takes time.
        block_purchases: Purchases of a block of cards, about.
        checks: What was counted of lives.
        days: Purchases, fraud and stays of each day, as they were counted.
    """

    stage: ClassVar[Stage] = PURCHASE_STAGE
    processes_from: ClassVar[int | None] = 2_000_000
    claims: ClassVar[Mapping[str, str]] = CLAIMS
    invalid_code: ClassVar[str] = "purchases-invalid"

    asked: Asked
    source: MarketSource | None
    cards: int
    parameters: PurchaseParameters
    observer: Observer
    block_purchases: int
    checks: CheckCounts = field(default_factory=CheckCounts)
    days: list[DaySummary] = field(default_factory=list)

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The days."""
        return tuple(Partition(PURCHASES.partition, one) for one in self.asked.dates)

    @property
    def _per_card(self) -> float:
        """Purchases to expect of a card."""
        return sum(expected_purchases(habits_of(self.asked.rates), self.asked.period))

    @property
    def row_count(self) -> int:
        """Purchases to expect."""
        return round(self._per_card * self.cards)

    @property
    def task_count(self) -> int:
        """Tasks that write."""
        return self.asked.period.days

    @property
    def scratch_bytes(self) -> int:
        """Scratch files of all blocks."""
        return self.row_count * SCRATCH_BYTES

    @property
    def memory(self) -> StageMemory:
        """What the stage takes beside what the run holds anyway."""
        sites = 0
        if self.source is not None:
            sites = self.source.sites.receipt.datasets()["sites"]["rows"]
        shared = MARKET_BYTES + sites * SITE_BYTES + self.cards * CARD_BYTES
        block = min(self.row_count, max(self.block_purchases, round(self._per_card)))
        day = self.row_count // self.asked.period.days
        writing = day * DAY_BYTES + min(day, GROUP_ROWS) * GROUP_BYTES
        return StageMemory(shared, max(block * PURCHASE_BYTES, writing))

    @property
    def write(self) -> Callable[[DayTask], CheckedResult]:
        """The function that does a task."""
        return write_day

    def tasks(self, runner: TaskRunner) -> Sequence[DayTask]:
        """Make all lives, cut by day, and return the tasks that write the days, the busiest first.

        Raises:
            PublishError: ``output-not-writable``.
            IntegrityError: Sites or cards are damaged.
        """
        if self.source is None:
            raise TypeError("a forecast has no tasks")
        blocks = self._blocks(self.source)
        fraud = self._fraud(runner, self.source, blocks)
        scratch = runner.staging.scratch()
        by_day, size = np.zeros((3, self.asked.period.days), np.int64), 0
        blocks = [replace(one, fraud=fraud, folder=scratch) for one in blocks]
        with closing(runner.map(live_block, blocks, LIVING)) as lived:
            for _, result in lived:
                by_day += result.by_day
                size += result.size_bytes
                self.checks.merge(result.checks)
        self.observer.on_event(ScratchUsed(self.stage.number, size))
        days = zip(self.asked.dates, *by_day.tolist(), strict=True)
        self.days[:] = [DaySummary(*one) for one in days]
        tasks = [
            DayTask(
                self.source, number, one.date, one.purchases, one.stays, len(blocks), scratch,
                runner.staging.folder,
            )
            for number, one in enumerate(self.days)
        ]  # fmt: skip
        return sorted(tasks, key=lambda task: (-task.cost, task.day))

    def _blocks(self, source: MarketSource) -> list[BlockTask]:
        """Return blocks of as many cards as buy about ``block_purchases``."""
        size = max(1, round(self.block_purchases / max(self._per_card, 1.0)))
        options = LifeOptions(noise=self.asked.noise)
        ranges = [(first, min(first + size, self.cards)) for first in range(0, self.cards, size)]
        return [
            BlockTask(
                source, first, stop, number, max(1, round((stop - first) * self._per_card)),
                self.asked.seed, options,
            )
            for number, (first, stop) in enumerate(ranges)
        ]  # fmt: skip

    def _fraud(
        self, runner: TaskRunner, source: MarketSource, blocks: Sequence[BlockTask]
    ) -> FraudPlan:
        """Return the fraud of the run, from the visits to expect at each site."""
        market = market_of(source).market
        visits = np.zeros(len(market.sites), np.int64)
        if self.asked.fraud.share > 0 and self.asked.fraud.skim + self.asked.fraud.clone > 0:
            with closing(runner.map(count_visits, blocks, EXPECTING)) as counted:
                for _, result in counted:
                    visits += result.visits
        return plan_fraud(
            market,
            self.asked.fraud,
            self.asked.period,
            visits=visits,
            n_cards=self.cards,
            seed=self.asked.seed,
        )

    def check_written(
        self, folder: Storage, files: Sequence[FileEntry], counts: CheckCounts
    ) -> None:
        """Add what was counted of lives, and count ids that several purchases have."""
        counts.merge(self.checks)
        check_ids(folder, files, counts)

    def summaries(self) -> Iterable[DaySummary]:
        """Return what is reported of each day."""
        return self.days

    def totals(self, summaries: Sequence[DaySummary]) -> PurchaseTotals:
        """Return the totals of the receipt."""
        return PurchaseTotals(
            days=len(summaries),
            cards=self.cards,
            purchases=sum(one.purchases for one in summaries),
            fraud=sum(one.fraud for one in summaries),
            stays=sum(one.stays for one in summaries),
            summaries=tuple(summaries),
        )

    def outcome(self, published: Published, folded: Folded | None) -> PublishedPurchases:
        """Return the published purchases; warn of sites without visits and of fewer purchases than to be expected."""
        totals = published.totals(PurchaseTotals)
        if self.source is not None:
            self._warn(market_of(self.source), totals.purchases - totals.fraud, totals.fraud)
        return PublishedPurchases(published, folded is None, Records(totals.summaries))

    def _warn(self, payments: PaymentMarket, made: int, fraud: int) -> None:
        share = self.asked.fraud.share
        if is_short_of_fraud(fraud, expected := made * share / (1 - share)):
            self.observer.on_event(fraud_shortfall(fraud, expected, share))
        if unvisited := payments.unvisited:
            message = f"{number_of(unvisited, 'site has', 'sites have')} no known category, so nobody buys there."
            self.observer.on_event(Warned("purchases-sites-unvisited", message))
        if is_short(made, self.cards * self._per_card, self.cards):
            self.observer.on_event(shortfall(payments, self.asked.period, made))


def plan_run(context: RunContext) -> PurchasePlan:
    """Return the plan of a run's purchases.

    Raises:
        ConfigError, IntegrityError: As ``plan_purchases``.
    """
    sites, people = (context.upstream[name] for name in ("sites", "people"))
    tiles = context.upstream["tiles"].published
    return plan_purchases(
        sites.published,
        people.published,
        context.inputs.own[PURCHASE_STAGE.name],
        cards=people.source.row_count if people.published is None else cards_of(people.published),
        is_regions=tiles is not None and tiles.parameters(TileParameters).own_codes is not None,
        observer=context.observer,
    )


def plan_purchases(
    sites: Published | None,
    people: Published | None,
    asked: Asked,
    *,
    cards: int,
    is_regions: bool,
    observer: Observer,
    block_purchases: int = BLOCK_PURCHASES,
) -> PurchasePlan:
    """Return the plan of the purchases of some people; see ``build_purchases``.

    Args:
        sites: The published sites; None in a forecast.
        people: The published people; None in a forecast.
        asked: What is asked for.
        cards: How many cards there are.
        is_regions: Whether codes are those of regions.
        observer: Told of what planning finds.
        block_purchases: Purchases of a block of cards, about.

    Raises:
        ConfigError: ``rates-unclear``.
    """
    source = None
    if sites is not None and people is not None:
        source = MarketSource.of(sites, people, asked.rates, asked.period, is_regions=is_regions)
    parameters = PurchaseParameters(
        format=FORMAT,
        people_parameter_hash=hash_of(people),
        seed=asked.seed,
        first_day=asked.dates[0],
        days=asked.period.days,
        rates=asked.rates,
        fraud=asked.fraud,
        noise=float(asked.noise),
        currencies_sha256=bundled(CURRENCIES).sha256,
        clocks=clock_versions(),
    )
    return PurchasePlan(asked, source, cards, parameters, observer, block_purchases)


def cards_of(people: Published) -> int:
    """Return how many cards published people have.

    Raises:
        IntegrityError: The published people are damaged.
    """
    return people.totals(PeopleTotals).cards


def own_files(config: RunConfig) -> tuple[Path, ...]:
    """Return the files of rates and fraud that are given."""
    return tuple(path for path in (config.rates, config.fraud) if path is not None)


def load_own(config: RunConfig, inputs: Inputs, observer: Observer) -> Asked:
    """Return what is asked for of purchases.

    Raises:
        ConfigError: As ``asked_of``.
    """
    del inputs, observer
    days = DEFAULT_DAYS if config.days is None else config.days
    return asked_of(config.first_day, days, config.rates, config.fraud, config.noise, config.seed)
