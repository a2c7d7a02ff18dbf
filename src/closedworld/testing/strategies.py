"""Hypothesis strategies for grids, difficult polygons on them, and masses.

Needs hypothesis, of the extra ``testing``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import shapely
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.spans.edges import MAX_LONGITUDE

Area: TypeAlias = "shapely.Polygon | shapely.MultiPolygon"

_ODD_CELLS = (1 / 120, 0.0083333333, 1 / 3, 0.1, 0.7, 1 / 7)
_ODD_WESTS = (-180.0012493, -180.0, -0.0, 0.0, 1 / 3, 100.1, 179.5, 359.9, -359.9)
_WIDEST_SLIVER_DEGREES = 1e-9
_INT64_MAX = 2**63 - 1


@st.composite
def grids(draw: DrawFn, max_side: int = 8) -> Grid:
    """Draw small grids: whole and odd origins and cells, round the globe, up to a pole, one cell.

    Args:
        draw: Filled in by hypothesis.
        max_side: Most rows and most columns.
    """
    n_rows, n_cols = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    kind = draw(st.sampled_from(["whole", "odd", "globe", "pole"]))
    if kind == "whole":
        west, north = float(draw(st.integers(-8, 4))), float(draw(st.integers(-2, 8)))
        cells = st.sampled_from([0.5, 1.0, 2.0])
        return Grid(west, north, draw(cells), draw(cells), n_cols, n_rows)
    if kind == "globe":
        west = draw(st.sampled_from([-180.0, 0.0, -180.0012493, -17.5]))
        return Grid(west, 90.0, 360 / n_cols, 180 / n_rows, n_cols, n_rows)
    odd_cells = st.one_of(st.sampled_from(_ODD_CELLS), st.floats(1e-3, 5.0))
    width, height = draw(odd_cells), draw(odd_cells)
    west = draw(st.one_of(st.sampled_from(_ODD_WESTS), st.floats(-360.0, 360.0)))
    north = 90.0 if kind == "pole" else draw(st.floats(-40.0, 40.0))
    return Grid(west, north, width, height, n_cols, n_rows)


@st.composite
def polygons(draw: DrawFn, grid: Grid) -> Area:
    """Draw valid polygons and multipolygons on and round a grid, most vertices on its lines.

    Among them are rings through cell centres and corners, level and upright edges, slivers, holes
    that touch the outer ring, polygons that touch, islands in lakes, and pieces off the grid.

    Args:
        draw: Filled in by hypothesis.
        grid: The lattice whose exact centres and edges the vertices are snapped to.
    """
    kinds = st.one_of(_tangles(grid), _nests(grid), _overlays(grid), _slivers(grid))
    # GEOS divides by zero in some contacts without harm, and NumPy would warn
    # (https://github.com/shapely/shapely/issues/1787).
    with np.errstate(all="ignore"):
        return draw(kinds.filter(_is_usable))


@st.composite
def row_spans(draw: DrawFn, grid: Grid) -> RowSpans:
    """Draw any sets of tiles of a grid, the empty and the full one among them."""
    tiles = draw(st.lists(st.booleans(), min_size=grid.n_tiles, max_size=grid.n_tiles))
    rows, cols = np.nonzero(np.array(tiles, np.bool_).reshape(grid.n_rows, grid.n_cols))
    return RowSpans.from_runs(grid, rows, cols, cols + 1)


@st.composite
def masses(draw: DrawFn, max_tiles: int = 40, max_mass: int = _INT64_MAX) -> list[int]:
    """Draw the masses of a country's tiles, their sum often far beyond 64 bits.

    Among them are all zero, mostly zero, all equal, few distinct values, one huge among tiny ones,
    and neighbours of powers of two.

    Args:
        draw: Filled in by hypothesis.
        max_tiles: Most tiles, at least one is drawn.
        max_mass: Largest mass, >= 5.
    """
    anything = st.integers(0, max_mass)
    power = st.builds(
        lambda bits, off: min(max(2**bits + off, 0), max_mass),
        st.integers(0, max_mass.bit_length()),
        st.integers(-2, 2),
    )
    kind = draw(st.sampled_from(["any", "powers", "tiny", "mostly zero", "few", "one huge"]))
    if kind == "few":
        mass = st.sampled_from(draw(st.lists(st.one_of(anything, power), min_size=1, max_size=3)))
    else:
        mass = {
            "any": anything,
            "powers": power,
            "tiny": st.integers(0, 5),
            "mostly zero": st.one_of(st.just(0), st.just(0), st.just(0), anything),
            "one huge": st.integers(0, 2),
        }[kind]
    drawn = draw(st.lists(mass, min_size=1, max_size=max_tiles))
    if kind == "one huge":
        drawn[draw(st.integers(0, len(drawn) - 1))] = draw(st.integers(max_mass // 2, max_mass))
    return drawn


def _is_usable(polygon: Area | None) -> bool:
    if polygon is None or polygon.is_empty or not polygon.is_valid:
        return False
    west, _, east, _ = polygon.bounds
    return bool(max(-west, east) <= MAX_LONGITUDE)


def _coordinate(edges: list[float], centers: list[float]) -> SearchStrategy[float]:
    """Draw a coordinate along one axis: on a line, a hair off one, between two, or anywhere near."""
    step = edges[1] - edges[0]
    lines = st.one_of(st.sampled_from(edges), st.sampled_from(centers))
    hair_off = st.builds(
        lambda at, towards: float(np.nextafter(at, towards)),
        lines,
        st.sampled_from([-np.inf, np.inf]),
    )
    between = st.builds(
        lambda at, share: at + share * step, lines, st.sampled_from([-0.25, 0.125, 0.25])
    )
    beyond = st.sampled_from(
        [edges[0] - step, edges[0] - step / 2, edges[-1] + step / 2, edges[-1] + 2 * step]
    )
    low, high = sorted((edges[0] - 2 * step, edges[-1] + 2 * step))
    return st.one_of(lines, lines, lines, hair_off, between, beyond, st.floats(low, high))


def _x(grid: Grid) -> SearchStrategy[float]:
    return _coordinate(grid.lon_edges().tolist(), grid.lon_centers().tolist())


def _y(grid: Grid) -> SearchStrategy[float]:
    return _coordinate(grid.lat_edges().tolist(), grid.lat_centers().tolist())


def _polygonal(geometry: shapely.Geometry) -> Area | None:
    """Return what has area in a geometry, ``None`` for nothing."""
    found = [
        one
        for one in shapely.get_parts(shapely.get_parts(geometry))
        if one.geom_type == "Polygon" and not one.is_empty
    ]
    if not found:
        return None
    return found[0] if len(found) == 1 else shapely.MultiPolygon(found)


@st.composite
def _tangles(draw: DrawFn, grid: Grid) -> Area | None:
    """Draw a closed line through snapped points; what it winds round is the polygon.

    A line that crosses itself falls apart into polygons and holes that touch in points.
    """
    points = draw(st.lists(st.tuples(_x(grid), _y(grid)), min_size=3, max_size=9))
    line = shapely.Polygon(points)
    # Most lines that do not cross themselves keep their very coordinates.
    return line if line.is_valid else _polygonal(shapely.make_valid(line))


@st.composite
def _nests(draw: DrawFn, grid: Grid) -> Area | None:
    """Draw boxes and diamonds one inside the other: land, lake, island, pond; they may touch."""
    n_levels = draw(st.integers(2, 4))
    x = sorted(draw(st.sets(_x(grid), min_size=2 * n_levels, max_size=2 * n_levels)))
    y = sorted(draw(st.sets(_y(grid), min_size=2 * n_levels, max_size=2 * n_levels)))
    land: shapely.Geometry = shapely.Polygon()
    for level in range(n_levels):
        west, east, south, north = x[level], x[-1 - level], y[level], y[-1 - level]
        if draw(st.booleans()):
            ring = shapely.box(west, south, east, north)
        else:
            tip, waist = draw(st.sampled_from(x[level:-level] if level else x)), (south + north) / 2
            ring = shapely.Polygon([(west, waist), (tip, south), (east, waist), (tip, north)])
        if ring.is_valid:
            land = land.symmetric_difference(ring)
    return _polygonal(land)


@st.composite
def _overlays(draw: DrawFn, grid: Grid) -> Area | None:
    """Draw unions and differences of snapped boxes and triangles, with edges and corners shared."""
    operations: list[Callable[[shapely.Geometry, shapely.Geometry], shapely.Geometry]] = [
        shapely.union,
        shapely.difference,
        shapely.symmetric_difference,
    ]
    shapes = draw(st.lists(_shapes(grid), min_size=1, max_size=5))
    land = shapes[0]
    for shape in shapes[1:]:
        land = draw(st.sampled_from(operations))(land, shape)
    return _polygonal(land)


@st.composite
def _shapes(draw: DrawFn, grid: Grid) -> shapely.Polygon:
    """Draw a box or a triangle; an empty polygon where the points drawn span no area."""
    count = draw(st.sampled_from([2, 2, 3]))
    points = [(draw(_x(grid)), draw(_y(grid))) for _ in range(count)]
    if count == 2:  # noqa: PLR2004 - opposite corners
        (x1, y1), (x2, y2) = points
        shape = shapely.box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    else:
        shape = shapely.Polygon(points)
    return shape if shape.is_valid else shapely.Polygon()


@st.composite
def _slivers(draw: DrawFn, grid: Grid) -> Area | None:
    """Draw a triangle or box from one float64 step to a nanodegree thin, upright, level or aslant."""
    x1, y1, x2, y2 = draw(_x(grid)), draw(_y(grid)), draw(_x(grid)), draw(_y(grid))
    thin = draw(st.one_of(st.just(0.0), st.floats(1e-15, _WIDEST_SLIVER_DEGREES)))
    towards = draw(st.sampled_from([-np.inf, np.inf]))
    across = float(np.nextafter(x1 + np.copysign(thin, towards), towards))
    along = float(np.nextafter(y1 + np.copysign(thin, towards), towards))
    kind = draw(st.sampled_from(["upright", "level", "wedge", "strip"]))
    sliver = {
        "upright": shapely.box(min(x1, across), min(y1, y2), max(x1, across), max(y1, y2)),
        "level": shapely.box(min(x1, x2), min(y1, along), max(x1, x2), max(y1, along)),
        "wedge": shapely.Polygon([(x1, y1), (x2, y2), (across, along)]),
        "strip": shapely.Polygon([(x1, y1), (x2, y2), (x2, y2 + along - y1), (x1, along)]),
    }[kind]
    return sliver if sliver.is_valid else None
