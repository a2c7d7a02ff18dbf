"""A site depends on its own row and the world alone, and lies on a tile of its country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from scipy import stats

from closedworld.kernels.grid import Grid
from closedworld.kernels.placing import (
    Blocks,
    Circle,
    PlacingDomain,
    SiteRequest,
    Towns,
    on_tile,
    place_sites,
    site_keys,
    sites,
    within_circle,
)
from closedworld.kernels.placing.cells_in_tiles import cells_in_tiles
from closedworld.kernels.sampling import CountryShape, in_memory
from closedworld.kernels.sampling.random_streams import StreamDraws
from closedworld.kernels.sampling.triangulation import points_in_pieces
from closedworld.kernels.spans import RowSpans, border_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_P = 1e-3
SHAPE = shapely.MultiPolygon(
    [shapely.Point(10.0, 50.0).buffer(0.5), shapely.box(11, 50, 11.1, 50.02)]
)
TOWNS = Towns.of(np.array([9.9, 10.2]), np.array([50.1, 49.8]), np.array([200_000, 900]))


def weights_of(spans: RowSpans) -> NDArray[np.uint64]:
    """Return weights that differ by far, some of them 0."""
    return np.random.default_rng(1).pareto(1, spans.tile_count).astype(np.uint64) * np.uint64(1000)


def domain_of(
    grid: Grid, seed: int = 7, weights: NDArray[np.uint64] | None = None
) -> PlacingDomain:
    """Return a round country with an island."""
    spans = RowSpans.from_polygon(SHAPE, grid, "any_overlap")
    every = weights_of(spans) if weights is None else weights
    return PlacingDomain(
        spans,
        border_tiles([SHAPE], grid),
        CountryShape([SHAPE]),
        Blocks.of(spans, [every[:100], every[100:]]),
        in_memory(every),
        TOWNS,
        PlacingDomain.texture_of(grid, "DE", seed),
    )


def request_of(n: int, gamma8: int = 8, *, merchants: int = 3, spaced: bool = False) -> SiteRequest:
    """Return n sites of each merchant."""
    keys = site_keys(map(str, range(merchants)), "DE", 7)
    total = n * merchants
    return SiteRequest(
        np.repeat(keys, n, axis=0),
        np.tile(np.arange(1, n + 1), merchants),
        np.full(total, gamma8),
        np.full(total, spaced),
    )


GRIDS = {"30s": Grid.from_resolution("30s"), "2.5m": Grid.from_resolution("2.5m")}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("spaced", [False, True])
def test_a_site_does_not_depend_on_the_others(grid: Grid, *, spaced: bool) -> None:
    domain = domain_of(grid)
    request = request_of(40, spaced=spaced)
    mixed = SiteRequest(request.keys, request.orders, request.orders % 3 + 7, request.spaced)
    whole = place_sites(domain, mixed)
    some = np.random.default_rng(2).permutation(len(mixed))[:50]
    part = place_sites(domain, mixed.take(some))
    assert np.array_equal(whole.tile_ids[some], part.tile_ids)
    assert np.array_equal(whole.lons[some], part.lons)
    assert np.array_equal(whole.lats[some], part.lats)


def test_how_many_sites_and_points_are_tried_at_once_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On large tiles, of which many of the points lie abroad."""
    domain = domain_of(Grid.from_resolution("30m"))
    request = request_of(8)
    whole = place_sites(domain, request)
    monkeypatch.setattr(sites, "_CHUNK_SITES", 7)
    monkeypatch.setattr(sites, "_POINTS_AT_ONCE", 5)
    again = place_sites(domain, request)
    assert np.array_equal(whole.tile_ids, again.tile_ids)
    assert np.array_equal(whole.lons, again.lons)
    assert np.array_equal(whole.lats, again.lats)


def test_where_32_points_lie_abroad_the_piece_of_the_tile_is_cut_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its points are numbered from 2048 on, beyond all points before."""
    grid = Grid.from_resolution("5m")
    shape = shapely.MultiPolygon([shapely.box(10.01, 50.01, 10.0101, 50.0101)])
    spans = RowSpans.from_polygon(shape, grid, "any_overlap")
    weights = np.ones(1, np.uint64)
    domain = PlacingDomain(
        spans,
        border_tiles([shape], grid),
        CountryShape([shape]),
        Blocks.of(spans, [weights]),
        in_memory(weights),
        TOWNS,
        PlacingDomain.texture_of(grid, "DE", 7),
    )
    request = request_of(20)
    tried = [list[int]() for _ in range(len(request))]

    def cells(*given: Any) -> Any:
        """Take note of the attempts of each site."""
        *_, numbers, _, _, attempt = given
        attempts = np.broadcast_to(attempt, len(numbers)).tolist()
        for order, key, one in zip(numbers.orders, numbers.keys.tolist(), attempts, strict=True):
            own = (request.orders == order) & (request.keys == key).all(axis=1)
            tried[int(np.flatnonzero(own)[0])].append(one)
        return cells_in_tiles(*given)

    monkeypatch.setattr(sites, "cells_in_tiles", cells)
    found = place_sites(domain, request)
    assert tried == [list(range(32))] * len(request)
    draws = StreamDraws(request.keys, request.orders)
    lons, lats = points_in_pieces(grid, found.tile_ids, draws, domain.shape, 2048)
    assert found.lons.tolist() == lons.tolist()
    assert found.lats.tolist() == lats.tolist()


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_sites_lie_in_their_tile_and_country(grid: Grid) -> None:
    domain = domain_of(grid)
    sites = place_sites(domain, request_of(500))
    rows, cols = grid.row_col(sites.tile_ids)
    assert domain.spans.contains(sites.tile_ids).all()
    assert shapely.contains_xy(SHAPE, sites.lons, sites.lats).all()
    assert (np.abs(sites.lons - grid.lon_center(cols)) <= grid.cell_width / 2).all()
    assert (np.abs(sites.lats - grid.lat_center(rows)) <= grid.cell_height / 2).all()


@pytest.mark.slow
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_at_gamma_one_a_tile_gets_sites_by_its_weight(grid: Grid) -> None:
    domain = domain_of(grid)
    weights = weights_of(domain.spans)
    sites = place_sites(domain, request_of(20_000))
    found = np.bincount(domain.spans.ranks_of(sites.tile_ids), minlength=len(weights))
    assert not found[weights == 0].any()
    expected = weights / weights.sum() * 60_000
    often = expected > 5
    assert stats.chisquare(found[often], expected[often], sum_check=False).pvalue > LEAST_P
    assert found[~often].sum() <= 2 * expected[~often].sum() + 5


def km_between(
    lon: float, lat: float, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return great-circle distances."""
    a, b, c, d = (np.radians(one) for one in (lon, lat, lons, lats))
    hav = np.sin((d - b) / 2) ** 2 + np.cos(b) * np.cos(d) * np.sin((c - a) / 2) ** 2
    km: NDArray[np.float64] = 2 * 6371.0088 * np.arcsin(np.sqrt(hav))
    return km


@pytest.mark.parametrize("radius", [0.05, 3.0, 30.0, 900.0])
@pytest.mark.parametrize("at", [(10.4, 50.2), (179.9, -17.0), (0.0, 0.0), (-70.0, 75.0)])
def test_corners_of_a_circle_lie_on_it(radius: float, at: tuple[float, float]) -> None:
    polygon = Circle(*at, radius).polygon()
    assert polygon.is_valid
    lons, lats = shapely.get_coordinates(polygon).T
    assert len(lons) == 129
    assert km_between(*at, lons, lats) == pytest.approx(radius, rel=1e-9)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("radius", [0.3, 4.0, 25.0])
def test_sites_stay_within_a_circle(grid: Grid, radius: float) -> None:
    """Its middle lies near the border, so that a part of it is abroad."""
    domain = within_circle(domain_of(grid), Circle(10.48, 50.05, radius))
    assert domain is not None
    sites = place_sites(domain, request_of(100))
    assert (km_between(10.48, 50.05, sites.lons, sites.lats) <= radius * (1 + 1e-9)).all()
    assert shapely.contains_xy(SHAPE, sites.lons, sites.lats).all()
    assert domain_of(grid).spans.contains(sites.tile_ids).all()


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_circle_outside_has_no_part_of_the_country(grid: Grid) -> None:
    assert within_circle(domain_of(grid), Circle(20.0, 50.0, 5.0)) is None


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_circle_round_all_changes_no_tile(grid: Grid) -> None:
    """At gamma 1 a site of the whole country lies where it lay."""
    whole, request = domain_of(grid), request_of(50)
    part = within_circle(whole, Circle(10.3, 50.0, 200.0))
    assert part is not None
    assert np.array_equal(place_sites(whole, request).lons, place_sites(part, request).lons)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_a_circle_without_people_is_filled_by_area(grid: Grid) -> None:
    spans = domain_of(grid).spans
    weights = np.zeros(len(spans), np.uint64)
    weights[0] = 5
    domain = within_circle(domain_of(grid, weights=weights), Circle(10.0, 50.0, 10.0))
    assert domain is not None
    sites = place_sites(domain, request_of(50))
    assert km_between(10.0, 50.0, sites.lons, sites.lats).max() > 7


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_sites_stay_on_a_tile(grid: Grid) -> None:
    """On any, also those without a weight and those that lie partly abroad."""
    domain = domain_of(grid)
    ids = domain.spans.tile_ids()
    for tile in ids[:: len(ids) // 20].tolist():
        sites = place_sites(on_tile(domain, tile), request_of(5))
        assert (sites.tile_ids == tile).all()
        assert shapely.contains_xy(SHAPE, sites.lons, sites.lats).all()
    with pytest.raises(KeyError):
        on_tile(domain, 0)
