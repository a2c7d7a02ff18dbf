"""Rings that cross, touch or overlap: what the fill rules enclose, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import shapely
from affine import Affine
from crossing_rings import METHODS, NOT_AS_GEOS, POLYGONS, SHAPES, Ring, is_in, tiles
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from rasterio.features import rasterize

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Fill, Rule, region_spans
from closedworld.testing import tiles_by_geos

GRID = Grid(n_rows=24, n_cols=24, west=0.0, north=12.0, cell_width=0.5, cell_height=0.5)
# No edge of the shapes meets a centre.
OFF = Grid(n_rows=37, n_cols=37, west=-0.1, north=12.13, cell_width=0.331, cell_height=0.337)


@pytest.mark.parametrize(
    ("name", "fill"), [(n, f) for n in SHAPES for f in Fill if (n, f) not in NOT_AS_GEOS]
)
def test_tiles_are_those_of_the_polygons_that_geos_makes_of_the_rings(
    name: str, fill: Fill
) -> None:
    made = shapely.make_valid(SHAPES[name], method=METHODS[fill])
    polygons = [one for one in shapely.get_parts(shapely.get_parts(made)) if one.area]
    wanted = sum(tiles_by_geos(one, OFF, Rule.CENTER) for one in polygons)
    assert tiles(SHAPES[name], OFF, fill) == set(np.flatnonzero(wanted).tolist())


@pytest.mark.parametrize("name", SHAPES)
def test_one_polygon_by_evenodd_and_several_by_nonzero_are_what_gdal_burns(name: str) -> None:
    """GDAL fills each polygon of a multipolygon by itself."""
    transform = Affine(OFF.cell_width, 0, OFF.west, 0, -OFF.cell_height, OFF.north)
    burnt = rasterize([SHAPES[name]], (OFF.n_rows, OFF.n_cols), transform=transform)
    fill = "evenodd" if SHAPES[name].geom_type == "Polygon" else "nonzero"
    assert tiles(SHAPES[name], OFF, fill) == set(np.flatnonzero(burnt).tolist())


def test_the_two_rules_differ_where_rings_run_twice_round() -> None:
    """By hand: four cells to the square degree."""
    counts = {
        name: tuple(len(tiles(SHAPES[name], GRID, fill)) for fill in Fill)
        for name in ("overlapping parts", "overlapping holes", "hole outside")
    }
    assert counts == {
        "overlapping parts": (4 * (72 - 8), 4 * (72 - 4)),
        "overlapping holes": (4 * (121 - 16 - 25 + 8), 4 * (121 - 16 - 25 + 4)),
        "hole outside": (4 * (16 + 9), 4 * 16),
    }


@pytest.mark.parametrize("fill", Fill)
def test_valid_polygons_have_the_same_tiles_by_every_rule(fill: Fill) -> None:
    """Their corners are centres, on outer rings and on holes'."""
    hole = shapely.box(2.25, 2.25, 5.25, 5.25)
    holed = shapely.Polygon(shapely.box(0.25, 0.25, 9.75, 9.75).exterior, [hole.exterior])
    island = shapely.MultiPolygon([holed, shapely.box(3.25, 3.25, 4.25, 4.25)])
    regions = [[island, shapely.box(8, 8, 11, 11)], [holed]]
    assert region_spans(regions, GRID, "center", fill) == region_spans(regions, GRID, "center")


@pytest.mark.parametrize("fill", Fill)
def test_a_bow_tie_across_the_antimeridian_is_found_on_both_sides(fill: Fill) -> None:
    globe = Grid.from_resolution("1deg")
    (spans,) = region_spans([[shapely.Polygon([(175, 0), (185, 10), (185, 0), (175, 10)])]], globe, "center", fill)  # fmt: skip
    west = spans.tile_ids() % globe.n_cols < 180
    # Each lobe is 5 wide and 10 high; its edges run through centres, which are in.
    assert [int(np.count_nonzero(side)) for side in (west, ~west)] == [30, 30]


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("fill", Fill)
def test_empty_polygons_among_others_are_left_out(fill: Fill, rule: Rule) -> None:
    """The first and the last too, which have no rings."""
    star, tie = SHAPES["star"], SHAPES["bow tie"]
    none = shapely.Polygon()
    (expected,) = region_spans([[star, tie]], GRID, rule, fill)
    assert len(expected)
    for polygons in ([none, star, tie], [star, none, none, tie], [star, tie, none]):
        assert region_spans([polygons], GRID, rule, fill) == [expected]


def test_an_unknown_fill_rule_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        region_spans([[SHAPES["star"]]], GRID, "center", "odd")
    assert caught.value.code == "fill-unknown"


SMALL = Grid(n_rows=5, n_cols=6, west=0.0, north=5.0, cell_width=1.0, cell_height=1.0)


@pytest.mark.slow
@examples(300)
@given(POLYGONS, st.sampled_from(list(Fill)))
def test_tiles_of_any_rings_are_those_of_the_words(polygons: list[list[Ring]], fill: Fill) -> None:
    shape = shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])
    lons, lats = SMALL.lon_centers().tolist(), SMALL.lat_centers().tolist()
    wanted = {
        row * SMALL.n_cols + col
        for row, lat in enumerate(lats)
        for col, lon in enumerate(lons)
        if is_in(polygons, Fraction(lon), Fraction(lat), fill)
    }
    assert tiles(shape, SMALL, fill) == wanted
