"""The stage's checks of purchases count each fault, and none where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_towns import cards, market, no_fraud, period

from closedworld.datasets.parameters import PurchaseTotals
from closedworld.kernels.lives import NONE, FraudType, HardNegative, LifeOptions, live
from closedworld.kernels.records import Records
from closedworld.kernels.sphere import EARTH_RADIUS_KM
from closedworld.stages.checking import CheckCounts
from closedworld.stages.purchases import checks
from closedworld.stages.purchases.outcome import PublishedPurchases
from closedworld.store.local import LocalStorage
from closedworld.store.receipt import FileEntry

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
BEGIN = 20_541 * DAY
"""2026-03-29, when Berlin's clocks go forward."""


def failed(counts: CheckCounts) -> dict[str, int]:
    return {name: count for name, count in counts.failed.items() if count}


def rows_of(seconds: list[int]) -> tuple[pa.Table, pa.Table]:
    zone = ZoneInfo("Europe/Berlin")
    local = [datetime.fromtimestamp(one, zone).replace(tzinfo=None) for one in seconds]
    ids = pa.array(range(100, 100 + len(seconds)), pa.int64())
    purchases = pa.table(
        {
            "purchase_id": ids,
            "ts_utc": pa.array([one * 10**6 for one in seconds], pa.timestamp("us", "UTC")),
            "ts_local": pa.array(local, pa.timestamp("us")),
            "tzid": pa.array(["Europe/Berlin"] * len(seconds)),
        }
    )
    return purchases, pa.table({"purchase_id": ids[::-1]})


def counted(purchases: pa.Table, truth: pa.Table, wanted: int) -> CheckCounts:
    counts = CheckCounts()
    checks.check_day(counts, purchases, truth, BEGIN, BEGIN + DAY, wanted)
    return counts


def test_a_day_with_its_first_and_last_second_is_sound() -> None:
    counts = counted(*rows_of([BEGIN, BEGIN, BEGIN + 3600, BEGIN + DAY - 1]), 4)
    assert counts.checked == {"rows": 4, "labels": 4, "times": 4, "clocks": 4}
    assert failed(counts) == {}
    assert failed(counted(*rows_of([]), 0)) == {}


@pytest.mark.parametrize(
    ("seconds", "wanted", "expected"),
    [
        ([BEGIN], 3, {"rows": 2}),
        ([BEGIN, BEGIN + 1], 1, {"rows": 1}),
        ([BEGIN - 1, BEGIN], 2, {"times": 1}),
        ([BEGIN, BEGIN + DAY], 2, {"times": 1}),
        ([BEGIN + 2, BEGIN + 1, BEGIN], 3, {"times": 2}),
    ],
)
def test_rows_and_times_of_a_day_are_counted(
    seconds: list[int], wanted: int, expected: dict[str, int]
) -> None:
    assert failed(counted(*rows_of(seconds), wanted)) == expected


def test_a_microsecond_back_is_a_fall() -> None:
    purchases, truth = rows_of([BEGIN, BEGIN])
    times = pa.array([BEGIN * 10**6 + 1, BEGIN * 10**6], pa.timestamp("us", "UTC"))
    fallen = purchases.set_column(1, "ts_utc", times)
    assert failed(counted(fallen, truth, 2)) == {"times": 1}


def test_labels_and_clocks_of_a_day_are_counted() -> None:
    purchases, truth = rows_of([BEGIN + 4000 * k for k in range(5)])
    assert failed(counted(purchases, truth.slice(1), 5)) == {"labels": 5}
    assert failed(counted(purchases.slice(5), truth.slice(4), 0)) == {"labels": 1}
    other = pa.table({"purchase_id": pa.array([100, 101, 102, 103, 105])})
    assert failed(counted(purchases, other, 5)) == {"labels": 5}
    late = pa.array([one + timedelta(hours=1) for one in purchases["ts_local"].to_pylist()][:2])
    turned = pa.chunked_array([late.cast(pa.timestamp("us")), purchases["ts_local"][2:].combine_chunks()])  # fmt: skip
    assert failed(counted(purchases.set_column(2, "ts_local", turned), truth, 5)) == {"clocks": 2}


def test_of_many_purchases_some_hundreds_are_looked_at() -> None:
    counts = counted(*rows_of([BEGIN + k for k in range(1000)]), 1000)
    assert counts.checked["clocks"] == 334


@pytest.mark.parametrize("at_once", [1, 2, 1 << 23])
def test_an_id_that_several_purchases_have_is_counted_in_whatever_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(checks, "_IDS_AT_ONCE", at_once)
    files = []
    for number, ids in enumerate(
        [[0, 5, 2**62 - 1, 2**62], [5, 7, 2**62 - 1, 2**62, 2**63 - 1], [3, 5]]
    ):
        key = f"truth/2026-01-0{number + 1}-00000.parquet"
        (tmp_path / key).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"purchase_id": pa.array(ids, pa.int64())}), tmp_path / key)
        files.append(FileEntry(str(PurePosixPath(key)), 1, len(ids), ""))
    counts = CheckCounts()
    checks.check_ids(LocalStorage(tmp_path), files, counts)
    assert (counts.checked, counts.failed) == ({"purchase_ids": 11}, {"purchase_ids": 4})


@pytest.mark.slow
def test_lives_are_sound_and_each_fault_is_counted() -> None:
    days = period(20)
    town = market(days)
    lives = live(town, cards(30), days, LifeOptions(0.0, 0.3), no_fraud())
    sound = checks.check_lives(town, lives)
    assert failed(sound) == {}
    own = lives.purchases
    placed = np.flatnonzero(own.site >= 0)
    same = own.card[placed][1:] == own.card[placed][:-1]
    assert sound.checked == {
        "speeds": np.count_nonzero(same),
        "amounts": len(own),
        "stays": len(lives.stays),
    }
    amount = own.amount.copy()
    amount[[3, 5]] = 0, -1
    bad = checks.check_lives(town, replace(lives, purchases=replace(own, amount=amount)))
    assert failed(bad) == {"amounts": 2}
    stays = replace(lives.stays, end=lives.stays.start.copy())
    assert failed(checks.check_lives(town, replace(lives, stays=stays))) == {"stays": len(stays)}

    # One purchase on another continent, a second after one of the same card.
    later = placed[1:][same & (np.diff(placed) == 1)][0]
    site, when = own.site.copy(), own.ts_utc.copy()
    site[later] = (site[later - 1] + len(town.sites) // 2) % len(town.sites)
    when[later] = when[later - 1] + 1
    far = replace(lives, purchases=replace(own, site=site, ts_utc=when))
    assert checks.check_lives(town, far).failed["speeds"] >= 1
    for field, value in (("fraud_type", FraudType.CLONE), ("hard_negative", HardNegative.LONG_FLIGHT)):  # fmt: skip
        label = getattr(far.truth, field).copy()
        label[later] = value
        listed = replace(far, truth=replace(far.truth, **{field: label}))
        assert failed(checks.check_lives(town, listed)) == {}


class Totals:
    """Published totals and nothing else."""

    def __init__(self, purchases: int, fraud: int) -> None:
        self._totals = PurchaseTotals(2, 3, purchases, fraud, 0, ())

    def totals(self, kind: type[Any]) -> PurchaseTotals:
        """Return the totals."""
        assert kind is PurchaseTotals
        return self._totals


@pytest.mark.parametrize(
    ("purchases", "fraud", "expected"),
    [
        (0, 0, "0 purchases with 3 cards in 2 days, 0 of them fraud (0.00%)"),
        (1, 1, "1 purchase with 3 cards in 2 days, 1 of them fraud (100.00%)"),
        (4000, 1002, "4,000 purchases with 3 cards in 2 days, 1,002 of them fraud (25.05%)"),
    ],
)
def test_a_result_is_described(purchases: int, fraud: int, expected: str) -> None:
    published: Any = Totals(purchases, fraud)
    outcome = PublishedPurchases(published=published, reused=False, summaries=Records())
    assert outcome.describe() == expected


@pytest.mark.parametrize(("purchases", "looked_at"), [(899, 450), (900, 300), (901, 301)])
def test_about_three_hundred_clocks_are_looked_at(purchases: int, looked_at: int) -> None:
    counts = counted(*rows_of([BEGIN + k for k in range(purchases)]), purchases)
    assert counts.checked["clocks"] == looked_at


class Made(SimpleNamespace):
    """Arrays of one length by name."""

    def __len__(self) -> int:
        return len(next(iter(vars(self).values())))


def test_nine_hundred_kilometres_an_hour_are_fast_enough_and_a_cent_is_an_amount() -> None:
    """Sites on the equator; the second card's first purchase is far from the first card's last."""
    km = np.array([0.0, 899.9, 1800.0, 1800.0, 900.0])
    town: Any = SimpleNamespace(
        sites=SimpleNamespace(lons=np.degrees(km / EARTH_RADIUS_KM), lats=np.zeros(len(km)))
    )
    #                  0 h   1 h   2 h   same second    3 h: 900.1 km   other card
    own = Made(
        site=np.array([0, 1, 2, 3, 1, NONE, 4, 0]),
        card=np.array([5, 5, 5, 5, 5, 5, 6, 6]),
        ts_utc=np.array([0, 3600, 7200, 7200, 10800, 10801, 10801, 14400]),
        amount=np.array([1, 2, 0, 1, 1, -1, 1, 1]),
    )
    none = np.zeros(8, np.int64)
    truth = SimpleNamespace(
        fraud_type=none + FraudType.NONE, hard_negative=none + HardNegative.NONE
    )
    stays = Made(start=np.array([1, 2, 3]), end=np.array([2, 2, 1]))
    lives: Any = SimpleNamespace(purchases=own, truth=truth, stays=stays)
    counts = checks.check_lives(town, lives)
    assert counts.checked == {"speeds": 5, "amounts": 8, "stays": 3}
    # 900.1 km in an hour, twice, and 900 km in a second less.
    assert counts.failed == {"speeds": 3, "amounts": 2, "stays": 2}
    truth.fraud_type[4] = FraudType.CLONE
    assert checks.check_lives(town, lives).failed["speeds"] == 2
