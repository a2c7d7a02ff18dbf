"""Trips are those of plain loops, in all windows about a period; from some distance on they may be flights."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from plain_lives import PlainLife
from small_towns import cards, market, period

from closedworld.kernels.lives import Period, trips
from closedworld.kernels.lives.draws import Purpose, card_words
from closedworld.kernels.lives.trips import FLIGHT_KM, Homes, Trips, trips_of

ABROAD = 0.6


@cache
def made(when: Period, n_cards: int, noise: float) -> tuple[Homes, Trips]:
    town, everybody = market(period(200), 20), cards(n_cards)
    homes = Homes.of(everybody, town.activity, noise)
    return homes, trips_of(town, everybody, homes, when, abroad=ABROAD, noise=noise)


@pytest.mark.slow
def test_trips_are_those_of_plain_loops() -> None:
    homes, found = made(period(200), 160, 30.0)
    town, everybody = market(period(200), 20), cards(160)
    rows: list[tuple[int, ...]] = []
    for card in range(160):
        plain = PlainLife(town, everybody, card, period(200), ABROAD)
        for column in range(found.row.shape[1]):
            window = found.first_window + column
            trip = plain.trip(window, int(homes.phase[card]))
            if trip is None:
                assert found.row[card, column] == -1
            else:
                assert found.row[card, column] == len(rows)
                times = (trip.leave_local, trip.end_local, *trip.turns)
                rows.append((card, window, trip.site, *times))
    names = ("card", "window", "site", "leave_local", "end_local", "leave", "arrive", "end", "back")
    assert np.stack([getattr(found, name) for name in names], axis=1).tolist() == [*map(list, rows)]
    assert len(found) == len(rows) > 300
    # Some leave right after they have come, and some go to the very first site.
    assert (found.end - found.arrive == 3_600).any()
    assert (found.site == 0).any()


@pytest.mark.parametrize("first_day", range(20_532, 20_544))
@pytest.mark.parametrize("days", [1, 12, 17])
def test_there_are_all_windows_about_a_period(first_day: int, days: int) -> None:
    """Those of the days from two before it to two after it, whatever a card's phase."""
    _, found = made(Period(first_day, days), 1, 1.0)
    about = range(first_day - 2, first_day + days + 3)
    windows = sorted({(day + phase) // 12 for day in about for phase in range(12)})
    assert (found.first_window, found.row.shape) == (windows[0], (1, len(windows)))


def test_holders_are_as_their_words_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third word decides on a second holder and on flights, which begin with their least distance."""
    homes, found = made(period(200), 160, 30.0)
    everybody = cards(160)
    words = card_words(everybody, Purpose.CARD, np.arange(160))
    assert homes.is_shared.tolist() == (words[2] < 0.006 * 30 * 2**32).tolist()
    assert 0 < homes.is_shared.sum() < 160
    words = card_words(everybody, Purpose.GOAL, found.card, found.window)
    is_flight = (found.km >= FLIGHT_KM) & (words[2] < 0.015 * 30 * 2**32)
    assert found.is_flight.tolist() == is_flight.tolist()
    one = int(np.flatnonzero(is_flight)[0])
    for least, is_one in ((found.km[one], True), (np.nextafter(found.km[one], np.inf), False)):
        monkeypatch.setattr(trips, "FLIGHT_KM", least)
        again = trips_of(
            market(period(200), 20), everybody, homes, period(200), abroad=ABROAD, noise=30.0
        )
        assert bool(again.is_flight[one]) == is_one


def test_much_noise_makes_all_cards_shared_and_all_far_trips_flights() -> None:
    homes, found = made(period(200), 160, 1e6)
    assert homes.is_shared.all()
    assert found.is_flight.tolist() == (found.km >= FLIGHT_KM).tolist()
    homes, found = made(period(200), 160, 0.0)
    assert not homes.is_shared.any()
    assert not found.is_flight.any()
