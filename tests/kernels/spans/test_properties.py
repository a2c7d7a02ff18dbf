"""The scanline against exact arithmetic and other libraries, on polygons made to be hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
import shapely
from effort import examples
from hypothesis import assume, given
from hypothesis import strategies as st

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule, lattice, region_spans, shared_tiles
from closedworld.kernels.spans.edges import MAX_LONGITUDE, edge_rows, edges_on_grid
from closedworld.testing import (
    is_exactly_turned,
    picture_of,
    tiles_by_coverage,
    tiles_by_geos,
    tiles_exactly,
    tiles_of,
    turned,
)
from closedworld.testing.strategies import grids, polygons

if TYPE_CHECKING:
    from random import Random

Area: TypeAlias = "shapely.Polygon | shapely.MultiPolygon"

RULES = st.sampled_from(list(Rule))
EDGES = "closedworld.kernels.spans.edges"


@st.composite
def cases(draw: st.DrawFn) -> tuple[Grid, Area]:
    """Draw a grid and a polygon that is valid at every turn where it meets the grid."""
    grid = draw(grids())
    polygon = draw(polygons(grid))
    assume(all(place.is_valid for place in turned(polygon, grid)))
    return grid, polygon


def rerolled(polygon: Area, start: int, direction: int) -> Area:
    """Return the polygon with every ring begun at another vertex and run one way or the other."""

    def roll(ring: shapely.LinearRing) -> list[tuple[float, float]]:
        points = [(float(x), float(y)) for x, y in shapely.get_coordinates(ring)[:-1]]
        first = start % len(points)
        return (points[first:] + points[:first])[::direction]

    parts = [
        shapely.Polygon(roll(part.exterior), [roll(hole) for hole in part.interiors])
        for part in shapely.get_parts(polygon)
    ]
    return shapely.MultiPolygon(parts) if polygon.geom_type == "MultiPolygon" else parts[0]


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(Rule))
@examples(100)
@given(case=cases())
def test_tiles_are_those_of_exact_arithmetic(rule: Rule, case: tuple[Grid, Area]) -> None:
    grid, polygon = case
    spans = RowSpans.from_polygon(polygon, grid, rule)
    assert picture_of(spans) == picture_of(tiles_exactly(polygon, grid, rule))


@pytest.mark.slow
@examples(80)
@given(case=cases(), rule=RULES, start=st.integers(0, 20), direction=st.sampled_from([1, -1]))
def test_where_a_ring_begins_and_which_way_it_runs_is_no_matter(
    case: tuple[Grid, Area], rule: Rule, start: int, direction: int
) -> None:
    grid, polygon = case
    again = rerolled(polygon, start, direction)
    assert RowSpans.from_polygon(again, grid, rule) == RowSpans.from_polygon(polygon, grid, rule)


@pytest.mark.slow
@examples(60)
@given(case=cases(), rule=RULES, order=st.randoms(use_true_random=False))
def test_the_order_of_parts_is_no_matter(
    case: tuple[Grid, Area], rule: Rule, order: Random
) -> None:
    grid, polygon = case
    parts = list(shapely.get_parts(polygon))
    order.shuffle(parts)
    again = RowSpans.from_polygon(shapely.MultiPolygon(parts), grid, rule)
    assert again == RowSpans.from_polygon(polygon, grid, rule)


def binary(polygon: Area) -> Area:
    """Return the polygon with longitudes in binary fractions that whole turns do not round."""
    return shapely.transform(polygon, lambda xy: np.round(xy * 2.0**30) / 2.0**30)


@pytest.mark.slow
@examples(80)
@given(case=cases(), rule=RULES, turn=st.sampled_from([-1, 1]))
def test_whole_turns_of_the_polygon_are_no_matter(
    case: tuple[Grid, Area], rule: Rule, turn: int
) -> None:
    grid, polygon = case[0], binary(case[1])
    moved = shapely.transform(polygon, lambda xy: xy + np.array([360.0 * turn, 0.0]))
    assume(polygon.is_valid and moved.is_valid)
    assert is_exactly_turned(moved, grid)
    west, _, east, _ = moved.bounds
    assume(max(-west, east) <= MAX_LONGITUDE)
    assert RowSpans.from_polygon(moved, grid, rule) == RowSpans.from_polygon(polygon, grid, rule)


@examples(80)
@given(data=st.data(), rule=RULES, n_cols=st.sampled_from([4, 8, 12]))
def test_a_grid_on_0_to_360_has_the_same_places(
    data: st.DataObject, rule: Rule, n_cols: int
) -> None:
    """The eastern half of one grid is the western half of the other."""
    cell = 360.0 / n_cols
    american = Grid(-180.0, 40.0, cell, 10.0, n_cols, 8)
    pacific = Grid(0.0, 40.0, cell, 10.0, n_cols, 8)
    polygon = binary(data.draw(polygons(american)))
    assume(polygon.is_valid)
    here = tiles_of(RowSpans.from_polygon(polygon, american, rule))
    there = tiles_of(RowSpans.from_polygon(polygon, pacific, rule))
    assert picture_of(np.roll(here, n_cols // 2, axis=1)) == picture_of(there)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 7])
@examples(60)
@given(case=cases(), rule=RULES)
def test_the_sizes_of_pieces_and_chunks_are_no_matter(
    size: int, case: tuple[Grid, Area], rule: Rule
) -> None:
    """One ring, one edge at a time gives what all at once does."""
    grid, polygon = case
    whole = RowSpans.from_polygon(polygon, grid, rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{EDGES}.CHUNK_PAIRS", size)
        patch.setattr(f"{EDGES}.CHUNK_POINTS", 5 * size)
        assert RowSpans.from_polygon(polygon, grid, rule) == whole


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize(
    "wests", [(-710, 350), (350, -710), (-1080, 1070), (-710, -350, 10, 370)], ids=str
)
def test_regions_turns_apart_have_the_same_tiles_together_as_alone(
    wests: tuple[int, ...], rule: Rule
) -> None:
    grid = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)
    regions = [[shapely.box(west, 0, west + 10, 10)] for west in wests]
    together = region_spans(regions, grid, rule)
    assert [own.tile_count for own in together] == [100] * len(wests)
    assert together == [region_spans([region], grid, rule)[0] for region in regions]


@pytest.mark.parametrize("points", [1, 4, 6, 11, 1000])
def test_pieces_are_whole_rings_and_lose_none(points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = Grid(-180.0, 10.0, 10.0, 10.0, 36, 2)
    lake = shapely.box(2, 2, 3, 3).exterior
    shapes = [shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [lake]), shapely.box(5, 5, 6, 6)]
    edges = edges_on_grid([*shapes, shapely.MultiPolygon(shapes[1:])], grid)
    monkeypatch.setattr(f"{EDGES}.CHUNK_POINTS", points)
    pieces = list(edges.chunks())
    assert np.concatenate([piece.x for piece in pieces]).tolist() == edges.x.tolist()
    for piece in pieces:
        assert piece.ring_starts[0] == 0
        assert piece.ring_starts[-1] == len(piece.x)
        ends = piece.ring_starts[1:] - 1
        assert (piece.x[piece.ring_starts[:-1]] == piece.x[ends]).all()
    holes = [bool(hole) for piece in pieces for hole in piece.ring_is_hole]
    assert holes == edges.ring_is_hole.tolist() == [False, True, False, False]


@pytest.mark.parametrize("rule", list(Rule))
def test_a_piece_that_begins_with_an_empty_ring_keeps_its_last_edge(rule: Rule) -> None:
    grid = Grid(0.0, 4.0, 1.0, 1.0, 4, 4)
    polygon = shapely.from_wkt(
        "MULTIPOLYGON (((0 3, 1 3, 1 4, 0 4, 0 3), EMPTY), ((1 0, 4 0, 4 3, 1 3, 1 0)))"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{EDGES}.CHUNK_POINTS", 5)
        spans = RowSpans.from_polygon(polygon, grid, rule)
    assert picture_of(spans) == "#... .### .### .###"


@examples(100)
@given(
    ranges=st.lists(st.tuples(st.integers(0, 9), st.integers(-2, 6), st.booleans()), max_size=12),
    chunk_pairs=st.integers(1, 12),
)
def test_every_row_of_every_edge_comes_once_in_the_edges_direction(
    ranges: list[tuple[int, int, bool]], chunk_pairs: int
) -> None:
    first = np.array([lo for lo, _, _ in ranges], np.int64)
    stop = np.array([lo + count for lo, count, _ in ranges], np.int64)
    northward = np.array([up for _, _, up in ranges], np.bool_)
    expected = [
        (edge, row)
        for edge, (lo, count, up) in enumerate(ranges)
        for row in (reversed(range(lo, lo + count)) if up else range(lo, lo + count))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{EDGES}.CHUNK_PAIRS", chunk_pairs)
        chunks = list(edge_rows(first, stop, northward))
    found = [pair for edge, row in chunks for pair in zip(edge.tolist(), row.tolist(), strict=True)]
    assert found == expected
    # A chunk ends with the edge that fills it.
    assert all(np.count_nonzero(edge != edge[-1]) < chunk_pairs for edge, _ in chunks)
    assert all(len(edge) >= chunk_pairs for edge, _ in chunks[:-1])


@pytest.mark.slow
@examples(80)
@given(data=st.data(), rule=RULES)
def test_regions_in_one_pass_are_the_unions_of_their_polygons(
    data: st.DataObject, rule: Rule
) -> None:
    grid = data.draw(grids())
    regions = data.draw(st.lists(st.lists(polygons(grid), max_size=3), max_size=4))
    together = region_spans(regions, grid, rule)
    assert len(together) == len(regions)
    for spans, region in zip(together, regions, strict=True):
        alone = RowSpans.empty(grid)
        for polygon in region:
            alone |= RowSpans.from_polygon(polygon, grid, rule)
        assert spans == alone


@examples(80)
@given(data=st.data(), rule=RULES)
def test_shared_tiles_are_those_that_two_regions_own(data: st.DataObject, rule: Rule) -> None:
    grid = data.draw(grids())
    several = data.draw(st.lists(polygons(grid), max_size=5))
    spans = region_spans([[polygon] for polygon in several], grid, rule)
    owners = sum((tiles_of(one).astype(int) for one in spans), np.zeros((grid.n_rows, grid.n_cols)))
    assert picture_of(shared_tiles(spans, grid)) == picture_of(owners >= 2)


@examples(80)
@given(data=st.data())
def test_a_tile_whose_centre_is_in_overlaps(data: st.DataObject) -> None:
    """A centre on a ring too: the ring enters the open cell round it."""
    grid, polygon = data.draw(cases())
    by_center = RowSpans.from_polygon(polygon, grid, Rule.CENTER)
    by_overlap = RowSpans.from_polygon(polygon, grid, Rule.ANY_OVERLAP)
    assert (by_center - by_overlap).tile_count == 0


@examples(200)
@given(data=st.data(), including=st.booleans())
def test_lines_before_a_coordinate_are_counted_exactly(
    data: st.DataObject,
    including: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    grid = data.draw(grids())
    make = data.draw(
        st.sampled_from(
            [lattice.row_centers, lattice.row_edges, lattice.col_centers, lattice.col_edges]
        )
    )
    lines = make(grid)
    every = lines.at(np.arange(lines.count))
    at = data.draw(st.sampled_from(every.tolist()))
    value = data.draw(
        st.sampled_from(
            [at, float(np.nextafter(at, np.inf)), float(np.nextafter(at, -np.inf)), 1e6, -1e6, -0.0]
        )
    )
    before = (every < value) if lines.step > 0 else (every > value)
    expected = before | (every == value) if including else before
    assert lines.count_before(np.array([value]), including=including)[0] == expected.sum()


def test_many_turns_and_owners_stay_in_order() -> None:
    grid = Grid(-180.0, 10.0, 10.0, 10.0, 36, 2)
    edges = edges_on_grid([shapely.box(-190, 0, 190, 5), shapely.box(0, 0, 1, 1)], grid)
    assert edges.patch_owner.tolist() == [0, 0, 0, 1]
    assert (np.diff(edges.patch) >= 0).all()


@st.composite
def friendly(draw: st.DrawFn) -> tuple[Grid, Area]:
    """Draw a polygon whose contacts with the grid are far from any tie."""
    grid = Grid(-3.0, 3.0, 1.0, 0.5, 6, 12)
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    points = generator.uniform(-4, 4, (generator.integers(3, 12), 2)) + 1e-3 * np.sqrt(2)
    hull = shapely.convex_hull(shapely.multipoints(points))
    lake = shapely.buffer(hull.centroid, generator.uniform(0.1, 1.0), quad_segs=4)
    islands = shapely.buffer(shapely.multipoints(points), 0.1, quad_segs=2)
    polygon = hull.difference(lake).union(islands)
    assume(polygon.is_valid and polygon.geom_type in {"Polygon", "MultiPolygon"})
    return grid, polygon


@examples(100)
@given(case=friendly())
def test_exactextract_finds_the_same_cells_covered(case: tuple[Grid, Area]) -> None:
    grid, polygon = case
    spans = RowSpans.from_polygon(polygon, grid, Rule.ANY_OVERLAP)
    assert picture_of(spans) == picture_of(tiles_by_coverage(polygon, grid))


@pytest.mark.parametrize("rule", list(Rule))
@examples(100)
@given(case=friendly())
def test_geos_finds_the_same_tiles(rule: Rule, case: tuple[Grid, Area]) -> None:
    grid, polygon = case
    spans = RowSpans.from_polygon(polygon, grid, rule)
    assert picture_of(spans) == picture_of(tiles_by_geos(polygon, grid, rule))
