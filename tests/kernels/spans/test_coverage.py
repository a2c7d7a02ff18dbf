"""Shares of border tiles: by hand, against GEOS and exactextract, and on real countries."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from effort import examples, finest
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from hypothesis import assume, given
from hypothesis import strategies as st

from closedworld.inputs.reference.registry import bundled
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, border_coverage, region_spans
from closedworld.testing import HalfCells, shared_areas, turned
from closedworld.testing.exact import _area, _cut, _ring
from closedworld.testing.strategies import grids, polygons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from numpy.typing import NDArray

Area: TypeAlias = "shapely.Polygon | shapely.MultiPolygon"
Countries: TypeAlias = "dict[str, Area]"

CELL = Grid(0.0, 1.0, 1.0, 1.0, 1, 1)
SQUARE = Grid(0.0, 3.0, 1.0, 1.0, 3, 3)
FIXED = Grid(-3.0, 3.0, 1.0, 0.5, 6, 12)
LEAST = 2.0**-52
GEOS_PRECISION = 1e-9
# float64 longitudes of 700 degrees stand 1e-13 apart, 1e-10 of the smallest cell drawn. Measured: 2e-12
# at worst in 2000 cases, 1e-16 as a rule.
EXACT_PRECISION = 1e-10
# exactextract gives float64 arrays of fractions that it holds in float32: half a unit below 1 is
# 3e-8. Its rounded clipping costs less.
EXACTEXTRACT_PRECISION = 1e-7

CHOSEN = [
    *("FJ", "KI", "LS", "MT", "NL", "NZ", "VA"),
    # Seconds each in GEOS.
    *(pytest.param(iso, marks=pytest.mark.slow) for iso in ("CL", "FR", "NO", "ZA")),
]


def listed(
    region: Sequence[Area], grid: Grid
) -> tuple[RowSpans, NDArray[np.int64], NDArray[np.float64]]:
    """Return the tiles of a region and its coverage, which keeps what its docstring promises."""
    (spans,) = region_spans([region], grid, "any_overlap")
    border = border_coverage(region, spans)
    ranks, shares = border.ranks, border.coverage
    assert ranks.dtype == np.int64
    assert shares.dtype == np.float64
    assert (np.diff(ranks) > 0).all()
    if len(ranks):
        assert 0 <= ranks[0] <= ranks[-1] < spans.tile_count
        assert LEAST <= shares.min() <= shares.max() < 1
    return spans, ranks, shares


def coverage(region: Sequence[Area], grid: Grid) -> NDArray[np.float64]:
    """Return the share of every cell, float64 (n_rows, n_cols), 0 for what is no tile."""
    spans, ranks, shares = listed(region, grid)
    by_rank = np.ones(spans.tile_count)
    by_rank[ranks] = shares
    picture = np.zeros((grid.n_rows, grid.n_cols))
    picture.flat[spans.tile_ids().astype(np.int64)] = by_rank
    return picture


def cell_areas(grid: Grid) -> NDArray[np.float64]:
    """Return the area of every cell, square degrees, float64 (n_rows, n_cols)."""
    return -np.diff(grid.lat_edges())[:, None] * np.diff(grid.lon_edges())


def shares_by_geos(polygon: Area, grid: Grid) -> NDArray[np.float64]:
    """Return the share of every cell; a cell covered twice, round the globe, is covered."""
    return np.minimum(shared_areas(polygon, grid) / cell_areas(grid), 1.0)


def shares_exactly(polygon: Area, grid: Grid) -> NDArray[np.float64]:
    """Return the share of every cell, worked out in rational arithmetic and rounded once."""
    shares = np.zeros((grid.n_rows, grid.n_cols))
    lon, lat = grid.lon_edges().tolist(), grid.lat_edges().tolist()
    for part in shapely.get_parts(turned(polygon, grid)):
        rings = [_ring(ring) for ring in (part.exterior, *part.interiors)]
        for row in range(grid.n_rows):
            north, south = lat[row], lat[row + 1]
            band = [_cut(ring, 1, south, north) for ring in rings]
            for col in range(grid.n_cols):
                west, east = lon[col], lon[col + 1]
                outer, *holes = (_area(_cut(ring, 0, west, east)) for ring in band)
                cell = (Fraction(east) - Fraction(west)) * (Fraction(north) - Fraction(south))
                shares[row, col] += float((outer - sum(holes)) / cell)
    return np.minimum(shares, 1.0)


def shares_by_exactextract(polygon: Area, grid: Grid) -> NDArray[np.float64]:
    """Return the share of every cell; the polygon as it stands, without turns."""
    shares = np.zeros((grid.n_rows, grid.n_cols))
    raster = NumPyRasterSource(np.ones(shares.shape), grid.west, grid.south, grid.east, grid.north)
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(polygon), "properties": {}}
    answer = exact_extract(
        raster, JSONFeatureSource([feature]), ["cell_id", "coverage"], output="geojson"
    )
    found = answer[0]["properties"]
    shares.flat[np.asarray(found["cell_id"], np.int64)] = found["coverage"]
    return shares


def test_a_box_in_the_corner_of_a_cell_has_a_quarter() -> None:
    assert coverage([shapely.box(0.5, 0.5, 1.0, 1.0)], CELL).tolist() == [[0.25]]


@pytest.mark.parametrize("missing", range(4))
def test_a_triangle_of_three_corners_has_half(missing: int) -> None:
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    del corners[missing]
    assert coverage([shapely.Polygon(corners)], CELL).tolist() == [[0.5]]


def test_a_diagonal_halves_the_cells_it_crosses_and_no_other() -> None:
    triangle = shapely.Polygon([(0, 0), (3, 0), (3, 3)])
    assert coverage([triangle], SQUARE).tolist() == [[0, 0, 0.5], [0, 0.5, 1], [0.5, 1, 1]]


def test_a_hole_in_a_cell_is_taken_away() -> None:
    hole = [(1.25, 1.25), (1.75, 1.25), (1.75, 1.75), (1.25, 1.75)]
    ring = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior, [hole])
    assert coverage([ring], SQUARE).tolist() == [[1, 1, 1], [1, 0.75, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON ((0 0, 1 0, 0 1, 0 0), EMPTY)",
        "MULTIPOLYGON (EMPTY, ((0 0, 1 0, 0 1, 0 0), EMPTY), EMPTY)",
    ],
)
def test_an_empty_ring_bounds_nothing(wkt: str) -> None:
    assert coverage([shapely.from_wkt(wkt)], CELL).tolist() == [[0.5]]


def test_a_hole_that_touches_its_outer_ring_is_taken_away() -> None:
    hole = [(0.0, 1.5), (1.5, 1.0), (1.5, 2.0)]
    ring = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior, [hole])
    assert ring.is_valid
    picture = coverage([ring], SQUARE)
    assert picture.sum() == pytest.approx(9 - 0.75, abs=1e-15)
    assert picture[1] == pytest.approx([1 - 1 / 3, 1 - (0.75 - 1 / 3), 1], abs=1e-15)


def test_a_polygon_inside_a_cell_has_its_own_area() -> None:
    diamond = shapely.Polygon([(1.25, 1.5), (1.5, 1.25), (1.75, 1.5), (1.5, 1.75)])
    assert coverage([diamond], SQUARE).tolist() == [[0, 0, 0], [0, 0.125, 0], [0, 0, 0]]


def test_edges_along_the_sides_of_cells_cut_nothing() -> None:
    """No tile is listed, also where the grid's lines are no round numbers."""
    for grid in (SQUARE, Grid(-180.0012493, 83.6341, 0.0083333333, 0.0083333333, 4, 4)):
        spans, ranks, _ = listed([HalfCells(grid).box(2, 2, 6, 6)], grid)
        assert spans.tile_count == 4
        assert len(ranks) == 0


def test_a_level_edge_cuts_also_the_tiles_that_no_other_edge_enters() -> None:
    assert coverage([shapely.box(0, 0, 3, 1.75)], SQUARE)[1].tolist() == [0.75, 0.75, 0.75]
    assert coverage([shapely.box(0.5, 1.25, 3, 1.75)], SQUARE)[1].tolist() == [0.25, 0.5, 0.5]


@pytest.mark.parametrize("side", ["west", "east", "north", "south"])
def test_what_lies_beyond_the_grid_is_cut_off(side: str) -> None:
    """The diamond's tip is beyond one side of the grid; so are whole cells of it."""
    x, y = {"west": (0, 1.5), "east": (3, 1.5), "north": (1.5, 3), "south": (1.5, 0)}[side]
    diamond = shapely.Polygon([(x - 2, y), (x, y - 2), (x + 2, y), (x, y + 2)])
    cells = shapely.box(*np.meshgrid([0, 1, 2], [2, 1, 0]), *np.meshgrid([1, 2, 3], [3, 2, 1]))
    expected = shapely.area(shapely.intersection(diamond, cells))
    tip_side = {
        "west": expected[1, 0],
        "east": expected[1, 2],
        "north": expected[0, 1],
        "south": expected[2, 1],
    }
    assert tip_side[side] == 1
    assert coverage([diamond], SQUARE) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.5, -9, 9, 12), [[0.5, 1, 1]] * 3),
        ((-9, -9, 2.25, 12), [[1, 1, 0.25]] * 3),
        ((-9, 0.75, 9, 12), [[1, 1, 1], [1, 1, 1], [0.25, 0.25, 0.25]]),
        ((-9, -9, 9, 2.5), [[0.5, 0.5, 0.5], [1, 1, 1], [1, 1, 1]]),
        ((1.25, -9, 1.75, 12), [[0, 0.5, 0]] * 3),
    ],
)
def test_sides_far_beyond_the_grid_do_not_count(
    box: tuple[float, float, float, float], expected: list[list[float]]
) -> None:
    assert coverage([shapely.box(*box)], SQUARE).tolist() == expected


def test_a_polygon_round_the_whole_grid_covers_it() -> None:
    spans, ranks, _ = listed([shapely.Polygon([(-9, -1), (20, -2), (1, 30)])], SQUARE)
    assert spans.tile_count == 9
    assert len(ranks) == 0


def test_what_only_touches_the_grid_has_no_tiles() -> None:
    spans, ranks, shares = listed([shapely.box(3, 0, 4, 3)], SQUARE)
    assert (spans.tile_count, len(ranks), len(shares)) == (0, 0, 0)


@pytest.mark.parametrize("west", [-180.0, 0.0])
def test_the_antimeridian_is_no_border(west: float) -> None:
    """170.5..190.5 in one ring, in two parts, and in two features is the same region."""
    grid = Grid(west, 10.0, 1.0, 1.0, 360, 20)
    one = shapely.box(170.5, 0.5, 190.5, 2)
    two = shapely.box(170.5, 0.5, 180, 2), shapely.box(-180, 0.5, -169.5, 2)
    expected = np.zeros(360)
    expected[(np.arange(171, 190) - int(west)) % 360] = 1
    expected[(np.array([170, 190]) - int(west)) % 360] = 0.5
    for region in ([one], [shapely.MultiPolygon(two)], two):
        picture = coverage(region, grid)
        assert picture[8].tolist() == expected.tolist()
        assert picture[9].tolist() == (expected / 2).tolist()
        assert picture.sum() == 20 * 1.5


def test_where_features_overlap_counts_once() -> None:
    region = [shapely.box(0.25, 0, 2, 3), shapely.box(1, 0, 2.5, 3), shapely.box(0.5, 1.5, 1.5, 2)]
    assert coverage(region, SQUARE).tolist() == [[0.75, 1, 0.5]] * 3


def test_where_features_overlap_round_the_globe_counts_once() -> None:
    grid = Grid(-180.0, 1.0, 1.0, 1.0, 360, 1)
    picture = coverage([shapely.box(178, 0, 181.5, 1), shapely.box(-180, 0, -178.25, 1)], grid)
    assert picture[0, [0, 1, 2, 358, 359]].tolist() == [1, 0.75, 0, 1, 1]


def test_features_apart_and_features_that_meet_go_together() -> None:
    region = [shapely.box(0, 0, 0.5, 0.5), shapely.box(2, 2, 2.5, 3), shapely.box(2.25, 2, 2.75, 3)]
    assert coverage(region, SQUARE).tolist() == [[0, 0, 0.75], [0, 0, 0], [0.25, 0, 0]]


def test_features_that_share_a_border_leave_no_border() -> None:
    west = shapely.Polygon([(0, 0), (1.3, 0), (1.9, 3), (0, 3)])
    east = shapely.Polygon([(1.3, 0), (3, 0), (3, 3), (1.9, 3)])
    _, ranks, _ = listed([west, east], SQUARE)
    assert len(ranks) == 0


def test_neighbours_with_a_slanted_border_share_their_tiles() -> None:
    """Their shares add up to 1 in every tile that the border crosses."""
    grid = Grid(5.0, 50.0, 1 / 120, 1 / 120, 240, 240)
    border = [(6.01, 48.1), (6.3, 49.123), (5.777, 49.2), (6.1, 49.9)]
    west = coverage([shapely.Polygon([(5.2, 48.1), *border, (5.2, 49.9)])], grid)
    east = coverage([shapely.Polygon([(6.8, 48.1), *border, (6.8, 49.9)])], grid)
    both = (west > 0) & (east > 0)
    assert both.sum() > 200
    assert west[both] + east[both] == pytest.approx(1.0, abs=4 * LEAST)


def test_a_tile_with_too_little_to_measure_has_the_least_share() -> None:
    """Its share would be 0 or 1 otherwise: no tile without any, no border tile without border."""
    sliver = shapely.Polygon([(0, 0), (3, 0), (3, 1e-17)])
    assert coverage([sliver], SQUARE)[2].tolist() == [LEAST] * 3


def test_a_tile_that_lacks_too_little_to_measure_is_whole() -> None:
    corner_off = shapely.Polygon([(0, 1e-9), (1e-9, 0), (1, 0), (1, 1), (0, 1)])
    assert len(listed([corner_off], CELL)[1]) == 0


@pytest.mark.parametrize("points", [1, 3, 7])
def test_shares_do_not_depend_on_how_many_edges_are_looked_at_together(
    points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = shapely.Point(1.4, 1.6).buffer(0.8)
    region = [shapely.Point(1.5, 1.5).buffer(1.4) - hole, shapely.box(2.6, 0.1, 2.9, 0.3)]
    whole = coverage(region, SQUARE)
    assert 0 < whole.min() < whole.max() < 1
    monkeypatch.setattr("closedworld.kernels.spans.coverage.CHUNK_POINTS", points)
    assert coverage(region, SQUARE).tobytes() == whole.tobytes()


def test_no_polygons_have_no_borders() -> None:
    border = border_coverage([], RowSpans.empty(SQUARE))
    ranks, shares = border.ranks, border.coverage
    assert (len(ranks), len(shares)) == (0, 0)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Grid, Area]:
    """Draw a grid and a polygon that is valid at every turn where it meets the grid."""
    grid = draw(grids())
    polygon = draw(polygons(grid))
    assume(all(place.is_valid for place in turned(polygon, grid)))
    return grid, polygon


def is_no_denormal(*coordinates: NDArray[np.float64]) -> bool:
    """Return whether no coordinate is all but 0: there GEOS was seen to miss by a twelfth of a cell."""
    return all(((side == 0) | (np.abs(side) > 1e-100)).all() for side in coordinates)


@pytest.mark.slow
@examples(100)
@given(case=cases())
def test_shares_are_those_of_geos(case: tuple[Grid, Area]) -> None:
    grid, polygon = case
    assume(is_no_denormal(shapely.get_coordinates(polygon), grid.lon_edges(), grid.lat_edges()))
    with np.errstate(all="ignore"):
        expected = shares_by_geos(polygon, grid)
    assert coverage([polygon], grid) == pytest.approx(expected, rel=0, abs=GEOS_PRECISION)


@pytest.mark.slow
@examples(100)
@given(case=cases())
def test_shares_are_those_of_exact_arithmetic(case: tuple[Grid, Area]) -> None:
    grid, polygon = case
    expected = shares_exactly(polygon, grid)
    assert coverage([polygon], grid) == pytest.approx(expected, rel=0, abs=EXACT_PRECISION)


@st.composite
def friendly(draw: st.DrawFn) -> Area:
    """Draw land with a lake and islands, far from any tie with the grid.

    On the polygons of ``closedworld.testing.strategies`` exactextract now and then misses a cell or
    ends the process (version 0.3.0).
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points = generator.uniform(-4, 4, (generator.integers(3, 12), 2)) + 1e-3 * np.sqrt(2)
    hull = shapely.convex_hull(shapely.multipoints(points))
    lake = shapely.buffer(hull.centroid, generator.uniform(0.1, 1.0), quad_segs=4)
    polygon = hull.difference(lake).union(shapely.buffer(shapely.multipoints(points), 0.1))
    assume(polygon.is_valid and polygon.geom_type in {"Polygon", "MultiPolygon"})
    return polygon


@examples(200)
@given(polygon=friendly())
def test_shares_are_those_of_exactextract(polygon: Area) -> None:
    assume(shapely.box(-3, -3, 3, 3).intersection(polygon).area > 0)
    expected = shares_by_exactextract(polygon, FIXED)
    assert coverage([polygon], FIXED) == pytest.approx(expected, rel=0, abs=EXACTEXTRACT_PRECISION)


@pytest.mark.slow
@examples(30)
@given(region=st.lists(polygons(FIXED), min_size=2, max_size=4))
def test_a_region_is_the_union_of_its_features(region: list[Area]) -> None:
    assume(is_no_denormal(shapely.get_coordinates(region)))
    with np.errstate(all="ignore"):
        expected = shares_by_geos(shapely.union_all(region), FIXED)
    assert coverage(region, FIXED) == pytest.approx(expected, rel=0, abs=GEOS_PRECISION)


@pytest.mark.slow
@examples(100)
@given(case=cases(), start=st.integers(0, 20), order=st.randoms(use_true_random=False))
def test_shares_are_the_same_bit_for_bit_however_the_rings_are_written(
    case: tuple[Grid, Area], start: int, order: Random
) -> None:
    """Begun at another vertex, run the other way, parts and holes in another order."""
    grid, polygon = case

    def rolled(ring: shapely.LinearRing) -> list[tuple[float, float]]:
        points = [(float(x), float(y)) for x, y in shapely.get_coordinates(ring)[:-1]]
        first = start % len(points)
        return (points[first:] + points[:first])[:: -1 if start % 2 else 1]

    parts = []
    for part in shapely.get_parts(polygon):
        holes = [rolled(hole) for hole in part.interiors]
        order.shuffle(holes)
        parts.append(shapely.Polygon(rolled(part.exterior), holes))
    order.shuffle(parts)
    again = coverage([shapely.MultiPolygon(parts)], grid)
    assert again.tobytes() == coverage([polygon], grid).tobytes()


@pytest.fixture(scope="module")
def countries() -> Countries:
    table = pq.read_table(bundled("countries.parquet").path)
    shapes = shapely.from_wkb(table["geometry"].to_pylist())
    return dict(zip(table["country_iso"].to_pylist(), shapes, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("iso", CHOSEN)
def test_countries_have_the_shares_of_geos(countries: Countries, iso: str) -> None:
    grid = Grid.from_resolution(finest("20m", "5m"))
    difference = coverage([countries[iso]], grid) - shares_by_geos(countries[iso], grid)
    assert np.abs(difference).max() <= GEOS_PRECISION


@pytest.mark.slow
@pytest.mark.parametrize("resolution", ["1deg", "5m", "30s"])
def test_tiles_add_up_to_the_area_of_every_country(countries: Countries, resolution: str) -> None:
    """Square degrees, within a billionth."""
    grid = Grid.from_resolution(resolution)
    cell = grid.cell_width * grid.cell_height
    for iso, shape in countries.items():
        spans, ranks, shares = listed([shape], grid)
        area = cell * (spans.tile_count - len(ranks) + float(shares.sum()))
        assert area == pytest.approx(shape.area, rel=1e-9, abs=0), iso


def test_an_arctic_archipelago_takes_memory_for_its_border_only(countries: Countries) -> None:
    """Canada's bounding box has 50 million cells of 30 arc-seconds, its border 0.4 million."""
    (spans,) = region_spans([[countries["CA"]]], Grid.from_resolution("30s"), "any_overlap")
    tracemalloc.start()
    ranks = border_coverage([countries["CA"]], spans).ranks
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * len(ranks)
