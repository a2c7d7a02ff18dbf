"""Goals are chosen as plain loops choose them, at every bound of a distance and for thieves who find nothing far away."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import product

import numpy as np
import pytest

from closedworld.kernels.lives import Sites, goals
from closedworld.kernels.lives.goals import THIEF_KM, TRIP_KM, Errand, Goals
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz

Ints = np.ndarray


def cell_of(lon: float, lat: float) -> tuple[float, float]:
    """Return the middle of a place's cell: half a degree high, 720 round the equator, at least four."""
    row = min(int((90 - lat) / 0.5), 359)
    middle = 90 - (row + 0.5) * 0.5
    columns = max(math.floor(720 * math.cos(math.radians(middle))), 4)
    column = min(math.floor((lon + 180) / 360 * columns), columns - 1)
    return (column + 0.5) * (360 / columns) - 180, middle


def world(places: list[tuple[float, float]], seed: int, countries: int) -> tuple[Sites, Goals]:
    """Return 20 sites about each place, so that its goal is its cell, and their goals."""
    rng, n = np.random.default_rng(seed), 20 * len(places)
    lons, lats = np.repeat(np.array(places), 20, axis=0).T
    zeros = np.zeros(n, np.int64)
    country = np.repeat(np.arange(len(places)) % countries, 20)
    sites = Sites(
        np.arange(n), lons, lats, zeros, zeros, country, zeros, np.exp(rng.normal(0, 2, n))
    )
    return sites, Goals.of(sites)


def test_cells_are_half_a_degree_and_end_at_the_poles_and_the_antimeridian() -> None:
    lons = [-180.0, -179.99, -0.01, 0.0, 0.3, 90.0, 179.99, 180.0]
    lats = [-90.0, -89.99, -89.5, -60.2, -0.5, -0.1, 0.0, 0.25, 0.5, 45.0, 89.2, 89.5, 89.99, 90.0]
    places = list(product(lons, lats))
    found = goals._middle(goals._cell(*np.array(places).T))
    expected = np.array([cell_of(*place) for place in places]).T
    np.testing.assert_allclose(np.stack(found), expected, rtol=0, atol=1e-9)


def test_goals_are_cells_with_their_sites_by_size() -> None:
    """The middle of each cell; whole sizes, of which the greatest of a goal is 4,096."""
    places = [(10.3, 50.2), (179.9, -20.0), (-60.0, 89.9), (11.6, 50.2)]
    sites, found = world(places, 1, 2)
    # By country, and by cells from the north and the west.
    order = sorted(range(4), key=lambda place: (place % 2, -places[place][1], places[place][0]))
    middles = np.array([cell_of(*places[place]) for place in order])
    np.testing.assert_allclose(found.xyz, to_xyz(*middles.T), rtol=0, atol=1e-6)
    whole: list[int] = []
    for goal, place in enumerate(order):
        own = list(range(20 * place, 20 * place + 20))
        assert found.site[found.starts[goal] : found.starts[goal + 1]].tolist() == own
        sizes = sites.size[own]
        assert found.mass[goal] == pytest.approx(sizes.sum())
        whole += [max(round(size * (4096 / sizes.max())), 1) for size in sizes.tolist()]
    assert found.cumulative.tolist() == [0, *np.cumsum(whole).tolist()]


def weights_of(
    found: Goals, errand: Errand, home: tuple[float, float], country: int, visits: Ints | None
) -> list[int]:
    """Return the weight of each goal, the greatest 2^18, none of those that fit below 1."""
    n = len(found)
    centre = to_xyz(*(np.array([one]) for one in cell_of(*home)))
    away = [float(arc_km(chord_km(found.xyz[:, [i]], centre))[0]) for i in range(n)]
    if errand == Errand.THEFT:
        fits = [i for i in range(n) if away[i] >= goals.THIEF_KM]
        fits = fits or [i for i in range(n) if away[i] >= goals.TRIP_KM]
        popular = [i for i in fits if visits is not None and visits[i] > 0]
        pulls = [float(found.mass[i]) ** 2 for i in range(n)]
        if popular and visits is not None:
            fits, pulls = popular, [float(one) for one in visits]
    else:
        abroad = errand == Errand.TRIP_ABROAD
        fits = [
            i
            for i in range(n)
            if away[i] >= goals.TRIP_KM and (found.country[i] != country) == abroad
        ]
        pulls = [float(found.mass[i]) / (away[i] + 100) ** 1.5 for i in range(n)]
    most = max((pulls[i] for i in fits), default=1.0)
    return [max(round(pulls[i] * 2**18 / most), 1) if i in fits else 0 for i in range(n)]


PLACES = [(0.0, 0.0), (2.0, 0.0), (1.0, 6.0), (30.0, 10.0), (33.0, 10.0), (-150.0, -60.0)]
NEAR = [(5.0, 5.0), (6.0, 5.0)]
HOMES = [(0.1, 0.1), (2.3, 0.3), (31.0, 10.0), (100.0, 70.0), (5.1, 5.2)]
SOME_VISITS = np.array([5, 0, 3, 1, 0, 9])


@pytest.mark.parametrize("errand", list(Errand))
@pytest.mark.parametrize(
    ("places", "visits"),
    [
        (PLACES, None),
        (PLACES, SOME_VISITS),
        (PLACES, np.array([1, 0, 0, 0, 0, 0])),
        (PLACES, np.zeros(6, np.int64)),
        (NEAR, None),
        (NEAR[:1], np.array([2])),
    ],
)
def test_goals_are_drawn_as_loops_draw_them(
    errand: Errand, places: list[tuple[float, float]], visits: Ints | None
) -> None:
    _, found = world(places, 2, 2)
    rng, n = np.random.default_rng(3), 120
    who, country = rng.integers(0, len(HOMES), n), rng.integers(0, 3, n)
    words, within = rng.integers(0, 2**32, (2, n), dtype=np.uint64)
    words[:20] = within[:20] = 0
    lons, lats = np.array(HOMES)[who].T
    kinds = np.full(n, int(errand))
    chosen = found.choose(kinds, lons, lats, country, words, within, visits)
    expected = []
    for i in range(n):
        weights = weights_of(found, errand, HOMES[who[i]], int(country[i]), visits)
        sums = np.cumsum(weights).tolist()
        if not sums[-1]:
            expected.append(-1)
            continue
        goal = bisect_right(sums, int(words[i]) * sums[-1] >> 32)
        own = found.cumulative[found.starts[goal] : found.starts[goal + 1] + 1].tolist()
        target = own[0] + (int(within[i]) * (own[-1] - own[0]) >> 32)
        expected.append(int(found.site[found.starts[goal] + bisect_right(own, target) - 1]))
    assert chosen.tolist() == expected


def test_all_errands_may_be_asked_for_together_and_nothing_of_no_goals() -> None:
    sites, found = world(PLACES, 2, 2)
    rng, n = np.random.default_rng(5), 90
    errand, country = rng.integers(int(Errand.TRIP_INSIDE), int(Errand.THEFT) + 1, (2, n))
    words, within = rng.integers(0, 2**32, (2, n), dtype=np.uint64)
    lons, lats = np.array(HOMES)[rng.integers(0, len(HOMES), n)].T
    together = found.choose(errand, lons, lats, country, words, within)
    for i in range(n):
        one = slice(i, i + 1)
        alone = found.choose(
            errand[one], lons[one], lats[one], country[one], words[one], within[one]
        )
        assert together[one].tolist() == alone.tolist()
    none = Goals.of(sites.take(np.zeros(0, np.int64)))
    assert len(none) == 0
    assert none.sums(np.zeros(0, np.int64)).tolist() == []
    assert none.choose(errand, lons, lats, country, words, within).tolist() == [-1] * n


@pytest.mark.parametrize("name", ["TRIP_KM", "THIEF_KM"])
@pytest.mark.parametrize("errand", list(Errand))
def test_goals_fit_from_their_least_distance_on(
    name: str, errand: Errand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At exactly that distance, too."""
    _, found = world(PLACES, 2, 2)
    home = HOMES[2]
    centre = to_xyz(*(np.array([one]) for one in cell_of(*home)))
    cell = int(goals._cell(*(np.array([one]) for one in home))[0])
    assert (TRIP_KM, THIEF_KM) == (80.0, 1_000.0)
    for away in arc_km(chord_km(found.xyz, centre)).tolist():
        monkeypatch.setattr(goals, name, away)
        if name == "TRIP_KM":
            monkeypatch.setattr(goals, "THIEF_KM", 1e9 if errand == Errand.THEFT else THIEF_KM)
        weights = found._weights(int(errand), 0, cell, None)
        assert weights.tolist() == weights_of(found, errand, home, 0, None)
