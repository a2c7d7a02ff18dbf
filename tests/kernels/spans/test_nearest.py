"""The nearest tile where many are near: ties, rows of many runs, points beside the grid, and how far is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, TileOwners, nearest, nearest_cells
from closedworld.kernels.sphere import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from collections.abc import Iterable

GLOBE = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)
REGION = Grid(10.0, 5.0, 1.0, 1.0, 40, 10)
DEGREE_M = float(np.radians(1.0)) * EARTH_RADIUS_KM * 1000


def owners_of(grid: Grid, tiles: Iterable[tuple[int, int]]) -> TileOwners:
    """Return the owners of single tiles, each a run of its own or part of one."""
    rows, cols = np.array(sorted(tiles)).T
    return TileOwners.of([RowSpans.from_runs(grid, rows, cols, cols + 1)], grid)


def found(
    owners: TileOwners, lon: float, lat: float, within_m: float = np.inf
) -> tuple[int, int, float]:
    rows, cols, metres = nearest_cells(owners, np.array([lon]), np.array([lat]), within_m)
    return int(rows[0]), int(cols[0]), float(metres[0])


@pytest.mark.parametrize("grid", [GLOBE, REGION], ids=["globe", "region"])
@pytest.mark.parametrize("length", [1, 3])
def test_in_rows_of_many_runs_the_one_before_or_after_or_round_the_globe_is_found(
    grid: Grid, length: int
) -> None:
    """Every tenth column, in rows that differ, against the longitudes of all tiles of the row."""
    starts = [1, 11, 21, 31, *range(61, grid.n_cols - 4, 50)]
    cols = {start + more for start in starts for more in range(length)}
    tiles = {(row, col + row % 3) for row in (0, 4, 9) for col in cols}
    owners = owners_of(grid, tiles)
    # Every third of a degree; never half way between two runs.
    lons = np.arange(grid.west - 3, grid.west + 357, 1 / 3) + 0.01
    row = 4
    lats = np.full(len(lons), grid.north - row - 0.5)
    rows, got, _ = nearest_cells(owners, lons, lats, np.inf)
    own = np.array(sorted(col for at, col in tiles if at == row))
    apart = np.abs((lons[:, None] - grid.lon_center(own) + 180) % 360 - 180)
    near = apart.min(axis=1) < 3.4  # degrees: no other row is as near
    assert near.sum() > 30
    assert rows[near].tolist() == [row] * int(near.sum())
    assert got[near].tolist() == own[apart.argmin(axis=1)][near].tolist()


def test_equally_near_tiles_are_taken_from_the_own_row_the_north_and_the_west_first() -> None:
    grid = Grid(-10.0, 10.5, 1.0, 1.0, 20, 21)
    # Row 10 has its centre on the equator.
    middle = {(10, 5), (10, 9), (8, 7), (12, 7)}
    assert found(owners_of(grid, middle - {(10, 5), (10, 9)}), -2.5, 0.0)[:2] == (8, 7)
    assert found(owners_of(grid, {(10, 5), (10, 9), (4, 7)}), -2.5, 0.0)[:2] == (10, 5)
    # On the line between two tiles and on the corner of four, all are 0 metres away.
    square = {(9, 6), (9, 7), (10, 6), (10, 7)}
    assert found(owners_of(grid, square), -3.0, 0.25) == (10, 7, 0.0)
    assert found(owners_of(grid, square), -3.0, 0.5) == (10, 7, 0.0)
    assert found(owners_of(grid, square - {(10, 7)}), -3.0, 0.5) == (10, 6, 0.0)
    assert found(owners_of(grid, {(9, 6), (9, 7)}), -3.0, 0.5) == (9, 7, 0.0)


def test_a_row_that_is_hardly_nearer_than_a_tile_of_the_own_row_is_looked_at() -> None:
    """By less than a thousandth: 2.49875 degrees along the meridian, 2.4999 along the parallel."""
    owners = owners_of(GLOBE, {(90, 183), (87, 180)})
    row, col, metres = found(owners, 0.5, 2 - 2.49875)
    assert (row, col) == (87, 180)
    assert metres == pytest.approx(2.49875 * DEGREE_M, abs=1e-3)


@pytest.mark.parametrize("row", [0, 4, 9])
def test_the_only_tile_is_found_from_every_row(row: int) -> None:
    owners = owners_of(REGION, {(row, 20)})
    for lat in np.arange(-4.5, 5.0):
        assert found(owners, 30.5, lat)[:2] == (row, 20)
    for lat in (-80.0, 80.0):
        assert found(owners, 30.5, lat)[:2] == (row, 20)


@pytest.mark.parametrize(
    ("lon", "lat", "tile"),
    [
        (9.5, 4.5, (0, 0)),
        (9.5, 3.9, (1, 0)),
        (9.5, -4.9, (9, 0)),
        (50.5, 0.5, (4, 39)),
        (20.5, 5.5, (0, 10)),
        (20.5, -5.5, (9, 10)),
        (49.9, 5.5, (0, 39)),
        (30.1, -5.5, (9, 20)),
    ],
)
def test_beside_the_grid_the_closest_row_and_column_come_first(
    lon: float, lat: float, tile: tuple[int, int]
) -> None:
    """Within little more than half a degree there is no other tile to be found."""
    every = owners_of(REGION, {(row, col) for row in range(10) for col in range(40)})
    within = 0.501 * DEGREE_M
    row, col, metres = found(every, lon, lat, within)
    assert (row, col) == tile
    assert metres == pytest.approx(0.5 * DEGREE_M, rel=0.005)
    assert found(every, lon, lat, 0.49 * DEGREE_M)[:2] == (-1, -1)


@pytest.mark.parametrize(
    ("lon", "lat", "tile"), [(9.9, 1.1, (5, 0)), (30.1, -2.2, (18, 39)), (14.3, 2.6, (0, 8))]
)
def test_beside_a_grid_of_other_cells_too(lon: float, lat: float, tile: tuple[int, int]) -> None:
    grid = Grid(10.0, 2.5, 0.5, 0.25, 40, 20)
    every = owners_of(grid, {(row, col) for row in range(20) for col in range(40)})
    assert found(every, lon, lat, 0.101 * DEGREE_M)[:2] == tile


def test_a_tile_just_as_far_away_as_asked_for_is_found() -> None:
    owners = owners_of(REGION, {(4, 20)})
    metres = found(owners, 33.0, 0.5)[2]
    assert found(owners, 33.0, 0.5, metres) == (4, 20, metres)
    rows, _, none = nearest_cells(
        owners, np.array([33.0]), np.array([0.5]), float(np.nextafter(metres, 0))
    )
    assert rows.tolist() == [-1]
    assert np.isnan(none).all()


@pytest.mark.parametrize(("lon", "lat"), [(np.nan, 0.0), (0.0, np.nan), (np.inf, 0.0)])
def test_no_point_has_no_tile(lon: float, lat: float) -> None:
    assert found(owners_of(REGION, {(4, 20)}), lon, lat)[:2] == (-1, -1)


@pytest.mark.parametrize(
    ("tile", "within_m", "searched"),
    [
        ((5, 20), np.inf, [5]),  # its own
        ((3, 20), np.inf, [5, 4, 6, 3]),
        ((7, 20), np.inf, [5, 4, 6, 3, 7]),
        ((9, 20), np.inf, [5, 4, 6, 3, 7, 2, 8, 1, 9]),
        ((0, 20), 1.6 * DEGREE_M, [5, 4, 6, 3, 7]),
        ((0, 20), 0.4 * DEGREE_M, [5]),
    ],
)
def test_rows_are_searched_outwards_and_none_that_is_farther_away_than_what_was_found(
    tile: tuple[int, int], within_m: float, searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the middle of row 5 of 10."""
    looked_at: list[int] = []
    improve = nearest._improve

    def spied(*args: Any) -> None:
        looked_at.extend(args[3][1].tolist())
        improve(*args)

    monkeypatch.setattr(nearest, "_improve", spied)
    found(owners_of(REGION, {tile}), 30.5, -0.5, within_m)
    assert looked_at == searched
