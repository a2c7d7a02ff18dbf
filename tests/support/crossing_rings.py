"""Rings that cross, touch or overlap, and which points they enclose by the words of the fill rules."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import shapely
from hypothesis import strategies as st

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Fill, Rule, region_spans

Ring: TypeAlias = "list[tuple[Fraction, Fraction]]"

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


def tiles(
    shape: shapely.Geometry, grid: Grid, fill: Fill | str, rule: Rule = Rule.CENTER
) -> set[int]:
    (spans,) = region_spans([[shape]], grid, rule, fill)
    return set(spans.tile_ids().tolist())


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


# Halves, so that vertices and edges meet centres.
HALVES = st.tuples(st.integers(-1, 13), st.integers(-1, 11)).map(
    lambda point: (Fraction(point[0], 2), Fraction(point[1], 2))
)
RINGS = st.lists(HALVES, min_size=3, max_size=7)
POLYGONS = st.lists(st.lists(RINGS, min_size=1, max_size=3), min_size=1, max_size=3)
