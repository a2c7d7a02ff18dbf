"""Where people travel to, and where thieves sit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto

import numpy as np

from closedworld.kernels.lives.draws import scaled, whole_weights
from closedworld.kernels.lives.places import Floats, Ints, Sites
from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.sphere import arc_km, chord_km, sine_cosine, to_xyz

TRIP_KM = 80.0
"""A trip leads at least this far away."""

THIEF_KM = 1_000.0
"""Thieves far away sit at least this far away, if there are shops so far away."""

_CELL_DEGREES = 0.5
_ROWS = 360
_LEAST_COLUMNS, _MOST_COLUMNS = 4, 720
_CELLS = _ROWS * _MOST_COLUMNS
_GOALS_PER_COUNTRY = 64
_PULL_KM = 100.0
_SCALE = 1 << 18  # 64 goals in each of 250 countries: sums fit 32 bits
_SITE_SCALE = 1 << 12  # a million sites in one goal


class Errand(IntEnum):
    """What a goal is for."""

    TRIP_INSIDE = auto()
    TRIP_ABROAD = auto()
    THEFT = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Goals:
    """The cells of half a degree with most shops in each country, by country.

    Attributes:
        xyz: Middles of the cells, km, float64 (3, g).
        country: Row of ``Countries``, int64 (g,), ascending.
        mass: Sum of the sizes of its sites, float64 (g,).
        site: Rows of the sites of each goal, int64, one goal after the other.
        cumulative: Sums of whole sizes of these sites from the first on, int64.
        starts: Where a goal's sites begin, int64 (g + 1,).
    """

    xyz: Floats
    country: Ints
    mass: Floats
    site: Ints
    cumulative: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.country)

    @classmethod
    def of(cls, sites: Sites) -> Goals:
        """Find the goals among sites."""
        cell = _cell(sites.lons, sites.lats)
        code, goal = np.unique(sites.country * _CELLS + cell, return_inverse=True)
        mass = np.bincount(goal, sites.size, len(code)).astype(np.float64)
        country = code // _CELLS
        rank = np.empty(len(code), np.int64)
        order = np.lexsort((code, -mass, country))
        first = np.searchsorted(country, country)
        rank[order] = np.arange(len(code)) - first
        kept = rank < _GOALS_PER_COUNTRY
        number = np.cumsum(kept) - 1
        here = np.flatnonzero(kept[goal])
        site = here[np.argsort(number[goal[here]], kind="stable")]
        counts = np.bincount(number[goal[here]], minlength=int(kept.sum()))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        weights = whole_weights(sites.size[site], counts, _SITE_SCALE)
        return cls(
            to_xyz(*_middle(code[kept] % _CELLS)),
            country[kept],
            mass[kept],
            site,
            np.concatenate([[0], np.cumsum(weights)]),
            starts,
        )

    def sums(self, of_sites: Ints) -> Ints:
        """Return the sum over each goal's sites of a number of each site, int64 (g,)."""
        sums = np.concatenate([[0], np.cumsum(of_sites.take(self.site))])
        return np.diff(sums.take(self.starts))

    def choose(
        self,
        errand: Ints,
        lons: Floats,
        lats: Floats,
        country: Ints,
        words: Words,
        within: Words,
        visits: Ints | None = None,
    ) -> Ints:
        """Return a site to stay at, int64 (n,), -1 where no goal fits.

        Trips are drawn by ``mass / (distance + 100 km)^1.5``, from the middle of the home's cell. Thefts are drawn by the
        visits of all holders, as merchants far away are the more popular the more holders go there; by ``mass^2`` where
        no holder goes so far away.

        Args:
            errand: ``Errand`` of each, int64 (n,).
            lons: Home, degrees.
            lats: Home, degrees.
            country: Country of the home.
            words: A word that chooses the goal.
            within: A word that chooses the site.
            visits: What all holders visit each goal, in any unit, int64 (g,); None for trips.
        """
        found = np.full(len(errand), -1, np.int64)
        code = (errand << 32 | country) * _CELLS + _cell(lons, lats)
        codes, row_of = np.unique(code, return_inverse=True)
        order = np.argsort(row_of, kind="stable")
        ends = np.cumsum(np.bincount(row_of, minlength=len(codes)))
        for row, one in enumerate(codes.tolist()):
            here = order[ends[row - 1] if row else 0 : ends[row]]
            head, cell = divmod(one, _CELLS)
            weights = self._weights(head >> 32, head & 0xFFFFFFFF, cell, visits)
            sums = np.cumsum(weights)
            if len(sums) and sums[-1]:
                goal = np.searchsorted(sums, scaled(words[here], int(sums[-1])), "right")
                found[here] = self._site(goal, within[here])
        return found

    def _weights(self, errand: int, country: int, cell: int, visits: Ints | None) -> Ints:
        centre = to_xyz(*_middle(np.array([cell])))
        away = arc_km(chord_km(self.xyz, centre))
        if errand == Errand.THEFT:
            fits = away >= THIEF_KM
            if not fits.any():
                fits = away >= TRIP_KM
            pull = self.mass * self.mass
            if visits is not None and (popular := fits & (visits > 0)).any():
                fits, pull = popular, visits.astype(np.float64)
        else:
            inside = self.country == country
            fits = (away >= TRIP_KM) & (inside if errand == Errand.TRIP_INSIDE else ~inside)
            far = away + _PULL_KM
            pull = self.mass / (far * np.sqrt(far))
        whole = np.zeros(len(self), np.int64)
        whole[fits] = whole_weights(pull[fits], np.array([np.count_nonzero(fits)]), _SCALE)
        return whole

    def _site(self, goal: Ints, words: Words) -> Ints:
        base = self.cumulative.take(self.starts.take(goal))
        totals = self.cumulative.take(self.starts.take(goal + 1)) - base
        target = base + scaled(words, totals)
        return self.site.take(np.searchsorted(self.cumulative[1:], target, "right"))


def _columns() -> Ints:
    middle = 90.0 - (np.arange(_ROWS, dtype=np.float64) + 0.5) * _CELL_DEGREES
    columns = np.floor(_MOST_COLUMNS * sine_cosine(middle)[1])
    return np.maximum(columns, _LEAST_COLUMNS).astype(np.int64)


def _cell(lons: Floats, lats: Floats) -> Ints:
    row = np.minimum((90.0 - lats) / _CELL_DEGREES, _ROWS - 1).astype(np.int64)
    columns = _columns().take(row)
    column = np.minimum((lons + 180.0) / 360.0 * columns, columns - 1).astype(np.int64)
    return row * _MOST_COLUMNS + column


def _middle(cell: Ints) -> tuple[Floats, Floats]:
    row, column = np.divmod(cell, _MOST_COLUMNS)
    lons = (column + 0.5) * (360.0 / _columns().take(row)) - 180.0
    return lons, 90.0 - (row + 0.5) * _CELL_DEGREES
