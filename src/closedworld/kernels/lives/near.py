"""The sites near a point, and a choice among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedworld.kernels.counting import counted
from closedworld.kernels.lives.draws import scaled, whole_weights
from closedworld.kernels.lives.places import Floats, Ints
from closedworld.kernels.sampling.philox import Words
from closedworld.kernels.sphere import sine_cosine

ENOUGH = 8
"""Sites from which a choice is made, if there are so many within 50 km."""

NEAR_KM = 1.0
"""A site this far away draws a quarter as many people as one next door."""

_KM_PER_DEGREE = 111.195
_CELL_KM = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0)
_SCALE = 1 << 20
_LEAST_COLUMNS = 4
_CUT = 4096  # sites of a list that count, so that its sum fits 32 bits


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """Sites in cells of one size, by group, row and column; a row's first and last cells follow each other twice."""

    degrees: float
    columns: Ints  # of each row
    key: Ints
    site: Ints

    def key_of(self, group: Ints, row: Ints, column: Ints) -> Ints:
        """Return what cells are sorted by: group, then row, then column, which may be one beyond either end."""
        rows, widest = len(self.columns), int(self.columns.max()) + 2
        return (group * rows + row) * widest + column + 1

    def row_of(self, lats: Floats) -> Ints:
        """Return the row of cells of each latitude, degrees; 0 is the southernmost."""
        return np.clip((lats + 90.0) / self.degrees, 0, len(self.columns) - 1).astype(np.int64)

    def column_of(self, row: Ints, lons: Floats) -> Ints:
        """Return the cell of each longitude, degrees, in its row; 0 begins at -180."""
        columns = self.columns.take(row)
        column = np.floor((lons + 180.0) * (columns / 360.0)).astype(np.int64)
        return np.clip(column, 0, columns - 1)


@dataclass(frozen=True, slots=True, eq=False)
class NearLists:
    """Sites near some points; list i is ``site[starts[i] : starts[i] + counts[i]]``; lists do not follow each other in order.

    Attributes:
        site: Rows of sites, int64 (m,).
        cumulative: Sums of their weights from the first list on, int64 (m,).
        starts: int64 (l,).
        counts: int64 (l,); 0 where there is none within reach.
    """

    site: Ints
    cumulative: Ints
    starts: Ints
    counts: Ints

    def pick(self, rows: Ints, words: Words) -> Ints:
        """Return a site of each list by weight, int64 (n,); the lists must not be empty."""
        starts = self.starts.take(rows)
        sums = np.concatenate([[0], self.cumulative])
        base = sums.take(starts)
        totals = sums.take(starts + self.counts.take(rows)) - base
        place = np.searchsorted(self.cumulative, base + scaled(words, totals), "right")
        return self.site.take(place)

    def shares(self) -> Floats:
        """Return the probability of each site in its list, float64 (m,)."""
        some = np.flatnonzero(self.counts)
        some = some[np.argsort(self.starts[some])]
        weights = np.diff(self.cumulative, prepend=0)
        totals = np.add.reduceat(weights, self.starts[some])
        shares: Floats = weights / np.repeat(totals, self.counts[some])
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class SiteIndex:
    """Sites by group, found by where they are.

    Attributes:
        levels: Cells of growing size.
        xyz: Sites on the sphere, km, float64 (3, n).
        size: How much each draws, float64 (n,).
    """

    levels: tuple[_Level, ...]
    xyz: Floats
    size: Floats

    @classmethod
    def of(cls, group: Ints, lons: Floats, lats: Floats, xyz: Floats, size: Floats) -> SiteIndex:
        """Index sites; groups are 0 or more."""
        levels = tuple(_level(km, group, lons, lats) for km in _CELL_KM)
        return cls(levels, xyz, size)

    def lists(self, group: Ints, lons: Floats, lats: Floats, xyz: Floats) -> NearLists:
        """Return the sites of its group near each point, weighted by ``size / (distance + NEAR_KM)^2``.

        They are those in the 3 x 3 cells around the point, of the smallest cells in which there are ``ENOUGH``
        of them; if there never are, of the largest.
        """
        # In the order of sites, so that searches of neighbours touch the same memory.
        middle = self.levels[len(self.levels) // 2]
        row = middle.row_of(lats)
        order = np.argsort(middle.key_of(group, row, middle.column_of(row, lons)), kind="stable")
        group, lons, lats = group[order], lons[order], lats[order]
        starts, counts = np.zeros((2, 3, len(group)), np.int64)
        level_of = np.zeros(len(group), np.int64)
        left = np.arange(len(group))
        for number, level in enumerate(self.levels):
            low, high = _ranges(level, group[left], lons[left], lats[left])
            enough = (high - low).sum(axis=0) >= ENOUGH
            if number == len(self.levels) - 1:
                enough[:] = True
            done = left[enough]
            starts[:, done], counts[:, done] = low[:, enough], (high - low)[:, enough]
            level_of[done] = number
            left = left[~enough]
            if not len(left):
                break
        lists = self._weighted(level_of, starts, counts, xyz[:, order])
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return NearLists(lists.site, lists.cumulative, lists.starts[back], lists.counts[back])

    def _weighted(self, level_of: Ints, starts: Ints, counts: Ints, xyz: Floats) -> NearLists:
        counts = _cut(counts)
        totals = counts.sum(axis=0)
        places = counted(starts.T.ravel(), counts.T.ravel())
        each = np.repeat(level_of, totals)
        site = np.empty(len(places), np.int64)
        for number in np.unique(level_of).tolist():
            here = each == number
            site[here] = self.levels[number].site.take(places[here])
        away = np.zeros(len(site))
        for axis in range(3):
            along = self.xyz[axis].take(site)
            along -= np.repeat(xyz[axis], totals)
            along *= along
            away += along
        np.sqrt(away, out=away)
        away += NEAR_KM
        away *= away
        weights = self.size.take(site)
        weights /= away
        begins = np.cumsum(totals) - totals
        some = totals > 0
        if some.any():
            whole = whole_weights(weights, begins[some], totals[some], _SCALE)
        else:
            whole = np.zeros(0, np.int64)
        return NearLists(site, np.cumsum(whole), begins, totals)


def _cut(counts: Ints) -> Ints:
    """Return counts of three ranges, together ``_CUT`` at most."""
    if int(counts.sum(axis=0).max(initial=0)) <= _CUT:
        return counts
    before = np.cumsum(counts, axis=0) - counts
    left: Ints = np.clip(_CUT - before, 0, counts)
    return left


def _level(km: float, group: Ints, lons: Floats, lats: Floats) -> _Level:
    degrees = km / _KM_PER_DEGREE
    rows = int(180.0 / degrees) + 1
    middle = np.minimum((np.arange(rows) + 0.5) * degrees - 90.0, 90.0)
    columns = np.maximum(np.floor(360.0 / degrees * sine_cosine(middle)[1]), _LEAST_COLUMNS)
    empty = np.zeros(0, np.int64)
    level = _Level(degrees, columns.astype(np.int64), empty, empty)
    row = level.row_of(lats)
    column = level.column_of(row, lons)
    first, last = np.flatnonzero(column == 0), np.flatnonzero(column == level.columns[row] - 1)
    site = np.concatenate([np.arange(len(group)), first, last])
    column = np.concatenate([column, level.columns[row[first]], np.full(len(last), -1)])
    key = level.key_of(group[site], row[site], column)
    order = np.argsort(key, kind="stable")
    return _Level(degrees, level.columns, key[order], site[order])


def _ranges(level: _Level, group: Ints, lons: Floats, lats: Floats) -> tuple[Ints, Ints]:
    """Return where the sites of three rows of three cells begin and end, int64 (3, n) each."""
    middle = level.row_of(lats)
    low, high = np.empty((2, 3, len(group)), np.int64)
    for number in range(3):
        row = middle + number - 1
        outside = (row < 0) | (row >= len(level.columns))
        row = np.clip(row, 0, len(level.columns) - 1)
        column = level.column_of(row, lons)
        key = level.key_of(group, row, column)
        low[number] = np.searchsorted(level.key, key - 1, "left")
        high[number] = np.searchsorted(level.key, key + 1, "right")
        high[number, outside] = low[number, outside]
    return low, high
