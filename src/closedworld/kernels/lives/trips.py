"""Trips: in each window of twelve days a card's holder makes one or none, so that no trip depends on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.counting import all_pairs
from closedworld.kernels.lives.clock import DAY, HOUR, to_utc
from closedworld.kernels.lives.draws import (
    Purpose,
    below,
    card_words,
    interpolated,
    parted,
    scaled,
)
from closedworld.kernels.lives.goals import Errand
from closedworld.kernels.lives.market import Market
from closedworld.kernels.lives.places import Cards, Floats, Ints, Period
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

WINDOW_DAYS = 12
"""A window holds the longest trip and the longest way back."""

TRIPS_PER_MONTH = 0.3
FLIGHT_KM = 2_000.0
FLIGHT_KM_H = 1_050.0
"""Ground speed of an airliner with the wind behind it."""

SLOW_KM_H = 60.0
SLOW_KM = 300.0
FAST_KM_H = 700.0
FAST_SECONDS = 3 * 3_600
"""Up to 300 km at 60 km/h from door to door; farther at 700 km/h and three hours at both ends together."""

_MONTH_DAYS = 365.25 / 12
_SHORTEST, _LONGEST = 12 * HOUR, 192 * HOUR
_LATEST_END = 256 * HOUR
_FIRST_HOUR, _HOURS = 6, 12
_SHARED = 0.006  # of cards have two holders, at noise 1
_FLIGHTS = 0.015  # of far trips are flights with a purchase before and after, at noise 1


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Trips by card, then window; arrays of one length, and a table of them.

    Attributes:
        row: The trip of each card in each window, int64 (n, w), -1 where there is none.
        phase: Day of the window on 1970-01-01 of each card, int64 (n,).
        first_window: The window of the table's first column.
        card: Row of the card, int64 (t,).
        window: int64.
        site: Site where the holder stays, int64.
        leave_local: Seconds since 1970 on the clocks at home, int64.
        end_local: When he leaves the goal, on the clocks at home as well, int64.
        leave: Seconds since 1970 UTC, int64.
        arrive: When he can be there, int64.
        end: When he leaves the goal, int64.
        back: When he can be at home, int64.
        is_flight: Whether he buys something right before and after a long flight, bool.
        km: From home, float64.
    """

    row: Ints
    phase: Ints
    first_window: int
    card: Ints
    window: Ints
    site: Ints
    leave_local: Ints
    end_local: Ints
    leave: Ints
    arrive: Ints
    end: Ints
    back: Ints
    is_flight: NDArray[np.bool_]
    km: Floats

    def __len__(self) -> int:
        return len(self.card)

    def window_of(self, card: Ints, day: Ints) -> Ints:
        """Return the window of a local day, int64 (n,)."""
        return (day + self.phase.take(card)) // WINDOW_DAYS

    def at(self, card: Ints, window: Ints) -> Ints:
        """Return the trip of a window, int64 (n,), -1 if there is none."""
        return self.row[card, window - self.first_window]


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """What the holders of some cards are like.

    Attributes:
        xyz: Homes on the sphere, km, float64 (3, n).
        phase: Day of the window on 1970-01-01, int64 (n,), below `WINDOW_DAYS`.
        activity: How many times as much as the average the card is used, float64 (n,).
        is_shared: Whether a second holder uses the card at home during trips, bool (n,).
    """

    xyz: Floats
    phase: Ints
    activity: Floats
    is_shared: NDArray[np.bool_]

    @classmethod
    def of(cls, cards: Cards, activity: Floats, noise: float) -> Homes:
        """Draw what the holders are like; ``activity`` are quantiles."""
        words = card_words(cards, Purpose.CARD, np.arange(len(cards)))
        return cls(
            to_xyz(cards.home_lons, cards.home_lats),
            scaled(words[0], WINDOW_DAYS),
            interpolated(words[1], activity),
            below(words[2], min(_SHARED * noise, 1.0)),
        )


def trips_of(
    market: Market,
    cards: Cards,
    homes: Homes,
    period: Period,
    *,
    abroad: float,
    noise: float,
) -> Trips:
    """Return the trips of all windows that the period, or two days before or after it, may touch."""
    first = (period.first_day - 2) // WINDOW_DAYS
    last = (period.first_day + period.days + 2 + WINDOW_DAYS - 1) // WINDOW_DAYS
    n_windows = last - first + 1
    card, window = all_pairs(len(cards), first + np.arange(n_windows))
    words = card_words(cards, Purpose.TRIP, card, window)
    chance = TRIPS_PER_MONTH * WINDOW_DAYS / _MONTH_DAYS
    made = below(words[0], chance)
    card, window = card[made], window[made]
    happens, abroad_word, length, start = (word[made] for word in words)
    second = card_words(cards, Purpose.GOAL, card, window)
    errand = np.where(below(abroad_word, abroad), Errand.TRIP_ABROAD, Errand.TRIP_INSIDE)
    where = cards.take(card)
    site = market.goals.choose(
        errand.astype(np.int64),
        where.home_lons,
        where.home_lats,
        where.country,
        second[0],
        second[1],
    )
    # Where there is no other country, or nothing far away in one's own, people stay.
    fits = np.flatnonzero(site >= 0)
    card, window, site, where = card[fits], window[fits], site[fits], where.take(fits)
    fraction = length[fits].astype(np.float64) / 2.0**32
    lasts = _SHORTEST + ((_LONGEST - _SHORTEST) * ((fraction + fraction * fraction) / 2)).astype(
        np.int64
    )
    slack_days = (_LATEST_END - (_FIRST_HOUR + _HOURS) * HOUR - lasts) // DAY
    day = window * WINDOW_DAYS - homes.phase.take(card) + scaled(start[fits], slack_days + 1)
    minute = scaled(parted(happens[fits])[1], _HOURS * 60)
    leave_local = day * DAY + _FIRST_HOUR * HOUR + minute * 60
    leave = to_utc(market.zones, where.zone, leave_local, np.zeros(len(card), np.bool_))
    km = arc_km(chord_km(homes.xyz.take(card, axis=1), market.index.xyz.take(site, axis=1)))
    needed = seconds_needed(km)
    row = np.full((len(cards), n_windows), -1, np.int64)
    row[card, window - first] = np.arange(len(card))
    is_flight = (km >= FLIGHT_KM) & below(second[2][fits], min(_FLIGHTS * noise, 1.0))
    return Trips(
        row, homes.phase, first, card, window, site, leave_local, leave_local + lasts,
        leave, leave + needed, leave + np.maximum(lasts, needed + HOUR),
        leave + np.maximum(lasts, needed + HOUR) + needed, is_flight, km,
    )  # fmt: skip


def seconds_needed(km: Floats) -> Ints:
    """Return how long a way takes from door to door, whole seconds, int64 (n,)."""
    slow, fast = km * (3_600.0 / SLOW_KM_H), km * (3_600.0 / FAST_KM_H) + FAST_SECONDS
    return np.ceil(np.where(km <= SLOW_KM, slow, fast)).astype(np.int64)
