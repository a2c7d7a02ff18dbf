"""What planning purchases decides: days, blocks of cards, memory, whose visits are counted, and what is warned of."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from closedworld.config.run import RunConfig
from closedworld.config.stage_options import DEFAULT_DAYS
from closedworld.errors import ConfigError, PublishError
from closedworld.execution.events import NullObserver, Warned
from closedworld.inputs.payment_settings import period_of
from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import CATEGORIES, LifeOptions
from closedworld.stages.purchases import build as purchase_build
from closedworld.stages.purchases import plan as purchase_plan
from closedworld.stages.purchases.day_files import DayTask, _orders, _read
from closedworld.stages.purchases.plan import (
    BLOCK_PURCHASES,
    Asked,
    PurchasePlan,
    asked_of,
    load_own,
    own_files,
    plan_purchases,
)
from closedworld.stages.purchases.scratch import scratch_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from closedworld.execution.events import Event, Observer
    from closedworld.stages.purchases.blocks import BlockTask

MEBIBYTE = 1 << 20
NOTHING: Any = None


def asked(days: int = 10, fraud: FraudMix | None = None) -> Asked:
    return Asked(period_of("2026-01-01", days), {}, fraud or FraudMix(), 1.0, 7)


def plan_of(
    cards: int,
    days: int = 10,
    *,
    source: Any = None,
    block_purchases: int = BLOCK_PURCHASES,
    fraud: FraudMix | None = None,
    observer: Observer | None = None,
) -> PurchasePlan:
    return PurchasePlan(
        asked(days, fraud), source, cards, NOTHING, observer or NullObserver(), block_purchases
    )


@pytest.fixture
def per_card(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that says how much a card buys."""

    def says(number: float) -> None:
        monkeypatch.setattr(PurchasePlan, "_per_card", property(lambda _: number))

    return says


def test_days_are_named_by_their_date() -> None:
    for first, count in (("2026-02-27", 4), ("1971-01-01", 1), ("2024-02-28", 3)):
        begin = date.fromisoformat(first).toordinal()
        dates = Asked(period_of(first, count), {}, FraudMix(), 1.0, 0).dates
        assert dates == tuple(str(date.fromordinal(begin + day)) for day in range(count))
    plan = plan_of(3, days=2)
    assert [one.value for one in plan.partitions] == ["2026-01-01", "2026-01-02"]
    assert plan.task_count == 2


@pytest.mark.parametrize(
    ("cards", "days", "a_card", "expected"),
    [
        # All of them are less than a block.
        (10, 10, 5.0, 50 * 1200),
        # A block.
        (1_000_000, 30, 5.0, 131_072 * 1200),
        # A card that buys more than a block.
        (9, 10, 200_000.0, 200_000 * 1200),
        # A day, in row groups.
        (1_000_000, 1, 5.0, 5_000_000 * 150 + 262_144 * 400),
        (100_000, 1, 5.0, 500_000 * 150 + 262_144 * 400),
        (40_000, 1, 5.0, 131_072 * 1200),
    ],
)
def test_memory_is_that_of_a_block_or_of_a_day(
    per_card: Any, cards: int, days: int, a_card: float, expected: int
) -> None:
    per_card(a_card)
    plan = plan_of(cards, days)
    assert plan.row_count == cards * a_card
    assert plan.scratch_bytes == plan.row_count * 20
    assert plan.memory.shared == 64 * MEBIBYTE + cards * 160
    assert plan.memory.per_worker == expected


def test_memory_of_a_day_of_few_purchases_counts_each_once(per_card: Any) -> None:
    """Where blocks are so small that days take more."""
    per_card(5.0)
    plan = plan_of(1000, 2, block_purchases=5)
    assert plan.memory.per_worker == 2500 * 150 + 2500 * 400


def test_memory_counts_the_sites_of_the_world(per_card: Any) -> None:
    per_card(1.0)
    receipt = SimpleNamespace(datasets=lambda: {"sites": {"rows": 1000}})
    source = SimpleNamespace(sites=SimpleNamespace(receipt=receipt))
    memory = plan_of(5, source=source).memory
    assert memory.shared == 64 * MEBIBYTE + 1000 * 400 + 5 * 160


@pytest.mark.parametrize(("cards", "executor"), [(999_999, "threads"), (1_000_000, "processes")])
def test_two_million_purchases_are_made_in_processes(
    per_card: Any, cards: int, executor: str
) -> None:
    per_card(2.0)
    assert plan_of(cards).executor == executor


@pytest.mark.parametrize(
    ("cards", "a_card", "block", "expected"),
    [
        (7, 2.0, 6, [(0, 3, 6), (3, 6, 6), (6, 7, 2)]),
        (6, 2.0, 6, [(0, 3, 6), (3, 6, 6)]),
        (2, 9.0, 6, [(0, 1, 9), (1, 2, 9)]),
        (2, 90.0, 6, [(0, 1, 90), (1, 2, 90)]),
        (4, 0.25, 3, [(0, 3, 1), (3, 4, 1)]),
        (5, 1.5, 3, [(0, 2, 3), (2, 4, 3), (4, 5, 2)]),
        (3, 0.0, 2, [(0, 2, 1), (2, 3, 1)]),
        (0, 2.0, 6, []),
    ],
)
def test_blocks_are_cards_that_buy_about_so_much_and_cost_one_at_least(
    per_card: Any, cards: int, a_card: float, block: int, expected: list[tuple[int, int, int]]
) -> None:
    per_card(a_card)
    source: Any = object()
    blocks = plan_of(cards, block_purchases=block)._blocks(source)
    assert [(one.first, one.stop, one.cost) for one in blocks] == expected
    assert [one.number for one in blocks] == list(range(len(expected)))
    assert {(one.source, one.seed, one.options) for one in blocks} <= {
        (source, 7, LifeOptions(noise=1.0))
    }


@pytest.mark.parametrize(
    ("mix", "is_counted"),
    [
        (FraudMix(), True),
        (FraudMix(share=0.0), False),
        (FraudMix(clone=0.0, skim=0.5), True),
        (FraudMix(clone=0.5, skim=0.0), True),
        (FraudMix(clone=0.0, skim=0.0), False),
        (FraudMix(clone=4.0, skim=4.0), True),
        (FraudMix(share=0.0, clone=0.0, skim=0.0), False),
    ],
)
def test_visits_are_counted_where_fraud_depends_on_them(
    monkeypatch: pytest.MonkeyPatch, mix: FraudMix, *, is_counted: bool
) -> None:
    """Each site's, of all blocks together."""
    given: dict[str, Any] = {}
    market = SimpleNamespace(market=SimpleNamespace(sites=range(3)))
    monkeypatch.setattr(purchase_plan, "market_of", lambda _: market)
    monkeypatch.setattr(purchase_plan, "plan_fraud", lambda *_, **named: given.update(named))

    def mapped(_: Any, blocks: Sequence[BlockTask], what: str) -> Iterator[tuple[Any, Any]]:
        assert what == "expecting"
        for block in blocks:
            yield block, SimpleNamespace(visits=np.array([1, 2, 3]) * block.stop)

    runner, source = SimpleNamespace(map=mapped), object()
    blocks = [SimpleNamespace(stop=2), SimpleNamespace(stop=5)]
    plan_of(10, fraud=mix)._fraud(runner, source, blocks)  # type: ignore[arg-type]
    assert given["visits"].tolist() == ([7, 14, 21] if is_counted else [0, 0, 0])
    assert (given["n_cards"], given["seed"]) == (10, 7)


class Watcher:
    def __init__(self) -> None:
        self.warned: list[Warned] = []

    def on_event(self, event: Event) -> None:
        """Keep warnings."""
        if isinstance(event, Warned):
            self.warned.append(event)


@pytest.mark.parametrize("unvisited", [0, 1, 1200])
@pytest.mark.parametrize("is_short", [False, True])
def test_what_is_expected_of_fraud_and_holders_is_that_of_the_share_and_the_cards(
    per_card: Any, monkeypatch: pytest.MonkeyPatch, unvisited: int, *, is_short: bool
) -> None:
    """Of 900 honest purchases with a share of 0.1, a hundred frauds."""
    per_card(3.0)
    seen: list[tuple[float, ...]] = []

    def short(*numbers: float) -> bool:
        seen.append(numbers)
        return is_short

    for name in ("is_short", "is_short_of_fraud"):
        monkeypatch.setattr(purchase_plan, name, short)
    monkeypatch.setattr(purchase_plan, "fraud_shortfall", lambda *_: Warned("fraud", ""))
    monkeypatch.setattr(purchase_plan, "shortfall", lambda *_: Warned("rates", ""))
    watcher, payments = Watcher(), SimpleNamespace(unvisited=unvisited)
    plan = plan_of(400, fraud=FraudMix(share=0.1), observer=watcher)
    plan._warn(payments, 900, 40)  # type: ignore[arg-type]
    assert seen == [(40, pytest.approx(100.0)), (900, 1200.0, 400)]
    codes = [one.code for one in watcher.warned]
    assert codes == [
        *["fraud"] * is_short,
        *["purchases-sites-unvisited"] * (unvisited > 0),
        *["rates"] * is_short,
    ]


def test_honest_purchases_are_those_that_are_no_fraud(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(PurchasePlan, "_warn", lambda _, *given: told.append(given))
    monkeypatch.setattr(purchase_plan, "market_of", lambda source: f"market of {source}")
    totals = SimpleNamespace(purchases=1000, fraud=30, summaries=())
    published: Any = SimpleNamespace(totals=lambda _: totals)
    plan_of(1, source="a source").outcome(published, None)
    assert told == [("market of a source", 970, 30)]
    assert plan_of(1).outcome(published, None).reused
    assert len(told) == 1


def test_rates_that_cannot_be_meant_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rates.toml"
    nothing = "\n".join(f"[{category}]\nper_week = 0" for category in CATEGORIES)
    for text in ("[nothing]\nper_week = 1\n", nothing):
        path.write_text(text)
        with pytest.raises(ConfigError, match="rates-unclear"):
            asked_of("2026-01-01", 3, path, None, 1.0, 0)


def test_options_of_a_run_are_what_is_asked_for(tmp_path: Path) -> None:
    rates, fraud = tmp_path / "rates.toml", tmp_path / "fraud.toml"
    rates.write_text("")
    fraud.write_text("share = 0.05\n")
    assert own_files(RunConfig()) == ()
    assert own_files(RunConfig(rates=rates)) == (rates,)
    assert own_files(RunConfig(fraud=fraud)) == (fraud,)
    assert own_files(RunConfig(rates=rates, fraud=fraud)) == (rates, fraud)
    plain = load_own(RunConfig(), NOTHING, NOTHING)
    assert plain.period == period_of("2026-01-01", DEFAULT_DAYS)
    assert plain.fraud == FraudMix()
    config = RunConfig(days=3, seed=5, noise=0.5, fraud=fraud, first_day="2025-05-05")
    own = load_own(config, NOTHING, NOTHING)
    assert (own.period, own.noise, own.seed) == (period_of("2025-05-05", 3), 0.5, 5)
    assert own.fraud.share == 0.05


def test_a_forecast_has_neither_market_nor_tasks() -> None:
    plan = plan_purchases(None, None, asked(), cards=12, is_regions=False, observer=NullObserver())
    assert (plan.source, plan.cards, plan.parameters.first_day) == (None, 12, "2026-01-01")
    assert plan.parameters.days == 10
    with pytest.raises(TypeError, match="forecast"):
        plan.tasks(NOTHING)


@pytest.mark.parametrize(("purchases", "cost"), [(0, 1), (1, 1), (5, 5)])
def test_a_day_costs_as_much_as_it_has_purchases_and_one_without_any(
    purchases: int, cost: int
) -> None:
    task = DayTask(NOTHING, 0, "2026-01-01", purchases, 3, 1, Path("scratch"), NOTHING)
    assert task.cost == cost


@pytest.mark.parametrize("count", [0, 1, 2, 200])
def test_a_day_is_sorted_by_key_and_by_second(count: int) -> None:
    chance = np.random.default_rng(count)
    keys = chance.permutation(count) * 10**12
    seconds = chance.integers(0, max(count // 4, 1), count).astype(np.int32)
    by_key, by_time = _orders({"key": keys, "second": seconds})
    assert by_key.tolist() == sorted(range(count), key=lambda row: keys[row])
    assert by_time.tolist() == sorted(range(count), key=lambda row: (seconds[row], keys[row]))


def tiles_of(own_codes: tuple[str, ...] | None) -> Any:
    """Return published tiles of countries, or of regions with these codes."""
    return SimpleNamespace(parameters=lambda _: SimpleNamespace(own_codes=own_codes))


def people_of(cards: int) -> Any:
    return SimpleNamespace(totals=lambda _: SimpleNamespace(cards=cards), output="with the people")


@pytest.mark.parametrize("out", [None, "elsewhere"])
@pytest.mark.parametrize("weights", [None, "the weights"])
@pytest.mark.parametrize("own_codes", [None, ("north",)])
def test_purchases_are_built_on_all_results_of_a_world(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    out: str | None,
    weights: str | None,
    own_codes: tuple[str, ...] | None,
) -> None:
    given: dict[str, Any] = {}

    def plan(*results: Any, **named: Any) -> str:
        given.update(named, results=results)
        return "a plan"

    monkeypatch.setattr(purchase_build, "plan_purchases", plan)
    monkeypatch.setattr(purchase_build, "build_alone", lambda *built: built)
    tiles, people = tiles_of(own_codes), people_of(12)
    results = {"people": people, "sites": "the sites"}
    world: Any = SimpleNamespace(
        result=results.__getitem__, index=SimpleNamespace(published=tiles), weights=weights
    )
    rates, fraud = tmp_path / "rates.toml", tmp_path / "fraud.toml"
    rates.write_text("[grocery]\nper_week = 2\n")
    fraud.write_text("share = 0.05\n")
    built: Any = purchase_build.build_purchases(world, out, rates=str(rates), fraud=str(fraud))
    assert built[:2] == ("a plan", out or "with the people")
    assert built[-1] == [tiles, *([weights] if weights else []), "the sites", people]
    assert given["results"][:2] == ("the sites", people)
    asked_for: Asked = given["results"][2]
    assert (asked_for.rates, asked_for.fraud.share) == ({"grocery.per_week": 2}, 0.05)
    assert (given["cards"], given["is_regions"]) == (12, own_codes is not None)


@pytest.mark.parametrize(
    ("tiles", "is_regions"), [(None, False), (tiles_of(None), False), (tiles_of(("a",)), True)]
)
@pytest.mark.parametrize("people", [None, people_of(12)])
def test_a_run_has_the_cards_of_its_people_published_or_planned(
    monkeypatch: pytest.MonkeyPatch, tiles: Any, people: Any, *, is_regions: bool
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(purchase_plan, "plan_purchases", lambda *_, **named: given.update(named))
    upstream = {
        "tiles": SimpleNamespace(published=tiles),
        "sites": SimpleNamespace(published=None),
        "people": SimpleNamespace(published=people, source=SimpleNamespace(row_count=34)),
    }
    inputs = SimpleNamespace(own={"purchases": asked()})
    context: Any = SimpleNamespace(upstream=upstream, inputs=inputs, observer=None)
    purchase_plan.plan_run(context)
    assert (given["cards"], given["is_regions"]) == (34 if people is None else 12, is_regions)


@pytest.mark.parametrize(("sites", "people"), [(None, None), ("s", None), (None, "p"), ("s", "p")])
def test_a_market_is_made_of_published_sites_and_people(
    monkeypatch: pytest.MonkeyPatch, sites: Any, people: Any
) -> None:
    monkeypatch.setattr(purchase_plan, "hash_of", lambda of: of or "")
    source_of = SimpleNamespace(of=lambda *given, **_: given[:2])
    monkeypatch.setattr(purchase_plan, "MarketSource", source_of)
    plan = plan_purchases(
        sites, people, asked(), cards=1, is_regions=False, observer=NullObserver()
    )
    source: Any = plan.source
    assert source == (("s", "p") if sites and people else None)


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_scratch_file_that_is_gone_or_cut_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        Path(scratch_path(tmp_path, 0)).write_bytes(content)
    task = DayTask(NOTHING, 0, "2026-01-01", 5, 3, 1, tmp_path, NOTHING)
    with pytest.raises(PublishError, match="output-not-writable") as caught:
        _read(task)
    assert f"a temporary file in {tmp_path} cannot be read" in caught.value.message
    assert caught.value.hint == "Run again."
