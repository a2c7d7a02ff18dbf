"""What the page says of people and purchases: where homes are; what was bought when, how, and how fast holders were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets import CARDS, PURCHASES, TRUTH
from closedworld.datasets.parameters import PurchaseTotals
from closedworld.datasets.purchases import CHANNELS, FRAUD_TYPES, HARD_NEGATIVES
from closedworld.html_report.country_rows import country_name
from closedworld.inputs.reference.places import URBAN
from closedworld.kernels.scoring.consecutive import distance_km, steps_of
from closedworld.store.reading import Published

FAST_KMH, FLIGHT_KMH = 150.0, 900.0
"""A drive is not faster, and a flight is not."""

_MOST_COLUMNS = 120
_HOURS, _HOUR_SECONDS = 24, 3600.0
_MICROS = 1e6


@dataclass(frozen=True, slots=True)
class CountryCards:
    """The cards of a country.

    Attributes:
        name: Its name.
        iso: Its code.
        cards: Its cards.
        urban: Share of the homes in each kind of surroundings, 0..1, by its name.
    """

    name: str
    iso: str
    cards: int
    urban: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """What the page says of card holders.

    Attributes:
        cards: Cards.
        persons: Their holders.
        countries: By number of cards.
        urban: Share of all homes in each kind of surroundings, 0..1, by its name.
        work_km: Median distance from home to work; None if nobody has a place of work.
        without_work: Cards whose holders have no place of work.
    """

    cards: int
    persons: int
    countries: tuple[CountryCards, ...]
    urban: Mapping[str, float]
    work_km: float | None
    without_work: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart.

    Attributes:
        x: Left side, percent of the width.
        width: Percent of the width.
        height: Percent of the height.
        title: Its tooltip.
    """

    x: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class KindOfRow:
    """Purchases of a kind.

    Attributes:
        name: The kind: a category, a channel, a kind of fraud or of noise.
        purchases: Purchases of it.
        share: Share of all that the table is of, 0..1; None of none.
        fraud: Those of them that are fraud.
        cards: Cards that they were made with; None where that is not counted.
    """

    name: str
    purchases: int
    share: float | None
    fraud: int = 0
    cards: int | None = None


@dataclass(frozen=True, slots=True)
class Speeds:
    """How fast holders were between one purchase at a site and their next.

    Attributes:
        pairs: Pairs of purchases.
        fast_within_hour: Share of those within an hour above ``FAST_KMH``; None without any.
        fast: Share of all above ``FAST_KMH``.
        flight: Share of all above ``FLIGHT_KMH``.
    """

    pairs: int
    fast_within_hour: float | None
    fast: float | None
    flight: float | None


@dataclass(frozen=True, slots=True)
class PurchaseFigures:
    """What the page says of purchases.

    Attributes:
        purchases: Purchases.
        fraud: Those that were not the holders'.
        days: Columns of the days, or of groups of days on average.
        busiest: Purchases of the highest column of ``days``.
        first_day: First day.
        last_day: Last day.
        hours: Columns of the local hours of purchases at sites.
        categories: By number of purchases.
        channels: In the order of the dataset.
        kinds: Kinds of fraud, of those that occur.
        noise: Kinds of honest purchases that may look impossible, of those that occur.
        speeds: Of honest purchases that truth lists no reason for, then of all honest ones.
    """

    purchases: int
    fraud: int
    days: tuple[Column, ...]
    busiest: int
    first_day: str
    last_day: str
    hours: tuple[Column, ...]
    categories: tuple[KindOfRow, ...]
    channels: tuple[KindOfRow, ...]
    kinds: tuple[KindOfRow, ...]
    noise: tuple[KindOfRow, ...]
    speeds: tuple[Speeds, Speeds]


def people_figures(published: Published, *, are_regions: bool = False) -> PeopleFigures:
    """Return what there is to say of published people.

    Args:
        published: The people.
        are_regions: Whether codes are the regions' own.

    Raises:
        ConfigError, IntegrityError: The published files are damaged.
    """
    names = ["country_iso", "urban", "home_lon", "home_lat", "work_lon", "work_lat", "person_id"]
    table = published.dataset(CARDS.name).to_table(columns=names)
    counted: dict[str, Counter[str]] = {}
    groups = table.group_by(["country_iso", "urban"]).aggregate([([], "count_all")])
    for one in groups.to_pylist():
        counted.setdefault(one["country_iso"], Counter())[one["urban"]] = one["count_all"]
    every = sum(counted.values(), Counter[str]())
    ordered = sorted(counted.items(), key=lambda one: (-one[1].total(), one[0]))
    km = distance_km(*(table[name].to_numpy() for name in names[2:6]))
    known = km[np.isfinite(km)]
    return PeopleFigures(
        table.num_rows,
        pc.count_distinct(table["person_id"]).as_py(),
        tuple(
            CountryCards(country_name(iso, are_regions=are_regions), iso, own.total(), _shares(own))
            for iso, own in ordered
        ),
        _shares(every),
        float(np.median(known)) if len(known) else None,
        len(km) - len(known),
    )


def _shares(counted: Counter[str]) -> dict[str, float]:
    return {name: counted[name] / max(counted.total(), 1) for name in URBAN}


def purchase_figures(published: Published, cards: Published) -> PurchaseFigures:
    """Return what there is to say of published purchases, read day by day.

    Args:
        published: The purchases.
        cards: The people they belong to.

    Raises:
        ConfigError, IntegrityError: The published files are damaged.
    """
    ids = cards.dataset(CARDS.name).to_table(columns=["card_id"])["card_id"].combine_chunks()
    tally = _Tally(ids, _Moves.of(len(ids)), _Moves.of(len(ids)))
    for purchases, truth in _days(published):
        tally.add(purchases, truth)
    totals = published.totals(PurchaseTotals)
    days, busiest = _columns(
        [one.purchases for one in totals.summaries], [one.date for one in totals.summaries]
    )
    hours, _ = _columns(tally.hours.tolist(), [f"{hour}:00" for hour in range(_HOURS)])
    return PurchaseFigures(
        totals.purchases,
        totals.fraud,
        days,
        busiest,
        totals.summaries[0].date,
        totals.summaries[-1].date,
        hours,
        tally.rows("category", [name for name, _ in tally.bought["category"].most_common()]),
        tally.rows("channel", CHANNELS),
        tally.rows("fraud_type", FRAUD_TYPES),
        tally.rows("hard_negative", HARD_NEGATIVES),
        (tally.unlisted.speeds(), tally.honest.speeds()),
    )


def _days(published: Published) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the purchases of each day, and what truth says of each, row by row."""
    bought = ["purchase_id", "ts_utc", "ts_local", "card_id", "channel", "category", "lon", "lat"]
    labels = ["purchase_id", "is_fraud", "fraud_type", "hard_negative"]
    for day in sorted(published.files(PURCHASES.name)):
        purchases = published.read(PURCHASES.name, bought, day)
        truth = published.read(TRUTH.name, labels, day)
        order = pc.index_in(purchases["purchase_id"], truth["purchase_id"].combine_chunks())
        yield purchases, truth.take(order)


@dataclass(slots=True, eq=False)
class _Moves:
    """Counts the steps of holders, day by day.

    Attributes:
        last: Time and place of each card's last purchase, float64 (3, cards): seconds, longitude, latitude; NaN
            before its first.
        counts: Pairs, those within an hour, and how many of which are fast, int64 (5,).
    """

    last: NDArray[np.float64]
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(5, np.int64))

    @classmethod
    def of(cls, n_cards: int) -> _Moves:
        """Return the count before the first day, for so many cards."""
        return cls(np.full((3, n_cards), np.nan))

    def add(self, card: NDArray[np.int32], rows: NDArray[np.float64]) -> None:
        """Add a day: numbers of cards (n,), and seconds, longitudes and latitudes (3, n) in the order of time."""
        here = np.unique(card)
        here = here[np.isfinite(self.last[0, here])]
        cards = np.concatenate([here, card])
        every = np.concatenate([self.last[:, here], rows], axis=1)
        steps = steps_of(cards, *every)
        at = np.flatnonzero(steps.before >= 0)
        speed, near = steps.km_h[at], steps.seconds[at] <= _HOUR_SECONDS
        fast = speed > FAST_KMH
        masks = near, near & fast, fast, speed > FLIGHT_KMH
        self.counts += np.array([len(at), *(np.count_nonzero(mask) for mask in masks)])
        # Of several rows of a card the last is kept.
        self.last[:, card] = rows

    def speeds(self) -> Speeds:
        """Return the number of steps and the shares of fast ones, over all days added."""
        pairs, near, fast_near, fast, flight = self.counts.tolist()
        return Speeds(pairs, _share(fast_near, near), _share(fast, pairs), _share(flight, pairs))


@dataclass(slots=True, eq=False)
class _Tally:
    """Counts purchases, day by day.

    Attributes:
        ids: Ids of all cards.
        unlisted: Steps of honest purchases that truth lists no reason for.
        honest: Steps of all honest purchases.
        hours: Purchases at sites by local hour, int64 (24,).
        bought: Purchases by kind, by column.
        stolen: Fraud by kind, by column.
        cards: Cards by kind of fraud or noise.
    """

    ids: pa.Array
    unlisted: _Moves
    honest: _Moves
    hours: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_HOURS, np.int64))
    bought: dict[str, Counter[str]] = field(default_factory=dict)
    stolen: dict[str, Counter[str]] = field(default_factory=dict)
    cards: dict[str, set[int]] = field(default_factory=dict)

    def add(self, purchases: pa.Table, truth: pa.Table) -> None:
        """Add a day: its purchases in the order of time, and what truth says of each, row by row."""
        card = pc.index_in(purchases["card_id"], self.ids).to_numpy().astype(np.int32)
        is_fraud = truth["is_fraud"].to_numpy()
        at_site = purchases["lon"].is_valid().to_numpy()
        hour = pc.hour(purchases["ts_local"]).to_numpy()
        self.hours += np.bincount(hour[at_site], minlength=_HOURS)
        for name, table in (
            ("category", purchases), ("channel", purchases), ("fraud_type", truth), ("hard_negative", truth)
        ):  # fmt: skip
            self._count(name, table[name], truth["is_fraud"])
        for name in ("fraud_type", "hard_negative"):
            kinds = truth[name].combine_chunks().dictionary_encode()
            of = pc.fill_null(kinds.indices, -1).to_numpy()
            for number, kind in enumerate(kinds.dictionary.to_pylist()):
                self.cards.setdefault(kind, set()).update(np.unique(card[of == number]).tolist())
        seconds = purchases["ts_utc"].cast(pa.int64()).to_numpy() / _MICROS
        places = (purchases[name].to_numpy() for name in ("lon", "lat"))
        rows = np.stack([seconds, *places])
        listed = truth["hard_negative"].is_valid().to_numpy()
        honest = at_site & ~is_fraud
        for moves, chosen in ((self.honest, honest), (self.unlisted, honest & ~listed)):
            moves.add(card[chosen], rows[:, chosen])

    def _count(self, name: str, kinds: pa.ChunkedArray, is_fraud: pa.ChunkedArray) -> None:
        for found, column in (
            (self.bought, kinds),
            (self.stolen, kinds.filter(is_fraud)),
        ):
            own = found.setdefault(name, Counter())
            for one in column.drop_null().value_counts().to_pylist():
                own[one["values"]] += one["counts"]

    def rows(self, name: str, kinds: Sequence[str]) -> tuple[KindOfRow, ...]:
        """Return the kinds that occur, in the order given."""
        bought, stolen = self.bought[name], self.stolen[name]
        return tuple(
            KindOfRow(
                kind,
                bought[kind],
                _share(bought[kind], bought.total()),
                stolen[kind],
                len(self.cards[kind]) if kind in self.cards else None,
            )
            for kind in kinds
            if bought[kind]
        )


def _share(part: int, of: int) -> float | None:
    return part / of if of else None


def _columns(counts: Sequence[int], labels: Sequence[str]) -> tuple[tuple[Column, ...], int]:
    """Return columns, neighbours averaged where there are too many, and what the highest stands for."""
    step = -(-len(counts) // _MOST_COLUMNS) or 1
    starts = range(0, len(counts), step)
    means = [round(sum(part) / len(part)) for part in (counts[at : at + step] for at in starts)]
    most, width = max(means, default=0), 100 / max(len(means), 1)
    return tuple(
        Column(
            number * width,
            width * 0.85,
            100 * mean / max(most, 1),
            f"{labels[at]}: {mean:,}",
        )
        for number, (at, mean) in enumerate(zip(starts, means, strict=True))
    ), most
