"""Lives are possible, the same whoever else lives, and what the truth says of them is so."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray
from small_towns import TZIDS, cards, columns, market, no_fraud, offset_of, period

from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import (
    NONE,
    Channel,
    FraudPlan,
    FraudType,
    HardNegative,
    LifeOptions,
    Lives,
    StayKind,
    expected_visits,
    live,
    plan_fraud,
)
from closedworld.kernels.lives.trips import seconds_needed
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

N_CARDS, DAYS = 60, 50
pytestmark = pytest.mark.slow

PARTS = ("purchases", "truth", "stays")
MUCH = FraudMix(share=0.08)


@cache
def plan(days: int = DAYS) -> FraudPlan:
    town, all_cards = market(period(days)), cards(N_CARDS)
    visits = expected_visits(town, all_cards)
    return plan_fraud(town, MUCH, period(days), visits=visits, n_cards=N_CARDS, seed=3)


@cache
def lives(*, noise: float, is_honest: bool, days: int = DAYS) -> Lives:
    fraud = no_fraud() if is_honest else plan(days)
    return live(market(period(days)), cards(N_CARDS), period(days), LifeOptions(noise, 0.3), fraud)


def shown_at(site: NDArray[Any]) -> NDArray[Any]:
    """Return where sites are, float64 (3, n), in the towns of the tests."""
    sites = market(period(DAYS)).sites
    return to_xyz(sites.lons, sites.lats)[:, site]


def ways(found: Lives, which: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return rows of consecutive purchases of a card among some: the later one, km, seconds."""
    bought = found.purchases
    row = np.flatnonzero(which & (bought.site != NONE))
    xyz = shown_at(bought.shown[row])
    same = np.flatnonzero(np.diff(bought.card[row]) == 0)
    km = arc_km(chord_km(xyz[:, same], xyz[:, same + 1]))
    return row[same + 1], km, np.diff(bought.ts_utc[row])[same]


def test_without_noise_every_way_is_possible() -> None:
    found = lives(noise=0.0, is_honest=True)
    later, km, seconds = ways(found, np.ones(len(found.purchases), np.bool_))
    assert len(later) > 1_000
    assert (km > 2_000).any()
    assert (seconds >= seconds_needed(km)).all()
    assert not found.truth.hard_negative.any()


def test_with_noise_what_is_impossible_is_listed() -> None:
    found = lives(noise=100.0, is_honest=True)
    hard = found.truth.hard_negative
    later, km, seconds = ways(found, np.ones(len(hard), np.bool_))
    impossible = seconds < seconds_needed(km)
    assert impossible.sum() > 20
    row = np.flatnonzero(found.purchases.site != NONE)
    before = row[np.searchsorted(row, later) - 1]
    assert ((hard[later] != 0) | (hard[before] != 0))[impossible].all()
    assert set(hard.tolist()) == set(HardNegative)
    # Who travels, posts late or is not there himself is the only one disturbed.
    later, km, seconds = ways(found, hard == HardNegative.NONE)
    assert (seconds >= seconds_needed(km)).all()


@pytest.mark.parametrize("who", ["honest", "robbed"])
def test_a_life_is_the_same_whoever_else_lives(who: str) -> None:
    town, everybody = market(period(DAYS)), cards(N_CARDS)
    fraud = no_fraud() if who == "honest" else plan()
    together = lives(noise=5.0, is_honest=who == "honest")
    for one in (3, 17, 42):
        some = np.array([one, 5])
        alone = live(town, everybody.take(some), period(DAYS), LifeOptions(5.0, 0.3), fraud)
        for part in ("purchases", "stays"):
            mine, ours = columns(alone, part), columns(together, part)
            for name in mine.keys() - {"card"}:
                expected = ours[name][ours["card"] == one]
                np.testing.assert_array_equal(mine[name][mine["card"] == 0], expected, name)
        row = together.purchases.card == one
        for name, values in columns(alone, "truth").items():
            expected = columns(together, "truth")[name][row]
            np.testing.assert_array_equal(values[alone.purchases.card == 0], expected, name)


@pytest.mark.parametrize("days", [1, 17, 31])
def test_a_longer_run_begins_with_the_shorter(days: int) -> None:
    """Of the same campaigns: how many there are follows from the months, not from the days."""
    short = lives(noise=5.0, is_honest=False, days=days)
    long = live(market(period(DAYS)), cards(N_CARDS), period(DAYS), LifeOptions(5.0, 0.3), plan())
    begun = long.purchases.ts_utc < period(days).end
    for part in ("purchases", "truth"):
        for name, values in columns(short, part).items():
            np.testing.assert_array_equal(values, columns(long, part)[name][begun], name)
    begun = long.stays.start < period(days).end
    for name, values in columns(short, "stays").items():
        expected = columns(long, "stays")[name][begun]
        if name == "end":
            expected = np.minimum(expected, period(days).end)
        np.testing.assert_array_equal(values, expected, name)


def test_columns_are_what_they_say() -> None:
    found, town = lives(noise=1.0, is_honest=False), market(period(DAYS))
    bought, sites = found.purchases, town.sites
    order = np.lexsort((bought.ts_utc, bought.card))
    assert order.tolist() == list(range(len(bought)))
    assert len(set(bought.key.tolist())) == len(bought)
    assert bought.key.min() >= 0
    assert bought.ts_utc.min() >= period(DAYS).start
    assert bought.ts_utc.max() < period(DAYS).end
    at_site = bought.site != NONE
    assert (at_site == (bought.channel != Channel.ONLINE)).all()
    at_office = at_site & (found.truth.hard_negative == HardNegative.HEAD_OFFICE)
    office = town.head_office[bought.site]
    np.testing.assert_array_equal(bought.shown, np.where(at_office, office, bought.site))
    here = np.flatnonzero(at_site)
    for name in ("zone", "merchant", "country", "category"):
        ours = getattr(bought, name)[here]
        np.testing.assert_array_equal(ours, getattr(sites, name)[bought.site[here]], name)
    is_cash = bought.channel == Channel.ATM
    note, till_step = town.countries.note[bought.country], town.countries.till_step[bought.country]
    step = np.where(is_cash, note, till_step)
    assert (bought.amount > 0).all()
    assert (bought.amount % step == 0).all()
    for row in range(0, len(bought), 7):
        zone = ZoneInfo(TZIDS[bought.zone[row]])
        assert offset_of(zone, int(bought.ts_utc[row])) == bought.offset[row]


def test_holders_are_where_their_stays_say() -> None:
    found = lives(noise=0.0, is_honest=True)
    stays, bought = found.stays, found.purchases
    assert set(stays.kind.tolist()) == set(StayKind)
    main = stays.kind != StayKind.WORK
    for card in range(N_CARDS):
        own = np.flatnonzero(main & (stays.card == card))
        assert (stays.start[own][1:] >= stays.end[own][:-1]).all()
        xyz = to_xyz(stays.lons[own], stays.lats[own])
        needed = seconds_needed(arc_km(chord_km(xyz[:, 1:], xyz[:, :-1])))
        assert (stays.start[own][1:] - stays.end[own][:-1] >= needed).all()
        mine = np.flatnonzero((bought.card == card) & (bought.site != NONE))
        stay = own[np.searchsorted(stays.start[own], bought.ts_utc[mine], "right") - 1]
        assert (bought.ts_utc[mine] <= stays.end[stay]).all()
        where = to_xyz(stays.lons[stay], stays.lats[stay])
        shop = shown_at(bought.shown[mine])
        assert arc_km(chord_km(where, shop)).max(initial=0) < 120


def test_fraud_is_as_the_truth_says() -> None:
    found, town, fraud = lives(noise=1.0, is_honest=False), market(period(DAYS)), plan()
    bought, truth = found.purchases, found.truth
    assert set(truth.fraud_type.tolist()) == set(FraudType)
    is_fraud = truth.fraud_type != FraudType.NONE
    assert ((truth.reported != NONE) == is_fraud).all()
    assert (truth.reported[is_fraud] > bought.ts_utc[is_fraud]).all()
    assert not truth.hard_negative[is_fraud].any()
    everybody = cards(N_CARDS)
    home = to_xyz(everybody.home_lons[bought.card], everybody.home_lats[bought.card])
    away = arc_km(chord_km(home, shown_at(bought.shown)))
    stolen = np.isin(truth.fraud_type, [FraudType.CLONE, FraudType.SKIM])
    assert (away[stolen & (bought.site != NONE)] > 900).all()
    skim = np.flatnonzero(truth.fraud_type == FraudType.SKIM)
    for row in skim.tolist():
        campaign = truth.campaign[row]
        site, start, end = (
            int(one[campaign]) for one in (fraud.skim.source, fraud.skim.start, fraud.skim.end)
        )
        assert truth.source_site[row] == site
        own = (bought.card == bought.card[row]) & (bought.site == site) & ~is_fraud
        visits = bought.ts_utc[(bought.ts_utc >= start) & (bought.ts_utc < end) & own]
        assert visits.min() < bought.ts_utc[row]
        assert town.habits.skimmed[town.sites.category[site]] > 0
    tests = np.flatnonzero(truth.fraud_type == FraudType.TESTING)
    campaign = truth.campaign[tests]
    merchant = town.online.merchant[fraud.testing.source[campaign]]
    np.testing.assert_array_equal(bought.merchant[tests], merchant)
    begin = fraud.testing.start[campaign] - 15 * 3_600
    assert ((bought.ts_utc[tests] >= begin) & (bought.channel[tests] == Channel.ONLINE)).all()
    assert (truth.campaign[~stolen & (truth.fraud_type != FraudType.TESTING)] == NONE).all()


def test_about_the_share_of_fraud_that_was_asked_for() -> None:
    truth = lives(noise=1.0, is_honest=False).truth
    assert 0.04 < (truth.fraud_type != 0).mean() < 0.14


def test_what_thieves_do_leaves_the_holder_alone() -> None:
    """But for a lost card, the holder does the same with fraud and without."""
    honest, robbed = (lives(noise=1.0, is_honest=flag) for flag in (True, False))
    lost = np.unique(robbed.purchases.card[robbed.truth.fraud_type == FraudType.LOST])
    own = (robbed.truth.fraud_type == 0) & ~np.isin(robbed.purchases.card, lost)
    before = ~np.isin(honest.purchases.card, lost)
    for name in columns(honest, "purchases").keys() - {"number"}:
        ours, theirs = (columns(one, "purchases")[name] for one in (honest, robbed))
        np.testing.assert_array_equal(ours[before], theirs[own], name)


def test_there_may_be_no_cards_and_no_sites() -> None:
    """Then nobody buys, or online alone."""
    nobody = live(market(period(5)), cards(0), period(5), LifeOptions(), plan())
    assert len(nobody.purchases) == len(nobody.stays) == 0
    town = market(period(5), per_town=0)
    visits = expected_visits(town, cards(4))
    fraud = plan_fraud(town, MUCH, period(5), visits=visits, n_cards=4, seed=3)
    found = live(town, cards(4), period(5), LifeOptions(), fraud)
    assert set(found.purchases.channel.tolist()) == {Channel.ONLINE}
    assert len(found.stays) == 4


def test_lives_of_a_seed_are_public() -> None:
    """The same bytes in every version of a FORMAT and on every machine."""
    found, digest = lives(noise=1.0, is_honest=False), hashlib.sha256()
    for part in PARTS:
        for name, values in sorted(columns(found, part).items()):
            digest.update(f"{part} {name} {values.dtype.str}\n".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    assert digest.hexdigest() == "1896fc70d72cfc427ba6d040a32476ed0e5309e696f147baace0dca214f2c56a"
