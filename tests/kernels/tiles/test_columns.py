"""Every column of a tile, value by value, against scalar arithmetic and against rasterio."""

from __future__ import annotations

import math
import tracemalloc
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio.transform
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from closedworld.datasets import TILE_BOUNDS, TILE_INDEX, TILE_SPANS
from closedworld.datasets.part_encoder import part_writer
from closedworld.kernels.grid import Grid, tile_areas_cm2
from closedworld.kernels.parquet.pages import ZSTD_LEVEL, Page
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.kernels.tiles import RowGroup, Tiles, areas_of, spans_batch
from closedworld.testing import tiny_countries
from closedworld.testing.strategies import grids, row_spans

if TYPE_CHECKING:
    from closedworld.datasets import Dataset
    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.kernels.parquet import Chunk

WORLDPOP_1KM = Grid(-180.0012493, 83.99958, 0.0083333333, 0.0083333333, 43199, 16755)
SHAPES = {country.iso: country.geometry for country in tiny_countries()}


def columns(spans: RowSpans, rule: Rule = Rule.CENTER) -> dict[str, list[object]]:
    """Return the columns of both datasets together, as plain Python values."""
    group = RowGroup("XX", Tiles.all_of(spans), areas_of([spans], spans.grid))
    index = table_of(TILE_INDEX, group.index(rule)).to_pydict()
    bounds = table_of(TILE_BOUNDS, group.bounds()).to_pydict()
    assert index["tile_id"] == bounds["tile_id"]
    return {**index, **bounds}


def table_of(spec: Dataset, chunks: dict[str, Chunk]) -> pa.Table:
    """Return what a reader makes of a row group; it looks at the checksums too."""
    writer = part_writer(spec)
    writer.write(chunks)
    return pq.ParquetFile(pa.BufferReader(writer.finish()), page_checksum_verification=True).read()


def expected_columns(spans: RowSpans, rule: Rule = Rule.CENTER) -> dict[str, list[object]]:
    """Return the same by one Python expression for each value."""
    grid = spans.grid
    runs = zip(
        spans.rows.tolist(), spans.col_starts.tolist(), spans.col_stops.tolist(), strict=True
    )
    cells = [(row, col) for row, start, stop in runs for col in range(start, stop)]
    areas = tile_areas_cm2(grid).tolist()
    west, north, width, height = grid.west, grid.north, grid.cell_width, grid.cell_height
    return {
        "country_iso": ["XX" for _ in cells],
        "tile_id": [row * grid.n_cols + col for row, col in cells],
        "inclusion_rule": [rule.value for _ in cells],
        "raster_row": [row for row, _ in cells],
        "raster_col": [col for _, col in cells],
        "centroid_lon": [west + (col + 0.5) * width for _, col in cells],
        "centroid_lat": [north - (row + 0.5) * height for row, _ in cells],
        # As float64 first: of cells above 900,000 km2 the integer has more than 53 bits.
        "pixel_area_m2": [float(areas[row]) / 10_000 for row, _ in cells],
        "west_lon": [west + col * width for _, col in cells],
        "east_lon": [west + (col + 1) * width for _, col in cells],
        "south_lat": [north - (row + 1) * height for row, _ in cells],
        "north_lat": [north - row * height for row, _ in cells],
    }


@given(st.data())
def test_every_value_is_that_of_the_scalar_formula(data: st.DataObject) -> None:
    """On any grid and any set of tiles, to the last bit."""
    grid = data.draw(grids())
    spans = data.draw(row_spans(grid).filter(len))
    rule = data.draw(st.sampled_from(Rule))
    assert columns(spans, rule) == expected_columns(spans, rule)


@pytest.mark.parametrize("iso", ["AR", "FJ", "MV", "PH", "RU", "ZA"])
@pytest.mark.parametrize(
    "grid",
    [
        Grid(-180.0, 60.0, 0.5, 0.5, 720, 240),
        Grid(0.0, 60.0, 0.25, 0.5, 1440, 240),
        Grid(-180.0012493, 83.99958, 1 / 3, 0.1, 1080, 1400),
    ],
    ids=["-180..180", "0..360", "odd"],
)
def test_every_value_of_a_country_is_that_of_the_scalar_formula(iso: str, grid: Grid) -> None:
    spans = RowSpans.from_polygon(SHAPES[iso], grid)
    assert spans.tile_count > 20
    assert columns(spans) == expected_columns(spans)


@pytest.mark.parametrize("row", range(3))
def test_a_country_may_begin_in_any_row(row: int) -> None:
    grid = Grid(0.0, 40.0, 10.0, 10.0, 3, 8)
    rows = np.array([row, row, row + 1, row + 4])
    spans = RowSpans.from_runs(grid, rows, np.array([0, 2, 1, 0]), np.array([1, 3, 3, 2]))
    assert columns(spans) == expected_columns(spans)


def test_bounds_and_centres_are_what_rasterio_computes_from_the_transform() -> None:
    """The very same float64 values, for corners and for centres."""
    grid = WORLDPOP_1KM
    transform = Affine(grid.cell_width, 0.0, grid.west, 0.0, -grid.cell_height, grid.north)
    spans = RowSpans.from_polygon(shapely.Point(12.5, 42.0).buffer(0.4), grid)
    assert spans.tile_count > 5000
    rows, cols = grid.row_col(spans.tile_ids())
    got = columns(spans)
    for corner, names in (
        ("ul", ("west_lon", "north_lat")),
        ("lr", ("east_lon", "south_lat")),
        ("center", ("centroid_lon", "centroid_lat")),
    ):
        lon, lat = rasterio.transform.xy(transform, rows, cols, offset=corner)
        assert got[names[0]] == list(lon)
        assert got[names[1]] == list(lat)


def test_centroid_is_the_centre_of_its_cell_not_a_corner() -> None:
    spans = RowSpans.from_polygon(shapely.box(-60.0, -31.0, -58.5, -30.0), WORLDPOP_1KM)
    got = {name: np.array(values) for name, values in columns(spans).items()}
    for centre, low, high in (
        ("centroid_lon", "west_lon", "east_lon"),
        ("centroid_lat", "south_lat", "north_lat"),
    ):
        assert (got[low] < got[centre]).all()
        assert (got[centre] < got[high]).all()
        ulp = np.spacing(np.maximum(np.abs(got[low]), np.abs(got[high])))
        assert (np.abs(got[centre] - (got[low] + got[high]) / 2) <= 2 * ulp).all()


@pytest.mark.parametrize("grid", [WORLDPOP_1KM, Grid(0.0, 60.0, 1 / 3, 0.7, 1080, 100)])
def test_neighbours_share_their_edge_to_the_last_bit(grid: Grid) -> None:
    spans = RowSpans.from_polygon(shapely.box(10.0, 40.0, 13.0, 43.0), grid)
    got = columns(spans)
    by_id = {tile_id: i for i, tile_id in enumerate(got["tile_id"])}
    pairs = 0
    for tile_id, i in by_id.items():
        assert isinstance(tile_id, int)
        for other, mine, theirs in (
            (tile_id + 1, "east_lon", "west_lon"),
            (tile_id + grid.n_cols, "south_lat", "north_lat"),
        ):
            if other in by_id:
                pairs += 1
                assert got[mine][i] == got[theirs][by_id[other]]
    assert pairs > spans.tile_count


def test_area_is_the_same_all_along_a_row_and_differs_between_rows(tiny: CountrySet) -> None:
    grid = Grid(-180.0, 60.0, 0.5, 0.5, 720, 240)
    areas_of_row: dict[object, set[object]] = {}
    for iso in ("AR", "RU", "FR"):
        got = columns(RowSpans.from_polygon(tiny[iso].features[0], grid))
        for row, area in zip(got["raster_row"], got["pixel_area_m2"], strict=True):
            areas_of_row.setdefault(row, set()).add(area)
    assert {len(areas) for areas in areas_of_row.values()} == {1}
    assert len({area for areas in areas_of_row.values() for area in areas}) == len(areas_of_row)


@pytest.mark.parametrize(
    "grid", [Grid(-180.0, 60.0, 0.5, 0.5, 720, 240), Grid(0.0, 60.0, 0.5, 0.5, 720, 240)]
)
@pytest.mark.parametrize("iso", ["FJ", "RU"])
def test_west_is_below_east_at_the_antimeridian(iso: str, grid: Grid) -> None:
    """Longitudes stay in the grid's own range; none is wrapped alone."""
    got = columns(RowSpans.from_polygon(SHAPES[iso], grid))
    west, east = np.array(got["west_lon"]), np.array(got["east_lon"])
    assert (west < east).all()
    assert (east - west == 0.5).all()
    assert grid.west <= west.min()
    assert east.max() <= grid.east
    assert 180.0 in (
        set(west.tolist()) & set(east.tolist()) if grid.west == 0 else set(east.tolist())
    )


@pytest.mark.parametrize(
    ("side", "least"), [(70_000, 2**32), (2**31 - 2, 2**53)], ids=["2^32", "2^53"]
)
def test_ids_beyond_what_smaller_types_hold_stay_exact(side: int, least: int) -> None:
    """A uint32 would wrap beyond 2^32, a float64 would round beyond 2^53."""
    grid = Grid(-180.0, 90.0, 360 / side, 180 / side, side, side)
    run = (np.array([side - 2, side - 1]), np.array([side - 5, 0]), np.array([side, 3]))
    tiles = Tiles(grid, run[0], run[1], run[2] - run[1])
    ids = tiles.tile_ids()
    expected = [(side - 2) * side + col for col in range(side - 5, side)]
    expected += [(side - 1) * side + col for col in range(3)]
    assert min(expected) > least
    assert ids.dtype == np.uint64
    assert ids.tolist() == expected


@given(st.data())
def test_a_range_of_ranks_is_that_slice_of_all_tiles(data: st.DataObject) -> None:
    spans = data.draw(grids().flatmap(row_spans).filter(len))
    first = data.draw(st.integers(0, spans.tile_count - 1))
    stop = data.draw(st.integers(first + 1, spans.tile_count))
    tiles = Tiles.ranked(spans, first, stop)
    assert tiles.tile_count == stop - first
    assert (tiles.lengths > 0).all()
    assert tiles.tile_ids().tolist() == spans.tile_ids()[first:stop].tolist()


@given(st.data())
def test_pieces_of_any_size_make_up_the_range(data: st.DataObject) -> None:
    spans = data.draw(grids().flatmap(row_spans).filter(len))
    first = data.draw(st.integers(0, spans.tile_count - 1))
    stop = data.draw(st.integers(first + 1, spans.tile_count))
    size = data.draw(st.integers(1, 9))
    pieces = list(Tiles.ranked(spans, first, stop).batches(size))
    assert [place for place, _ in pieces] == list(range(0, stop - first, size))
    assert all(piece.tile_count == size for _, piece in pieces[:-1])
    ids = np.concatenate([piece.tile_ids() for _, piece in pieces])
    assert ids.tolist() == spans.tile_ids()[first:stop].tolist()


@pytest.mark.parametrize(("first", "stop"), [(0, 0), (2, 2), (3, 2), (-1, 2), (0, 5), (4, 6)])
def test_a_range_that_is_empty_or_leaves_the_country_is_an_error(first: int, stop: int) -> None:
    spans = RowSpans.from_runs(Grid(0, 0, 1, 1, 4, 4), *(np.array([v]) for v in (1, 0, 4)))
    with pytest.raises(IndexError):
        Tiles.ranked(spans, first, stop)


def test_runs_of_a_country_are_rows_of_tile_spans() -> None:
    grid = Grid(0.0, 10.0, 1.0, 1.0, 10, 10)
    rows, starts, stops = np.array([2, 2, 5]), np.array([1, 6, 0]), np.array([4, 7, 10])
    batch = spans_batch("XX", RowSpans(grid, rows, starts, stops))
    assert batch.to_pydict() == {
        "country_iso": ["XX"] * 3,
        "raster_row": [2, 2, 5],
        "col_start": [1, 6, 0],
        "col_stop": [4, 7, 10],
        "first_rank": [0, 3, 4],
    }


def test_columns_have_the_names_and_types_of_the_schema() -> None:
    """Texts as dictionaries, which is quicker to write; the values' type is the schema's."""
    batch = spans_batch("FR", RowSpans.from_polygon(SHAPES["FR"], WORLDPOP_1KM))
    types = [t.value_type if pa.types.is_dictionary(t) else t for t in batch.schema.types]
    assert batch.schema.names == TILE_SPANS.schema.names
    assert types == TILE_SPANS.schema.types


@pytest.mark.parametrize(
    ("rows", "width"), [(40, 200), (8, 70_000), (300, 1), (1, 1), (7, 300), (70_000, 9)]
)
def test_values_do_not_depend_on_how_columns_are_looked_up(rows: int, width: int) -> None:
    """By indices of one, two and four bytes."""
    grid = Grid(-180.0, 85.0, 360 / 80_000, 170 / 80_000, 80_000, 80_000)
    line = np.arange(rows)
    spans = RowSpans.from_runs(grid, line, line % 3, line % 3 + width)
    group = RowGroup("XX", Tiles.all_of(spans), areas_of([spans], grid))
    index = table_of(TILE_INDEX, group.index(Rule.CENTER))
    bounds = table_of(TILE_BOUNDS, group.bounds())
    ids = spans.tile_ids()
    row, col = grid.row_col(ids)
    for table, name, expected in (
        (index, "tile_id", ids),
        (index, "raster_row", row),
        (index, "raster_col", col),
        (index, "centroid_lon", grid.lon_center(col)),
        (index, "centroid_lat", grid.lat_center(row)),
        (bounds, "west_lon", grid.lon_edge(col)),
        (bounds, "east_lon", grid.lon_edge(col + 1)),
        (bounds, "south_lat", grid.lat_edge(row + 1)),
        (bounds, "north_lat", grid.lat_edge(row)),
    ):
        assert (table[name].to_numpy() == expected).all(), name


@pytest.mark.parametrize(("width", "level"), [(200, 1), (65_536, 1), (65_537, 3)])
def test_indices_of_more_than_two_bytes_are_compressed_harder(
    width: int, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published bytes depend on it."""
    levels, plain = [], Page.of

    def page_of(*args: Any, **options: Any) -> Page:
        levels.append(options.get("level", ZSTD_LEVEL))
        return plain(*args, **options)

    grid = Grid(-180.0, 85.0, 360 / 80_000, 170 / 80_000, 80_000, 80_000)
    spans = RowSpans.from_runs(grid, *np.array([[7], [0], [width]]))
    monkeypatch.setattr(Page, "of", page_of)
    RowGroup("XX", Tiles.all_of(spans), areas_of([spans], grid))
    assert levels[:-1] == [1] * (len(levels) - 1)
    assert levels[-1] == level


def test_specks_do_not_take_an_object_each() -> None:
    """Short runs in columns that come seldom: beside the arrays of the runs, no Python object for each."""
    grid = Grid(-180.0, 90.0, 360 / 80_000, 180 / 80_000, 80_000, 40_000)
    place = np.arange(40_000)
    spans = RowSpans.from_runs(grid, place // 4_000, 2 * place, 2 * place + 1)
    tiles, areas = Tiles.all_of(spans), areas_of([spans], grid)
    tracemalloc.start()
    try:
        bounds = table_of(TILE_BOUNDS, RowGroup("XX", tiles, areas).bounds())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * spans.tile_count
    assert (bounds["west_lon"].to_numpy() == grid.lon_edge(2 * place)).all()
    assert (bounds["east_lon"].to_numpy() == grid.lon_edge(2 * place + 1)).all()


def test_latitudes_and_longitudes_are_within_an_ulp_of_exact_arithmetic() -> None:
    """Far from the origin too: the last column of the 1 km grid."""
    grid = WORLDPOP_1KM
    last = RowSpans.from_runs(grid, *(np.array([v]) for v in (grid.n_rows - 1, 43_190, 43_199)))
    got = columns(last)
    for col, west in zip(range(43_190, 43_199), got["west_lon"], strict=True):
        assert isinstance(west, float)
        exact = Fraction(grid.west) + col * Fraction(grid.cell_width)
        assert abs(Fraction(west) - exact) <= Fraction(math.ulp(360.0))
