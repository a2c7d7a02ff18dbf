"""The lattice: where tiles lie, what their ids are, and which lattices are refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedworld.errors import ConfigError, GridError
from closedworld.kernels.grid import Grid
from closedworld.kernels.grid.affine import most_cols, rows_beyond_poles
from closedworld.testing.strategies import grids


def test_tiles_are_numbered_from_the_north_west_row_by_row() -> None:
    grid = Grid(-10.0, 20.0, 2.0, 1.0, 4, 3)
    rows, cols = np.divmod(np.arange(12), 4)
    ids = grid.tile_id(rows, cols)
    assert ids.dtype == np.uint64
    assert ids.tolist() == list(range(12))


def test_rows_run_south_and_columns_east() -> None:
    grid = Grid(-10.0, 20.0, 2.0, 1.0, 4, 3)
    assert grid.lon_edges().tolist() == [-10, -8, -6, -4, -2]
    assert grid.lat_edges().tolist() == [20, 19, 18, 17]
    assert grid.lon_centers().tolist() == [-9, -7, -5, -3]
    assert grid.lat_centers().tolist() == [19.5, 18.5, 17.5]
    assert (grid.east, grid.south, grid.n_tiles) == (-2.0, 17.0, 12)


def test_centroids_are_not_cell_corners() -> None:
    grid = Grid(0.0, 1.0, 1.0, 1.0, 1, 1)
    assert (grid.lon_centers()[0], grid.lat_centers()[0]) == (0.5, 0.5)


@given(grids(), st.data())
def test_row_and_column_come_back_from_the_id(grid: Grid, data: st.DataObject) -> None:
    tile = data.draw(st.integers(0, grid.n_tiles - 1))
    rows, cols = grid.row_col(np.array([tile], np.uint64))
    assert rows.dtype == cols.dtype == np.uint32
    assert int(rows[0]) * grid.n_cols + int(cols[0]) == tile
    assert grid.tile_id(rows, cols).tolist() == [tile]


@given(grids())
def test_each_centre_lies_strictly_between_its_edges(grid: Grid) -> None:
    lon, lat = grid.lon_edges(), grid.lat_edges()
    assert ((lon[:-1] < grid.lon_centers()) & (grid.lon_centers() < lon[1:])).all()
    assert ((lat[:-1] > grid.lat_centers()) & (grid.lat_centers() > lat[1:])).all()


@given(grids())
def test_the_outer_edges_are_the_first_and_last_lines(grid: Grid) -> None:
    assert (grid.lon_edges()[0], grid.lon_edges()[-1]) == (grid.west, grid.east)
    assert (grid.lat_edges()[0], grid.lat_edges()[-1]) == (grid.north, grid.south)
    assert len(grid.lon_edges()) == grid.n_cols + 1
    assert len(grid.lat_edges()) == grid.n_rows + 1


@given(grids())
def test_lines_are_where_exact_arithmetic_puts_them_to_the_last_bits(grid: Grid) -> None:
    for at, shift in ((grid.lon_edges(), Fraction(0)), (grid.lon_centers(), Fraction(1, 2))):
        for i, lon in enumerate(at.tolist()):
            exact = Fraction(grid.west) + (i + shift) * Fraction(grid.cell_width)
            # One rounding of the product and one of the sum.
            size = max(abs(grid.west), abs(lon), float((i + shift) * Fraction(grid.cell_width)))
            assert abs(Fraction(lon) - exact) <= Fraction(math.ulp(size))


@pytest.mark.parametrize(
    ("resolution", "n_rows"),
    [
        ("30s", 21600),
        ("1m", 10800),
        ("2.5m", 4320),
        ("5m", 2160),
        ("0.25deg", 720),
        ("1deg", 180),
        (" 10 arcmin ", 1080),
        ("3sec", 216000),
        ("180d", 1),
        ("60s", 10800),
        ("60sec", 10800),
        ("60arcsec", 10800),
        ("2m", 5400),
        ("2min", 5400),
        ("2arcmin", 5400),
        ("2d", 90),
        ("2deg", 90),
        ("2degree", 90),
    ],
)
def test_a_resolution_cuts_the_globe_into_whole_cells(resolution: str, n_rows: int) -> None:
    grid = Grid.from_resolution(resolution)
    assert (grid.n_rows, grid.n_cols) == (n_rows, 2 * n_rows)
    assert (grid.west, grid.north) == (-180.0, 90.0)
    assert (grid.east, grid.south) == (180.0, -90.0)
    assert grid.lon_edges()[-1] == 180.0
    assert grid.lat_edges()[-1] == -90.0
    assert grid.cell_width == grid.cell_height


@pytest.mark.parametrize(
    "resolution", ["", "30", "s", "-30s", "1e2s", "30 km", "thirty s", ".5deg"]
)
def test_a_resolution_needs_a_number_and_a_unit(resolution: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Grid.from_resolution(resolution)
    assert caught.value.code == "resolution-syntax"
    assert repr(resolution) in caught.value.message


@pytest.mark.parametrize("resolution", ["7s", "0.7deg", "0s", "0.0deg", "181deg", "360deg", "11m"])
def test_a_resolution_must_divide_180_degrees(resolution: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Grid.from_resolution(resolution)
    assert caught.value.code == "resolution-size"


def test_a_resolution_too_fine_to_tabulate_is_refused() -> None:
    assert Grid.from_resolution("0.1s").n_cols == 12_960_000
    # 2^24 columns, each 180 / 2^23 degrees wide.
    assert Grid.from_resolution("0.000021457672119140625deg").n_cols == 1 << 24
    for finer in ("0.075s", "0.06s", "0.01s", "0.0001s"):
        with pytest.raises(ConfigError) as caught:
            Grid.from_resolution(finer)
        assert caught.value.code == "resolution-size"


@pytest.mark.parametrize(
    ("code", "west", "north", "width", "height", "n_cols", "n_rows"),
    [
        ("grid-not-finite", math.nan, 0.0, 1.0, 1.0, 1, 1),
        ("grid-not-finite", 0.0, math.inf, 1.0, 1.0, 1, 1),
        ("grid-not-finite", 0.0, 0.0, math.inf, 1.0, 1, 1),
        ("grid-not-finite", 0.0, 0.0, 1.0, math.nan, 1, 1),
        ("grid-cell-size", 0.0, 0.0, 0.0, 1.0, 1, 1),
        ("grid-cell-size", 0.0, 0.0, 1.0, -1.0, 1, 1),
        ("grid-shape", 0.0, 0.0, 1.0, 1.0, 0, 1),
        ("grid-shape", 0.0, 0.0, 1.0, 1.0, 1, -1),
        ("grid-shape", 0.0, 0.0, 1.0, 1.0, 1, 0),
        ("grid-shape", 0.0, 0.0, 1.0, 1e-9, 1, 2**31 - 1),
        ("grid-cell-size", 0.0, 0.0, 9.9e-9, 1.0, 1, 1),
        ("grid-cell-size", 0.0, 0.0, 1.0, 9.9e-9, 1, 1),
        ("grid-shape", 0.0, 0.0, 1e-9, 1.0, 2**31 - 1, 1),
        ("grid-beyond-pole", 0.0, 90.1, 1.0, 1.0, 1, 1),
        ("grid-beyond-pole", 0.0, 0.0, 1.0, 1.0, 1, 91),
        ("grid-beyond-pole", 0.0, 90.0 + 2e-6, 1.0, 1.0, 1, 1),
        ("grid-too-wide", 0.0, 0.0, 1.0, 1.0, 361, 1),
        ("grid-too-wide", 0.0, 0.0, 0.7, 0.7, 515, 1),
        ("grid-too-wide", 0.0, 0.0, 1 / 120, 1 / 120, 43_201, 1),
    ],
)
def test_a_lattice_that_cannot_lie_on_the_globe_is_refused(
    code: str, west: float, north: float, width: float, height: float, n_cols: int, n_rows: int
) -> None:
    with pytest.raises(GridError) as caught:
        Grid(west, north, width, height, n_cols, n_rows)
    assert caught.value.code == code


def test_the_smallest_cells_are_a_millimetre() -> None:
    assert Grid(0.0, 0.0, 1e-8, 1e-8, 1, 1).n_tiles == 1


def test_polar_edges_may_overshoot_by_rounding_but_no_more() -> None:
    grid = Grid(-180.0, 90.0 + 5e-7, 1.0, 1.0, 360, 180)
    assert grid.north > 90
    assert Grid(-180.0, 90.0, 1 / 3, 1 / 3 + 1e-10, 1080, 540).south < -90


def test_a_cell_rounded_to_float32_still_goes_round_the_globe() -> None:
    width = float(np.float32(1 / 120))
    assert Grid(-180.0, 1.0, width, width, 43_200, 1).east > 180


@pytest.mark.parametrize("west", [0.0, -360.0, 100.25, 359.5])
def test_a_grid_may_begin_at_any_longitude(west: float) -> None:
    grid = Grid(west, 90.0, 0.25, 0.25, 1440, 720)
    assert grid.lon_centers()[0] == west + 0.125
    assert grid.east == west + 360


def test_large_ids_stay_exact() -> None:
    """Beyond 2^32 a uint32 would wrap, beyond 2^53 a float64 would round."""
    side = 2**31 - 2
    grid = Grid(-180.0, 90.0, 360 / side, 180 / side, side, side)
    rows = np.array([2, side - 1, side - 1], np.uint32)
    cols = np.array([7, side - 2, side - 1], np.int64)
    expected = [2 * side + 7, side * side - 2, side * side - 1]
    assert expected[0] > 2**32
    assert expected[1] > 2**53
    for row_type in (np.uint32, np.int64, np.uint64):
        ids = grid.tile_id(rows.astype(row_type), cols)
        assert ids.dtype == np.uint64
        assert ids.tolist() == expected
    back_rows, back_cols = grid.row_col(np.array(expected, np.uint64))
    assert back_rows.tolist() == rows.tolist()
    assert back_cols.tolist() == cols.tolist()
    assert grid.n_tiles == side * side


def test_ids_keep_the_shape_of_the_arguments() -> None:
    grid = Grid(0.0, 0.0, 1.0, 1.0, 5, 5)
    rows, cols = np.meshgrid(np.arange(2), np.arange(3), indexing="ij")
    ids = grid.tile_id(rows, cols)
    assert ids.shape == (2, 3)
    assert [side.shape for side in grid.row_col(ids)] == [(2, 3), (2, 3)]


@given(grids())
def test_six_numbers_give_the_grid_back(grid: Grid) -> None:
    numbers = grid.to_dict()
    again = Grid(
        west=float(numbers["west"]),
        north=float(numbers["north"]),
        cell_width=float(numbers["cell_width"]),
        cell_height=float(numbers["cell_height"]),
        n_cols=int(numbers["n_cols"]),
        n_rows=int(numbers["n_rows"]),
    )
    assert again == grid
    assert len(numbers) == 6
    assert (again.lon_edges() == grid.lon_edges()).all()


def test_a_grid_says_its_shape_cell_and_origin() -> None:
    text = str(Grid.from_resolution("30s"))
    assert "21600 rows x 43200 columns" in text
    assert "30 arc-seconds" in text
    assert "west -180, north 90" in text


@pytest.mark.parametrize("resolution", ["100m", "31m", "250m", "1000m", "90m", "30.5m"])
def test_metres_are_not_taken_for_arc_minutes(resolution: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Grid.from_resolution(resolution)
    assert caught.value.code == "resolution-syntax"
    assert "metres" in caught.value.message
    assert f"{resolution}in" not in caught.value.hint
    assert f"{resolution[:-1]}arcmin" in caught.value.hint


def test_arc_minutes_may_be_written_out() -> None:
    assert Grid.from_resolution("100arcmin").n_rows == 108
    assert Grid.from_resolution("30m").n_rows == 360


def test_lattices_are_the_same_to_a_thousandth_of_a_cell_each_way() -> None:
    """On cells twice as high as wide, so that a width is no height."""
    grid = Grid(0.0, 10.0, 1.0, 2.0, 4, 3)
    for across, down, same in (
        (0.0009, 0.0, True),
        (0.0015, 0.0, False),
        (0.0, 0.0019, True),
        (0.0, 0.0025, False),
    ):
        moved = Grid(across, 10.0 + down, 1.0, 2.0, 4, 3)
        assert grid.is_same_lattice(moved) == moved.is_same_lattice(grid) == same
    assert not grid.is_same_lattice(Grid(0.0, 10.0, 1.0, 2.0, 4, 2))
    assert not grid.is_same_lattice(Grid(0.0, 10.0, 1.001, 2.0, 4, 3))
    assert not grid.is_same_lattice(Grid(0.0, 10.0, 1.0, 2.001, 4, 3))
    assert not grid.is_same_lattice(Grid(0.0, 10.0, 1.0, 2.0, 3, 3))
    # A thousandth of 125 is an eighth, exactly.
    wide = Grid(0.0, 60.0, 125.0, 125.0, 2, 1)
    for origin, same in (((0.125, 60.0), True), ((0.0, 60.125), True), ((0.126, 60.0), False)):
        assert wide.is_same_lattice(Grid(*origin, 125.0, 125.0, 2, 1)) == same


@pytest.mark.parametrize(
    ("north", "cell_height", "n_rows", "beyond"),
    [
        (90.0, 1.0, 180, (0.0, 0.0)),
        (90.5, 0.25, 10, (2.0, 0.0)),
        (10.0, 1.0, 101, (0.0, 1.0)),
        (91.0, 0.5, 366, (2.0, 4.0)),
        (90.0, 0.5, 361, (0.0, 1.0)),
        (90.0 + 1e-7, 0.5, 360, (0.0, 0.0)),
        # Just as far as rounding may go: a millionth of a cell.
        (90.0 + 2.0**-20, 2.0**-20 / 1e-6, 1, (0.0, 0.0)),
    ],
)
def test_rows_beyond_a_pole_are_counted_in_cells(
    north: float, cell_height: float, n_rows: int, beyond: tuple[float, float]
) -> None:
    assert rows_beyond_poles(north, cell_height, n_rows) == beyond


def test_columns_go_once_round_the_globe() -> None:
    assert [most_cols(width) for width in (360.0, 1.0, 0.7, 1 / 120)] == [1, 360, 514, 43_200]
    assert most_cols(float(np.float32(1 / 120))) == 43_200
