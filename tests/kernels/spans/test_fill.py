"""Rings that cross, touch or overlap: what the fill rules enclose, exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pytest
import shapely
from affine import Affine
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from rasterio.features import rasterize

from closedworld.errors import ConfigError
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Fill, Rule, region_spans
from closedworld.testing import tiles_by_geos

Ring: TypeAlias = "list[tuple[Fraction, Fraction]]"

GRID = Grid(n_rows=24, n_cols=24, west=0.0, north=12.0, cell_width=0.5, cell_height=0.5)
# No edge of the shapes meets a centre.
OFF = Grid(n_rows=37, n_cols=37, west=-0.1, north=12.13, cell_width=0.331, cell_height=0.337)

SHAPES = {
    "bow tie": shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]),
    "twice round": shapely.Polygon(
        [(1, 1), (9, 1), (9, 9), (1, 9), (1, 1), (3, 3), (7, 3), (7, 7), (3, 7), (3, 3)]
    ),
    "star": shapely.Polygon([(5, 11), (8, 1), (0, 7), (10, 7), (2, 1)]),
    "touches itself": shapely.Polygon([(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)]),
    "hole in the ring": shapely.Polygon(
        [(0, 0), (10, 0), (10, 10), (0, 10), (0, 5), (4, 3), (6, 5), (4, 7), (0, 5)]
    ),
    "spike": shapely.Polygon([(1, 1), (6, 1), (11, 1), (6, 1), (6, 6), (1, 6)]),
    "keyhole": shapely.from_wkt(
        "POLYGON ((0 0, 11 0, 11 11, 5 11, 5 8, 7 8, 7 4, 3 4, 3 8, 5 8, 5 11, 0 11, 0 0))"
    ),
    "overlapping parts": shapely.MultiPolygon([shapely.box(0, 0, 6, 6), shapely.box(4, 4, 10, 10)]),
    "nested parts": shapely.MultiPolygon([shapely.box(0, 0, 9, 9), shapely.box(2, 2, 7, 7)]),
    "the same part twice": shapely.MultiPolygon([shapely.box(0, 0, 6, 6)] * 2),
    "parts with a common side": shapely.MultiPolygon(
        [shapely.box(0, 0, 4, 9), shapely.box(4, 2, 9, 7)]
    ),
    "overlapping holes": shapely.Polygon(
        shapely.box(0, 0, 11, 11).exterior,
        [shapely.box(2, 2, 6, 6).exterior, shapely.box(4, 4, 9, 9).exterior],
    ),
    "hole across the ring": shapely.Polygon(
        shapely.box(0, 0, 6, 6).exterior, [shapely.box(3, 3, 9, 9).exterior]
    ),
    "hole outside": shapely.Polygon(
        shapely.box(0, 0, 4, 4).exterior, [shapely.box(6, 6, 9, 9).exterior]
    ),
    "hole in a hole": shapely.Polygon(
        shapely.box(0, 0, 11, 11).exterior,
        [shapely.box(1, 1, 9, 9).exterior, shapely.box(3, 3, 7, 7).exterior],
    ),
}
# How GEOS makes a polygon valid under each rule: by what lines enclose, and ring by ring.
METHODS = {Fill.EVENODD: "linework", Fill.NONZERO: "structure"}
# GEOS counts the lines of two equal rings once, and takes a hole outside of its ring for a polygon.
NOT_AS_GEOS = {("the same part twice", Fill.EVENODD), ("hole outside", Fill.NONZERO)}


def tiles(shape: shapely.Geometry, grid: Grid, fill: Fill | str) -> set[int]:
    (spans,) = region_spans([[shape]], grid, Rule.CENTER, fill)
    return set(spans.tile_ids().tolist())


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


def test_other_inclusion_rules_need_valid_polygons() -> None:
    for rule, fill, code in (
        ("any_overlap", "evenodd", "fill-rule"),
        ("center", "odd", "fill-unknown"),
    ):
        with pytest.raises(ConfigError) as caught:
            region_spans([[SHAPES["star"]]], GRID, rule, fill)
        assert caught.value.code == code


def ring_at(ring: Ring, x: Fraction, y: Fraction) -> tuple[int, int, bool]:
    """Return crossings east of a point, the winding number, and whether the point is on the ring."""
    crossings, winding, is_on = 0, 0, False
    for (x1, y1), (x2, y2) in pairwise([*ring, ring[0]]):
        side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
        within = min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
        is_on |= side == 0 and within
        if (y1 <= y) != (y2 <= y) and side and (side > 0) == (y2 > y1):
            crossings, winding = crossings + 1, winding + (1 if y2 > y1 else -1)
    return crossings, winding, is_on


def is_in(polygons: list[list[Ring]], x: Fraction, y: Fraction, fill: Fill) -> bool:
    """Return whether a point is in a multipolygon, by the words of the rules."""
    known = [[ring_at(ring, x, y) for ring in rings] for rings in polygons]
    if fill is Fill.NONZERO:
        return any(
            (outer[1] or outer[2]) and not any(wound or on for _, wound, on in holes)
            for outer, *holes in known
        )
    if any(on for rings in known for *_, on in rings):
        return any(outer[2] and not any(on for *_, on in holes) for outer, *holes in known)
    return sum(crossings for rings in known for crossings, *_ in rings) % 2 == 1


SMALL = Grid(n_rows=5, n_cols=6, west=0.0, north=5.0, cell_width=1.0, cell_height=1.0)
# Halves, so that vertices and edges meet centres.
HALVES = st.tuples(st.integers(-1, 13), st.integers(-1, 11)).map(
    lambda point: (Fraction(point[0], 2), Fraction(point[1], 2))
)
RINGS = st.lists(HALVES, min_size=3, max_size=7)
POLYGONS = st.lists(st.lists(RINGS, min_size=1, max_size=3), min_size=1, max_size=3)


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
