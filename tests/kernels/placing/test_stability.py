"""Where people change, about as few sites move as must: the total variation of the masses, times four at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from scipy import stats

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import (
    Blocks,
    PlacingDomain,
    SiteRequest,
    Towns,
    place_sites,
    site_keys,
)
from closedworld.kernels.placing.block_lattice import block_lattice
from closedworld.kernels.placing.races import first_of_races, minus_log, numbers_of_race, slowness
from closedworld.kernels.sampling import CountryShape, in_memory
from closedworld.kernels.spans import RowSpans, border_tiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

pytestmark = pytest.mark.slow

LEAST_P = 1e-3
MOST_SIGMAS = 5.0
MOST_MOVED = 4.0
"""Of the total variation."""
RACES = 8, 6, 6, 16
"""Bits of a tile's number by which those that race differ: tiles of a block, blocks, squares of 40' and of 5 degrees 20'."""
SHAPE = shapely.MultiPolygon([shapely.Point(10.0, 50.0).buffer(1.5)])
GRID = Grid.from_resolution("5m")
FINE = Grid.from_resolution("30s")
NO_TOWNS = Towns.of(np.empty(0), np.empty(0), np.empty(0, np.int64))


def people(lons: Floats, lats: Floats) -> Floats:
    """Return persons per square degree: 60 towns of very different sizes, and some countryside."""
    draw = np.random.default_rng(5)
    east, north, size = draw.normal(10, 0.8, 60), draw.normal(50, 0.6, 60), draw.pareto(1, 60)
    far = (lons[:, None] - east) ** 2 * 0.41 + (lats[:, None] - north) ** 2
    total: Floats = 0.5 + (size * 100 / (1 + far / 0.002) ** 2).sum(axis=1)
    return total


def centres(spans: RowSpans) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of tiles."""
    row, col = spans.grid.row_col(spans.tile_ids())
    return spans.grid.lon_center(col), spans.grid.lat_center(row)


def domain_of(spans: RowSpans, persons: Floats) -> PlacingDomain:
    """Return a country with these people in its tiles."""
    weights = np.floor(persons / persons.sum() * 1e12).astype(np.uint64)
    return PlacingDomain(
        spans,
        border_tiles([SHAPE], spans.grid),
        CountryShape([SHAPE]),
        Blocks.of(spans, [weights]),
        in_memory(weights),
        NO_TOWNS,
        PlacingDomain.texture_of(spans.grid, "DE", 7),
    )


def a_tile_grows(spans: RowSpans, persons: Floats) -> tuple[RowSpans, Floats]:
    """Return 5% more people in the largest tile."""
    grown = persons.copy()
    grown[persons.argmax()] *= 1.05
    return spans, grown


def noise(spans: RowSpans, persons: Floats) -> tuple[RowSpans, Floats]:
    """Return people that differ by 2%."""
    return spans, persons * np.random.default_rng(1).lognormal(0, 0.02, len(persons))


def tiles_go(spans: RowSpans, persons: Floats) -> tuple[RowSpans, Floats]:
    """Return the country without 1% of its tiles."""
    kept = np.random.default_rng(3).random(len(persons)) > 0.01
    row, col = (one.astype(np.int64) for one in spans.grid.row_col(spans.tile_ids()[kept]))
    return RowSpans.from_runs(spans.grid, row, col, col + 1), persons[kept]


def overlapping(spans: RowSpans, _: Floats) -> tuple[RowSpans, Floats]:
    """Return the tiles of the other rule."""
    more = RowSpans.from_polygon(SHAPE, spans.grid, "any_overlap")
    return more, people(*centres(more))


def a_new_year(spans: RowSpans, persons: Floats) -> tuple[RowSpans, Floats]:
    """Return people that have grown by region, by -3% to 5%, and a little by chance."""
    lons, lats = centres(spans)
    growth = 1.01 + 0.025 * np.sin(2.1 * lons) + 0.015 * np.cos(3.3 * lats)
    return spans, persons * growth * np.random.default_rng(2).lognormal(0, 0.01, len(persons))


EVENTS = (a_tile_grows, noise, tiles_go, overlapping, a_new_year)


def both_choose(p: Floats, q: Floats, race: NDArray[np.int64]) -> Floats:
    """Return how probable it is that each wins its race with either masses, float64 (n,).

    Lemma of the exponential race: 1 / sum over j of max(p_j / p_i, q_j / q_i). The maximum is that of p where
    q_j / p_j is at most q_i / p_i, so sums over those before and after in this order do.

    Args:
        p: Masses, float64 (n,).
        q: Masses, float64 (n,).
        race: Race of each, int64 (n,), ascending.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.lexsort((np.where(p > 0, q / p, np.inf), race))
        p, q, starts = p[order], q[order], np.flatnonzero(np.append(True, np.diff(race) > 0))
        total = np.add.reduceat(q, starts)[race]
        upto = [np.cumsum(one) - (np.cumsum(one) - one)[starts][race] for one in (p, q)]
        stay = np.empty(len(p))
        stay[order] = np.where((p > 0) & (q > 0), 1 / (upto[0] / p + (total - upto[1]) / q), 0)
    return stay


def numbered(domain: PlacingDomain, gamma8: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the number of each tile down the tree, and its share of the masses, float64 (n,)."""
    spans, blocks = domain.spans, domain.blocks
    lattice = block_lattice(spans.grid)
    row, col = (one.astype(np.int64) for one in spans.grid.row_col(spans.tile_ids()))
    row_block, col_block = lattice.row_blocks[row], lattice.col_blocks[col]
    ids = lattice.block_ids(row_block, col_block)
    across = col - lattice.col_starts[col_block << lattice.levels]
    tile = 16 * (row - lattice.row_starts[row_block << lattice.levels]) + across
    every = np.arange(spans.tile_count)
    weights = domain.tile_weights(every, every + 1).astype(np.float64)
    at = np.minimum(np.searchsorted(blocks.ids, ids), len(blocks.ids) - 1)
    masses = weights * (blocks.masses(gamma8) / blocks.weights)[at]
    order = np.argsort(ids << 8 | tile)
    return (ids << 8 | tile)[order], (masses / masses.sum())[order]


def on_both(
    first: PlacingDomain, second: PlacingDomain, gamma8: int
) -> tuple[NDArray[np.int64], Floats]:
    """Return the numbers of all tiles, and their share of the masses of either country, float64 (2, n)."""
    both = [numbered(domain, gamma8) for domain in (first, second)]
    ids = np.union1d(both[0][0], both[1][0])
    shares = np.zeros((2, len(ids)))
    for own, (own_ids, share) in zip(shares, both, strict=True):
        own[np.searchsorted(ids, own_ids)] = share
    return ids, shares


def share_that_moves(ids: NDArray[np.int64], shares: Floats) -> float:
    """Return how probable it is that a site goes to different tiles, exactly, from the tiles up."""
    stay = np.ones(len(ids))
    for bits in RACES:
        ids, parent = np.unique(ids >> bits, return_inverse=True)
        starts = np.flatnonzero(np.append(True, np.diff(parent) > 0))
        stay = np.add.reduceat(both_choose(shares[0], shares[1], parent) * stay, starts)
        shares = np.add.reduceat(shares, starts, axis=1)
    return 1 - float(stay[0])


@pytest.mark.parametrize("gamma8", [6, 8, 9, 10])
@pytest.mark.parametrize("grid", [GRID, FINE], ids=["5m", "30s"])
@pytest.mark.parametrize("event", EVENTS)
def test_at_most_four_times_the_total_variation_moves(
    event: Callable[[RowSpans, Floats], tuple[RowSpans, Floats]], grid: Grid, gamma8: int
) -> None:
    """The total variation of the masses is the bound that no law can undercut; at gamma 1 it is that of the weights."""
    spans = RowSpans.from_polygon(SHAPE, grid, "center")
    persons = people(*centres(spans))
    before, after = domain_of(spans, persons), domain_of(*event(spans, persons))
    ids, shares = on_both(before, after, gamma8)
    variation = np.abs(shares[0] - shares[1]).sum() / 2
    moves = share_that_moves(ids, shares)
    assert variation * (1 - 1e-9) <= moves <= MOST_MOVED * variation
    n = 20_000
    request = SiteRequest(
        np.repeat(site_keys(["a"], "DE", 7), n, axis=0),
        np.arange(1, n + 1),
        np.full(n, gamma8),
        np.zeros(n, np.bool_),
    )
    here, there = place_sites(before, request), place_sites(after, request)
    found = (here.tile_ids != there.tile_ids).mean()
    assert abs(found - moves) <= MOST_SIGMAS * np.sqrt(moves / n) + 1 / n
    # On a tile that stays, a point moves by the share of it that goes elsewhere, if at all.
    assert (here.lons != there.lons).mean() <= found + 1 / n


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9, 1.0])
def test_one_tile_moves_its_variation_once_for_each_race_less_its_share_of_it(
    quantile: float,
) -> None:
    """Whatever has grown is won by the tile's square from the others of its race, race by race."""
    spans = RowSpans.from_polygon(SHAPE, FINE, "center")
    persons = people(*centres(spans))
    grown = persons.copy()
    # Large enough that the rounding of all other weights does not count.
    grown[np.argsort(persons)[int(quantile * (len(persons) - 1))]] += persons.sum() / 10_000
    ids, shares = on_both(domain_of(spans, persons), domain_of(spans, grown), 8)
    variation = np.abs(shares[0] - shares[1]).sum() / 2
    moves = share_that_moves(ids, shares)
    node, masses, times = int(np.argmax(shares[1] / shares[0])), shares[1], 0.0
    growth = variation / (1 - masses[node])
    for bits in RACES:
        ids, parent = np.unique(ids >> bits, return_inverse=True)
        of_parents = np.bincount(parent, weights=masses)
        times += 1 - masses[node] / of_parents[parent[node]]
        node, masses = int(parent[node]), of_parents
    assert times <= len(RACES)
    assert moves == pytest.approx(times * growth, rel=0.03)


def test_a_finer_raster_of_the_same_people_leaves_sites_in_their_block_or_the_next() -> None:
    coarse, fine = (RowSpans.from_polygon(SHAPE, grid, "center") for grid in (GRID, FINE))
    n = 5_000
    request = SiteRequest(
        np.repeat(site_keys(["a"], "DE", 7), n, axis=0),
        np.arange(1, n + 1),
        np.full(n, 9),
        np.zeros(n, np.bool_),
    )
    lons, lats = centres(fine)
    lattice_lons, lattice_lats = (np.floor(one * 12) / 12 + 1 / 24 for one in (lons, lats))
    blocks = [
        [np.floor(one * 12) for one in (sites.lons, sites.lats)]
        for spans, at in ((coarse, centres(coarse)), (fine, (lattice_lons, lattice_lats)))
        for sites in [place_sites(domain_of(spans, people(*at)), request)]
    ]
    apart = np.maximum(*(np.abs(one - other) for one, other in zip(*blocks, strict=True)))
    assert (apart <= 1).mean() >= 0.9


@pytest.mark.parametrize("runners", [4, 64, 200])
def test_a_race_is_won_by_mass_and_rarely_otherwise_where_masses_change(runners: int) -> None:
    draw = np.random.default_rng(4)
    n = 100_000
    seeds = draw.integers(0, 1 << 64, n, np.uint64)
    masses = np.floor(1000 * draw.pareto(1, (2, runners))).astype(np.uint64)
    masses[1, runners // 2 :] = masses[0, runners // 2 :]
    masses[1, 0] = 0
    pairs = np.sort(draw.permutation(10_000)[: runners // 2]).astype(np.uint64)
    p, q = masses / masses.sum(axis=1, keepdims=True)
    one, other = (
        first_of_races(seeds, pairs, slowness(masses), np.full(n, row)) for row in range(2)
    )
    for found, share in ((one, p), (other, q)):
        assert not (share[found] == 0).any()
        often = share * n > 10
        counts = np.bincount(found, minlength=runners)
        counts = np.append(counts[often], counts[~often].sum() + 10)
        expected = np.append(n * share[often], n * share[~often].sum() + 10)
        assert stats.chisquare(counts, expected).pvalue > LEAST_P
    stay = float(both_choose(p, q, np.zeros(runners, np.int64)).sum())
    found = (one == other).mean()
    assert abs(found - stay) <= MOST_SIGMAS * np.sqrt(stay * (1 - stay) / n)


def test_a_runner_has_its_number_whoever_else_runs() -> None:
    draw = np.random.default_rng(4)
    seeds = draw.integers(0, 1 << 64, 50, np.uint64)
    every = numbers_of_race(seeds, np.arange(100, dtype=np.uint64))
    some = numbers_of_race(seeds, np.array([3, 70], np.uint64))
    assert np.array_equal(some, every[:, [6, 7, 140, 141]])
    # The first outputs of the authors' program for the states 0 and 1234567.
    known = numbers_of_race(np.array([0, 1234567], np.uint64), np.arange(2, dtype=np.uint64))
    assert known.astype("<u4").view("<u8").tolist() == [
        [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4],
        [6457827717110365317, 3203168211198807973],
    ]


def test_logarithms_are_those_of_the_c_library() -> None:
    """From the smallest to the largest, and where the exponent changes."""
    edges = 2**32 - (1 << np.arange(33, dtype=np.uint64))
    numbers = np.append(edges, np.random.default_rng(1).integers(0, 1 << 32, 10_000)).astype(
        np.uint32
    )
    numbers = np.append(numbers, np.arange(1000, dtype=np.uint32))
    expected = -np.log1p(-(numbers + 0.5) / 2**32)
    assert minus_log(numbers) == pytest.approx(expected, rel=4e-16)
