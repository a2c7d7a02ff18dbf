"""What the page says of people and purchases, counted again row by row."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.html_report import write_page
from closedworld.html_report.payment_figures import (
    PurchaseFigures,
    Speeds,
    people_figures,
    purchase_figures,
)
from closedworld.run.pipeline import run_world
from closedworld.worlds import PublishedWorld, open_world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PublishedWorld:
    """Read only."""
    folder = tmp_path_factory.mktemp("paid")
    fraud, merchants = folder / "fraud.toml", folder / "merchants.csv"
    fraud.write_text("share = 0.05\n")
    names = (("mart", 5411, 9), ("bank", 6011, 4), ("inn", 7011, 3), ("web", 5815, 1))
    lines = [f"{name}-{iso},{iso},{n},{mcc}" for name, mcc, n in names for iso in ("LU", "MT")]
    merchants.write_text("\n".join(["merchant_id,country_iso,n,mcc", *lines, ""]))
    cards = folder / "cards.csv"
    rows = [f"{iso}-{n},{iso},{iso}-{n // 2}" for iso, count in (("LU", 150), ("MT", 50)) for n in range(count)]  # fmt: skip
    cards.write_text("\n".join(["card_id,country_iso,person_id", *rows, ""]))
    run_world(
        RunConfig(
            out=folder / "world", countries=("LU", "MT"), merchants=merchants, cards=cards, days=12,
            fraud=fraud, noise=100.0, seed=14, executor="serial",
        )
    )  # fmt: skip
    return open_world(folder / "world")


@pytest.fixture(scope="module")
def rows(world: PublishedWorld) -> list[dict[str, Any]]:
    """Purchases with their labels, by time."""
    result = world.result("purchases")
    truth = {one["purchase_id"]: one for one in result.dataset("truth").to_table().to_pylist()}
    bought = result.dataset("purchases").to_table().to_pylist()
    return sorted(({**one, **truth[one["purchase_id"]]} for one in bought), key=lambda one: one["ts_utc"])  # fmt: skip


@pytest.fixture(scope="module")
def figures(world: PublishedWorld) -> PurchaseFigures:
    return purchase_figures(world.result("purchases"), world.result("people"))


def test_homes_are_counted_by_country_and_surroundings(world: PublishedWorld) -> None:
    found = people_figures(world.result("people"))
    cards = world.cards.to_table().to_pylist()
    assert (found.cards, found.persons, found.without_work) == (200, 100, 0)
    assert [(one.name, one.iso, one.cards) for one in found.countries] == [
        ("Luxembourg", "LU", 150),
        ("Malta", "MT", 50),
    ]
    urban = Counter((one["country_iso"], one["urban"]) for one in cards)
    for one in found.countries:
        for name, share in one.urban.items():
            assert share == urban[one.iso, name] / one.cards
    assert sum(found.urban.values()) == pytest.approx(1)
    assert found.work_km is not None
    assert 0.5 < found.work_km < 50


def test_purchases_are_counted_by_kind(
    figures: PurchaseFigures, rows: list[dict[str, Any]]
) -> None:
    assert (figures.purchases, figures.fraud) == (len(rows), sum(one["is_fraud"] for one in rows))
    for name, found in (
        ("category", figures.categories),
        ("channel", figures.channels),
        ("fraud_type", figures.kinds),
        ("hard_negative", figures.noise),
    ):
        counts = Counter(one[name] for one in rows if one[name])
        assert {one.name: one.purchases for one in found} == counts
        assert sum(one.share or 0 for one in found) == pytest.approx(1)
        for kind in found:
            own = [one for one in rows if one[name] == kind.name]
            assert kind.fraud == sum(one["is_fraud"] for one in own)
            if kind.cards is not None:
                assert kind.cards == len({one["card_id"] for one in own})
    assert len(figures.kinds) > 1
    assert figures.noise
    days = Counter(one["ts_utc"].strftime("%Y-%m-%d") for one in rows)
    assert [one.title for one in figures.days] == [f"{day}: {n:,}" for day, n in days.items()]
    assert max(one.height for one in figures.days) == 100
    hours = Counter(one["ts_local"].hour for one in rows if one["lon"] is not None)
    assert [one.title for one in figures.hours] == [f"{h}:00: {hours[h]:,}" for h in range(24)]


def test_speeds_are_those_of_one_purchase_after_another_over_all_days(
    figures: PurchaseFigures, rows: list[dict[str, Any]]
) -> None:
    honest = [one for one in rows if not one["is_fraud"] and one["lon"] is not None]
    listed = [one for one in honest if one["hard_negative"] is None]
    assert figures.speeds == (speeds_of(listed), speeds_of(honest))
    assert figures.speeds[0].fast == 0
    assert figures.speeds[1].fast


def speeds_of(rows: list[dict[str, Any]]) -> Speeds:
    last: dict[str, dict[str, Any]] = {}
    steps = []
    for one in rows:
        before = last.get(one["card_id"])
        if before is not None:
            hours = (one["ts_utc"] - before["ts_utc"]).total_seconds() / 3600
            km = haversine_km(one, before)
            steps.append((hours, km / hours if hours else math.inf if km else 0.0))
        last[one["card_id"]] = one
    near = [speed for hours, speed in steps if hours <= 1]
    return Speeds(
        len(steps),
        sum(speed > 150 for speed in near) / len(near),
        sum(speed > 150 for _, speed in steps) / len(steps),
        sum(speed > 900 for _, speed in steps) / len(steps),
    )


def haversine_km(a: dict[str, Any], b: dict[str, Any]) -> float:
    x, y, u, v = (math.radians(one) for one in (a["lon"], a["lat"], b["lon"], b["lat"]))
    up = math.sin((y - v) / 2) ** 2 + math.cos(y) * math.cos(v) * math.sin((x - u) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(min(up, 1.0)))


def test_the_page_has_a_section_of_each(world: PublishedWorld, figures: PurchaseFigures) -> None:
    page = write_page(world.index.published.output).read_text(encoding="utf-8")
    people = page[page.index('<section id="people"') : page.index('<section id="purchases"')]
    assert "200 cards of 100 people" in people
    assert "Luxembourg" in people
    section = page[page.index('<section id="purchases"') :]
    assert f"{figures.purchases:,} purchases from 2026-01-01 to 2026-01-12" in section
    assert "late posting" in section
    section = section[: section.index("</section>")]
    assert section.count("<title>") == len(figures.days) + len(figures.hours)
