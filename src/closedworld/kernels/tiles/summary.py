"""Summaries of countries: how many cells were considered, and why the others are no tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import shapely

from closedworld.kernels.grid import Grid, RowAreas
from closedworld.kernels.spans import Fill, RowSpans, Rule, region_spans, shared_tiles
from closedworld.kernels.spans.edges import place_on_grid
from closedworld.kernels.spans.lattice import col_centers, col_edges, row_centers, row_edges


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
    west, south, east, north = shapely.bounds(placed).reshape(-1, 4).T
    if rule is Rule.CENTER:
        rows, cols = row_centers(grid), col_centers(grid)
        first_row, stop_row = rows.count_before(north), rows.count_before(south, including=True)
        first_col, stop_col = cols.count_before(west), cols.count_before(east, including=True)
    else:
        rows, cols = row_edges(grid), col_edges(grid)
        first_row = np.maximum(rows.count_before(north, including=True) - 1, 0)
        stop_row = np.minimum(rows.count_before(south), grid.n_rows)
        first_col = np.maximum(cols.count_before(west, including=True) - 1, 0)
        stop_col = np.minimum(cols.count_before(east), grid.n_cols)
    height, width = np.maximum(stop_row - first_row, 0), np.maximum(stop_col - first_col, 0)
    return len(polygons), int((height * width).sum())


def lies_in_windows(tiles: RowSpans, features: Sequence[shapely.MultiPolygon], rule: Rule) -> bool:
    """Return whether any of the tiles lies in the tight window of a polygon."""
    bounds = shapely.bounds(shapely.get_parts(np.asarray(features, dtype=object)))
    boxes = [shapely.box(*box) for box in bounds.tolist()]
    return bool((region_spans([boxes], tiles.grid, rule)[0] & tiles).n_runs)


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
