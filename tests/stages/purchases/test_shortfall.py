"""A run whose holders buy far less than rates ask for says so, and why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from site_worlds import small_world

import closedworld as cw
from closedworld.execution.events import Warned
from closedworld.inputs.payment_settings import habits_of, read_rates
from closedworld.kernels.lives import CATEGORIES, Channel, Period, default_habits
from closedworld.stages.purchases import shortfall as of_shortfall
from closedworld.stages.purchases.shortfall import (
    expected_purchases,
    is_short,
    is_short_of_fraud,
)

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.execution.events import Event


class Watcher:
    def __init__(self) -> None:
        self.warnings: list[Warned] = []

    def on_event(self, event: Event) -> None:
        """Keep warnings."""
        if isinstance(event, Warned):
            self.warnings.append(event)

    def below(self, what: str = "rates") -> list[str]:
        """Return the messages of one code."""
        return [one.message for one in self.warnings if one.code == f"purchases-below-{what}"]


def test_a_week_has_each_weekday_once_and_a_sunday_is_quieter() -> None:
    habits = default_habits()
    week = expected_purchases(habits, Period(20_000, 7))
    assert sum(week) == pytest.approx(7 * habits.purchases_per_day)
    assert sum(week) == pytest.approx(sum(expected_purchases(habits, Period(20_004, 14))) / 2)
    # 1970-01-04 was a Sunday.
    grocery = CATEGORIES.index("grocery")
    sunday, friday = (expected_purchases(habits, Period(day, 1))[grocery] for day in (3, 1))
    assert sunday / friday == pytest.approx(0.7)


def test_chance_alone_is_no_shortfall() -> None:
    assert not is_short(0, 0.0, 10)
    assert not is_short(800_000, 1_000_000.0, 10_000)
    assert is_short(790_000, 1_000_000.0, 10_000)
    assert not is_short(70, 100.0, 10)
    assert is_short(300, 1_000.0, 100)
    assert not is_short_of_fraud(0, 0.0)
    assert not is_short_of_fraud(0, 20.0)
    assert not is_short_of_fraud(600, 1_000.0)
    assert is_short_of_fraud(400, 1_000.0)


@pytest.mark.slow
def test_the_reasons_are_merchants_that_are_missing_and_days_that_are_full(tmp_path: Path) -> None:
    out = tmp_path / "world"
    small = small_world(out, ("LU",))
    shops = [
        {"merchant_id": name, "country_iso": "LU", "n": 9, "category": name} for name in CATEGORIES
    ]
    small.build(out, shops)
    cw.build_people(
        cw.open_world(out), out, cards={"LU": 150}, countries=small.countries, executor="serial"
    )
    world, rates = cw.open_world(out), tmp_path / "rates.toml"
    build: dict[str, Any] = {"days": 7, "executor": "serial"}
    plenty = Watcher()
    cw.build_purchases(world, observer=plenty, **build)
    assert plenty.below() == []
    assert plenty.below("fraud") == []

    # Hardly anything in the country is 80 km away.
    fraud, near = tmp_path / "fraud.toml", Watcher()
    fraud.write_text("share = 0.1\nclone = 1\nskim = 0\nlost = 0\ntesting = 0\n")
    cw.build_purchases(world, fraud=fraud, observer=near, **build)
    (message,) = near.below("fraud")
    assert "purchases are fraud, 12% of the 170 that" in message
    assert "a share of 0.1 asks for" in message

    rates.write_text("".join(f"[{name}]\nper_week = 40\n" for name in CATEGORIES))
    full = Watcher()
    cw.build_purchases(world, rates=rates, observer=full, **build)
    (message,) = full.below()
    assert "holders have no time for such rates" in message
    assert "no merchant" not in message
    expected = sum(expected_purchases(habits_of(read_rates(rates)), Period(20_454, 7)))
    assert f"of the {round(150 * expected):,} " in message
    # A result that is there says it again.
    again = Watcher()
    assert cw.build_purchases(world, rates=rates, observer=again, **build).reused
    assert again.below() == full.below()

    # With nothing but groceries there are fewer merchants than people want.
    world_of_one = tmp_path / "one"
    single = small_world(world_of_one, ("LU",))
    single.build(world_of_one, shops[:1])
    cw.build_people(
        cw.open_world(world_of_one), world_of_one, cards={"LU": 150}, countries=single.countries,
        executor="serial",
    )  # fmt: skip
    one = Watcher()
    cw.build_purchases(cw.open_world(world_of_one), observer=one, **build)
    (message,) = one.below()
    assert f"no merchant is of {', '.join(CATEGORIES[1:])}, which would be 7" in message
    assert "no time" not in message


@pytest.mark.slow
def test_a_reason_is_that_no_site_is_where_cards_live(tmp_path: Path) -> None:
    small = small_world(tmp_path, ("LU", "MT"))
    small.build(
        tmp_path,
        [
            {"merchant_id": name, "country_iso": "LU", "n": 9, "category": name}
            for name in CATEGORIES
        ],
    )
    cw.build_people(
        cw.open_world(tmp_path), tmp_path, cards={"LU": 60, "MT": 90}, countries=small.countries,
        executor="serial",
    )  # fmt: skip
    watcher = Watcher()
    cw.build_purchases(cw.open_world(tmp_path), days=7, executor="serial", observer=watcher)
    (message,) = watcher.below()
    # 90 of 150 cards, without the share of what is bought online.
    assert "90 cards live where no merchant has a site, in MT, which would be 4" in message
    assert "no merchant is of" not in message
    assert "no time" not in message


@pytest.mark.parametrize(
    ("made", "expected", "cards", "short"),
    [
        # Four deviations of sqrt(1.5 / 100 + 0.3 / 10) are 0.849.
        (15, 100.0, 10, True),
        (16, 100.0, 10, False),
        # Of sqrt(0.01 + 0.03) they are 0.8, and 0.8 are missing.
        (30, 150.0, 10, False),
        (29, 150.0, 10, True),
        (800, 1000.0, 10**6, False),
        (799, 1000.0, 10**6, True),
    ],
)
def test_holders_buy_too_little_from_four_deviations_on(
    made: int, expected: float, cards: int, *, short: bool
) -> None:
    assert is_short(made, expected, cards) is short


@pytest.mark.parametrize(
    ("fraud", "expected", "short"),
    [(0, 80.0, False), (0, 81.0, True), (500, 1000.0, False), (499, 1000.0, True)],
)
def test_fraud_is_too_little_below_half_and_from_four_deviations_on(
    fraud: int, expected: float, *, short: bool
) -> None:
    """Those of 80 are 4 sqrt(5 * 80) = 80."""
    assert is_short_of_fraud(fraud, expected) is short


def reasons(
    monkeypatch: pytest.MonkeyPatch,
    by_category: list[float],
    placed: list[int],
    online: list[int],
    homes: list[int],
    *,
    is_rest_short: bool = False,
) -> tuple[str, list[tuple[float, ...]]]:
    """Return why 7 purchases are few, and of what too few were left; the last category is bought online.

    Sites are in country A alone; homes are by country.
    """
    left: list[tuple[float, ...]] = []

    def is_too_few(*numbers: float) -> bool:
        left.append(numbers)
        return is_rest_short

    monkeypatch.setattr(of_shortfall, "expected_purchases", lambda *_: by_category)
    monkeypatch.setattr(of_shortfall, "is_short", is_too_few)
    channel = np.array([Channel.POS] * (len(by_category) - 1) + [Channel.ONLINE])

    class Homes(SimpleNamespace):
        def __len__(self) -> int:
            return len(homes)

    market = SimpleNamespace(
        habits=SimpleNamespace(channel=channel),
        online=SimpleNamespace(category=np.array(online, np.int64)),
        sites=SimpleNamespace(category=np.array(placed, np.int64), country=np.zeros(3, np.int64)),
    )
    payments: Any = SimpleNamespace(
        market=market, cards=Homes(country=np.array(homes)), codes=("AA", "BB", "CC")
    )
    warned = of_shortfall.shortfall(payments, Period(20_454, 7), 7)
    return warned.message, left


def test_each_reason_is_told_with_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 purchases, 20 and 40 of categories without merchants, and 40 / 5 of those of two cards in BB."""
    homes = [0] * 7 + [2, 1, 0]
    message, left = reasons(monkeypatch, [4, 2, 0, 4], [0, 0], [], homes)
    assert message == (
        "holders made 7 purchases, 7% of the 100 that the rates ask for: "
        f"no merchant is of {CATEGORIES[1]}, {CATEGORIES[3]}, which would be 60%; "
        "2 cards live where no merchant has a site, in BB, CC, which would be 8%."
    )
    assert left == [(7, 32.0, 10)]
    message, left = reasons(monkeypatch, [4, 2, 0, 4], [0, 1], [3], homes, is_rest_short=True)
    assert message.endswith(
        "rates ask for: 2 cards live where no merchant has a site, in BB, CC, which would be 12%; "
        "holders have no time for such rates, or sites are too far apart."
    )
    assert left == [(7, 88.0, 10)]


def test_a_category_of_sites_needs_sites_and_one_online_needs_shops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message, _ = reasons(monkeypatch, [5, 5], [1], [0], [0])
    assert f"no merchant is of {CATEGORIES[0]}, {CATEGORIES[1]}, which would be 100%" in message


def test_a_fiftieth_is_not_worth_naming(monkeypatch: pytest.MonkeyPatch) -> None:
    message, left = reasons(monkeypatch, [98, 2], [0], [], [0] * 10)
    assert message.endswith("ask for: each of several causes is small.")
    assert left == [(7, 980.0, 10)]
    message, left = reasons(monkeypatch, [1, 0], [0], [], [0] * 49 + [1])
    assert message.endswith("ask for: each of several causes is small.")
    assert left == [(7, 50.0, 50)]
    message, left = reasons(monkeypatch, [1, 0], [0], [], [0] * 48 + [1])
    assert "1 card lives where no merchant has a site, in BB, which would be 2%" in message
