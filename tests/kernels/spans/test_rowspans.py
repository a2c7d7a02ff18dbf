"""Sets of tiles against Python sets, and what a set of tiles refuses to be."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import ConfigError, GeometryError, GridError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule, region_spans, shared_tiles, united_tiles
from closedworld.kernels.spans.runs import combine, covered, require_positions
from closedworld.testing import picture_of
from closedworld.testing.strategies import row_spans

if TYPE_CHECKING:
    from collections.abc import Callable

GRID = Grid(0.0, 3.0, 1.0, 1.0, 4, 3)
SIDE = 2**31 - 2
HUGE = Grid(-180.0, 90.0, 360 / SIDE, 180 / SIDE, SIDE, SIDE)

small_grids = st.builds(
    lambda n_cols, n_rows: Grid(0.0, 8.0, 1.0, 1.0, n_cols, n_rows),
    st.integers(1, 6),
    st.integers(1, 4),
)


def as_set(spans: RowSpans) -> set[int]:
    return {
        int(row) * spans.grid.n_cols + col
        for row, start, stop in zip(spans.rows, spans.col_starts, spans.col_stops, strict=True)
        for col in range(start, stop)
    }


def runs(*triples: tuple[int, int, int]) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    return list(np.array(triples, np.int64).reshape(-1, 3).T)


@pytest.mark.parametrize("op", [operator.or_, operator.and_, operator.sub, operator.xor])
@examples(80)
@given(data=st.data())
def test_algebra_is_that_of_sets(op: Callable[[Any, Any], Any], data: st.DataObject) -> None:
    grid = data.draw(small_grids)
    a, b = data.draw(row_spans(grid)), data.draw(row_spans(grid))
    assert as_set(op(a, b)) == op(as_set(a), as_set(b))


@examples(80)
@given(data=st.data())
def test_equal_sets_have_equal_arrays(data: st.DataObject) -> None:
    grid = data.draw(small_grids)
    a, b = data.draw(row_spans(grid)), data.draw(row_spans(grid))
    assert (a == b) == (as_set(a) == as_set(b))
    assert (a | b) - (a & b) == a ^ b
    assert (a - b) | (a & b) == a


@examples(200)
@given(
    triples=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 4)), max_size=12
    ),
    dtype=st.sampled_from([np.int64, np.int32, np.uint32, np.uint64]),
)
def test_runs_in_any_order_overlapping_or_empty_give_what_they_cover(
    triples: list[tuple[int, int, int]], dtype: type[np.integer[Any]]
) -> None:
    spans = RowSpans.from_runs(GRID, *(side.astype(dtype) for side in runs(*triples)))
    assert as_set(spans) == {
        row * 4 + col for row, start, stop in triples for col in range(start, stop)
    }
    assert spans.rows.dtype == spans.col_starts.dtype == spans.col_stops.dtype == np.int64


@pytest.mark.parametrize(
    "run",
    [(3, 0, 1), (-1, 0, 1), (0, -1, 2), (0, 3, 5), (0, 5, 6), (1, -2, -1), (2, 0, 5)],
)
def test_runs_off_the_grid_are_refused_not_moved_to_another_row(run: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="leave the grid"):
        RowSpans.from_runs(GRID, *runs((1, 1, 2), run))


def test_an_empty_run_may_lie_anywhere() -> None:
    spans = RowSpans.from_runs(GRID, *runs((1, 1, 2), (7, 3, 3), (0, 9, 4)))
    assert picture_of(spans) == ".... .#.. ...."


@pytest.mark.parametrize(
    "triples",
    [
        [(0, 2, 2)],
        [(0, 3, 1)],
        [(0, 0, 2), (0, 2, 4)],
        [(0, 0, 3), (0, 2, 4)],
        [(1, 0, 1), (0, 0, 1)],
        [(0, 2, 3), (0, 0, 1)],
        [(3, 0, 1)],
        [(-1, 0, 1)],
        [(0, -1, 1)],
        [(0, 0, 5)],
        [(0, 0, 1), (9, 0, 1), (2, 0, 1)],
        [(0, 0, 1), (0, 2, 2)],
        [(0, 0, 1), (0, 2, 3), (0, 3, 4)],
        [(0, 0, 1), (0, 1, 2), (1, 0, 1)],
    ],
)
def test_arrays_that_are_not_canonical_are_refused(triples: list[tuple[int, int, int]]) -> None:
    with pytest.raises(ValueError, match="runs"):
        RowSpans(GRID, *runs(*triples))


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.uint64, np.float64])
def test_arrays_that_are_not_int64_are_refused(dtype: type[np.number[Any]]) -> None:
    """Positions on the row line would wrap or round."""
    with pytest.raises(ValueError, match="int64"):
        RowSpans(GRID, *(side.astype(dtype) for side in runs((0, 0, 1))))


@pytest.mark.parametrize("number", range(3))
def test_one_array_that_is_not_int64_or_not_1d_is_enough(number: int) -> None:
    for shaped in (np.array([0, 0], np.int32), np.array([[0], [0]])):
        arrays: list[Any] = runs((0, 0, 1), (1, 0, 1))
        arrays[number] = shaped
        with pytest.raises(ValueError, match="int64"):
            RowSpans(GRID, *arrays)


def test_arrays_of_two_lengths_are_refused() -> None:
    rows, starts, stops = runs((0, 0, 1), (1, 0, 1))
    with pytest.raises(ValueError, match="differ in length"):
        RowSpans(GRID, rows[:1], starts, stops)


def test_a_run_to_the_last_column_stays_apart_from_the_next_row() -> None:
    spans = RowSpans(GRID, *runs((0, 2, 4), (1, 0, 1)))
    assert spans.n_runs == 2
    assert (spans | spans).n_runs == 2
    assert spans.tile_ids().tolist() == [2, 3, 4]


@examples(100)
@given(data=st.data())
def test_ranks_ids_and_membership_agree(data: st.DataObject) -> None:
    spans = data.draw(row_spans(data.draw(small_grids)))
    ids = spans.tile_ids()
    assert ids.dtype == np.uint64
    assert ids.tolist() == sorted(as_set(spans))
    assert spans.tile_count == len(spans) == len(ids)
    ranks = data.draw(st.permutations(range(len(ids))))
    assert spans.tiles_at(np.array(ranks, np.int64)).tolist() == [int(ids[k]) for k in ranks]
    everything = np.arange(spans.grid.n_tiles + 5, dtype=np.uint64)
    assert everything[spans.contains(everything)].tolist() == ids.tolist()
    assert spans.ranks_of(ids[ranks]).tolist() == ranks
    first = [sum(tile < start for tile in as_set(spans)) for start in _starts(spans)]
    assert spans.first_ranks.tolist() == first


def _starts(spans: RowSpans) -> list[int]:
    return [int(tile) for tile in spans.grid.tile_id(spans.rows, spans.col_starts)]


@pytest.mark.parametrize("rank", [-1, 3])
def test_a_rank_that_is_not_there_is_refused(rank: int) -> None:
    spans = RowSpans(GRID, *runs((0, 2, 4), (1, 0, 1)))
    with pytest.raises(IndexError, match=r"0\.\.2"):
        spans.tiles_at(np.array([0, rank]))


@pytest.mark.parametrize("tile", [0, 1, 5, 11, 12, 4 * 2**32 + 2])
def test_a_tile_that_is_not_in_the_set_has_no_rank(tile: int) -> None:
    """Also among others that are."""
    spans = RowSpans(GRID, *runs((0, 2, 4), (1, 0, 1)))
    assert spans.ranks_of(np.array([4, 2], np.uint64)).tolist() == [2, 0]
    assert spans.ranks_of(np.array([], np.uint64)).tolist() == []
    with pytest.raises(KeyError, match=rf"tile {tile} is"):
        spans.ranks_of(np.array([2, tile, 4], np.uint64))


def test_a_set_is_a_table_of_its_runs() -> None:
    table = pa.table(RowSpans(GRID, *runs((0, 2, 4), (1, 0, 1))))
    assert table.to_pydict() == {
        "raster_row": [0, 1],
        "col_start": [2, 0],
        "col_stop": [4, 1],
        "first_rank": [0, 2],
    }


def test_an_id_off_the_grid_is_in_no_set() -> None:
    full = RowSpans.from_runs(GRID, *runs((0, 0, 4), (1, 0, 4), (2, 0, 4)))
    far = np.array([11, 12, 4 * 2**32, 4 * 2**32 + 1, 2**64 - 1], np.uint64)
    assert full.contains(far).tolist() == [True, False, False, False, False]


def test_membership_keeps_the_shape_of_the_ids() -> None:
    spans = RowSpans(GRID, *runs((0, 2, 4), (1, 0, 1)))
    ids = np.arange(6, dtype=np.uint64).reshape(2, 3)
    assert spans.contains(ids).tolist() == [[False, False, True], [True, True, False]]


def test_the_empty_set_works_everywhere() -> None:
    none, some = RowSpans.empty(GRID), RowSpans(GRID, *runs((0, 2, 4)))
    assert len(none) == none.n_runs == 0
    assert none.tile_ids().tolist() == []
    assert none.contains(np.array([0, 1], np.uint64)).tolist() == [False, False]
    assert none | some == some
    assert some & none == some - some == none == none ^ none
    assert shared_tiles([], GRID) == shared_tiles([none, some], GRID) == none
    assert united_tiles([], GRID) == none
    assert united_tiles([none, some, some], GRID) == some
    with pytest.raises(IndexError):
        none.tiles_at(np.array([0]))


def test_the_last_tiles_of_the_largest_grid_stay_exact() -> None:
    """Positions on the row line come within a factor of two of what int64 holds."""
    last, before = runs((SIDE - 1, SIDE - 2, SIDE)), runs((SIDE - 1, SIDE - 3, SIDE - 1))
    a, b = RowSpans.from_runs(HUGE, *last), RowSpans.from_runs(HUGE, *before)
    n_tiles = SIDE * SIDE
    assert a.tile_ids().tolist() == [n_tiles - 2, n_tiles - 1]
    assert (a | b).tile_ids().tolist() == [n_tiles - 3, n_tiles - 2, n_tiles - 1]
    assert (a & b).tile_ids().tolist() == [n_tiles - 2]
    assert (a ^ b).tile_ids().tolist() == [n_tiles - 3, n_tiles - 1]
    assert shared_tiles([a, b], HUGE) == a & b
    assert a.contains(np.array([n_tiles - 1, n_tiles - 3], np.uint64)).tolist() == [True, False]


@examples(200)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=8),
    depth=st.integers(1, 4),
)
def test_covered_counts_how_many_runs_lie_on_each_position(
    pairs: list[tuple[int, int]], depth: int
) -> None:
    starts = np.array([start for start, _ in pairs], np.int64)
    lengths = np.array([length for _, length in pairs], np.int64)
    found = covered(starts, starts + lengths, depth)
    height = [sum(a <= at < a + n for a, n in pairs) for at in range(16)]
    assert _positions(found) == {at for at in range(16) if height[at] >= depth}
    assert (found[1] > found[0]).all()
    assert (found[0][1:] > found[1][:-1]).all()


@examples(200)
@given(a=st.sets(st.integers(0, 9)), b=st.sets(st.integers(0, 9)))
def test_combine_gives_canonical_runs(a: set[int], b: set[int]) -> None:
    both = [
        covered(np.array(sorted(side), np.int64), np.array(sorted(side), np.int64) + 1)
        for side in (a, b)
    ]
    found = combine(both[0], both[1], lambda x, y: x & ~y)
    assert _positions(found) == a - b
    assert (found[1] > found[0]).all()
    assert (found[0][1:] > found[1][:-1]).all()


def _positions(found: tuple[Any, Any]) -> set[int]:
    return {at for start, stop in zip(*found, strict=True) for at in range(start, stop)}


def test_sets_on_two_grids_do_not_mix() -> None:
    other = Grid(0.0, 3.0, 1.0, 1.0, 3, 3)
    with pytest.raises(ConfigError) as caught:
        RowSpans.empty(GRID) | RowSpans.empty(other)
    assert caught.value.code == "grids-differ"
    assert RowSpans.empty(GRID) != RowSpans.empty(other)


def test_a_set_compares_with_sets_only() -> None:
    assert RowSpans.empty(GRID) != 0
    with pytest.raises(TypeError):
        hash(RowSpans.empty(GRID))


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        RowSpans.from_polygon(shapely.box(0, 0, 1, 1), GRID, "centre")
    assert caught.value.code == "rule-unknown"
    assert "center or any_overlap" in caught.value.hint


@pytest.mark.parametrize(
    ("wkt", "code"),
    [
        ("POINT (1 1)", "geometry-not-polygon"),
        ("LINESTRING (0 0, 1 1)", "geometry-not-polygon"),
        ("GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)))", "geometry-not-polygon"),
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "geometry-invalid"),
        ("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)), ((1 0, 2 0, 2 1, 1 0)))", "geometry-invalid"),
    ],
)
def test_what_is_no_valid_polygon_is_refused(wkt: str, code: str) -> None:
    with pytest.raises(GeometryError) as caught:
        RowSpans.from_polygon(shapely.from_wkt(wkt), GRID)
    assert caught.value.code == code


@pytest.mark.parametrize("lon", [1e9, -1e9, 1e200, -1081.0])
def test_a_longitude_many_turns_off_is_refused_at_once(lon: float) -> None:
    """A polygon of 1e9 degrees would be laid on the grid millions of times."""
    west, east = min(lon, 0.0), max(lon, 0.0)
    with pytest.raises(GeometryError) as caught:
        RowSpans.from_polygon(shapely.box(west, 0, east, 1), GRID)
    assert caught.value.code == "coordinates-out-of-range"


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_coordinate_that_is_not_finite_is_refused(number: float) -> None:
    # NumPy would report the NaN that shapely is given to build.
    with np.errstate(invalid="ignore"):
        polygon = shapely.Polygon([(0, 0), (1, 0), (number, 1)])
    with pytest.raises(GeometryError) as caught:
        RowSpans.from_polygon(polygon, GRID)
    assert caught.value.code == "geometry-invalid"


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize(
    "wkt",
    [
        "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), EMPTY)",
        "MULTIPOLYGON (EMPTY, ((0 0, 2 0, 2 2, 0 2, 0 0)))",
        "MULTIPOLYGON (((0 0, 1 0, 1 2, 0 2, 0 0)), EMPTY, ((1 0, 2 0, 2 1, 1 0)))",
        "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0), EMPTY)",
        "POLYGON Z ((0 0 9, 2 0 9, 2 2 9, 0 2 9, 0 0 9))",
    ],
)
def test_empty_parts_and_heights_change_nothing(wkt: str, rule: Rule) -> None:
    polygon = shapely.from_wkt(wkt)
    plain = shapely.MultiPolygon(
        [shapely.Polygon(part.exterior) for part in shapely.get_parts(polygon) if not part.is_empty]
    )
    spans = RowSpans.from_polygon(polygon, GRID, rule)
    assert spans.tile_count > 0
    assert spans == RowSpans.from_polygon(shapely.force_2d(plain), GRID, rule)


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("wkt", ["POLYGON EMPTY", "MULTIPOLYGON EMPTY"])
def test_an_empty_polygon_has_no_tiles(wkt: str, rule: Rule) -> None:
    assert len(RowSpans.from_polygon(shapely.from_wkt(wkt), GRID, rule)) == 0


def test_regions_without_polygons_have_no_tiles() -> None:
    assert region_spans([], GRID, Rule.CENTER) == []
    empty, one, also_empty = region_spans([[], [shapely.box(0, 0, 1, 1)], []], GRID, Rule.CENTER)
    assert (len(empty), len(one), len(also_empty)) == (0, 1, 0)


def test_more_polygons_than_64_bits_can_keep_apart_are_refused() -> None:
    islands = [[shapely.box(at, 0, at + 1, 1)] for at in (0, 2)]
    with pytest.raises(GridError) as caught:
        region_spans(islands, HUGE, Rule.CENTER)
    assert caught.value.code == "grid-too-fine"


def test_positions_may_take_all_64_bits() -> None:
    """Twice the positions of 2^22 polygons here are 2^63, one too many."""
    grid = Grid(0.0, 60.0, 1e-4, 1e-4, 2**20 - 1, 2**20)
    require_positions(2**22 - 1, grid)
    require_positions(0, HUGE)
    with pytest.raises(GridError, match="4194304 polygons"):
        require_positions(2**22, grid)


def test_the_text_of_a_set_says_its_size() -> None:
    assert "3 tiles in 2 runs" in repr(RowSpans(GRID, *runs((0, 2, 4), (1, 0, 1))))
