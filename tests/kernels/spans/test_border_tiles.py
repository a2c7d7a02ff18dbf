"""Border tiles are those whose inside the border of a region passes through; parts of a border are those of an array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Border, border_tiles, region_spans
from closedworld.testing import HalfCells, picture_of, tiles_by_geos

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from closedworld.inputs.regions.country_set import CountrySet


@pytest.fixture
def cells() -> HalfCells:
    return HalfCells(Grid(0.0, 4.0, 1.0, 1.0, 4, 4))


def test_a_border_along_cell_sides_passes_through_none(cells: HalfCells) -> None:
    """The tiles inside lie wholly inside, those outside wholly outside."""
    assert not border_tiles([cells.box(2, 2, 6, 6)], cells.grid).n_runs


def test_a_border_through_cells(cells: HalfCells) -> None:
    tiles = border_tiles([cells.box(1, 1, 7, 7)], cells.grid)
    assert picture_of(tiles) == "#### #..# #..# ####"


def test_borders_of_holes_and_of_all_features_count(cells: HalfCells) -> None:
    whole = cells.polygon(cells.corners(0, 0, 8, 8), cells.corners(3, 3, 5, 5))
    assert picture_of(border_tiles([whole], cells.grid)) == ".... .##. .##. ...."
    other = cells.box(-3, -3, 1, 1)
    assert picture_of(border_tiles([whole, other], cells.grid)) == "#... .##. .##. ...."


@pytest.mark.slow
@pytest.mark.parametrize("iso", ["CH", "FJ", "RU", "LS", "ZA"])
def test_all_other_tiles_of_real_countries_lie_wholly_inside_or_outside(iso: str) -> None:
    """GEOS sees the border meet the inside of just these tiles."""
    grid = Grid.from_resolution("1deg")
    features = read_countries(bundled("countries.parquet").path)[iso].features
    touched = region_spans([features], grid, "any_overlap")[0]
    border = border_tiles(features, grid)
    assert not (border - touched).n_runs
    inside = wholly_inside(features, grid)
    assert np.array_equal(np.flatnonzero(inside), (touched - border).tile_ids())


def wholly_inside(features: tuple[shapely.MultiPolygon, ...], grid: Grid) -> NDArray[np.bool_]:
    """Return which cells share nothing with the outside, by GEOS, bool (n_rows, n_cols)."""
    (feature,) = features
    touched = tiles_by_geos(feature, grid, "any_overlap")
    lon, lat = grid.lon_edges(), grid.lat_edges()
    for row, col in np.argwhere(touched):
        box = shapely.box(lon[col], lat[row + 1], lon[col + 1], lat[row])
        turns = [
            shapely.transform(box, lambda xy, t=t: xy + np.array([t, 0])) for t in (-360, 0, 360)
        ]
        touched[row, col] = any(shapely.covers(feature, one) for one in turns)
    return touched


def test_a_region_is_its_border_and_what_lies_inside(tiny: CountrySet) -> None:
    """``center`` tiles off the border are ``any_overlap`` tiles off the border."""
    grid = Grid.from_resolution("0.25deg")
    for country in tiny:
        border = border_tiles(country.features, grid)
        center, overlap = (
            region_spans([country.features], grid, rule)[0] for rule in ("center", "any_overlap")
        )
        assert center - border == overlap - border


@pytest.fixture
def border() -> Border:
    """The border of a range of 100 tiles, its first and its last one included."""
    draw = np.random.default_rng(3)
    ranks = np.union1d(draw.choice(100, 40, replace=False), [0, 99])
    return Border(ranks, draw.random(len(ranks)))


def test_a_border_as_an_array(border: Border) -> None:
    dense = border.to_dense(100)
    assert dense[border.ranks].tolist() == border.coverage.tolist()
    assert (np.delete(dense, border.ranks) == 1).all()
    assert Border.none().to_dense(3).tolist() == [1.0, 1.0, 1.0]
    assert (Border.none().ranks.tolist(), Border.none().coverage.tolist()) == ([], [])


@pytest.mark.parametrize(("first", "stop"), [(0, 100), (0, 1), (99, 100), (17, 61), (50, 50)])
def test_the_border_of_some_tiles(border: Border, first: int, stop: int) -> None:
    part = border.between(first, stop)
    assert part.to_dense(stop - first).tolist() == border.to_dense(100)[first:stop].tolist()
    assert not (part.coverage == 1).any()


@pytest.mark.parametrize(
    "stretches", [[(0, 100)], [(0, 1), (99, 100)], [(3, 20), (20, 21), (40, 90)], [(5, 5), (6, 9)]]
)
def test_the_border_of_stretches_of_tiles(border: Border, stretches: list[tuple[int, int]]) -> None:
    starts, stops = np.array(stretches).T
    dense = border.to_dense(100)
    wanted = np.concatenate([dense[first:stop] for first, stop in stretches])
    part = border.gathered(starts, stops - starts)
    assert part.to_dense(len(wanted)).tolist() == wanted.tolist()
    assert len(part.ranks) == np.count_nonzero(wanted < 1)
