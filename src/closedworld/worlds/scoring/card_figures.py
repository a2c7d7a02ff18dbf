"""What the purchases of whole cards say, counted bucket by bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.scoring.auc import RankCounts, cross_fitted_auc
from closedworld.kernels.scoring.consecutive import Steps, median_places, steps_of
from closedworld.kernels.scoring.polygon_owners import PolygonOwners
from closedworld.worlds.scoring.encoding import LEGITIMATE, NO_PLACE, UNKNOWN, home_distances

HOURS = 24
_NIGHT_ENDS = 5.0
_HOUR_SECONDS = 3600.0
_FAST_KM_H, _FLIGHT_KM_H = 150.0, 900.0
_FAR_KM = 100.0
_KM_BINS = np.concatenate([[0.0], np.geomspace(1e-3, 20_040.0, 4001)])


@dataclass(frozen=True, slots=True, eq=False)
class CardRows:
    """The purchases of some cards, all of each card, with what follows from their order.

    Attributes:
        rows: ``PURCHASE`` (n,).
        steps: Steps between consecutive purchases.
        home_km: Distance from home, float64 (n,); NaN where it is not known.
        home_country: Number of the home's country, int16 (n,); negative for none.
    """

    rows: NDArray[np.void]
    steps: Steps
    home_km: NDArray[np.float64]
    home_country: NDArray[np.int16]

    @classmethod
    def of(
        cls,
        rows: NDArray[np.void],
        homes: NDArray[np.float64],
        owners: PolygonOwners,
        *,
        plane: bool,
    ) -> CardRows:
        """Return the purchases of a bucket.

        Args:
            rows: ``PURCHASE`` (n,).
            homes: Longitude and latitude of the home of each card by its number, float64 (cards, 2); where it is NaN,
                the median place of the card's purchases is taken.
            owners: Polygons of countries.
            plane: Whether coordinates are those of a square, where there are no speeds.
        """
        nowhere = np.full(len(rows), np.nan)
        lons, lats = (nowhere, nowhere) if plane else (rows["lon"], rows["lat"])
        home = homes[rows["card"]]
        if not plane and np.isnan(home[:, 0]).any():
            medians = np.column_stack(median_places(rows["card"], lons, lats))
            home = np.where(np.isnan(home), medians, home)
        cards, first, card = np.unique(rows["card"], return_index=True, return_inverse=True)
        country = np.full(len(cards), NO_PLACE, np.int16)
        if not plane and len(cards):
            country = owners.locate(home[first, 0], home[first, 1])
        return cls(
            rows,
            steps_of(rows["card"], rows["time"], lons, lats),
            home_distances(rows, home, plane=plane),
            country[card],
        )

    def features(self, per_merchant: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Return each feature whose AUC is counted by rank, float64 (n,), NaN where a purchase has none.

        Args:
            per_merchant: Purchases of each merchant, int64.
        """
        merchant = self.rows["merchant"]
        frequency = np.append(per_merchant, 0)[merchant].astype(np.float64)
        frequency[merchant < 0] = np.nan
        return {
            "amount": self.rows["amount"],
            "hour": self.rows["hour"],
            "gap": self.steps.seconds,
            "speed": self.steps.km_h,
            "distance_from_home": self.home_km,
            "merchant_frequency": frequency,
            "id": self.rows["id"],
            "order": self.rows["order"],
        }


@dataclass(slots=True, eq=False)
class CardFigures:
    """Counts over all cards.

    Attributes:
        hours: Legitimate purchases in person by zone and hour, int64 (zones + 1, 24); the last row has no zone.
        counts: Counts by name.
        km: Legitimate purchases by distance from home.
    """

    hours: NDArray[np.int64]
    counts: Counter[str] = field(default_factory=Counter)
    km: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(_KM_BINS), np.int64))

    def add(self, some: CardRows) -> None:
        """Count the purchases of some cards."""
        kind = some.rows["kind"]
        # Without a label, a purchase counts as legitimate, as it would in practice.
        honest = kind <= LEGITIMATE
        self._count("frauds", kind > LEGITIMATE)
        self._count("unlabelled", kind == UNKNOWN)
        self._count("listed", some.rows["is_listed"])
        country = some.rows["country"]
        placed = country != NO_PLACE
        self._count("placed", placed)
        self._count("at_sea", country == NO_PLACE + 1)
        settled = placed & honest & (country >= 0) & (some.home_country >= 0)
        self._count("abroad_of", settled)
        self._count("abroad", settled & (country != some.home_country))
        self._add_steps(some, honest)
        near = honest & np.isfinite(some.home_km)
        self._count("home_of", near)
        self._count("home_far", near & (some.home_km > _FAR_KM))
        bins = np.searchsorted(_KM_BINS, some.home_km[near], "right") - 1
        self.km += np.bincount(bins, minlength=len(_KM_BINS))
        timed = honest & ~some.rows["is_online"] & np.isfinite(some.rows["hour"])
        zone = np.where(some.rows["zone"] < 0, len(self.hours) - 1, some.rows["zone"])
        hour = some.rows["hour"][timed].astype(np.int64)
        flat = np.bincount(zone[timed].astype(np.int64) * HOURS + hour, minlength=self.hours.size)
        self.hours += flat.reshape(self.hours.shape)

    def _add_steps(self, some: CardRows, honest: NDArray[np.bool_]) -> None:
        steps = some.steps
        pair = np.isfinite(steps.km)
        legit = pair & honest & honest[steps.located]
        listed = some.rows["is_listed"] | some.rows["is_listed"][steps.located]
        hour = (some.rows["time"] - some.rows["time"][steps.located]) <= _HOUR_SECONDS
        fast, flight = steps.km_h > _FAST_KM_H, steps.km_h > _FLIGHT_KM_H
        self._count("pairs", legit)
        self._count("pairs_fast", legit & fast)
        self._count("pairs_hour", legit & hour)
        self._count("pairs_hour_fast", legit & hour & fast)
        self._count("pairs_flight", legit & flight)
        self._count("pairs_flight_listed", legit & flight & listed)
        self._count("alarms", pair & flight)
        self._count("alarms_fraud", pair & flight & ~legit)

    def _count(self, name: str, which: NDArray[np.bool_]) -> None:
        self.counts[name] += int(np.count_nonzero(which))

    @property
    def median_km(self) -> float | None:
        """Median distance from home, within half a percent."""
        total = int(self.km.sum())
        if not total:
            return None
        return float(_KM_BINS[np.searchsorted(np.cumsum(self.km), (total + 1) // 2)])

    def night_share(self, zone: int | None = None) -> float | None:
        """Return the share of legitimate purchases in person between 0 and 5 h, in one zone or in all."""
        hours = self.hours.sum(axis=0) if zone is None else self.hours[zone]
        total = int(hours.sum())
        return int(hours[: int(_NIGHT_ENDS)].sum()) / total if total else None


@dataclass(slots=True, eq=False)
class AucCounts:
    """AUCs of single features: frauds are gathered first, all others are compared with them afterwards.

    Attributes:
        categories: Purchases by half of the cards, category and kind (none of fraud first), int64 (2, categories, kinds).
    """

    categories: NDArray[np.int64]
    _frauds: list[Mapping[str, NDArray[np.float64]]] = field(default_factory=list)
    _kinds: list[NDArray[np.int16]] = field(default_factory=list)
    _ranks: dict[str, RankCounts] = field(default_factory=dict)

    def gather(self, some: CardRows, features: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep the frauds of some cards, and count all by category."""
        kind, category = some.rows["kind"], some.rows["category"].astype(np.int64)
        is_fraud = kind > LEGITIMATE
        self._frauds.append({name: values[is_fraud] for name, values in features.items()})
        self._kinds.append(kind[is_fraud])
        known = (kind >= LEGITIMATE) & (category >= 0)
        half = some.rows["card"].astype(np.int64) & 1
        _, n_categories, n_kinds = self.categories.shape
        index = (half * n_categories + category) * n_kinds + kind
        flat = np.bincount(index[known], minlength=self.categories.size)
        self.categories += flat.reshape(self.categories.shape)

    def compare(self, some: CardRows, features: Mapping[str, NDArray[np.float64]]) -> None:
        """Compare the other purchases of some cards with all frauds."""
        if not self._ranks:
            self._ranks = {
                name: RankCounts(np.concatenate([one[name] for one in self._frauds]))
                for name in features
            }
        others = some.rows["kind"] == LEGITIMATE
        for name, values in features.items():
            self._ranks[name].add(values[others])

    def kind_counts(self) -> dict[int, int]:
        """Return how many frauds of each kind there are, by its number."""
        n_kinds = self.categories.shape[2]
        counts = np.bincount(np.concatenate(self._kinds), minlength=n_kinds)
        return {number: int(counts[number]) for number in range(1, n_kinds)}

    def results(self, kinds: tuple[str, ...]) -> dict[str, dict[str, float | None]]:
        """Return the AUC of each feature by kind of fraud, that of all frauds as ``all``.

        Args:
            kinds: Names of the kinds by number, the first being none.
        """
        of_fraud = np.concatenate(self._kinds) if self._kinds else np.empty(0, np.int16)
        chosen = {"all": np.ones(len(of_fraud), np.bool_)}
        chosen |= {name: of_fraud == number for number, name in enumerate(kinds) if number}
        found = {
            name: {kind: ranks.auc(which) for kind, which in chosen.items()}
            for name, ranks in self._ranks.items()
        }
        of_category: dict[str, float | None] = dict.fromkeys(chosen)
        if self.categories.size:
            of_category["all"] = cross_fitted_auc(self.categories)
            for number, name in list(enumerate(kinds))[1:]:
                of_category[name] = cross_fitted_auc(self.categories, number)
        return {**found, "category": of_category}
