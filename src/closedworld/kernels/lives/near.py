"""The sites near a point, and a choice among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closedworld.kernels.counting import counted
from closedworld.kernels.lives.draws import first_above, scaled, whole_weights
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
class _Cells:
    """Cells of one size, in rows from the south."""

    degrees: float
    columns: Ints  # of each row

    @property
    def widest(self) -> int:
        """Numbers of the cells of a row."""
        return int(self.columns.max()) + 2

    def of_group(self, group: Ints) -> Ints:
        """Return what its group adds to the key of a cell."""
        return group * (len(self.columns) * self.widest)

    def cell_of(self, row: Ints, column: Ints) -> Ints:
        """Return what cells of a group are sorted by: row, then column, which may be one beyond either end."""
        return row * self.widest + column

    def row_of(self, lats: Floats) -> Ints:
        """Return the row of cells of each latitude, degrees; 0 is the southernmost."""
        return ((lats + 90.0) / self.degrees).astype(np.int64)

    def column_of(self, row: Ints, lons: Floats) -> Ints:
        """Return the cell of each longitude, degrees, in its row; 0 begins at -180."""
        columns = self.columns.take(row)
        column = np.floor((lons + 180.0) * (columns / 360.0)).astype(np.int64)
        return np.minimum(column, columns - 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Level(_Cells):
    """Sites in cells, by group, row and column; a row's first and last cells follow each other twice."""

    key: Ints
    site: Ints


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
        starts, counts = self.starts.take(rows), self.counts.take(rows)
        sums = np.concatenate([[0], self.cumulative])
        base = sums.take(starts)
        totals = sums.take(starts + counts) - base
        return self.site.take(
            first_above(self.cumulative, starts, counts, base + scaled(words, totals))
        )

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
        site: Sites of all levels, one level after another, int64.
        xyz: Sites on the sphere, km, float64 (3, n).
        size: How much each draws, float64 (n,).
    """

    levels: tuple[_Level, ...]
    site: Ints
    xyz: Floats
    size: Floats

    @classmethod
    def of(cls, group: Ints, lons: Floats, lats: Floats, xyz: Floats, size: Floats) -> SiteIndex:
        """Index sites; groups are 0 or more."""
        levels = tuple(_level(km, group, lons, lats) for km in _CELL_KM)
        return cls(levels, np.concatenate([one.site for one in levels]), xyz, size)

    def lists(self, group: Ints, at: Ints, lons: Floats, lats: Floats, xyz: Floats) -> NearLists:
        """Return the sites of a group near a point, weighted by ``size / (distance + NEAR_KM)^2``, for each of n lists.

        They are those in the 3 x 3 cells around the point, of the smallest cells in which there are ``ENOUGH``
        of them; if there never are, of the largest.

        Args:
            group: int64 (n,).
            at: Which of the points, int64 (n,).
            lons: Degrees, float64 (p,).
            lats: Degrees, float64 (p,).
            xyz: The points on the sphere, km, float64 (3, p).
        """
        # In the order of sites, so that searches of neighbours touch the same memory.
        middle = self.levels[len(self.levels) // 2]
        row = middle.row_of(lats)
        cell = middle.cell_of(row, middle.column_of(row, lons))
        order = np.argsort(middle.of_group(group) + cell.take(at))
        group, at = group.take(order), at.take(order)
        starts, counts = np.zeros((2, len(group), 3), np.int64)
        left, offset = np.arange(len(group)), 0
        for number, level in enumerate(self.levels):
            low, found = _ranges(level, group.take(left), at.take(left), lons, lats)
            done = found.sum(axis=1) >= ENOUGH
            if number == len(self.levels) - 1:
                done[:] = True
            starts[left[done]], counts[left[done]] = low[done] + offset, found[done]
            left = left[~done]
            offset += len(level.site)
            if not len(left):
                break
        return self._weighted(order, at, starts, counts, xyz)

    def _weighted(
        self, order: Ints, at: Ints, starts: Ints, counts: Ints, xyz: Floats
    ) -> NearLists:
        """Return lists of these ranges of ``site``, int64 (n, 3), which are those of the lists ``order``."""
        counts = _cut(counts)
        totals = counts.sum(axis=1)
        site = self.site.take(counted(starts.ravel(), counts.ravel()))
        point = np.repeat(at, totals)
        away = np.zeros(len(site))
        for axis in range(3):
            along = self.xyz[axis].take(site)
            along -= xyz[axis].take(point)
            along *= along
            away += along
        np.sqrt(away, out=away)
        away += NEAR_KM
        away *= away
        weights = self.size.take(site)
        weights /= away
        begins = np.cumsum(totals) - totals
        whole = whole_weights(weights, totals, _SCALE)
        found = np.empty((2, len(order)), np.int64)
        found[:, order] = begins, totals
        return NearLists(site, np.cumsum(whole), found[0], found[1])


def _cut(counts: Ints) -> Ints:
    """Return counts of three ranges, int64 (n, 3), together ``_CUT`` at most."""
    before = np.cumsum(counts, axis=1) - counts
    left: Ints = np.clip(_CUT - before, 0, counts)
    return left


def _level(km: float, group: Ints, lons: Floats, lats: Floats) -> _Level:
    degrees = km / _KM_PER_DEGREE
    rows = int(180.0 / degrees) + 1
    middle = np.minimum((np.arange(rows) + 0.5) * degrees - 90.0, 90.0)
    columns = np.maximum(np.floor(360.0 / degrees * sine_cosine(middle)[1]), _LEAST_COLUMNS)
    cells = _Cells(degrees, columns.astype(np.int64))
    row = cells.row_of(lats)
    column = cells.column_of(row, lons)
    first, last = np.flatnonzero(column == 0), np.flatnonzero(column == cells.columns[row] - 1)
    site = np.concatenate([np.arange(len(group)), first, last])
    column = np.concatenate([column, cells.columns[row[first]], np.full(len(last), -1)])
    key = cells.of_group(group[site]) + cells.cell_of(row[site], column)
    order = np.argsort(key, kind="stable")
    return _Level(degrees, cells.columns, key[order], site[order])


def _ranges(level: _Level, group: Ints, at: Ints, lons: Floats, lats: Floats) -> tuple[Ints, Ints]:
    """Return where the sites of three rows of three cells begin, and how many there are, int64 (n, 3) each."""
    rows = level.row_of(lats)[:, None] + np.arange(-1, 2)
    inside = np.clip(rows, 0, len(level.columns) - 1)
    cells = level.cell_of(inside, level.column_of(inside, lons[:, None]))
    key = cells.take(at, axis=0)
    key += level.of_group(group)[:, None]
    key -= 1
    low = np.searchsorted(level.key, key)
    key += 3
    found = np.searchsorted(level.key, key)
    found -= low
    if (beyond := rows != inside).any():
        found[beyond.take(at, axis=0)] = 0
    return low, found
