"""The life of one honest holder without noise, in plain loops: the law of ``kernels/lives`` once more."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.lives import Cards, Channel, Market, Period, StayKind
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

Words = tuple[int, int, int, int]
Point = tuple[float, float]

DAY, HOUR, WORD = 86_400, 3_600, 1 << 32
CARD, OF_DAY, SESSION, CHOICE, PAYMENT, FAVOURITE, TRIP, GOAL = range(8)
WINDOW = 12  # days
CELLS_KM = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0)
KM_PER_DEGREE = 111.195


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Return four words of Philox4x32-10."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = second >> 32 ^ b ^ k, second % WORD, first >> 32 ^ d ^ m, first % WORD
        k, m = (k + 0x9E3779B9) % WORD, (m + 0xBB67AE85) % WORD
    return a, b, c, d


def between(word: int, quantiles: NDArray[np.float64]) -> float:
    """Return a quantile, those in between on a straight line."""
    position = word * (len(quantiles) / WORD) - 0.5
    left = min(max(math.floor(position), 0), len(quantiles) - 2)
    part = min(max(position - left, 0.0), 1.0)
    return float(quantiles[left] * (1.0 - part) + quantiles[left + 1] * part)


def pick(word: int, weights: list[int]) -> int:
    """Return which of some weights a word meets."""
    sums = np.cumsum(weights).tolist()
    return bisect_right(sums, word * sums[-1] >> 32)


def integers(pulls: list[float], scale: int) -> list[int]:
    """Return weights as integers, the greatest of them ``scale``, none below 1."""
    return [max(round(pull * (scale / max(pulls))), 1) for pull in pulls]


def km_between(one: Point, other: Point) -> float:
    a, b = (to_xyz(np.array([point[0]]), np.array([point[1]])) for point in (one, other))
    return float(arc_km(chord_km(a, b))[0])


def chord_between(one: Point, other: Point) -> float:
    a, b = (to_xyz(np.array([point[0]]), np.array([point[1]])) for point in (one, other))
    return float(chord_km(a, b)[0])


def needed(km: float) -> int:
    """Return seconds from door to door."""
    return math.ceil(km * 60.0 if km <= 300 else km * (3_600.0 / 700.0) + 3 * HOUR)


def column_of(lon: float, row: int, degrees: float, width: float) -> tuple[int, int]:
    """Return the column of a longitude in a row of cells, and how many there are."""
    middle = min((row + 0.5) * degrees - 90, 90.0)
    columns = max(math.floor(width / degrees * math.cos(math.radians(middle))), 4)
    return min(math.floor((lon + 180) * (columns / 360)), columns - 1), columns


def is_around(point: Point, other: Point, km: float) -> bool:
    """Return whether another point lies in the nine cells around a point."""
    degrees = km / KM_PER_DEGREE
    row, its_row = (int((lat + 90) / degrees) for lat in (point[1], other[1]))
    column, columns = column_of(point[0], its_row, degrees, 360.0)
    its_column, _ = column_of(other[0], its_row, degrees, 360.0)
    return abs(row - its_row) <= 1 and (its_column - column) % columns in {0, 1, columns - 1}


class PlainTrip(NamedTuple):
    """A trip: site, begin and end on the clocks at home, and the four turning points in UTC."""

    window: int
    site: int
    leave_local: int
    end_local: int
    turns: tuple[int, int, int, int]


class PlainPurchase(NamedTuple):
    """A purchase: time, site (-1 online), merchant, category, amount, key."""

    ts: int
    site: int
    merchant: int
    category: int
    amount: int
    key: int


@dataclass
class PlainLife:
    """The life of a card's holder.

    Attributes:
        market: The world.
        cards: All cards.
        row: Which of them.
        period: Which days.
        abroad: Share of trips abroad.
    """

    market: Market
    cards: Cards
    row: int
    period: Period
    abroad: float
    lists: dict[tuple[Point, int], tuple[list[int], list[int]]] = field(default_factory=dict)

    def words(self, purpose: int, turn: int = 0, source: int = 0, item: int = 0) -> Words:
        first, second, third, fourth = self.cards.keys[self.row].tolist()
        return philox((turn, item | source << 8 | purpose << 24, third, fourth), (first, second))

    @property
    def home(self) -> Point:
        return float(self.cards.home_lons[self.row]), float(self.cards.home_lats[self.row])

    @property
    def work(self) -> Point | None:
        lon, lat = float(self.cards.work_lons[self.row]), float(self.cards.work_lats[self.row])
        return None if math.isnan(lon) else (lon, lat)

    def point_of(self, site: int) -> Point:
        return float(self.market.sites.lons[site]), float(self.market.sites.lats[site])

    def utc(self, zone: int, local: int, *, fold: bool = False) -> int:
        """Return the moment at which clocks show a time: by the offset before a change until it is over."""
        changes, offsets = self.market.zones.changes[zone], self.market.zones.offsets[zone]
        offset = int(offsets[0])
        for change, after in zip(changes.tolist(), offsets[1:].tolist(), strict=True):
            bounds = change + offset, change + after
            if local >= (min(bounds) if fold else max(bounds)):
                offset = after
        return local - offset

    def trip(self, window: int, phase: int) -> PlainTrip | None:
        """Return the trip of a window."""
        happens, abroad, length, start = self.words(TRIP, window)
        if happens >= 0.3 * WINDOW / (365.25 / 12) * WORD:
            return None
        goal, within, *_ = self.words(GOAL, window)
        site = self.goal(goal, within, is_abroad=abroad < self.abroad * WORD)
        if site is None:
            return None
        part = length / WORD
        lasts = 12 * HOUR + int(180 * HOUR * ((part + part * part) / 2))
        slack = (256 * HOUR - 18 * HOUR - lasts) // DAY
        day = window * WINDOW - phase + (start * (slack + 1) >> 32)
        minute = happens % 65_536 * (12 * 60) >> 16
        local = day * DAY + 6 * HOUR + minute * 60
        leave = self.utc(int(self.cards.zone[self.row]), local)
        way = needed(km_between(self.home, self.point_of(site)))
        end = leave + max(lasts, way + HOUR)
        return PlainTrip(window, site, local, local + lasts, (leave, leave + way, end, end + way))

    def goal(self, word: int, within: int, *, is_abroad: bool) -> int | None:
        """Return the site where the holder stays on a trip."""
        goals, sites = self.market.goals, self.market.sites
        row = int((90 - self.home[1]) / 0.5)
        middle = 90 - (row + 0.5) * 0.5
        columns = math.floor(720 * math.cos(math.radians(middle)))
        column = math.floor((self.home[0] + 180) / 360 * columns)
        centre = to_xyz(np.array([(column + 0.5) * (360 / columns) - 180]), np.array([middle]))
        fitting, pulls = [], []
        for number in range(len(goals)):
            away = float(arc_km(chord_km(goals.xyz[:, number : number + 1], centre))[0])
            is_inside = goals.country[number] == self.cards.country[self.row]
            if away >= 80 and is_inside != is_abroad:
                far = away + 100
                fitting.append(number)
                pulls.append(float(goals.mass[number]) / (far * math.sqrt(far)))
        if not fitting:
            return None
        chosen = fitting[pick(word, integers(pulls, 1 << 18))]
        own = goals.site[goals.starts[chosen] : goals.starts[chosen + 1]].tolist()
        sizes = [float(sites.size[site]) for site in own]
        return int(own[pick(within, integers(sizes, 1 << 12))])

    def near(self, point: Point, category: int) -> tuple[list[int], list[int]]:
        """Return sites of a category near a point, and their weights."""
        if (point, category) not in self.lists:
            sites = self.market.sites
            same = np.flatnonzero(sites.category == category).tolist()
            for km in CELLS_KM:
                found = [site for site in same if is_around(point, self.point_of(site), km)]
                if len(found) >= 8:
                    break
            # In rows from the south, and in columns from the west.
            degrees = km / KM_PER_DEGREE

            def cell(site: int) -> tuple[int, int, int]:
                lon, lat = self.point_of(site)
                row = int((lat + 90) / degrees)
                column, columns = column_of(lon, row, degrees, 360.0)
                middle, _ = column_of(point[0], row, degrees, 360.0)
                step = (column - middle + 1) % columns
                return row, step, site

            found.sort(key=cell)
            pulls = [
                float(sites.size[site]) / (chord_between(self.point_of(site), point) + 1.0) ** 2
                for site in found
            ]
            self.lists[point, category] = found, integers(pulls, 1 << 20) if found else []
        return self.lists[point, category]

    def live(self) -> tuple[list[PlainPurchase], list[tuple[int, int, int]]]:
        """Return the purchases of the period by time, and stays at home and on trips: begin, end, kind."""
        phase, activity = (self.words(CARD)[0] * WINDOW >> 32), self.words(CARD)[1]
        busy = between(activity, self.market.activity)
        first, last = self.period.first_day - 1, self.period.first_day + self.period.days
        windows = range((first - 1) // WINDOW, (last + 1 + WINDOW) // WINDOW + 1)
        trips = {window: self.trip(window, phase) for window in windows}
        at_site: list[tuple[tuple[int, int, int], Point, PlainPurchase | int]] = []
        bought: list[PlainPurchase] = []
        for day in range(first, last + 1):
            window = (day + phase) // WINDOW
            for order, stage, point, one in self.day(day, window, trips[window], busy):
                if one.site < 0:
                    bought.append(one)
                else:
                    at_site.append(((stage, one.ts, order), point, one))
        for trip in trips.values():
            if trip is not None:
                goal = self.point_of(trip.site)
                for step, ts, point in zip(
                    (1, 2, 4, 5), trip.turns, (self.home, goal, goal, self.home), strict=True
                ):
                    at_site.append(((6 * trip.window + step, ts, 0), point, step))
        stays = self.go(at_site, bought)
        inside = [one for one in bought if self.period.start <= one.ts < self.period.end]
        return sorted(inside, key=lambda one: one.ts), stays

    def go(
        self,
        things: list[tuple[tuple[int, int, int], Point, PlainPurchase | int]],
        bought: list[PlainPurchase],
    ) -> list[tuple[int, int, int]]:
        """Go from thing to thing, in order of stage and plan; add what is bought and return the stays."""
        now, here = None, self.home
        stays, begin = [], self.period.start
        for (_, planned, _), point, one in sorted(things, key=lambda thing: thing[0]):
            way = needed(km_between(here, point))
            now = planned if now is None else max(planned, now + way)
            here = point
            if isinstance(one, PlainPurchase):
                bought.append(one._replace(ts=now))
            elif one in {1, 4}:
                kind = StayKind.HOME if one == 1 else StayKind.TRIP
                stays.append((begin, min(now, self.period.end), int(kind)))
            else:
                begin = max(now, self.period.start)
        stays.append((begin, self.period.end, int(StayKind.HOME)))
        return [stay for stay in stays if stay[0] < stay[1]]

    def day(
        self, day: int, window: int, trip: PlainTrip | None, busy: float
    ) -> list[tuple[int, int, Point, PlainPurchase]]:
        """Return the purchases planned on a local day: order, stage, where they are, what."""
        schedule, found = self.market.schedule, []
        weekday = (day + 3) % 7
        away = trip is not None and (
            day * DAY < trip.end_local and (day + 1) * DAY > trip.leave_local
        )
        rate = float(schedule.sessions[weekday]) * busy * ((2.4 if away else 1.0) / 4)
        for slot, word in enumerate(self.words(OF_DAY, day)):
            if word >= min(rate, 0.95) * WORD:
                continue
            first, second, size, mood = self.words(SESSION, day, slot)
            category, hour = divmod(self.drawn(schedule.first, weekday, first), 24)
            local = day * DAY + hour * HOUR + (second * HOUR >> 32)
            stage, kind, turn, point = 6 * window, StayKind.HOME, 0, self.home
            zone = int(self.cards.zone[self.row])
            if trip is not None and trip.leave_local <= local < trip.end_local:
                stage, kind, turn = stage + 3, StayKind.TRIP, window
                point, zone = self.point_of(trip.site), int(self.market.sites.zone[trip.site])
            else:
                stage += 6 if trip is not None and local >= trip.end_local else 0
                is_early = weekday < 5 and 8 <= hour < 17 and (mood >> 16) < 0.8 * 65_536
                if is_early and self.work:
                    kind, point = StayKind.WORK, self.work
            if trip is not None:
                moment, (leave, arrive, end, back) = self.utc(zone, local), trip.turns
                if not (
                    arrive <= moment < end
                    if kind == StayKind.TRIP
                    else moment < leave or moment >= back
                ):
                    continue
            share = size / WORD
            count = 1 + (share >= 0.76) + (share >= 0.76 + 0.17) + (share >= 0.76 + 0.17 + 0.05)
            for item, one in self.session(
                day, slot, local, count, category, (int(kind), turn, point, zone)
            ):
                place = point if one.site < 0 else self.point_of(one.site)
                found.append((4 * slot + item, stage, place, one))
        return found

    def drawn(self, table: object, row: int, word: int) -> int:
        """Return a number from a row of tables."""
        cumulative, width = table.cumulative, table.width  # type: ignore[attr-defined]
        own = (cumulative[row * width : (row + 1) * width] - row * WORD).tolist()
        return bisect_right(own, word)

    def session(
        self, day: int, slot: int, local: int, count: int, category: int,
        anchor: tuple[int, int, Point, int],
    ) -> list[tuple[int, PlainPurchase]]:  # fmt: skip
        """Return the purchases of a session as planned."""
        habits, sites, online = self.market.habits, self.market.sites, self.market.online
        kind, turn, point, home_zone = anchor
        found, since = [], 0
        for item in range(count):
            own, known, gap, other = self.words(CHOICE, day, slot, item)
            if item:
                hour_of_week = (local // DAY + 3) % 7 * 24 + local % DAY // HOUR
                category = self.drawn(self.market.schedule.next, hour_of_week, other)
                since += int(between(gap, self.market.gaps))
            is_online = habits.channel[category] == Channel.ONLINE
            word = own
            if (known >> 16) < 0.7 * 65_536:
                four = self.words(
                    FAVOURITE, 0 if is_online else turn, 0 if is_online else kind, category
                )
                share = (known & 65_535) / 65_536
                word = four[(share >= 0.6) + (share >= 0.85) + (share >= 0.95)]
            amount_word, high, low, _ = self.words(PAYMENT, day, slot, item)
            site, merchant, zone, country = -1, -1, home_zone, -1
            if is_online:
                row = self.merchant(category, word)
                merchant, country = int(online.merchant[row]), int(online.country[row])
            else:
                near, weights = self.near(point, category)
                if not near:
                    continue
                site = near[pick(word, weights)]
                merchant, zone = int(sites.merchant[site]), int(sites.zone[site])
                country = int(sites.country[site])
            ts = self.utc(zone, local + since, fold=low % 2 == 1)
            amount = self.amount(category, country, amount_word)
            key = high << 31 | low >> 1
            found.append((item, PlainPurchase(ts, site, merchant, category, amount, key)))
        return found

    def merchant(self, category: int, word: int) -> int:
        """Return an online merchant: of the country, if there is one, in 13 of 16 cases."""
        online = self.market.online
        rows = np.lexsort((online.country, online.category)).tolist()
        sizes = dict(
            zip(rows, integers([float(online.size[row]) for row in rows], 1 << 16), strict=True)
        )
        rows = [row for row in rows if online.category[row] == category]
        own = [row for row in rows if online.country[row] == self.cards.country[self.row]]
        rows = own if own and word % 16 < 13 else rows
        return int(rows[pick(word, [sizes[row] for row in rows])])

    def amount(self, category: int, country: int, word: int) -> int:
        """Return an amount as tills round it."""
        habits, countries = self.market.habits, self.market.countries
        amount = between(word, self.market.amounts[category])
        amount *= float(habits.median[category]) * float(countries.price[country])
        is_cash = habits.channel[category] == Channel.ATM
        step = int(countries.note[country] if is_cash else countries.till_step[country])
        return max(math.floor(amount / step + 0.5), 1) * step
