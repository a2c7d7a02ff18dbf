"""Summaries of countries: how many cells were considered, why the others are no tiles, and what lies outside the grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.spans import Fill, RowSpans, Rule, region_spans, shared_tiles
from closedworld.kernels.spans.edges import edges_on_grid, place_on_grid
from closedworld.kernels.spans.lattice import (
    col_centers,
    col_edges,
    entered_bands,
    row_centers,
    row_edges,
)

_GLOBE = Grid(-180.0, 90.0, 1.0, 1.0, 360, 180)


@dataclass(frozen=True, slots=True)
class CountrySummary:
    """Counts of one country's tiles and of the cells around them.

    ``cells_visited = cells_included + cells_in_holes + cells_outside``: a cell in the windows of two
    polygons is visited twice and counts as outside once more.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        name: Name.
        parts: Polygons of the country.
        cells_visited: Cells of the tight windows of all polygons.
        cells_included: Tiles of the country.
        cells_in_holes: Cells that are not tiles, but would be if no polygon had holes.
        cells_outside: The other cells of the windows.
        shared_tiles: Tiles that another country also owns.
        kept_small: Whether its only tile is due to ``keep_small_countries``.
        first_tile_id: Smallest tile id; None without tiles.
        last_tile_id: Largest tile id; None without tiles.
        area_km2: Area of its tiles, square kilometres.
        outside_share: Share of its area that lies outside the grid and has no tiles, 0..1.
    """

    country_iso: str
    name: str
    parts: int
    cells_visited: int
    cells_included: int
    cells_in_holes: int
    cells_outside: int
    shared_tiles: int
    kept_small: bool
    first_tile_id: int | None
    last_tile_id: int | None
    area_km2: float
    outside_share: float = 0.0

    ARROW_SCHEMA: ClassVar[pa.Schema] = pa.schema(
        {"country_iso": pa.string(), "name": pa.string()}
        | dict.fromkeys(("parts", "cells_visited", "cells_included"), pa.int64())
        | dict.fromkeys(("cells_in_holes", "cells_outside", "shared_tiles"), pa.int64())
        | {"kept_small": pa.bool_()}
        | dict.fromkeys(("first_tile_id", "last_tile_id"), pa.int64())
        | dict.fromkeys(("area_km2", "outside_share"), pa.float64())
    )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def window_cells(
    features: Sequence[shapely.MultiPolygon], grid: Grid, rule: Rule
) -> tuple[int, int]:
    """Return ``(count, cells)``: how many polygons there are, and the cells of their tight windows.

    The window of a polygon holds the cells that the rule would give its bounding box.
    """
    polygons = shapely.get_parts(np.asarray(features, dtype=object))
    placed, _ = place_on_grid(polygons, grid)
    west, south, east, north = shapely.bounds(placed).T
    if rule is Rule.CENTER:
        rows, cols = row_centers(grid), col_centers(grid)
        first_row, stop_row = rows.count_before(north), rows.count_before(south, including=True)
        first_col, stop_col = cols.count_before(west), cols.count_before(east, including=True)
    else:
        first_row, stop_row = entered_bands(row_edges(grid), north, south)
        first_col, stop_col = entered_bands(col_edges(grid), west, east)
    return len(polygons), int(((stop_row - first_row) * (stop_col - first_col)).sum())


def lies_in_windows(tiles: RowSpans, features: Sequence[shapely.MultiPolygon], rule: Rule) -> bool:
    """Return whether any of the tiles lies in the tight window of a polygon."""
    bounds = shapely.bounds(shapely.get_parts(np.asarray(features, dtype=object)))
    boxes = [shapely.box(*box) for box in bounds.tolist()]
    (windows,) = region_spans([boxes], tiles.grid, rule)
    return bool((windows & tiles).n_runs)


def hole_cells(
    regions: Sequence[Sequence[shapely.MultiPolygon]],
    spans: Sequence[RowSpans],
    grid: Grid,
    rule: Rule,
    fill: Fill | None,
) -> list[int]:
    """Return, for each region, the cells it would own if its holes were filled, and does not."""
    filled = [_filled(features) for features in regions]
    return [
        (with_holes_filled - own).tile_count
        for with_holes_filled, own in zip(
            region_spans(filled, grid, rule, fill), spans, strict=True
        )
    ]


def tiles_owned_twice(spans: Mapping[str, RowSpans], grid: Grid) -> tuple[int, dict[str, int]]:
    """Return how many tiles several countries own, in all and for each country."""
    shared = shared_tiles(list(spans.values()), grid)
    return shared.tile_count, {iso: (own & shared).tile_count for iso, own in spans.items()}


def tiles_area_km2(spans: RowSpans, areas: RowAreas) -> float:
    """Return the area of tiles from the area of a tile of each of their rows."""
    lengths = spans.col_stops - spans.col_starts
    # int64 holds the globe in cm2 (5.1e18) with room to spare.
    return float((areas.of(spans.rows) * lengths).sum()) / 1e10


def _filled(features: Sequence[shapely.MultiPolygon]) -> list[shapely.Polygon]:
    """Return the polygons that have holes, without them."""
    polygons = shapely.get_parts(np.asarray(features, dtype=object))
    holed = polygons[shapely.get_num_interior_rings(polygons) > 0]
    return list(shapely.polygons(shapely.get_exterior_ring(holed))) if len(holed) else []


def outside_share(features: Sequence[shapely.MultiPolygon], grid: Grid) -> float:
    """Return the share of a region's area that lies outside a grid, on a sphere, in 0..1.

    Args:
        features: Polygons in degrees, WGS 84; where they overlap counts more than once.
        grid: The lattice.
    """
    bounds = shapely.bounds(np.asarray(features, dtype=object))
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    goes_round = grid.east - grid.west >= 360.0 - 1e-6 * grid.cell_width
    in_cols = goes_round or (grid.west <= west and east <= grid.east)
    if in_cols and grid.south <= max(south, -90.0) and min(north, 90.0) <= grid.north:
        return 0.0
    whole = _area_within(features, _GLOBE)
    return min(1.0, max(0.0, 1.0 - _area_within(features, grid) / whole)) if whole else 0.0


def _area_within(features: Sequence[shapely.MultiPolygon], grid: Grid) -> float:
    """Return the area of polygons within a grid, in degrees times the sine of degrees.

    By Green's theorem: the area west of each edge between two parallels, which needs no clipping and
    takes any ring.
    """
    polygons = list(shapely.get_parts(np.asarray(features, dtype=object)))
    edges = edges_on_grid(polygons, grid)
    if not len(edges.x):
        return 0.0
    areas = _under_edges(edges.x, edges.y, grid)
    areas[edges.seams] = 0.0
    # Rings run either way; a hole takes away what its ring encloses.
    by_ring = np.add.reduceat(np.append(areas, 0.0), edges.ring_starts[:-1])
    return float(np.where(edges.ring_is_hole, -1.0, 1.0) @ np.abs(by_ring))


def _under_edges(x: NDArray[np.float64], y: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Return the signed area between each edge and the grid's south edge, within the grid, (n - 1,)."""
    dx, dy = np.diff(x), np.diff(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        across = [(edge - x[:-1]) / dx for edge in (grid.west, grid.east)]
        down = [(edge - y[:-1]) / dy for edge in (grid.south, grid.north)]
    # A level or upright edge never crosses; NaN and infinity are clipped away.
    first, last = (
        np.clip(np.nan_to_num(np.minimum(*across)), 0, 1),
        np.clip(np.maximum(*across), 0, 1),
    )
    cuts = np.sort([np.clip(np.nan_to_num(one), first, last) for one in down], axis=0)
    ends = [first, cuts[0], cuts[1], last]
    total = np.zeros(len(dx))
    for start, stop in itertools.pairwise(ends):
        heights = [_sine_above(y[:-1] + dy * at, grid) for at in (start, (start + stop) / 2, stop)]
        # Simpson's rule: an edge of a degree is off by 1e-11.
        total += (stop - start) * dx * (heights[0] + 4 * heights[1] + heights[2]) / 6
    return np.asarray(np.nan_to_num(total))


def _sine_above(lat: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    within = np.clip(lat, grid.south, grid.north)
    return np.asarray(np.sin(np.radians(within)) - math.sin(math.radians(grid.south)))
