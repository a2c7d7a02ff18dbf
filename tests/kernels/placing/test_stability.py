"""Where people change, about as few sites move as must: the total variation of the blocks' masses, times four at most."""

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
from closedworld.kernels.placing.site_numbers import first_of_race
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


def both_choose(p: Floats, q: Floats) -> Floats:
    """Return how probable it is that a race is won by each with either masses, float64 (n, 4).

    Lemma of the exponential race: 1 / sum over j of max(p_j / p_i, q_j / q_i).

    Args:
        p: Shares, float64 (n, 4).
        q: Shares, float64 (n, 4).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.fmax(p[:, None, :] / p[:, :, None], q[:, None, :] / q[:, :, None])
        result = 1 / ratio.sum(axis=2)
    return np.where((p > 0) & (q > 0), result, 0.0)


def on_both(first: Blocks, second: Blocks, gamma8: int) -> tuple[NDArray[np.int64], Floats]:
    """Return all blocks, and their share of the masses of either country, float64 (2, n)."""
    ids = np.union1d(first.ids, second.ids)
    shares = np.zeros((2, len(ids)))
    for own, blocks in zip(shares, (first, second), strict=True):
        mass = blocks.masses(gamma8).astype(np.float64)
        own[np.searchsorted(ids, blocks.ids)] = mass / mass.sum()
    return ids, shares


def share_that_moves(ids: NDArray[np.int64], shares: Floats) -> float:
    """Return how probable it is that a site goes to different blocks, exactly, from the bottom of the tree up."""
    stay = np.ones(len(ids))
    while ids[-1]:
        parents, parent = np.unique(ids >> 2, return_inverse=True)
        four, below = np.zeros((2, len(parents), 4)), np.zeros((len(parents), 4))
        four[:, parent, ids & 3], below[parent, ids & 3] = shares, stay
        shares = four.sum(axis=2)
        of_node = four / np.maximum(shares, 1e-300)[:, :, None]
        stay = (both_choose(*of_node) * below).sum(axis=1)
        ids = parents
    return 1 - float(stay[0])


@pytest.mark.parametrize("gamma8", [6, 8, 9, 10])
@pytest.mark.parametrize("event", EVENTS)
def test_at_most_four_times_the_total_variation_moves(
    event: Callable[[RowSpans, Floats], tuple[RowSpans, Floats]], gamma8: int
) -> None:
    """The total variation of the masses is the bound that no law can undercut; at gamma 1 it is that of the weights."""
    spans = RowSpans.from_polygon(SHAPE, GRID, "center")
    persons = people(*centres(spans))
    before, after = domain_of(spans, persons), domain_of(*event(spans, persons))
    ids, shares = on_both(before.blocks, after.blocks, gamma8)
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
    # In a block that stays, a point moves by the share of it that goes elsewhere, if at all.
    assert (here.lons != there.lons).mean() <= found + 1 / n


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9, 1.0])
def test_one_tile_moves_its_variation_once_for_each_level_less_its_share_of_it(
    quantile: float,
) -> None:
    """Whatever has grown is won by the tile's quarter from the others of its node, level by level."""
    spans = RowSpans.from_polygon(SHAPE, GRID, "center")
    persons = people(*centres(spans))
    grown = persons.copy()
    grown[np.argsort(persons)[int(quantile * (len(persons) - 1))]] *= 1.05
    before, after = domain_of(spans, persons), domain_of(spans, grown)
    ids, shares = on_both(before.blocks, after.blocks, 9)
    variation = np.abs(shares[0] - shares[1]).sum() / 2
    moves = share_that_moves(ids, shares)
    node, masses, times = int(np.argmax(shares[1] / shares[0])), shares[0], 0.0
    growth = variation / (1 - masses[node])
    while ids[-1]:
        ids, parent = np.unique(ids >> 2, return_inverse=True)
        of_parents = np.bincount(parent, weights=masses)
        times += 1 - masses[node] / of_parents[parent[node]]
        node, masses = int(parent[node]), of_parents
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


def test_a_race_is_won_by_mass_and_rarely_otherwise_where_masses_change() -> None:
    draw = np.random.default_rng(4)
    n = 100_000
    words = tuple(draw.integers(0, 1 << 32, (4, n)).astype(np.uint64))
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.45, 0.3, 0.15, 0.1])
    one, other = (first_of_race(words, np.repeat(mass[:, None], n, axis=1)) for mass in (p, q))
    expected = n * q
    assert stats.chisquare(np.bincount(other, minlength=4), expected).pvalue > LEAST_P
    assert not (one == 3).any()
    stay = float(both_choose(p[None], q[None]).sum())
    found = (one == other).mean()
    assert abs(found - stay) <= MOST_SIGMAS * np.sqrt(stay * (1 - stay) / n)
