"""What lives say of purchases, labels and stays is what a day's rows say, one by one, names in place of numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from closedworld.datasets.purchases import CHANNELS, FRAUD_TYPES, HARD_NEGATIVES, STAY_KINDS
from closedworld.inputs.reference.currencies import currencies
from closedworld.kernels.lives import (
    CATEGORIES,
    NONE,
    FraudType,
    HardNegative,
    Lives,
    Period,
    StayKind,
)
from closedworld.kernels.lives.outcome import Purchases, Stays, Truth
from closedworld.stages.purchases.day_rows import purchase_rows, stay_rows, truth_rows
from closedworld.stages.purchases.market import Outlets
from closedworld.stages.purchases.scratch import (
    Rows,
    bought_rows,
    is_marked,
    marked_rows,
    stayed_rows,
)

DAY, DAYS, PURCHASES, STAYS = 86_400, 2, 400, 60
SITES, SHOPS, CARDS, FIRST_CARD = 6, 2, 5, 2
PERIOD = Period(20_000, DAYS)
CAMPAIGNS = {FraudType.SKIM: np.array([3, 1, 8]), FraudType.TESTING: np.array([0, 7])}
CODES, MONEY = ("FR", "JP", "KW"), tuple(currencies()[one] for one in ("FR", "JP", "KW"))
TZIDS = ("Europe/Paris", "Asia/Tokyo", "Asia/Kuwait", "Asia/Riyadh")
CHANCE = np.random.default_rng(11)
SITE_LONS, SITE_LATS = CHANCE.uniform(-180, 180, SITES), CHANCE.uniform(-90, 90, SITES)
OUTLETS = Outlets(
    np.append(np.arange(100, 100 + SITES), [NONE] * SHOPS),
    np.append(SITE_LONS, [np.nan] * SHOPS),
    np.append(SITE_LATS, [np.nan] * SHOPS),
    CHANCE.integers(0, 4, SITES + SHOPS),
    CHANCE.integers(0, 3, SITES + SHOPS),
    CHANCE.integers(5000, 6000, SITES + SHOPS).astype(np.int32),
)
HOLDERS = SimpleNamespace(
    **{
        name: CHANCE.uniform(-90, 90, FIRST_CARD + CARDS)
        for name in ("home_lons", "home_lats", "work_lons", "work_lats")
    }
)
CHANNEL = CHANCE.integers(0, 3, len(CATEGORIES))
MARKET: Any = SimpleNamespace(
    market=SimpleNamespace(habits=SimpleNamespace(channel=CHANNEL)),
    codes=CODES,
    money=MONEY,
    tzids=TZIDS,
    merchant_ids=pa.array([f"m{one}" for one in range(4)]),
    outlets=OUTLETS,
    card_ids=pa.array([f"card-{one}" for one in range(FIRST_CARD + CARDS)]),
    cards=HOLDERS,
)


def made_up_lives() -> tuple[Lives, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return lives of any numbers that fit together, and the outlet of each purchase."""
    chance, n = np.random.default_rng(5), PURCHASES
    outlet = chance.integers(0, SITES + SHOPS, n)
    site = np.where(outlet < SITES, outlet, NONE)
    fraud = chance.integers(0, 5, n).astype(np.int8)
    hard = np.where(fraud == FraudType.NONE, chance.integers(0, 5, n), 0).astype(np.int8)
    in_campaign = np.isin(fraud, list(CAMPAIGNS)) & (chance.random(n) < 0.9)
    campaign = np.where(in_campaign, chance.integers(0, 2, n), NONE)
    head = (hard == HardNegative.HEAD_OFFICE) & (site != NONE)
    hard[(hard == HardNegative.HEAD_OFFICE) & ~head] = HardNegative.LATE_POSTING
    shown = np.where(head, chance.integers(0, SITES, n), site)
    is_fraud = fraud != FraudType.NONE
    bought = Purchases(
        np.sort(chance.integers(0, CARDS, n)), chance.permutation(n) + (1 << 40),
        chance.integers(PERIOD.start, PERIOD.end, n), chance.integers(-12, 14, n) * 3600,
        chance.integers(0, len(TZIDS), n), site, OUTLETS.merchant[outlet], np.zeros(n, np.int8),
        chance.integers(0, len(CATEGORIES), n), OUTLETS.country[outlet],
        chance.integers(1, 100_000, n), shown,
    )  # fmt: skip
    truth = Truth(
        fraud,
        campaign,
        np.where(fraud == FraudType.SKIM, chance.integers(0, SITES, n), NONE),
        np.where(is_fraud, PERIOD.start + chance.integers(0, 9 * DAY, n), NONE),
        hard,
    )
    start = chance.integers(PERIOD.start, PERIOD.end - 1, STAYS)
    stays = Stays(
        np.sort(chance.integers(0, CARDS, STAYS)), start, start + chance.integers(1, DAY, STAYS),
        chance.integers(0, 3, STAYS).astype(np.int8), chance.uniform(-180, 180, STAYS),
        chance.uniform(-90, 90, STAYS), chance.integers(0, 3, STAYS),
    )  # fmt: skip
    return Lives(bought, truth, stays), outlet


LIVES, OUTLET = made_up_lives()


def of_day(made: tuple[Rows, Any], number: int, by: str) -> Rows:
    rows, day = made
    here = np.flatnonzero(day == number)
    order = here[np.argsort(np.asarray(rows[by])[here], kind="stable")]
    return {name: np.asarray(values)[order] for name, values in rows.items()}


def bought_of(number: int) -> Rows:
    return of_day(bought_rows(LIVES, OUTLET, FIRST_CARD, PERIOD), number, "key")


def marked_of(number: int) -> Rows:
    sites: Any = SimpleNamespace(lons=SITE_LONS, lats=SITE_LATS)
    return of_day(marked_rows(LIVES, CAMPAIGNS, sites, PERIOD), number, "key")


def time_of(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize("number", range(DAYS))
def test_purchases(number: int) -> None:
    begin = PERIOD.start + number * DAY
    found = purchase_rows(bought_of(number), marked_of(number), begin, MARKET).to_pylist()
    own, expected = LIVES.purchases, []
    for row in np.argsort(own.key).tolist():
        second, outlet = int(own.ts_utc[row]), int(OUTLET[row])
        if not begin <= second < begin + DAY:
            continue
        money, shown = MONEY[own.country[row]], own.shown[row]
        expected.append(
            {
                "purchase_id": own.key[row],
                "ts_utc": time_of(second),
                "ts_local": (time_of(second) + timedelta(seconds=int(own.offset[row]))).replace(tzinfo=None),
                "tzid": TZIDS[own.zone[row]],
                "card_id": f"card-{FIRST_CARD + own.card[row]}",
                "merchant_id": f"m{own.merchant[row]}",
                "site_id": OUTLETS.ids[outlet],
                "channel": CHANNELS[CHANNEL[own.category[row]]],
                "category": CATEGORIES[own.category[row]],
                "mcc": OUTLETS.mccs[outlet],
                "amount": int(own.amount[row]) / 10**money.minor_digits,
                "currency": money.code,
                "lon": None if shown == NONE else SITE_LONS[shown],
                "lat": None if shown == NONE else SITE_LATS[shown],
                "country_iso": CODES[own.country[row]],
            }
        )  # fmt: skip
    assert {one.minor_digits for one in MONEY} == {0, 2, 3}
    assert len(expected) > PURCHASES // 3
    assert found == expected


@pytest.mark.parametrize("number", range(DAYS))
def test_labels(number: int) -> None:
    found = truth_rows(bought_of(number), marked_of(number), MARKET).to_pylist()
    keys, truth = LIVES.purchases.key.tolist(), LIVES.truth
    assert [one["purchase_id"] for one in found] == bought_of(number)["key"].tolist()
    for one in found:
        row = keys.index(one["purchase_id"])
        kind, of_type, source = (
            int(column[row]) for column in (truth.fraud_type, truth.campaign, truth.source_site)
        )
        hard, reported = int(truth.hard_negative[row]), int(truth.reported[row])
        name = FRAUD_TYPES[kind - 1] if kind else None
        campaign = None if of_type == NONE else f"{name}-{CAMPAIGNS[FraudType(kind)][of_type]}"
        assert one == {
            "purchase_id": keys[row],
            "is_fraud": kind > 0,
            "fraud_type": name,
            "campaign_id": campaign,
            "source_site_id": NONE if source == NONE else OUTLETS.ids[source],
            "reported_ts_utc": None if reported == NONE else time_of(reported),
            "hard_negative": HARD_NEGATIVES[hard - 1] if hard else None,
        }
    told = {one["campaign_id"] for one in found}
    assert told == {None, "skim-3", "skim-1", "testing-0", "testing-7"}


@pytest.mark.parametrize("number", range(DAYS))
def test_stays(number: int) -> None:
    begin = PERIOD.start + number * DAY
    rows = of_day(stayed_rows(LIVES, FIRST_CARD, PERIOD), number, "card")
    own, expected = LIVES.stays, []
    for row in range(STAYS):
        card, kind, start = FIRST_CARD + int(own.card[row]), int(own.kind[row]), int(own.start[row])
        point = {
            StayKind.HOME: (HOLDERS.home_lons[card], HOLDERS.home_lats[card]),
            StayKind.WORK: (HOLDERS.work_lons[card], HOLDERS.work_lats[card]),
            StayKind.TRIP: (own.lons[row], own.lats[row]),
        }[StayKind(kind)]
        if begin <= start < begin + DAY:
            expected.append(
                {
                    "card_id": f"card-{card}",
                    "start_utc": time_of(start),
                    "end_utc": time_of(int(own.end[row])),
                    "kind": STAY_KINDS[kind],
                    "lon": point[0],
                    "lat": point[1],
                    "country_iso": CODES[own.country[row]],
                }
            )
    expected.sort(key=lambda one: (one["start_utc"], one["card_id"], one["kind"]))
    found = stay_rows(rows, begin, MARKET).to_pylist()
    assert [{name: one[name] for name in expected[0]} for one in found] == expected
    assert len(expected) > STAYS // 3


def test_only_points_of_trips_are_kept_and_only_what_is_marked() -> None:
    rows, _ = stayed_rows(LIVES, FIRST_CARD, PERIOD)
    kept = rows["kind"] == StayKind.TRIP
    assert np.array_equal(rows["lon"] != 0, kept)
    assert np.array_equal(rows["lat"] != 0, kept)
    truth = LIVES.truth
    marked = is_marked(truth.fraud_type, truth.hard_negative)
    expected = (truth.fraud_type > 0) | (truth.hard_negative == HardNegative.HEAD_OFFICE)
    assert np.array_equal(marked, expected)
    keys = [marked_of(number)["key"] for number in range(DAYS)]
    assert sorted(np.concatenate(keys)) == sorted(LIVES.purchases.key[expected])
