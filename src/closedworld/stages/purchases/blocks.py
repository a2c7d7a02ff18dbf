"""Blocks of cards: their lives, checked and written to scratch files by day."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives import (
    FraudPlan,
    FraudType,
    LifeOptions,
    expected_visits,
    live,
)
from closedworld.stages.checking import CheckCounts
from closedworld.stages.purchases.checks import check_lives
from closedworld.stages.purchases.market import MarketSource, market_of
from closedworld.stages.purchases.scratch import (
    bought_rows,
    marked_rows,
    scratch_path,
    stayed_rows,
    write_scratch,
)
from closedworld.stages.task_runner import PhaseClock
from closedworld.stages.tasks import TaskResult

EXPECTING, LIVING = "expecting", "living"
"""What the work is called that counts visits to expect, and that makes lives."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockTask:
    """Some cards.

    Attributes:
        source: Where they are.
        first: Row of the first card.
        stop: Row after the last.
        number: Which of the blocks, from 0.
        cost: Purchases to expect.
        seed: Determines their lives.
        options: What may be turned.
        fraud: The fraud of the run; None while visits are counted.
        folder: Folder of scratch files; None while visits are counted.
    """

    partition: ClassVar[None] = None

    source: MarketSource
    first: int
    stop: int
    number: int
    cost: int
    seed: int
    options: LifeOptions
    fraud: FraudPlan | None = None
    folder: Path | None = None

    def __str__(self) -> str:
        return f"block {self.number}"


@dataclass(slots=True)
class VisitResult(TaskResult):
    """Visits to expect.

    Attributes:
        visits: As ``expected_visits`` returns them, int64 (sites,).
    """

    visits: NDArray[np.int64] = field(init=False)


@dataclass(slots=True)
class BlockResult(TaskResult):
    """What was written to scratch files.

    Attributes:
        by_day: Purchases, fraud and stays of each day, int64 (3, days).
        size_bytes: Size of the files.
        checks: What was counted of the lives.
    """

    by_day: NDArray[np.int64] = field(init=False)
    size_bytes: int = field(init=False)
    checks: CheckCounts = field(init=False)


def count_visits(task: BlockTask) -> VisitResult:
    """Count the visits of some cards to each site.

    Raises:
        IntegrityError: Sites or cards are damaged.
    """
    result = VisitResult()
    clock = PhaseClock(result)
    found = market_of(task.source)
    clock.ends("market")
    cards = found.cards_with_keys(task.first, task.stop, task.seed)
    result.visits = expected_visits(found.market, cards)
    clock.ends("visits")
    return result


def live_block(task: BlockTask) -> BlockResult:
    """Make the lives of some cards and write them to scratch files.

    Raises:
        PublishError: ``output-not-writable``.
        IntegrityError: Sites or cards are damaged.
    """
    if task.fraud is None or task.folder is None:
        raise TypeError("lives need a plan of fraud and a folder")
    result, period = BlockResult(), task.source.period
    clock = PhaseClock(result)
    found = market_of(task.source)
    clock.ends("market")
    cards = found.cards_with_keys(task.first, task.stop, task.seed)
    lives = live(found.market, cards, period, task.options, task.fraud)
    clock.ends("live")
    result.checks = check_lives(found.market, lives)
    clock.ends("check")
    campaigns = {FraudType.SKIM: task.fraud.skim.key, FraudType.TESTING: task.fraud.testing.key}
    outlet = found.outlets_of(lives.purchases)
    bought, day = bought_rows(lives, outlet, task.first, period)
    marked = marked_rows(lives, campaigns, found.market.sites, period)
    stayed = stayed_rows(lives, task.first, period)
    path = Path(scratch_path(task.folder, task.number))
    purchases, _, stays = write_scratch(path, ((bought, day), marked, stayed), period.days)
    stolen = day[lives.truth.fraud_type != FraudType.NONE]
    fraud = np.bincount(stolen, minlength=period.days)
    result.by_day = np.stack([purchases, fraud, stays])
    result.size_bytes = path.stat().st_size
    clock.ends("scratch")
    return result
