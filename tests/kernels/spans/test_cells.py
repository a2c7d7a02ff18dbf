"""Cells, owners and the nearest tile of points, as a look at every single tile finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from located import scattered

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, TileOwners, cells_of, nearest_cells
from closedworld.kernels.sphere import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRIDS = {
    "globe": Grid.from_resolution("5deg"),
    "0..360": Grid(0.0, 60.0, 7.5, 5.0, 48, 20),
    "region": Grid(-20.25, 50.5, 0.75, 0.5, 40, 30),
}


def random_sets(grid: Grid, n: int, seed: int) -> list[RowSpans]:
    """Return sets of tiles that overlap each other."""
    draw = np.random.default_rng(seed)
    sets = []
    for _ in range(n):
        rows = draw.integers(0, grid.n_rows, 25)
        starts = draw.integers(0, grid.n_cols, 25)
        stops = np.minimum(starts + draw.integers(0, 9, 25), grid.n_cols)
        sets.append(RowSpans.from_runs(grid, rows, starts, stops))
    return sets


def cell_by_hand(grid: Grid, lon: float, lat: float) -> tuple[int, int]:
    """Look at the sides of every row and column."""
    for turn in (0.0, 360.0, -360.0, 720.0):
        x = lon + turn
        if not grid.west <= x < grid.west + 360:
            continue
        edges = grid.lon_edges()
        cols = [c for c in range(grid.n_cols) if edges[c] <= x < edges[c + 1]]
        tops = grid.lat_edges()
        last = grid.n_rows - 1
        rows = [
            r
            for r in range(grid.n_rows)
            if tops[r + 1] < lat <= tops[r] or (r == last and lat == tops[-1])
        ]
        if cols and rows:
            return rows[0], cols[0]
    return -1, -1


@pytest.mark.parametrize("name", GRIDS)
def test_cells_are_those_between_whose_sides_a_point_lies(name: str) -> None:
    grid = GRIDS[name]
    lons, lats = scattered(300, 1)
    lats[:3], lons[3:5] = (90.0, -90.0, grid.south), (180.0, grid.east)
    rows, cols = cells_of(grid, lons, lats)
    wanted = [
        cell_by_hand(grid, *point) for point in zip(lons.tolist(), lats.tolist(), strict=True)
    ]
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == wanted


@pytest.mark.parametrize("west", [-180.0, 0.0, -0.1, 100.25, 1 / 3])
@pytest.mark.parametrize("turn", [-720.0, -360.0, 0.0, 360.0, 720.0])
def test_points_a_rounding_away_from_the_seam_are_on_the_globe(west: float, turn: float) -> None:
    """East of it in the first column, west of it in the last."""
    grid = Grid(west, 90.0, 5.0, 5.0, 72, 36)
    seam = west + turn
    east = np.array([seam, np.nextafter(seam, np.inf), seam + 1e-9, seam + 1.0])
    west_of = np.array([np.nextafter(seam, -np.inf), seam - 1e-9, seam - 1.0])
    lons = np.concatenate([east, west_of])
    rows, cols = cells_of(grid, lons, np.full(len(lons), 1.0))
    assert rows.tolist() == [17] * len(lons)
    # The sums and moves here and there are rounded, each by half a unit at most.
    sure = np.abs(lons - seam) > 1e-10
    assert cols[sure].tolist() == [0] * 2 + [71] * 2
    assert set(cols.tolist()) == {0, 71}


@pytest.mark.parametrize("lon", [np.nextafter(180.0, 0.0), np.nextafter(-180.0, -200.0)])
def test_the_last_longitude_before_the_antimeridian_is_in_the_last_column(lon: float) -> None:
    _, cols = cells_of(GRIDS["globe"], np.array([lon, -180.0, 180.0]), np.zeros(3))
    assert cols.tolist() == [71, 0, 0]


@pytest.mark.parametrize("lon", [-1e-20, -5e-324, np.nextafter(360.0, 0.0)])
def test_a_longitude_just_below_zero_is_in_the_last_column_from_zero(lon: float) -> None:
    grid = Grid(0.0, 90.0, 5.0, 5.0, 72, 36)
    _, cols = cells_of(grid, np.array([lon, -0.0, 0.0]), np.zeros(3))
    assert cols.tolist() == [71, 0, 0]


@pytest.mark.parametrize("name", GRIDS)
def test_owners_are_those_of_a_list_of_all_tiles(name: str) -> None:
    grid = GRIDS[name]
    sets = random_sets(grid, 6, 2)
    rows, cols = (side.ravel() for side in np.indices((grid.n_rows, grid.n_cols)))
    first, counts = TileOwners.of(sets, grid).at(rows, cols)
    owns = np.array([own.contains(grid.tile_id(rows, cols)) for own in sets])
    assert np.array_equal(counts, owns.sum(axis=0))
    assert counts.max() > 1
    assert np.array_equal(first, np.where(owns.any(axis=0), owns.argmax(axis=0), -1))


def test_no_sets_own_nothing() -> None:
    first, counts = TileOwners.of([], GRIDS["globe"]).at(np.array([0, -1]), np.array([3, -1]))
    assert (first.tolist(), counts.tolist()) == ([-1, -1], [0, 0])


def distances_to_all(grid: Grid, tiles: RowSpans, lon: float, lat: float) -> NDArray[np.float64]:
    """Return the distance of a point to every tile, one by one."""
    rows, cols = (side.astype(np.int64) for side in grid.row_col(tiles.tile_ids()))
    x, y = np.radians(lon), np.radians(lat)
    best = np.full(len(rows), np.inf)
    for turn in (-720, -360, 0, 360, 720):
        near_x = np.radians(np.clip(lon + turn, grid.lon_edge(cols), grid.lon_edge(cols + 1)))
        near_y = np.radians(np.clip(lat, grid.lat_edge(rows + 1), grid.lat_edge(rows)))
        chord = np.sqrt(
            (np.cos(y) * np.cos(x) - np.cos(near_y) * np.cos(near_x)) ** 2
            + (np.cos(y) * np.sin(x) - np.cos(near_y) * np.sin(near_x)) ** 2
            + (np.sin(y) - np.sin(near_y)) ** 2
        )
        best = np.minimum(best, 2000 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1)))
    return best


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("within_km", [0.0, 300.0, 30_000.0])
def test_the_nearest_tile_is_that_of_a_look_at_all(name: str, within_km: float) -> None:
    grid = GRIDS[name]
    sets = random_sets(grid, 2, 3)
    owners = TileOwners.of(sets, grid)
    every = sets[0] | sets[1]
    lons, lats = scattered(150, 4)
    lons[0] = np.nan
    rows, cols, metres = nearest_cells(owners, lons, lats, within_km * 1000)
    own = cells_of(grid, lons, lats)
    assert rows[0] == -1
    found = 0
    for number in range(1, len(lons)):
        wanted = distances_to_all(grid, every, lons[number], lats[number]).min()
        if rows[number] < 0:
            assert np.isnan(metres[number])
            assert wanted > within_km * 1000 - 1e-3
            continue
        found += 1
        tile = RowSpans.from_runs(
            grid, *np.array([[rows[number]], [cols[number]], [cols[number] + 1]])
        )
        assert (tile - every).n_runs == 0
        assert metres[number] == pytest.approx(wanted, abs=1e-3)
        assert distances_to_all(grid, tile, lons[number], lats[number]).min() == pytest.approx(
            wanted, abs=1e-3
        )
        here = np.array([own[0][number]]), np.array([own[1][number]])
        if owners.at(*here)[1][0]:
            assert (rows[number], cols[number], metres[number]) == (*np.ravel(here), 0.0)
    assert found or within_km == 0.0
